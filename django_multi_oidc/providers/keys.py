"""The keys of the secrets file. A test holds docs/configuration.md to this list."""

from __future__ import annotations

SHARED_KEYS = ("redirect_uri", "cookie_secret")
OPTIONAL_KEYS = ("revocation", "revocation_outage", "response_header_bytes")
"""Of [auth] as the shared ones are, and not required."""
CREDENTIALS = ("client_id", "client_secret", "server_metadata_url")
NAMED_KEYS = ("redirect_uri",)
"""Those of a provider that has a table of its own; in [auth] the key is the shared one."""
INHERITED_KEYS = ("lifetime", "idle_timeout", "follow_token_expiry", "provider_logout")
"""Those that hold for every provider when they stand in [auth], unless its own table has them."""
PROVIDER_KEYS = (
    *CREDENTIALS,
    "client_kwargs",
    "label",
    "allow",
    "admins",
    "roles",
    "trust_email",
    "userinfo",
    "claims",
    "trim_to_rules",
    "token_endpoint_auth_method",
    "client_private_key",
    "client_private_key_id",
    "audiences",
    "tenants",
    "timeout",
    "ca_bundle",
    "proxy",
    "allow_plain_http",
    *INHERITED_KEYS,
)
KNOWN_KEYS = (*SHARED_KEYS, *OPTIONAL_KEYS, *PROVIDER_KEYS)
"""Those of [auth]."""
TABLE_KEYS = ("client_kwargs", "roles")
"""Those whose value is a table: a table of nearly this name is a slip, and no provider."""
LITERAL_KEYS = frozenset(
    {"allow", "admins", "roles", "trust_email", "timeout", "allow_plain_http", "follow_token_expiry"}
    | {"provider_logout"}
)
"""Those whose value stands in the file itself: rules, where a table is a claim, and what is no string."""
SECRETS = {"client_secret", "client_private_key", "cookie_secret", "proxy"}

AUTHORIZATION_PARAMS = (
    *("scope", "prompt", "max_age", "login_hint", "acr_values", "ui_locales", "display", "claims_locales"),
    *("audience", "hd", "domain_hint", "access_type", "resource", "organization", "connection"),
)
"""Well-known parameters of an authorization request: as a key of ours they belong into client_kwargs."""

OWN_PARAMS = (
    *("state", "nonce", "code_challenge", "code_challenge_method", "client_id", "redirect_uri"),
    *("response_type", "response_mode", "request", "request_uri"),
)
"""What the login itself says: a value from the file would break it, or make it unsafe (RFC 9700)."""
