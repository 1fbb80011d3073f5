"""The logout token and its way to the client (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

import logging
import secrets
import time
from typing import Any, NamedTuple

import requests

TIMEOUT = 5.0
LOGOUT_TOKEN_LIFETIME = 2 * 60
TYPE = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"

logger = logging.getLogger(__name__)


class LogoutAnswer(NamedTuple):
    """What a client answered to a logout token; ``status`` is None, and ``error`` says why, if nothing."""

    organisation: str
    sub: str
    sid: str
    status: int | None
    error: str = ""


def logout_claims(issuer: str, client_id: str) -> dict[str, Any]:
    """Section 2.4, without ``sub`` and ``sid``."""
    now = int(time.time())
    return {
        "iss": issuer,
        "aud": client_id,
        "iat": now,
        "exp": now + LOGOUT_TOKEN_LIFETIME,
        "jti": secrets.token_urlsafe(16),
        "events": {EVENT: {}},
    }


def post(uri: str, logout_token: str) -> tuple[int | None, str]:
    """The status, or None and the kind of failure, which is nobody else's trouble (section 2.5)."""
    try:
        status = status_of(uri, logout_token)
    except requests.RequestException as error:
        logger.warning("Back-channel logout: %s cannot be reached: %s", uri, type(error).__name__)
        return None, type(error).__name__
    if status not in {200, 204}:
        logger.warning("Back-channel logout: %s answered %s", uri, status)
    return status, ""


def status_of(uri: str, logout_token: str) -> int:
    with requests.Session() as session:
        # Neither a proxy nor a redirect may lead to another machine.
        session.trust_env = False
        form = {"logout_token": logout_token}
        answer = session.post(uri, data=form, timeout=TIMEOUT, allow_redirects=False, stream=True)
        return answer.status_code
