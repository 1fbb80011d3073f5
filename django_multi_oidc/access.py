"""Who may see a page: asks its gate, for views and middleware of both kinds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import refusals
from .gates import Gate, arefusal_of, refusal_of
from .users import OIDCUser, identity_of, keep_private


def user_of(request: HttpRequest) -> OIDCUser:
    """The request's user. Raises ImproperlyConfigured where our middleware is missing."""
    user: OIDCUser | None = getattr(request, "oidc_user", None)
    if user is None:
        raise ImproperlyConfigured(
            "The request has no oidc_user. Add 'django_multi_oidc.middleware.OIDCUserMiddleware' to MIDDLEWARE."
        )
    return user


def refuse(request: HttpRequest, gate: Gate) -> HttpResponseBase | None:
    """The answer for a visitor whom the gate does not let through; None for who may go on."""
    user = user_of(request)
    keep_private(request)
    refusal = refusal_of(gate, user)
    return refusals.answer(request, gate, refusal, identity_of(user)) if refusal else None


async def arefuse(request: HttpRequest, gate: Gate) -> HttpResponseBase | None:
    """`refuse` for async code."""
    user_of(request)  # or say that the middleware is missing
    keep_private(request)
    user: OIDCUser = await request.aoidc_user()  # type: ignore[attr-defined]  # our middleware's
    refusal = await arefusal_of(gate, user)
    # A page is rendered by a project's templates, whose context processors may ask a database.
    answer = sync_to_async(refusals.answer)
    return await answer(request, gate, refusal, identity_of(user)) if refusal else None


def guard(request: HttpRequest, gate: Gate, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """The view's response for who may see it, and the answer that all others get."""
    refused = refuse(request, gate)
    return view() if refused is None else refused


async def aguard(
    request: HttpRequest, gate: Gate, view: Callable[[], Awaitable[HttpResponseBase]]
) -> HttpResponseBase:
    """`guard` for async views."""
    refused = await arefuse(request, gate)
    return await view() if refused is None else refused
