"""ID-token validation, nothing else: OpenID Connect Core 1.0 sections 2 and 3.1.3.7."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .clocks import SKEW_SECONDS
from .exceptions import AuthTimeMissing, LoginNotRecent
from .jws import JWK, Verified, verify
from .providers.claims_request import ClaimsRequest
from .token_checks import (
    check_audience,
    check_issued_at,
    check_issuer,
    check_lifetime,
    fail,
    seconds,
)
from .wording import whole

NOTHING_ASKED = ClaimsRequest()


def validate(
    id_token: str,
    *,
    keys: Sequence[JWK],
    algorithms: Iterable[str],
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    max_age: int | None = None,
    audiences: frozenset[str] = frozenset(),
    asked: ClaimsRequest = NOTHING_ASKED,
) -> dict[str, Any]:
    """The claims of ``id_token``, every check passed.

    ``algorithms`` as advertised; ``issuer`` as in the discovery document; ``max_age`` in seconds where the
    authorization request had one; ``audiences`` whom "aud" may name beside us; ``asked`` what the request's
    ``claims`` parameter has. Raises IDTokenInvalid, whose detail names the check and no claim; jws.KeyUnknown
    among them where newer keys may help.
    """
    verified = verify(id_token, keys=keys, algorithms=algorithms)
    claims, now = verified.claims, time.time()
    check_type(verified)
    check_issuer(verified, issuer)
    _check_subject(claims)
    check_audience(claims, client_id, audiences)
    _check_times(claims, now)
    _check_auth_time(claims, now, max_age, essential=asked.auth_time)
    _check_asked(claims, asked)
    _check_nonce(claims, nonce)
    _check_at_hash(verified, access_token)
    return claims


def check_type(verified: Verified) -> None:
    """RFC 8725 section 3.11: what is typed as an access, logout or other token is no ID token."""
    if "+jwt" in verified.typ.lower():
        fail(f'the header\'s "typ" is {whole(verified.typ, 40)}: that is another kind of token')


def _check_subject(claims: Mapping[str, Any]) -> None:
    sub = claims.get("sub")
    if not isinstance(sub, str) or not sub.isascii() or not 1 <= len(sub) <= 255:
        fail('"sub" is not a string of 1 to 255 ASCII characters')


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    seconds(claims, "exp")  # has to be there; the rest of it is for every kind of token
    check_lifetime(claims)
    check_issued_at(claims, now)


def _check_auth_time(claims: Mapping[str, Any], now: float, max_age: int | None, *, essential: bool) -> None:
    if "auth_time" not in claims:
        if max_age is not None or essential:
            raise AuthTimeMissing('"auth_time" was asked for and is missing')
        return
    auth_time = seconds(claims, "auth_time")
    if auth_time > now + SKEW_SECONDS:
        fail('"auth_time" lies in the future; check the clock of this machine')
    if max_age is not None and auth_time < now - max_age - SKEW_SECONDS:
        raise LoginNotRecent('"auth_time" lies further back than the max_age that was asked for')


def _check_asked(claims: Mapping[str, Any], asked: ClaimsRequest) -> None:
    """Section 5.5.1.1: an essential "acr" that the provider could not reach is a login that failed."""
    acr = claims.get("acr")
    if asked.acr is not None and not (isinstance(acr, str) and acr and acr in (asked.acr or {acr})):
        fail('"acr" is not what was asked for as essential')
    if asked.sub is not None and claims["sub"] != asked.sub:
        fail('"sub" is not the one that was asked for')


def _check_nonce(claims: Mapping[str, Any], nonce: str) -> None:
    value = claims.get("nonce")
    if not isinstance(value, str) or not hmac.compare_digest(value.encode(), nonce.encode()):
        fail('"nonce" is not the one of this login')


def _check_at_hash(verified: Verified, access_token: str) -> None:
    """Section 3.1.3.8: optional in the code flow, and then not to be overlooked."""
    if "at_hash" not in verified.claims:
        return
    value = verified.claims["at_hash"]
    expected = at_hash(access_token, verified.alg)
    if not isinstance(value, str) or not hmac.compare_digest(value.encode(), expected.encode()):
        fail('"at_hash" is not the hash of the access token')


def at_hash(access_token: str, alg: str) -> str:
    """Section 3.1.3.6: half of the hash that belongs to ``alg``; Ed25519 hashes with SHA-512."""
    name = "sha512" if alg == "EdDSA" else f"sha{alg[-3:]}"
    digest = hashlib.new(name, access_token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
