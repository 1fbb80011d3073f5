"""The logout request (OpenID Connect RP-Initiated Logout 1.0 section 2): read and checked, no state kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import jwt

from .authorization import ReplyAddress
from .client import Client
from .keys import SigningKey
from .messages import Parameters, repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """What the client asks for, all of it checked. ``sid`` is the hint's; None without a hint."""

    sid: str | None
    reply: ReplyAddress | None


class LogoutRefusedError(Exception):
    """The request is not in order: a page, no logout and never a redirect (section 4)."""


def logout_request(
    parameters: Parameters, client: Client, issuer: str, keys: Iterable[SigningKey]
) -> LogoutRequest:
    """``logout_hint`` and ``ui_locales`` are ignored. Raises LogoutRefusedError."""
    if twice := repeated(parameters):
        raise LogoutRefusedError(f"Given more than once: {', '.join(sorted(twice))}.")
    given = dict(parameters)
    if given.get("client_id", client.client_id) != client.client_id:
        raise LogoutRefusedError(f"The client_id must be {client.client_id!r}.")
    sid = hinted_sid(given["id_token_hint"], client, issuer, keys) if "id_token_hint" in given else None
    return LogoutRequest(sid=sid, reply=reply_address(given, client))


def hinted_sid(id_token: str, client: Client, issuer: str, keys: Iterable[SigningKey]) -> str:
    """The ``sid`` of an ID token of ours for this client, however old; "" when it has none."""
    try:
        kid = jwt.get_unverified_header(id_token).get("kid", "")
        key = {key.kid: key for key in keys}[kid]
        return str(key.claims_at_any_time(id_token, client.client_id, issuer).get("sid", ""))
    except (KeyError, jwt.InvalidTokenError):
        raise LogoutRefusedError(
            "The id_token_hint is no ID token of this provider for this client. "
            "A provider that was started again has new keys and knows none of its earlier tokens."
        ) from None


def reply_address(given: Mapping[str, str], client: Client) -> ReplyAddress | None:
    """Compared character by character, and only where the request says whose address it is (section 3)."""
    if "post_logout_redirect_uri" not in given:
        return None
    uri = given["post_logout_redirect_uri"]
    if uri not in client.post_logout_redirect_uris:
        allowed = " or ".join(map(repr, client.post_logout_redirect_uris)) or "registered first"
        raise LogoutRefusedError(f"The post_logout_redirect_uri is {uri!r} and must be {allowed} (--site).")
    if not {"client_id", "id_token_hint"} & given.keys():
        raise LogoutRefusedError("With a post_logout_redirect_uri go a client_id or an id_token_hint.")
    return ReplyAddress(redirect_uri=uri, state=given.get("state"))
