"""ID-token validation, nothing else: OpenID Connect Core 1.0 sections 2 and 3.1.3.7."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from .exceptions import IDTokenInvalid
from .issuer import TENANT, of_tenant
from .jws import JWK, Verified, verify
from .providers.claims_request import ClaimsRequest
from .wording import whole

SKEW_SECONDS = 30  # by which the provider's clock and ours may differ
# A login state lives ten minutes, and a token is made during its login: an older one is a replay.
MAX_AGE_SECONDS = 600
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
    _check_issuer(verified, issuer)
    _check_subject(claims)
    _check_audience(claims, client_id, audiences)
    _check_times(claims, now)
    _check_auth_time(claims, now, max_age, essential=asked.auth_time)
    _check_asked(claims, asked)
    _check_nonce(claims, nonce)
    _check_at_hash(verified, access_token)
    return claims


def check_type(verified: Verified) -> None:
    """RFC 8725 section 3.11: what is typed as an access, logout or other token is no ID token."""
    if "+jwt" in verified.typ.lower():
        _fail(f'the header\'s "typ" is {whole(verified.typ, 40)}: that is another kind of token')


def _check_issuer(verified: Verified, issuer: str) -> None:
    claims = verified.claims
    expected = of_tenant(issuer, claims.get("tid"))
    if expected is None:
        _fail('"tid" is not a GUID, which the issuer of a multi-tenant provider needs')
    if claims.get("iss") != expected:
        _fail(f'"iss" is not the issuer of the discovery document, {issuer!r}')
    # Entra publishes the keys of many tenants in one set, and says of each whose it is.
    owner = verified.key.get("issuer")
    if TENANT in issuer and isinstance(owner, str) and of_tenant(owner, claims.get("tid")) != expected:
        _fail('"iss" is not the issuer to whom the signing key belongs')


def _check_subject(claims: Mapping[str, Any]) -> None:
    sub = claims.get("sub")
    if not isinstance(sub, str) or not sub.isascii() or not 1 <= len(sub) <= 255:
        _fail('"sub" is not a string of 1 to 255 ASCII characters')


def _check_audience(claims: Mapping[str, Any], client_id: str, others: frozenset[str]) -> None:
    aud = claims.get("aud")
    audiences = aud if isinstance(aud, list) else [aud]
    if client_id not in audiences:
        _fail('"aud" does not name our client_id: the token was made for somebody else')
    trusted = {client_id, *others}
    if not all(isinstance(audience, str) and audience in trusted for audience in audiences):
        _fail('"aud" names others beside our client_id, who are not in the provider\'s audiences')
    if claims.get("azp", client_id) != client_id:
        _fail('"azp" is not our client_id: the token was issued to somebody else')


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    _seconds(claims, "exp")  # has to be there; the rest of it is for every kind of token
    check_lifetime(claims)
    iat = _seconds(claims, "iat")
    if iat > now + SKEW_SECONDS:
        _fail('"iat" lies in the future; check the clock of this machine')
    if iat < now - MAX_AGE_SECONDS - SKEW_SECONDS:
        _fail(f'"iat" lies more than {MAX_AGE_SECONDS} seconds back, before this login can have begun')


def check_lifetime(claims: Mapping[str, Any]) -> None:
    """RFC 7519 sections 4.1.4 and 4.1.5, of what is there. Raises IDTokenInvalid."""
    now = time.time()
    if "exp" in claims and now >= _seconds(claims, "exp") + SKEW_SECONDS:
        _fail('"exp" has passed; check the clock of this machine')
    if "nbf" in claims and _seconds(claims, "nbf") > now + SKEW_SECONDS:
        _fail('"nbf" lies in the future; check the clock of this machine')


def _check_auth_time(claims: Mapping[str, Any], now: float, max_age: int | None, *, essential: bool) -> None:
    if "auth_time" not in claims and max_age is None and not essential:
        return
    auth_time = _seconds(claims, "auth_time")
    if auth_time > now + SKEW_SECONDS:
        _fail('"auth_time" lies in the future; check the clock of this machine')
    if max_age is not None and auth_time < now - max_age - SKEW_SECONDS:
        _fail('"auth_time" lies further back than the max_age that was asked for')


def _check_asked(claims: Mapping[str, Any], asked: ClaimsRequest) -> None:
    """Section 5.5.1.1: an essential "acr" that the provider could not reach is a login that failed."""
    acr = claims.get("acr")
    if asked.acr is not None and not (isinstance(acr, str) and acr and acr in (asked.acr or {acr})):
        _fail('"acr" is not what was asked for as essential')
    if asked.sub is not None and claims["sub"] != asked.sub:
        _fail('"sub" is not the one that was asked for')


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        _fail(f'"{name}" is not a number of seconds')
    return value


def _check_nonce(claims: Mapping[str, Any], nonce: str) -> None:
    value = claims.get("nonce")
    if not isinstance(value, str) or not hmac.compare_digest(value.encode(), nonce.encode()):
        _fail('"nonce" is not the one of this login')


def _check_at_hash(verified: Verified, access_token: str) -> None:
    """Section 3.1.3.8: optional in the code flow, and then not to be overlooked."""
    if "at_hash" not in verified.claims:
        return
    value = verified.claims["at_hash"]
    expected = at_hash(access_token, verified.alg)
    if not isinstance(value, str) or not hmac.compare_digest(value.encode(), expected.encode()):
        _fail('"at_hash" is not the hash of the access token')


def at_hash(access_token: str, alg: str) -> str:
    """Section 3.1.3.6: half of the hash that belongs to ``alg``; Ed25519 hashes with SHA-512."""
    name = "sha512" if alg == "EdDSA" else f"sha{alg[-3:]}"
    digest = hashlib.new(name, access_token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _fail(detail: str) -> NoReturn:
    raise IDTokenInvalid(detail)
