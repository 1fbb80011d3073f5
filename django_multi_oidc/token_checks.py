"""What an ID token and a logout token have in common: OpenID Connect Core 1.0 section 3.1.3.7.

Every function raises IDTokenInvalid, whose detail names the check and no claim.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NoReturn

from .clocks import SKEW_SECONDS
from .exceptions import IDTokenInvalid
from .issuer import TENANT, of_tenant
from .jws import Verified

# A login state lives ten minutes, and a token is made during its login: an older one is a replay.
MAX_AGE_SECONDS = 600


def check_issuer(verified: Verified, issuer: str) -> None:
    claims = verified.claims
    expected = of_tenant(issuer, claims.get("tid"))
    if expected is None:
        fail('"tid" is not a GUID, which the issuer of a multi-tenant provider needs')
    if claims.get("iss") != expected:
        fail(f'"iss" is not the issuer of the discovery document, {issuer!r}')
    # Entra publishes the keys of many tenants in one set, and says of each whose it is.
    owner = verified.key.get("issuer")
    if TENANT in issuer and isinstance(owner, str) and of_tenant(owner, claims.get("tid")) != expected:
        fail('"iss" is not the issuer to whom the signing key belongs')


def check_audience(claims: Mapping[str, Any], client_id: str, others: frozenset[str]) -> None:
    aud = claims.get("aud")
    audiences = aud if isinstance(aud, list) else [aud]
    if client_id not in audiences:
        fail('"aud" does not name our client_id: the token was made for somebody else')
    trusted = {client_id, *others}
    if not all(isinstance(audience, str) and audience in trusted for audience in audiences):
        fail('"aud" names others beside our client_id, who are not in the provider\'s audiences')
    if claims.get("azp", client_id) != client_id:
        fail('"azp" is not our client_id: the token was issued to somebody else')


def check_lifetime(claims: Mapping[str, Any]) -> None:
    """RFC 7519 sections 4.1.4 and 4.1.5, of what is there. Raises IDTokenInvalid."""
    now = time.time()
    if "exp" in claims and now >= seconds(claims, "exp") + SKEW_SECONDS:
        fail('"exp" has passed; check the clock of this machine')
    if "nbf" in claims and seconds(claims, "nbf") > now + SKEW_SECONDS:
        fail('"nbf" lies in the future; check the clock of this machine')


def check_issued_at(claims: Mapping[str, Any], now: float) -> None:
    """A token is sent when it is made."""
    iat = seconds(claims, "iat")
    if iat > now + SKEW_SECONDS:
        fail('"iat" lies in the future; check the clock of this machine')
    if iat < now - MAX_AGE_SECONDS - SKEW_SECONDS:
        fail(f'"iat" lies more than {MAX_AGE_SECONDS} seconds back: a token is sent when it is made')


def seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        fail(f'"{name}" is not a number of seconds')
    return value


def fail(detail: str) -> NoReturn:
    raise IDTokenInvalid(detail)
