"""``request.oidc_user``: lazy, the same in both modes, and without a thread hop under ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from . import cookies, pages, renewal, sessions, visitor
from .exceptions import RevocationUnknown
from .users import Identity, OIDCUser, attach, known_identity, was_asked


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
        user = attach(request, visitor.read, visitor.aread)
        response: HttpResponseBase = self.get_response(request)  # type: ignore[assignment]  # sync mode
        if writer := session_writer(request):
            sessions.stamp(request, writer)
        renewal.renew(request, response)
        return vary_on_cookie(user, response)

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        user = attach(request, visitor.read, visitor.aread)
        response: HttpResponseBase = await self.get_response(request)  # type: ignore[misc]  # async mode
        if writer := session_writer(request):
            await sessions.astamp(request, writer)
        renewal.renew(request, response)
        return vary_on_cookie(user, response)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """A page for who carries an identity of which nobody can say now whether it was ended."""
        return pages.unavailable(request, exception) if isinstance(exception, RevocationUnknown) else None


def session_writer(request: HttpRequest) -> Identity | None:
    """Who is logged in, where this request has written to Django's session."""
    user: OIDCUser = request.oidc_user  # type: ignore[attr-defined]  # who has just logged in or out, too
    if not sessions.is_written(request):
        return None
    # Whether the login was ended is not asked: that the session was theirs is all that it has to say.
    return known_identity(user) if was_asked(user) else cookies.read(request)


def vary_on_cookie(user: OIDCUser, response: HttpResponseBase) -> HttpResponseBase:
    """Make the response vary on the cookie if the user was, or may yet be, asked for."""
    if was_asked(user) or _may_ask_later(response):
        patch_vary_headers(response, ("Cookie",))
    return response


def _may_ask_later(response: HttpResponseBase) -> bool:
    """A stream runs when its headers are gone; a file asks nobody."""
    return response.streaming and not isinstance(response, FileResponse)
