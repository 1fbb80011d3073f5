"""Signing an identity anew, where an idle limit would otherwise end it while somebody uses it."""

from __future__ import annotations

import logging

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import cookie_header, cookies, lifetimes, revocation
from .exceptions import RevocationUnknown
from .providers import configuration
from .shared_cache import Seldom
from .users import Identity, OIDCUser, known_identity

logger = logging.getLogger(__name__)
_may_warn = Seldom()


def renew(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookies once more, if it is time for that, and somebody has asked who is there."""
    user: OIDCUser = request.oidc_user  # type: ignore[attr-defined]  # who has just logged in or out, too
    identity = known_identity(user)
    if identity is None or not is_due(request) or _is_over(identity):
        return
    others = set(response.cookies)
    cookies.write(request, response, identity)
    if cookie_header.excess(response) > 0:
        _take_back(response, others)


def is_due(request: HttpRequest) -> bool:
    """Whether `renew` has something to do, perhaps with a look at the cache."""
    user: OIDCUser = request.oidc_user  # type: ignore[attr-defined]  # as above
    identity = known_identity(user)
    return identity is not None and lifetimes.is_due(configuration().providers[identity.provider], identity)


def _is_over(identity: Identity) -> bool:
    """The login may have ended while the page was made. What cannot be said now, the next page may know."""
    try:
        if revocation.is_ended(identity):
            return True
    except RevocationUnknown:
        return True
    return lifetimes.seconds_left(configuration().providers[identity.provider], identity) < 1


def _take_back(response: HttpResponseBase, others: set[str]) -> None:
    """A page with many headers of its own has no room: the next one may have."""
    for name in response.cookies.keys() - others:
        del response.cookies[name]
    if _may_warn():
        logger.warning(
            "an identity was not signed anew: the page's headers leave no room in response_header_bytes (%d)",
            configuration().response_header_bytes,
        )
