from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from django.core.cache import cache
from django.http import HttpResponse

from django_multi_oidc import cookies
from django_multi_oidc.dev_provider.server import DevProvider
from django_multi_oidc.providers import configuration
from django_multi_oidc.users import Identity
from tests.flow import Visitor

# A busy machine is no failure.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")

COOKIE_SECRET = "a-cookie-secret-of-the-tests-0123456789-abcdefgh"
REDIRECT_URI = "http://localhost/oauth2callback"


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch):
    """The log mentions one, and messages are compared word by word."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def secrets(settings) -> dict[str, Any]:
    """Two providers that nobody listens at; change it and set it again to change the configuration."""
    auth = {
        "redirect_uri": REDIRECT_URI,
        "cookie_secret": COOKIE_SECRET,
        "alpha": {
            "client_id": "alpha-client",
            "client_secret": "alpha-client-secret",
            "server_metadata_url": "http://localhost:9/alpha/.well-known/openid-configuration",
            "admins": ["pat@alpha.example"],
        },
        "beta": {
            "client_id": "beta-client",
            "client_secret": "beta-client-secret",
            "server_metadata_url": "http://localhost:9/beta/.well-known/openid-configuration",
            "roles": {"editor": ["kim@beta.example"]},
        },
    }
    settings.MULTI_OIDC_SECRETS = {"auth": auth}
    return auth


CLAIMS = {
    "iss": "http://localhost:9/alpha",
    "sub": "pat-sub",
    "name": "Pat Admin",
    "email": "pat@alpha.example",
    "email_verified": True,
    "groups": ["admins", "staff"],
    "exp": 1_900_000_000,
    "iat": 1_800_000_000,
    "address": {"country": "NO"},
}


@pytest.fixture
def make_identity(secrets) -> Callable[..., Identity]:
    def make(provider: str = "alpha", **changes: Any) -> Identity:
        fields = {
            "provider": provider,
            "fingerprint": configuration().providers[provider].fingerprint,
            "login_id": "the-login-id",
            "login_at": 1_800_000_000.5,
            "next_digest": "",
            "claims": CLAIMS,
        }
        return Identity(**{**fields, **changes})

    return make


@pytest.fixture(scope="session")
def running_op() -> Iterator[DevProvider]:
    """The development provider, in a thread."""
    with DevProvider(redirect_uris=[REDIRECT_URI]) as provider:
        yield provider


@pytest.fixture
def op(running_op) -> Iterator[DevProvider]:
    """The development provider, where Pat logs in without being asked."""
    running_op.auto_login("pat")
    running_op.requests.clear()
    yield running_op
    running_op.auto_login(None)
    running_op.come_back()


@pytest.fixture
def visitor(live_secrets) -> Visitor:
    return Visitor()


@pytest.fixture
def someone_else(live_secrets) -> Visitor:
    return Visitor()


@pytest.fixture
def live_secrets(settings, secrets, op) -> dict[str, Any]:
    """The two providers, answered by the development provider."""
    for name in ("alpha", "beta"):
        organisation = op.organisations[name]
        secrets[name] |= {
            "client_id": organisation.client_id,
            "client_secret": organisation.client_secret,
            "server_metadata_url": organisation.metadata_url,
        }
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    return secrets


@pytest.fixture
def cookie_of(rf) -> Callable[[Identity], str]:
    """Makes a Cookie header that holds an identity."""

    def make(identity: Identity) -> str:
        response = HttpResponse()
        cookies.write(rf.get("/"), response, identity)
        return "; ".join(f"{name}={morsel.value}" for name, morsel in response.cookies.items())

    return make
