"""``request.oidc_user``, lazy; and pages that all need a login. The same in both modes, and without a thread hop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from . import access, cookie_header, ending, gates, pages, renewal, sessions, visitor
from .exceptions import RevocationUnknown
from .users import (
    Identity,
    OIDCUser,
    attach,
    failure_of,
    is_broken,
    is_private,
    was_asked,
)


class OIDCUserMiddleware:
    """Hangs the user on every request, and makes the response vary on the cookie if anybody asked for it."""

    sync_capable = True
    async_capable = True

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
    ) -> None:
        if not apps.is_installed("django_multi_oidc"):
            raise ImproperlyConfigured(
                'Add "django_multi_oidc" to INSTALLED_APPS: its pages and checks are not found.'
            )
        self.get_response = get_response
        self.async_mode = iscoroutinefunction(get_response)
        if self.async_mode:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.async_mode:
            return self.__acall__(request)
        user = user_for(request)
        response: HttpResponseBase = self.get_response(request)  # type: ignore[assignment]  # sync mode
        if outage := outage_of(request, response):
            response = pages.unavailable(request, outage)
        if writer := session_writer(request):
            sessions.stamp(request, writer)
        renewal.renew(request, response)
        ending.finish(request, response)
        return finished(request, user, response)

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        user = user_for(request)
        response: HttpResponseBase = await self.get_response(request)  # type: ignore[misc]  # async mode
        outage = outage_of(request, response)
        response = await sync_to_async(pages.unavailable)(request, outage) if outage else response
        if writer := session_writer(request):
            await sessions.astamp(request, writer)
        if renewal.is_due(request):
            await sync_to_async(renewal.renew)(request, response)
        ending.finish(request, response)
        return finished(request, user, response)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """A page for who carries an identity of which nobody can say now whether it was ended."""
        return pages.unavailable(request, exception) if isinstance(exception, RevocationUnknown) else None


class OIDCLoginRequiredMiddleware:
    """Every page needs a login, but for those that Django's ``login_not_required`` marks as public.

    Behind `OIDCUserMiddleware`. Sees views alone: what a middleware or the web server answers needs no login.
    """

    sync_capable = True
    async_capable = True

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
    ) -> None:
        self.get_response = get_response
        self.process_view: Callable[..., Any] = self._process_view
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)
            self.process_view = self._aprocess_view

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return self.get_response(request)

    def _process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if not needs_login(view):
            return None
        try:
            return access.refuse(request, gates.LOGIN)
        except RevocationUnknown as outage:  # a middleware's own exception goes by process_exception
            return pages.unavailable(request, outage)

    async def _aprocess_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if not needs_login(view):
            return None
        try:
            return await access.arefuse(request, gates.LOGIN)
        except RevocationUnknown as outage:
            return await sync_to_async(pages.unavailable)(request, outage)


def user_for(request: HttpRequest) -> OIDCUser:
    """The user to hang on the request; the one that is there where the middleware stands twice."""
    there: OIDCUser | None = getattr(request, "oidc_user", None)
    return attach(request, visitor.read, visitor.aread) if there is None else there


def needs_login(view: Callable[..., Any]) -> bool:
    """Whether a view is not marked by Django's ``login_not_required``."""
    return bool(getattr(view, "login_required", True))


def outage_of(request: HttpRequest, response: HttpResponseBase) -> RevocationUnknown | None:
    """Why a page says something else than it should: who asked was not told, and did not say so.

    Raises what else a template has swallowed: a rule that failed, or a question that a coroutine has to await.
    """
    failure = failure_of(request.oidc_user)  # type: ignore[attr-defined]  # as below
    if failure is None or failure is getattr(response, "excused_failure", None):
        return None
    if isinstance(failure, RevocationUnknown):
        return failure
    if is_broken(request):  # by it, most likely; and Django has logged it
        return None
    raise failure


def session_writer(request: HttpRequest) -> Identity | None:
    """Who is logged in, where this request has written to Django's session."""
    return visitor.session_owner(request) if sessions.is_written(request) else None


def finished(request: HttpRequest, user: OIDCUser, response: HttpResponseBase) -> HttpResponseBase:
    """The response with what caches have to know of it."""
    if is_private(request):
        cookie_header.keep_private(response)
    return vary_on_cookie(user, response)


def vary_on_cookie(user: OIDCUser, response: HttpResponseBase) -> HttpResponseBase:
    """Make the response vary on the cookie if the user was, or may yet be, asked for."""
    if was_asked(user) or _may_ask_later(response):
        patch_vary_headers(response, ("Cookie",))
    return response


def _may_ask_later(response: HttpResponseBase) -> bool:
    """A stream runs when its headers are gone; a file asks nobody."""
    return response.streaming and not isinstance(response, FileResponse)
