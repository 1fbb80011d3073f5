"""The authorization request (OpenID Connect Core 1.0 section 3.1.2.1): read and checked, no state kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from .client import Client
from .messages import Parameters, repeated

PROMPTS = ("none", "login", "consent", "select_account")
SCOPES = ("openid", "profile", "email", "groups")
UNSUPPORTED = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAddress:
    """Where the answer goes, once client and redirect URI are known to belong together."""

    redirect_uri: str
    state: str | None

    def answer(self, **parameters: str) -> str:
        """The URL that takes the answer back, with the ``state`` that came with the question."""
        if self.state is not None:
            parameters["state"] = self.state
        if not parameters:
            return self.redirect_uri
        joint = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{joint}{urlencode(parameters)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What the client asks for, all of it checked."""

    reply: ReplyAddress
    scopes: tuple[str, ...]
    nonce: str | None
    code_challenge: str
    prompts: frozenset[str]
    max_age: int | None
    login_hint: str


class UnansweredError(Exception):
    """Client or redirect URI are not as registered: a page, never a redirect (RFC 6749 section 4.1.2.1)."""


class AuthorizationError(Exception):
    """An error that the client is told by redirect."""

    def __init__(self, reply: ReplyAddress, error: str, description: str) -> None:
        super().__init__(error)
        self.reply = reply
        self.error = error
        self.description = description


def reply_address(parameters: Parameters, client: Client) -> ReplyAddress:
    """Compare client and redirect URI, character by character (RFC 9700 section 4.1.3).

    Raises UnansweredError.
    """
    given = dict(parameters)
    twice = set(repeated(parameters))
    if "client_id" in twice or given.get("client_id") != client.client_id:
        raise UnansweredError(f"The client_id must be {client.client_id!r}.")
    if "redirect_uri" in twice or given.get("redirect_uri") not in client.redirect_uris:
        allowed = " or ".join(map(repr, client.redirect_uris))
        raise UnansweredError(
            f"The redirect_uri is {given.get('redirect_uri')!r} and must be {allowed} (--site)."
        )
    state = None if "state" in twice else given.get("state")
    return ReplyAddress(redirect_uri=given["redirect_uri"], state=state)


def authorization_request(parameters: Parameters, client: Client) -> AuthorizationRequest:
    """Raises UnansweredError, AuthorizationError."""
    reply = reply_address(parameters, client)
    try:
        return checked_request(parameters, reply)
    except RefusedError as refused:
        raise AuthorizationError(reply, *refused.args) from None


class RefusedError(Exception):
    """``error`` and ``error_description``."""


def checked_request(parameters: Parameters, reply: ReplyAddress) -> AuthorizationRequest:
    given = dict(parameters)
    check_shape(given, repeated(parameters))
    return AuthorizationRequest(
        reply=reply,
        scopes=scopes_of(given),
        nonce=given.get("nonce"),
        code_challenge=code_challenge_of(given),
        prompts=prompts_of(given),
        max_age=max_age_of(given),
        login_hint=given.get("login_hint", ""),
    )


def check_shape(given: Mapping[str, str], twice: Collection[str]) -> None:
    if twice:
        raise RefusedError("invalid_request", f"given more than once: {', '.join(sorted(twice))}")
    for name, error in UNSUPPORTED.items():
        if name in given:
            raise RefusedError(error, f"the parameter {name} is not supported")
    if "response_type" not in given:
        raise RefusedError("invalid_request", "response_type is missing")
    if given["response_type"] != "code":
        raise RefusedError("unsupported_response_type", "the only response_type is code")
    if given.get("response_mode", "query") != "query":
        raise RefusedError("invalid_request", "the only response_mode is query")


def scopes_of(given: Mapping[str, str]) -> tuple[str, ...]:
    """The scopes granted, in our order; those we do not know are left out (Core section 3.1.2.1)."""
    asked = given.get("scope", "").split()
    if "openid" not in asked:
        raise RefusedError("invalid_scope", "the scope must contain openid")
    return tuple(scope for scope in SCOPES if scope in asked)


def code_challenge_of(given: Mapping[str, str]) -> str:
    """Required, and S256 only (RFC 7636 section 4.3; RFC 9700 section 2.1.1)."""
    challenge = given.get("code_challenge", "")
    if given.get("code_challenge_method") != "S256" or not re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge):
        raise RefusedError(
            "invalid_request", "PKCE is required: code_challenge, with code_challenge_method S256"
        )
    return challenge


def prompts_of(given: Mapping[str, str]) -> frozenset[str]:
    prompts = frozenset(given.get("prompt", "").split())
    if not prompts <= set(PROMPTS):
        raise RefusedError("invalid_request", f"prompt knows {', '.join(PROMPTS)}")
    if "none" in prompts and len(prompts) > 1:
        raise RefusedError("invalid_request", "prompt=none goes with no other value")
    return prompts


def max_age_of(given: Mapping[str, str]) -> int | None:
    if "max_age" not in given:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", given["max_age"]):
        raise RefusedError("invalid_request", "max_age must be a number of seconds")
    return int(given["max_age"])
