"""The identity cookie: the only module that packs, reads, sets or deletes it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import cookie_header, signing
from .exceptions import IdentityTooLarge
from .providers import Configuration, configuration
from .users import Identity, OIDCUser, identity_of, read_only

logger = logging.getLogger(__name__)

LIFETIME = 30 * 24 * 60 * 60  # seconds
FORMAT = 1
# Name, value and attributes together: browsers drop what is larger, without a word (RFC 6265 section 6.1).
MAX_COOKIE_BYTES = 4096
# Two megabytes of repeated claims compress into one cookie, and every request would unpack them.
MAX_CLAIMS_BYTES = 64 * 1024
# Said once, at login, and verified then; of no use to anybody later.
PROTOCOL_NOISE = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "aud", "azp"})


def write(response: HttpResponseBase, identity: Identity) -> int:
    """Store the identity in the visitor's browser; the bytes that it takes of a later request's header.

    Raises IdentityTooLarge, and then sets nothing.
    """
    settings = configuration()
    value = signing.dumps(_pack(identity), "identity")
    cookie_header.write(response, settings.cookie_name, value, max_age=LIFETIME, secure=settings.secure)
    size = len(response.cookies[settings.cookie_name].OutputString())
    if size > MAX_COOKIE_BYTES:
        del response.cookies[settings.cookie_name]
        raise IdentityTooLarge(
            f"a cookie of {size} bytes, {MAX_COOKIE_BYTES} fit; {_largest(identity.claims)}"
        )
    return len(settings.cookie_name) + len(value) + 3  # "=", "; "


def size_of(request: HttpRequest) -> int:
    """The bytes that the identity there is so far takes of the request's header."""
    name = configuration().cookie_name
    return sum(len(name) + len(value) + 3 for value in cookie_header.values(request, name))


def kept(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of a login's claims an identity keeps, read-only."""
    return cast(
        Mapping[str, Any],
        read_only({name: value for name, value in claims.items() if name not in PROTOCOL_NOISE}),
    )


def delete(response: HttpResponseBase) -> None:
    """Make the visitor's browser forget the identity."""
    settings = configuration()
    cookie_header.delete(response, settings.cookie_name, secure=settings.secure)


def read(request: HttpRequest) -> Identity | None:
    """The identity that the request brings; None, and one log record, for a cookie that is not (or no longer) good."""
    settings = configuration()
    values = cookie_header.values(request, settings.cookie_name) if settings.providers else []
    if not values:
        return None
    try:
        return _identity(values, settings)
    except _Nobody as reason:
        logger.info("identity cookie not accepted: %s", reason)
        return None


def identity_of_visitor(request: HttpRequest) -> Identity | None:
    """`read`, unless the request's user has been asked already: one log record for a dead cookie, not two."""
    user: OIDCUser | None = getattr(request, "oidc_user", None)
    return read(request) if user is None else identity_of(user)


class _Nobody(Exception):
    """Why a cookie is nobody's; never holds anything of its value."""


def _identity(values: list[str], settings: Configuration) -> Identity:
    if len(values) > 1:
        raise _Nobody("its name stands more than once in the header")
    identity = _unpack(_envelope(values[0]))
    provider = settings.providers.get(identity.provider)
    if provider is None:
        raise _Nobody("its provider is no longer in the secrets file")
    if provider.fingerprint != identity.fingerprint:
        raise _Nobody("its provider has another client_id or server_metadata_url since")
    if not provider.allows(identity.claims):
        raise _Nobody("its provider's allow or tenants do not let it in")
    return identity


def _envelope(value: str) -> dict[str, Any]:
    try:
        envelope = signing.loads(value, "identity", max_age=LIFETIME)
    except signing.SignatureExpired as error:
        raise _Nobody("it is older than its lifetime") from error
    except signing.BadSignature as error:
        raise _Nobody("it was altered, or signed with another secret") from error
    if not isinstance(envelope, dict) or envelope.get("v") != FORMAT:
        raise _Nobody("it is of another format")
    return envelope


def _pack(identity: Identity) -> dict[str, Any]:
    claims = kept(identity.claims)
    size = _size(claims)
    if size > MAX_CLAIMS_BYTES:
        raise IdentityTooLarge(f"claims of {size} bytes, {MAX_CLAIMS_BYTES} allowed; {_largest(claims)}")
    return {
        "v": FORMAT,
        "p": identity.provider,
        "f": identity.fingerprint,
        "i": identity.login_id,
        "t": identity.login_at,
        "n": identity.next_digest,
        "c": claims,
    }


def _unpack(envelope: dict[str, Any]) -> Identity:
    return Identity(
        provider=envelope["p"],
        fingerprint=envelope["f"],
        login_id=envelope["i"],
        login_at=envelope["t"],
        next_digest=envelope["n"],
        claims=read_only(envelope["c"]),
    )


def _largest(claims: Mapping[str, Any]) -> str:
    """Names and sizes, for the log; a value never."""
    by_size = sorted(((_size(value), name) for name, value in claims.items()), reverse=True)
    return "largest claims: " + ", ".join(f"{name[:40]!r} ({size} bytes)" for size, name in by_size[:3])


def _size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))
