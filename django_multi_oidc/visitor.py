"""Who is there: the identity that a request brings, unless somebody has ended it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest

from . import cookies, revocation
from .exceptions import RevocationUnknown, RuleFailed
from .providers import configuration
from .users import Identity, OIDCUser, identity_of, is_known, known_identity, quiet

logger = logging.getLogger(__name__)


def read(request: HttpRequest) -> Identity | None:
    """The identity that the request brings and that has not been ended; None for nobody.

    Raises RevocationUnknown where nobody can say (O4), RuleFailed where the provider's allow rule cannot,
    SynchronousOnlyOperation in a coroutine that would have to wait for it.
    """
    return _not_ended(request, cookies.read)


def owner(request: HttpRequest) -> Identity | None:
    """`read`, and where the allow rule fails, whom it was asked about: for who wants to log out."""
    return _not_ended(request, cookies.owner)


def _not_ended(request: HttpRequest, brought: Callable[[HttpRequest], Identity | None]) -> Identity | None:
    if configuration().revocation and _in_a_coroutine():
        raise SynchronousOnlyOperation(
            "With revocation = true, answering takes a look at the cache: in async code, write "
            "user = await request.aoidc_user() before anything asks request.oidc_user."
        )
    identity = brought(request)
    return None if identity is None or _is_ended(identity) else identity


async def aread(request: HttpRequest) -> Identity | None:
    """`read` for async code; without a thread unless the cache has to be asked."""
    identity = cookies.read(request)
    if identity is None or not configuration().revocation:
        return identity
    return None if await sync_to_async(_is_ended)(identity) else identity


def identity(request: HttpRequest) -> Identity | None:
    """Whom the request's user stands for, where somebody was told already; else as `read`.

    For our own pages: where the allow rule fails, nobody, who can still log in by another account.
    """
    user: OIDCUser | None = getattr(request, "oidc_user", None)
    try:
        return known_identity(user) if user is not None and is_known(user) else read(request)
    except RuleFailed as failure:
        logger.warning("identity cookie not accepted: %s", failure.detail)
        return None


def identity_if_known(request: HttpRequest) -> Identity | None:
    """`identity`, who is let in; None also where nobody can say: for pages that have something else to say."""
    try:
        return admitted(request)
    except RevocationUnknown:
        return None


def admitted(request: HttpRequest) -> Identity | None:
    """`identity`, unless an app on top does not let it in."""
    known = identity(request)
    return known if is_admitted(request) else None


def is_admitted(request: HttpRequest) -> bool:
    """Whether the request's user is somebody, as far as an app on top is concerned (`users.narrow`).

    For our own pages, which do not fail with it: where nobody can say, no.
    """
    user: OIDCUser | None = getattr(request, "oidc_user", None)
    with quiet(request):
        return user is None or identity_of(user) is not None


def owner_even_in_an_outage(request: HttpRequest) -> Identity | None:
    """`owner`; where nobody can say, whom the cookie names."""
    try:
        return owner(request)
    except RevocationUnknown:
        return cookies.owner(request)


def session_owner(request: HttpRequest) -> Identity | None:
    """Whose session it is. Whether the login was ended is not asked: that it was theirs is all that it has to say."""
    user: OIDCUser | None = getattr(request, "oidc_user", None)
    return known_identity(user) if user is not None and is_known(user) else cookies.owner(request)


def _is_ended(identity: Identity) -> bool:
    ended = revocation.is_ended(identity)
    if ended:
        logger.info("identity cookie not accepted: its login was ended")
    return ended


def _in_a_coroutine() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
