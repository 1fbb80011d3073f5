"""Signing an identity anew, where an idle limit would otherwise end it while somebody uses it."""

from __future__ import annotations

import logging

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import cookie_header, cookies, lifetimes
from .providers import configuration
from .shared_cache import Seldom
from .users import OIDCUser, known_identity

logger = logging.getLogger(__name__)
_may_warn = Seldom()


def renew(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookies once more, if it is time for that, and somebody has asked who is there."""
    user: OIDCUser = request.oidc_user  # type: ignore[attr-defined]  # who has just logged in or out, too
    identity = known_identity(user)
    if identity is None or not lifetimes.is_due(configuration().providers[identity.provider], identity):
        return
    others = set(response.cookies)
    cookies.write(request, response, identity)
    if cookie_header.excess(response) > 0:
        _take_back(response, others)


def _take_back(response: HttpResponseBase, others: set[str]) -> None:
    """A page with many headers of its own has no room: the next one may have."""
    for name in response.cookies.keys() - others:
        del response.cookies[name]
    if _may_warn():
        logger.warning(
            "an identity was not signed anew: the page's headers leave no room in response_header_bytes (%d)",
            configuration().response_header_bytes,
        )
