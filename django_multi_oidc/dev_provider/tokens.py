"""The token request (RFC 6749 section 4.1.3): read, and its client authenticated; no state kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from email.message import Message
from urllib.parse import unquote_plus

from .client import Client
from .messages import Request, repeated


class TokenError(Exception):
    """An error of the token endpoint (RFC 6749 section 5.2)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A request for tokens whose client is known."""

    code: str
    redirect_uri: str
    code_verifier: str


def token_request(request: Request, client: Client) -> TokenRequest:
    """Raises TokenError."""
    given = form_of(request)
    authenticate(request.headers, given, client)
    if given.get("grant_type") != "authorization_code":
        error = "unsupported_grant_type" if "grant_type" in given else "invalid_request"
        raise TokenError(error, "the only grant_type is authorization_code")
    for name in ("code", "redirect_uri", "code_verifier"):
        if name not in given:
            raise TokenError("invalid_request", f"{name} is missing")
    return TokenRequest(**{name: given[name] for name in ("code", "redirect_uri", "code_verifier")})


def form_of(request: Request) -> dict[str, str]:
    try:
        parameters = request.parameters()
    except ValueError as error:
        raise TokenError("invalid_request", str(error)) from None
    if twice := repeated(parameters):
        raise TokenError("invalid_request", f"given more than once: {', '.join(sorted(twice))}")
    return dict(parameters)


def authenticate(headers: Message, given: dict[str, str], client: Client) -> None:
    """client_secret_basic or client_secret_post, never both (RFC 6749 section 2.3). Raises TokenError."""
    authorization = headers.get("Authorization", "")
    if authorization and "client_secret" in given:
        raise TokenError("invalid_request", "the client authenticates in two ways at once")
    posted = (given.get("client_id", ""), given.get("client_secret", ""))
    client_id, client_secret = basic_credentials(authorization) if authorization else posted
    if given.get("client_id", client_id) != client_id:
        raise TokenError("invalid_request", "the client_id in the body is not the authenticated one")
    known = same(client_id, client.client_id)
    if not (same(client_secret, client.client_secret) and known):
        raise TokenError("invalid_client", "unknown client, or wrong client_secret")


def basic_credentials(authorization: str) -> tuple[str, str]:
    """User and password, form-decoded as RFC 6749 section 2.3.1 has it; ("", "") when there are none."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return "", ""
    if scheme.lower() != "basic":
        return "", ""
    client_id, _, client_secret = decoded.partition(":")
    return unquote_plus(client_id), unquote_plus(client_secret)


def same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def proves(code_verifier: str, code_challenge: str) -> bool:
    """Whether the verifier is the one that the S256 challenge was made from (RFC 7636 section 4.6)."""
    well_formed = re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", code_verifier) is not None
    return well_formed and same(base64url(hashlib.sha256(code_verifier.encode()).digest()), code_challenge)


def at_hash(access_token: str) -> str:
    """OpenID Connect Core 1.0 section 3.1.3.6; RS256 and ES256 both mean SHA-256."""
    return base64url(hashlib.sha256(access_token.encode()).digest()[:16])


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
