"""The identity cookie: the only module that packs, reads, sets or deletes it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import starmap
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.debug import sensitive_variables

from . import cookie_header, lifetimes, pieces, signing
from .exceptions import IdentityTooLarge, RuleFailed
from .providers import Configuration, configuration
from .providers.model import LONGEST_LIFETIME
from .users import Identity, read_only

logger = logging.getLogger(__name__)

FORMAT = 1
# Name, value and attributes together: browsers drop what is larger, without a word (RFC 6265 section 6.1).
MAX_COOKIE_BYTES = 4096
# Two megabytes of repeated claims compress into one cookie, and every request would unpack them.
MAX_CLAIMS_BYTES = 64 * 1024
OVERHEAD = 130  # of these for attributes, "=", and the number of a piece


def write(request: HttpRequest, response: HttpResponseBase, identity: Identity) -> int:
    """Store the identity in the visitor's browser; by how many bytes a later request's header grows.

    Raises IdentityTooLarge, and then sets nothing.
    """
    settings = configuration()
    seconds = lifetimes.seconds_left(settings.providers[identity.provider], identity)
    text = signing.dumps(_pack(identity), "identity")
    if len(text) > cookie_header.MAX_BYTES:
        raise too_large(
            identity, f"cookies of {len(text)} bytes, {cookie_header.MAX_BYTES} fit into a header"
        )
    parts = pieces.split(text, MAX_COOKIE_BYTES - OVERHEAD - len(settings.cookie_name))
    written = dict(zip(pieces.names(settings.cookie_name, len(parts)), parts, strict=True))
    before = dict(_brought(request))
    for name in before.keys() - written.keys():
        cookie_header.delete(response, name, secure=settings.secure)
    for name, value in written.items():
        cookie_header.write(response, name, value, max_age=seconds, secure=settings.secure)
    return sum(starmap(cookie_header.size_of, written.items())) - sum(before.values())


def _brought(request: HttpRequest) -> Iterator[tuple[str, int]]:
    """Name and size of each cookie of an identity that the request brings, left-over pieces too."""
    for name in pieces.names(configuration().cookie_name):
        values = cookie_header.values(request, name)
        # Another project on this host may have chosen such a name for a cookie of its own.
        if name != configuration().cookie_name:
            values = [value for value in values if pieces.HEAD.match(value)]
        if values:
            yield name, sum(cookie_header.size_of(name, value) for value in values)


def too_large(identity: Identity, problem: str) -> IdentityTooLarge:
    """The error, whose detail says what of the identity takes most."""
    return IdentityTooLarge(f"{problem}; {_largest(identity.claims)}")


def delete(request: HttpRequest, response: HttpResponseBase) -> None:
    """Make the visitor's browser forget the identity."""
    settings = configuration()
    for name in {settings.cookie_name, *dict(_brought(request))}:
        cookie_header.delete(response, name, secure=settings.secure)


def read(request: HttpRequest) -> Identity | None:
    """The identity that the request brings; None for a cookie that is not (or no longer) good.

    Read once per request, hence one log record for a dead cookie. Whether the login was ended meanwhile, `visitor`
    knows.
    """
    known: tuple[Identity | None] | None = getattr(request, "_multi_oidc_identity", None)
    if known is None:
        known = (_read(request),)
        request._multi_oidc_identity = known  # type: ignore[attr-defined]
    return known[0]


@sensitive_variables()  # a function of the allow rule may fail
def _read(request: HttpRequest) -> Identity | None:
    settings = configuration()
    if not settings.providers:
        return None
    try:
        text = pieces.join(settings.cookie_name, partial(cookie_header.values, request))
        return _identity(text, settings) if text else None
    except (_Nobody, pieces.PiecesError) as reason:
        logger.info("identity cookie not accepted: %s", reason)
        return None


def signed(request: HttpRequest) -> Identity | None:
    """The identity that the cookie was made for, even if it is not good now: a rule that denies it may change back."""
    try:
        text = pieces.join(configuration().cookie_name, partial(cookie_header.values, request))
        return _signed(text)
    except (_Nobody, pieces.PiecesError):
        return None


def owner(request: HttpRequest) -> Identity | None:
    """`read`, and where the allow rule fails, whom it was asked about: for whose session it is, and for who leaves."""
    try:
        return read(request)
    except RuleFailed as failure:
        logger.warning("identity cookie neither accepted nor refused: %s", failure.detail)
        return signed(request)


class _Nobody(Exception):
    """Why a cookie is nobody's; never holds anything of its value."""


def _identity(text: str, settings: Configuration) -> Identity:
    identity = _signed(text)
    provider = settings.providers.get(identity.provider)
    if provider is None:
        raise _Nobody("its provider is no longer in the secrets file")
    if provider.fingerprint != identity.fingerprint:
        raise _Nobody("its provider has another client_id or server_metadata_url since")
    if reason := lifetimes.over(provider, identity):
        raise _Nobody(reason)
    if not provider.allows(identity.claims):
        raise _Nobody("its provider's allow or tenants do not let it in")
    return identity


def _signed(text: str) -> Identity:
    return _unpack(_envelope(text), signing.signed_at(text))


def _envelope(text: str) -> dict[str, Any]:
    try:
        envelope = signing.loads(text, "identity", max_age=LONGEST_LIFETIME)
    except signing.SignatureExpired as error:
        raise _Nobody("it is older than any lifetime") from error
    except signing.BadSignature as error:
        raise _Nobody("it was altered, or signed with another secret") from error
    if not isinstance(envelope, dict) or envelope.get("v") != FORMAT:
        raise _Nobody("it is of another format")
    return envelope


def _pack(identity: Identity) -> dict[str, Any]:
    size = _size(identity.claims)
    if size > MAX_CLAIMS_BYTES:
        raise too_large(identity, f"claims of {size} bytes, {MAX_CLAIMS_BYTES} allowed")
    return {
        "v": FORMAT,
        "p": identity.provider,
        "f": identity.fingerprint,
        "i": identity.login_id,
        "t": identity.login_at,
        "n": identity.next_digest,
        "c": identity.claims,
    }


def _unpack(envelope: dict[str, Any], issued_at: int) -> Identity:
    return Identity(
        provider=envelope["p"],
        fingerprint=envelope["f"],
        login_id=envelope["i"],
        login_at=envelope["t"],
        next_digest=envelope["n"],
        claims=read_only(envelope["c"]),
        issued_at=issued_at,
    )


def _largest(claims: Mapping[str, Any]) -> str:
    """Names and sizes, for the log; a value never."""
    by_size = sorted(((_size(value), name) for name, value in claims.items()), reverse=True)
    return "largest claims: " + ", ".join(f"{name[:40]!r} ({size} bytes)" for size, name in by_size[:3])


def _size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))
