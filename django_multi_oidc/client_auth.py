"""How the token endpoint is told who we are (OpenID Connect Core 1.0 section 9, RFC 6749 section 2.3)."""

from __future__ import annotations

import secrets
import time
from base64 import b64encode
from collections.abc import Collection, Mapping
from urllib.parse import quote_plus

from . import jws
from .issuer import TENANT
from .providers import Provider

ASSERTION_SECONDS = 60  # of life: one call, and some difference between two clocks
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def method_of(provider: Provider, supported: Collection[str]) -> str:
    """The configured method, else the one of the two with a secret that the provider supports, else basic."""
    only_post = "client_secret_post" in supported and "client_secret_basic" not in supported
    return provider.token_endpoint_auth_method or (
        "client_secret_post" if only_post else "client_secret_basic"
    )


def with_secret_in_header(
    provider: Provider, form: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """``client_secret_basic``: headers and form. Both parts are encoded before they are joined (section 2.3.1)."""
    credentials = f"{quote_plus(provider.client_id)}:{quote_plus(provider.client_secret)}"
    headers = {"Authorization": f"Basic {b64encode(credentials.encode()).decode()}"}
    return headers, {name: value for name, value in form.items() if name != "client_id"}


def assertion(provider: Provider, *, issuer: str, token_endpoint: str, algorithms: Collection[str]) -> str:
    """The JWT of ``private_key_jwt`` (RFC 7523 section 3). Raises jws.KeyUnusable.

    It is for the issuer alone: one that also named an endpoint could be collected by whoever publishes a
    discovery document with another provider's endpoint in it. Entra's multi-tenant endpoints have no issuer
    of their own, and get the token endpoint.
    """
    now = int(time.time())
    claims = {
        "iss": provider.client_id,
        "sub": provider.client_id,
        "aud": token_endpoint if TENANT in issuer else issuer,
        "iat": now,
        "exp": now + ASSERTION_SECONDS,
        "jti": secrets.token_urlsafe(24),
    }
    return jws.sign(
        claims, pem=provider.client_private_key, kid=provider.client_private_key_id, algorithms=algorithms
    )
