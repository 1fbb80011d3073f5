from __future__ import annotations

import pytest

from django_multi_oidc import connections, discovery
from tests.conftest import COOKIE_SECRET
from tests.interop.person import Person
from tests.interop.real_provider import RealProvider
from tests.live_site import LiveSite
from tests.real_site import free_port


@pytest.fixture(scope="session")
def site_port():
    return free_port()


@pytest.fixture(scope="session")
def real(site_port):
    shared = f"http://localhost:{site_port}/oauth2callback"
    with RealProvider([shared, f"{shared}/alpha"]) as provider:
        yield provider


@pytest.fixture
def auth(real, site_port):
    """The guide's two-provider example, pointed at the two issuers."""
    return {
        "redirect_uri": f"http://localhost:{site_port}/oauth2callback",
        "cookie_secret": COOKIE_SECRET,
        "alpha": real.alpha.table,
        "beta": real.beta.table,
    }


@pytest.fixture
def site(auth, settings, site_port):
    """The address of the site."""
    settings.MULTI_OIDC_SECRETS = {"auth": auth}
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    with LiveSite(site_port):
        yield f"http://localhost:{site_port}"
    connections.clear()
    discovery.clear()


@pytest.fixture
def person(site):
    with Person(site) as somebody:
        yield somebody


@pytest.fixture
def someone_else(site):
    with Person(site) as somebody:
        yield somebody
