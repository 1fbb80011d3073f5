"""``request.user``, from the identity."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeGuard

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.contrib.auth import get_user
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from ..users import Identity, OIDCUser, follow, identity_of, is_known, narrow
from . import people


class OIDCAccountMiddleware:
    """Derives ``request.user`` and ``request.auser`` from the identity, at each request that asks.

    Behind `OIDCUserMiddleware` and Django's `AuthenticationMiddleware`. Whose account is deactivated, or who has none,
    is nobody to ``request.oidc_user`` too. Without an identity, Django's own login stands.
    """

    sync_capable = True
    async_capable = True

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
    ) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if not is_derived(request):
            attach(request)
        return self.get_response(request)


def attach(request: HttpRequest) -> None:
    """Derive the user from now on. Raises ImproperlyConfigured where one of the middleware before is missing."""
    for name, path in (
        ("oidc_user", "django_multi_oidc.middleware.OIDCUserMiddleware"),
        ("user", "django.contrib.auth.middleware.AuthenticationMiddleware"),
    ):
        if not hasattr(request, name):
            raise ImproperlyConfigured(
                f"The request has no {name}. MIDDLEWARE needs {path!r}, before OIDCAccountMiddleware."
            )
    request._multi_oidc_account = None  # type: ignore[attr-defined]  # read below
    narrow(request, admits)
    follow(request, derive)
    derive(request)


def is_derived(request: HttpRequest | None) -> TypeGuard[HttpRequest]:
    """Whether this request's user comes from the identity."""
    return hasattr(request, "_multi_oidc_account")


def derive(request: HttpRequest) -> None:
    """Set ``request.user`` and ``request.auser`` to who is there from now on; asks nobody itself."""
    request._multi_oidc_session_user = None  # type: ignore[attr-defined]  # read below
    request.user = SimpleLazyObject(partial(_user, request))  # type: ignore[assignment]  # as Django does
    request.auser = partial(_auser, request)


def admits(request: HttpRequest, identity: Identity) -> bool:
    """Whether there is a user behind the identity."""
    user = people.user_of(identity)
    remember(request, identity, user)
    return user is not None


def remember(request: HttpRequest, identity: Identity, user: AbstractBaseUser | None) -> None:
    """Who an identity is, for the rest of the request."""
    request._multi_oidc_account = identity, user  # type: ignore[attr-defined]  # read below


def _user(request: HttpRequest) -> Any:
    user: OIDCUser = request.oidc_user  # type: ignore[attr-defined]  # seen to above
    identity = identity_of(user)
    if identity is not None:
        return _account(request, identity)
    # In a frame of ours, nobody may be said of whom nobody can say: not that it is somebody else.
    return session_user(request) if is_known(user) else AnonymousUser()


async def _auser(request: HttpRequest) -> Any:
    identity = identity_of(await request.aoidc_user())  # type: ignore[attr-defined]  # seen to above
    if identity is None:
        return await sync_to_async(session_user)(request)
    return await sync_to_async(_account)(request, identity)


def session_user(request: HttpRequest) -> Any:
    """Whom Django's own login has let in; looked up once."""
    known = request._multi_oidc_session_user  # type: ignore[attr-defined]  # set by derive
    if known is None:
        known = get_user(request)
        known = people.without_privileges(known) if known.is_authenticated else known
        request._multi_oidc_session_user = known  # type: ignore[attr-defined]  # read above
    return known


def _account(request: HttpRequest, identity: Identity) -> Any:
    known: tuple[Identity, AbstractBaseUser | None] | None = request._multi_oidc_account  # type: ignore[attr-defined]
    if known is None or known[0] is not identity:
        known = identity, people.user_of(identity)
        remember(request, *known)
    return known[1] or AnonymousUser()
