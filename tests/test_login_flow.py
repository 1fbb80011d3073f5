"""Whole logins through the views, at a provider that says what the development provider never would."""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from django_multi_oidc import connections, discovery
from tests.conftest import COOKIE_SECRET
from tests.hostile_provider import CLIENT_ID, CLIENT_SECRET, HostileProvider, json_reply

IDENTITY = "multi_oidc_auth"
TENANT = "0d2f3a7c-5c4e-4c57-9d0e-3f0f4f6f2c11"
ANOTHER = "7c1d1f3e-2b60-4b0f-9f0b-5d7b6a1e8c22"
ENTRA = "/common/v2.0/.well-known/openid-configuration"


@pytest.fixture
def hostile():
    discovery.clear()
    with HostileProvider() as op:
        yield op
        connections.clear()
    discovery.clear()


@pytest.fixture
def configure(hostile, settings):
    """Set the keys of ``[auth.op]``."""

    def write(**keys: Any) -> None:
        table = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **keys}
        settings.MULTI_OIDC_SECRETS = {
            "auth": {
                "redirect_uri": "http://testserver.localhost/oauth2callback",
                "cookie_secret": COOKIE_SECRET,
                "op": {"server_metadata_url": hostile.metadata_url, **table},
            }
        }

    settings.ALLOWED_HOSTS = ["testserver.localhost"]
    write()
    return write


@pytest.fixture
def log_in(client, hostile, configure, caplog):
    """A login from the button to the answer of the callback, which `callback` gets the parameters of."""
    caplog.set_level(logging.INFO, "django_multi_oidc")

    def run(path="/oauth2callback", **answer: str):
        caplog.clear()
        begun = client.get("/oidc/login/op/", headers={"host": "testserver.localhost"})
        assert begun.status_code == 302, begun.content.decode()
        query = parse_qs(urlsplit(begun["Location"]).query)
        hostile.claims["nonce"] = query["nonce"][0]
        answer = {"state": query["state"][0], "code": "the-code", **answer}
        response = client.get(path, answer, headers={"host": "testserver.localhost"})
        response.asked = query
        response.text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))
        return response

    return run


def test_a_login(log_in, client):
    assert log_in().status_code == 302
    assert client.cookies[IDENTITY].value


# tenants


@pytest.fixture
def entra(hostile, configure):
    """The provider behaves like Entra's endpoint for all tenants, and one tenant may log in."""
    hostile.metadata["issuer"] = f"{hostile.url}/{{tenantid}}/v2.0"
    hostile.answers[ENTRA] = json_reply(hostile.metadata)
    configure(server_metadata_url=hostile.url + ENTRA, tenants=[TENANT.upper()])
    return hostile


def of_tenant(entra, tid):
    entra.claims |= {"tid": tid, "iss": f"{entra.url}/{tid}/v2.0"}


def test_a_person_of_an_allowed_tenant(log_in, client, entra):  # S1
    of_tenant(entra, TENANT)
    assert log_in().status_code == 302
    assert client.cookies[IDENTITY].value


def test_a_person_of_another_tenant(log_in, client, entra, caplog):  # S1
    of_tenant(entra, ANOTHER)
    response = log_in()
    assert response.status_code == 403
    assert "This account may not log in here." in response.text
    assert '"tid" is not one of the provider\'s tenants' in caplog.text
    assert IDENTITY not in client.cookies


# A callback of a provider's own


OWN = "/oauth2callback/op"


@pytest.fixture
def own_callback(configure):
    configure(redirect_uri=f"http://testserver.localhost{OWN}")


def test_a_callback_of_a_providers_own(log_in, client, hostile, own_callback):  # S2
    response = log_in(OWN)
    assert response.status_code == 302
    assert client.cookies[IDENTITY].value
    assert response.asked["redirect_uri"] == [f"http://testserver.localhost{OWN}"]
    call = next(seen for seen in hostile.requests if seen.path == "/token")
    assert call.form["redirect_uri"] == f"http://testserver.localhost{OWN}"


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/oauth2callback", "the shared callback"),
        ("/oauth2callback/another", "the callback of 'another'"),
        ("/oauth2callback/OP", "the callback of 'OP'"),
    ],
)
def test_an_answer_at_another_callback(log_in, client, hostile, own_callback, caplog, path, where):  # S2
    response = log_in(path)
    assert response.status_code == 400
    assert "The answer came from another login provider than the one asked." in response.text
    assert f"answered at {where}, and provider 'op' was sent to the callback of 'op'" in caplog.text
    assert "/token" not in hostile.paths()
    assert IDENTITY not in client.cookies


def test_a_failed_answer_keeps_the_identity_that_is_there(log_in, client, own_callback):  # S2, L7
    log_in(OWN)
    before = client.cookies[IDENTITY].value
    assert log_in("/oauth2callback").status_code == 400
    assert client.cookies[IDENTITY].value == before


def test_an_answer_at_a_callback_that_nobody_has(log_in, client, hostile, caplog):  # S2
    assert log_in(OWN).status_code == 400
    assert (
        "answered at the callback of 'op', and provider 'op' was sent to the shared callback" in caplog.text
    )
    assert "/token" not in hostile.paths()
    assert IDENTITY not in client.cookies
