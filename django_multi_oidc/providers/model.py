"""What the secrets file says, frozen. Nothing here reads, parses or checks."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from ..rules import Rules, is_vouched_for

DEFAULT = "default"
TIMEOUT = 10.0  # seconds
RESPONSE_HEADER_BYTES = 4096
"""nginx's proxy_buffer_size where nobody sets it: of a response with more it makes a bare 502."""
LIFETIME = 30 * 24 * 60 * 60  # seconds
LONGEST_LIFETIME = 400 * 24 * 60 * 60
"""Seconds; browsers keep no cookie for longer (RFC 6265bis section 5.5)."""

Userinfo = Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One OpenID provider, as this site knows it."""

    name: str
    """The ``<name>`` of ``[auth.<name>]``; "default" for the one that stands in ``[auth]`` itself."""
    label: str
    """What the login button says."""
    client_id: str
    client_secret: str = field(repr=False)
    """Empty for a client that signs with ``client_private_key``, and for a public one."""
    server_metadata_url: str
    """Address of the discovery document (OpenID Connect Discovery 1.0 section 4)."""
    redirect_uri: str
    """Absolute; the one that all providers share, unless ``own_callback``."""
    own_callback: bool = False
    """``redirect_uri`` leads to ``/oauth2callback/<name>``, where no other provider's answer is taken."""
    authorization_params: Mapping[str, str] = field(hash=False)
    """Read-only: what ``client_kwargs`` adds to the authorization request, defaults filled in."""
    token_endpoint_auth_method: str | None = None
    """OpenID Connect Core 1.0 section 9; None: the secret, in the way that the discovery document prefers."""
    client_private_key: str = field(default="", repr=False)
    """PEM; signs the client's assertions under "private_key_jwt" (RFC 7523)."""
    client_private_key_id: str = ""
    """The ``kid`` of these assertions; empty: none is sent."""
    timeout: float = TIMEOUT
    """Seconds for one call, from the request to the last byte of the answer."""
    ca_bundle: str = ""
    """Absolute path of a PEM file with the only certificate authorities trusted; empty: the usual ones."""
    proxy: str = field(default="", repr=False)
    """``http://`` or ``https://`` address that calls go through, perhaps with a password; empty: none."""
    allow_plain_http: bool = False
    """The metadata URL may be plain http off loopback. For development."""
    audiences: frozenset[str] = frozenset()
    """Who an ID token's ``aud`` may name beside ``client_id``."""
    tenants: frozenset[str] = frozenset()
    """Entra's tenants whose people may log in, GUIDs in lower case; empty: all of them."""
    trust_email: bool = False
    """The provider never sends ``email_verified``, and its addresses count all the same."""
    userinfo: Userinfo = "auto"
    claims: frozenset[str] | None = None
    """What an identity keeps beside what it needs itself and what rules look at; None: all."""
    trim_to_rules: frozenset[str] = frozenset()
    """Names or paths of the list claims of which only the values that a rule mentions are kept."""
    lifetime: int = LIFETIME
    """Seconds after its login at which an identity ends."""
    idle_timeout: int | None = None
    """Seconds without a request that asks for the user, after which an identity ends; None: no such limit."""
    follow_token_expiry: bool = False
    """An identity also ends when the ID token that made it expires (``exp``)."""
    provider_logout: bool = False
    """Whoever logs out here is sent to log out there as well (OpenID Connect RP-Initiated Logout 1.0)."""
    rules: Rules = field(default_factory=Rules)
    fingerprint: str = field(init=False)
    """16 characters that stand for client id and metadata URL: what an identity cookie is bound to."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "fingerprint", _digest(self.client_id, self.server_metadata_url))

    def allows(self, claims: Mapping[str, Any]) -> bool:
        """Whether the person may be logged in here: of an allowed tenant, and by the ``allow`` rule."""
        return self.allows_tenant(claims) and self.rules.allows(claims)

    def allows_tenant(self, claims: Mapping[str, Any]) -> bool:
        """Whether "tid" is one of ``tenants``, where there are any."""
        tid = claims.get("tid")
        return not self.tenants or (isinstance(tid, str) and tid in self.tenants)

    def verified_email(self, claims: Mapping[str, Any]) -> str:
        """The address, where the provider says that it is the person's own; else empty."""
        email = claims.get("email")
        if not isinstance(email, str) or not is_vouched_for(claims, trust_email=self.trust_email):
            return ""
        return email

    @property
    def route(self) -> tuple[str | bool, ...]:
        """What the answer to a call may depend on: nothing that was heard is used under another one."""
        return self.server_metadata_url, self.allow_plain_http, self.ca_bundle, self.proxy

    @property
    def scope(self) -> str:
        """The scopes asked for, with single spaces between (RFC 6749 section 3.3)."""
        return self.authorization_params["scope"]


def _digest(*parts: str) -> str:
    # JSON keeps the parts apart: joined as they are, ("ab", "c") and ("a", "bc") would be one.
    return urlsafe_b64encode(hashlib.sha256(json.dumps(parts).encode()).digest())[:16].decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The whole ``[auth]`` table. Without a secrets file: no providers, and a ``notice`` that says why."""

    source: str = ""
    """The file as messages show it, or "MULTI_OIDC_SECRETS"; empty when there is none."""
    providers: Mapping[str, Provider] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """By name, in the file's order; read-only."""
    redirect_uri: str = ""
    """The shared one."""
    cookie_secrets: tuple[str, ...] = field(default=(), repr=False)
    """The first signs, all verify."""
    cookie_name: str = ""
    secure: bool = False
    """``redirect_uri`` is https: cookies are Secure, and their names begin with ``__Host-``."""
    files: tuple[Path, ...] = ()
    """Everything that was read: the secrets file, and what its references name."""
    revocation: bool = False
    """Logins can be ended, by marks in the cache that are looked at when a request asks who it is."""
    revocation_outage: Literal["refuse", "allow"] = "refuse"
    """What a request gets whose login cannot be looked up."""
    response_header_bytes: int = RESPONSE_HEADER_BYTES
    """What the server in front of the site takes of a response's headers."""
    notice: str = ""
    """Why there are no providers; empty when there are."""

    @property
    def default(self) -> Provider | None:
        """The provider that a login without a name uses, where ``[auth]`` itself holds one."""
        return self.providers.get(DEFAULT)
