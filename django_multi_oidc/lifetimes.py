"""For how long an identity lasts. The server's clock decides, whatever a browser kept."""

from __future__ import annotations

import math
import time

from .providers import Provider
from .users import Identity

# Of the idle limit. A re-issue sets cookies, so not every page is to carry one.
RENEWED_AFTER = 0.1


def over(provider: Provider, identity: Identity) -> str:
    """Why the identity has ended; empty while it lasts."""
    now = time.time()
    if now - identity.login_at >= provider.lifetime:
        return "it is older than its lifetime"
    if provider.idle_timeout is not None and now - identity.issued_at > provider.idle_timeout:
        return "it was not used for longer than idle_timeout"
    if provider.follow_token_expiry and now >= _token_expiry(identity):
        return "the ID token that made it has expired"
    return ""


def seconds_left(provider: Provider, identity: Identity) -> int:
    """For how long a cookie that is signed now is of use, in seconds."""
    ends = [identity.login_at + provider.lifetime]
    if provider.follow_token_expiry:
        ends.append(_token_expiry(identity))
    left = math.ceil(min(ends) - time.time())
    return min(left, provider.lifetime, provider.idle_timeout or provider.lifetime)


def is_due(provider: Provider, identity: Identity) -> bool:
    """Whether the cookie has to be signed anew, for the idle limit not to end it while it is used."""
    idle = provider.idle_timeout
    return idle is not None and time.time() - identity.issued_at > idle * RENEWED_AFTER


def _token_expiry(identity: Identity) -> float:
    """The ID token's ``exp``; long ago where the identity has none."""
    exp = identity.claims.get("exp")
    return exp if isinstance(exp, (int, float)) else 0.0
