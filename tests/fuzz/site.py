"""The site that is attacked: its clock stands still, its secrets are known, and no provider of it answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import time_machine
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from django.core.cache import cache as django_cache
from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from django_multi_oidc import cookies, login_state, signing
from django_multi_oidc.login_state import LoginState
from django_multi_oidc.providers import configuration
from django_multi_oidc.users import Identity, read_only
from tests.hostile_provider import CLIENT_ID, NONCE, jwk

NOW = 1_800_000_000
NAME = "multi_oidc_auth"
STATE = "the-state-of-a-login-under-way-0123456789-abc"
ISSUER = "http://localhost:9/alpha"  # port 9: refused at once
PROVIDER = {"client_secret": "a-client-secret", "allow": ["*@example.org"]}
AUTH = {
    "redirect_uri": "http://localhost/oauth2callback",
    "cookie_secret": "a-cookie-secret-of-the-fuzz-tests-0123456789",
    "alpha": {
        **PROVIDER,
        "client_id": "alpha-client",
        "server_metadata_url": f"{ISSUER}/.well-known/openid-configuration",
    },
    "beta": {
        **PROVIDER,
        "client_id": "beta-client",
        "server_metadata_url": "http://localhost:9/beta/.well-known/openid-configuration",
    },
}
CLAIMS = {
    "iss": ISSUER,
    "sub": "pat-sub",
    "aud": CLIENT_ID,
    "nonce": NONCE,
    "exp": NOW + 300,
    "iat": NOW,
    "email": "pat@example.org",
    "email_verified": True,
}
# Keys that are the same every day, and signatures by Ed25519 are, too: the corpus keeps.
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
P256 = ec.derive_private_key(4711, ec.SECP256R1())
KEYS = [jwk(ED25519, kid="one"), jwk(P256, kid="two")]

factory = RequestFactory(SERVER_NAME="localhost")


@contextmanager
def attacked_site() -> Iterator[None]:
    """Within it, the targets can be called."""
    with time_machine.travel(NOW, tick=False), override_settings(MULTI_OIDC_SECRETS={"auth": AUTH}):
        yield
        django_cache.clear()


@cache
def identity() -> Identity:
    return Identity(
        provider="alpha",
        fingerprint=configuration().providers["alpha"].fingerprint,
        login_id="the-login-id",
        login_at=NOW - 0.5,
        next_digest="",
        claims=read_only(CLAIMS),
    )


@cache
def login() -> LoginState:
    return LoginState(
        state=STATE,
        provider="alpha",
        next="/members/",
        begun_at=NOW - 0.5,
        key_name=signing.name_of_key(),
    )


@cache
def identity_cookie() -> tuple[str, str]:
    """Name and value of the one identity cookie that there is."""
    response = HttpResponse()
    cookies.write(factory.get("/"), response, identity())
    return _only_cookie(response)


@cache
def login_cookie() -> tuple[str, str]:
    """Name and value of the cookie of the one login that is under way."""
    response = HttpResponse()
    login_state.write(factory.get("/"), response, login())
    return _only_cookie(response)


def _only_cookie(response: HttpResponse) -> tuple[str, str]:
    [(name, morsel)] = response.cookies.items()
    return name, morsel.value


def header(*cookies_: tuple[str, str]) -> bytes:
    return "; ".join(f"{name}={value}" for name, value in cookies_).encode("latin-1")
