"""``request.user``, from the identity."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeGuard

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.contrib.auth import aget_user, get_user
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from ..users import Identity, follow, identity_of, narrow
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
    identity = identity_of(request.oidc_user)  # type: ignore[attr-defined]  # seen to above
    return get_user(request) if identity is None else _account(request, identity)


async def _auser(request: HttpRequest) -> Any:
    identity = identity_of(await request.aoidc_user())  # type: ignore[attr-defined]  # seen to above
    return await (aget_user(request) if identity is None else sync_to_async(_account)(request, identity))


def _account(request: HttpRequest, identity: Identity) -> Any:
    known: tuple[Identity, AbstractBaseUser | None] | None = request._multi_oidc_account  # type: ignore[attr-defined]
    if known is None or known[0] is not identity:
        known = identity, people.user_of(identity)
        remember(request, *known)
    return known[1] or AnonymousUser()
