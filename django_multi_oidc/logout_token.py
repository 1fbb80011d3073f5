"""Logout-token validation, nothing else: OpenID Connect Back-Channel Logout 1.0 section 2.6."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .clocks import SKEW_SECONDS
from .jws import JWK, Verified, verify
from .token_checks import (
    MAX_AGE_SECONDS,
    check_audience,
    check_issued_at,
    check_issuer,
    check_lifetime,
    fail,
)
from .wording import whole

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPES = frozenset({"", "jwt", "logout+jwt", "application/logout+jwt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutToken:
    """Who is logged out; of ``sub`` and ``sid`` one may be empty."""

    jti: str
    sub: str = field(repr=False)
    sid: str = field(repr=False)
    good_for: int = MAX_AGE_SECONDS + 2 * SKEW_SECONDS + 1
    """Seconds after which it is too old to be taken again, whatever its ``iat``."""


def validate(
    token: str,
    *,
    keys: Sequence[JWK],
    algorithms: Iterable[str],
    issuer: str,
    client_id: str,
    audiences: frozenset[str] = frozenset(),
) -> LogoutToken:
    """What ``token`` says, every check passed but whether its ``jti`` was met before.

    The arguments are those of `id_token.validate`. Raises IDTokenInvalid, whose detail names the check and no
    claim; jws.KeyUnknown among them where newer keys may help.
    """
    verified = verify(token, keys=keys, algorithms=algorithms)
    claims = verified.claims
    _check_type(verified)
    check_issuer(verified, issuer)
    check_audience(claims, client_id, audiences)
    check_lifetime(claims)
    check_issued_at(claims, time.time())
    _check_event(claims)
    return LogoutToken(
        jti=_text(claims, "jti", required=True), sub=_text(claims, "sub"), sid=_text(claims, "sid")
    )


def _check_type(verified: Verified) -> None:
    """RFC 8725 section 3.11: what says that it is another kind of token is none of ours."""
    if verified.typ.lower() not in TYPES:
        fail(f'the header\'s "typ" is {whole(verified.typ, 40)}: that is no logout token')


def _check_event(claims: Mapping[str, Any]) -> None:
    """What tells it from an ID token, which is signed by the same keys."""
    events = claims.get("events")
    if not isinstance(events, Mapping) or not isinstance(events.get(EVENT), Mapping):
        fail('"events" does not say that somebody was logged out')
    if "nonce" in claims:
        fail('it has a "nonce", which no logout token has')
    if "sub" not in claims and "sid" not in claims:
        fail('it has neither "sub" nor "sid"')


def _text(claims: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    value = claims.get(name)
    if name not in claims and not required:
        return ""
    if not isinstance(value, str) or not value:
        fail(f'"{name}" is not a string with something in it')
    return value
