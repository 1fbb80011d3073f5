"""Whole logins through the views, at a provider that says what the development provider never would."""

from __future__ import annotations

import html
import logging
import re
import time
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from django_multi_oidc import connections, discovery
from tests.conftest import COOKIE_SECRET
from tests.hostile_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    HostileProvider,
    Reply,
    json_reply,
    private_key,
    signed,
)

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
    """Set the keys of ``[auth.op]``, ... leaves one out; and of ``[auth]``."""

    def write(auth: dict[str, Any] | None = None, **keys: Any) -> None:
        table = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **keys}
        table = {key: value for key, value in table.items() if value is not ...}
        settings.MULTI_OIDC_SECRETS = {
            "auth": {
                "redirect_uri": "http://testserver.localhost/oauth2callback",
                "cookie_secret": COOKIE_SECRET,
                **(auth or {}),
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


@pytest.mark.parametrize(("tid", "status"), [(TENANT, 302), (ANOTHER, 502)])
def test_signed_userinfo_of_a_tenant(log_in, client, entra, configure, tid, status):  # S1
    of_tenant(entra, TENANT)
    configure(server_metadata_url=entra.url + ENTRA, userinfo="always")
    claims = {**entra.userinfo, "tid": tid, "iss": f"{entra.url}/{TENANT}/v2.0"}
    token = signed(claims, key=entra.key).encode()
    entra.answers["/userinfo"] = Reply(200, token, {"Content-Type": "application/jwt"})
    assert log_in().status_code == status


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


# Without a client secret


@pytest.fixture
def signs(configure):
    """The site signs with a private key; the test has the public one."""
    key = private_key("P-256")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    method = {"token_endpoint_auth_method": "private_key_jwt", "client_secret": ...}
    configure(client_private_key=pem, client_private_key_id="2026-11", **method)
    return key.public_key()


def call_of(hostile):
    return next(seen for seen in hostile.requests if seen.path == "/token")


def test_a_client_that_signs(log_in, client, hostile, signs):  # S1
    assert log_in().status_code == 302
    assert client.cookies[IDENTITY].value
    form = call_of(hostile).form
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    claims = jwt.decode(form["client_assertion"], signs, algorithms=["ES256"], audience=hostile.url)
    assert (claims["iss"], claims["sub"]) == (CLIENT_ID, CLIENT_ID)
    assert jwt.get_unverified_header(form["client_assertion"])["kid"] == "2026-11"
    assert "client_secret" not in form
    assert "Authorization" not in call_of(hostile).headers


def test_a_signature_that_the_provider_does_not_take(log_in, client, hostile, signs, caplog):  # L7
    hostile.metadata["token_endpoint_auth_signing_alg_values_supported"] = ["RS256"]
    response = log_in()
    assert response.status_code == 502
    assert "This site's entry for the login provider does not fit the provider." in html.unescape(
        response.text
    )
    assert "discovery_invalid at stage token" in caplog.text
    assert "client_private_key signs with ES256, and the provider takes RS256" in caplog.text
    assert "/token" not in hostile.paths()
    assert IDENTITY not in client.cookies


def test_a_refused_assertion_is_not_quoted(log_in, hostile, signs, caplog):  # S7
    hostile.answers["/token"] = json_reply({"error": "invalid_client"}, 401)
    assert log_in().status_code == 502
    assert "invalid_client: client_id, client_secret or client_private_key is wrong" in caplog.text
    assert call_of(hostile).form["client_assertion"] not in caplog.text


def test_a_public_client(log_in, client, hostile, configure):
    configure(token_endpoint_auth_method="none", client_secret=...)
    assert log_in().status_code == 302
    assert client.cookies[IDENTITY].value
    call = call_of(hostile)
    assert call.form["client_id"] == CLIENT_ID
    assert len(call.form["code_verifier"]) >= 43
    assert not {"client_secret", "client_assertion"} & call.form.keys()
    assert "Authorization" not in call.headers


# How much of it fits


def guids(count):
    return [str(uuid.uuid4()) for _ in range(count)]


def header(client):
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items() if morsel.value)


@pytest.mark.parametrize(
    ("auth", "fits"),
    [({}, 70), ({"response_header_bytes": 8192}, 200), ({"response_header_bytes": 65536}, 210)],
)
def test_whoever_is_logged_in_can_log_in_again_at_every_size(
    log_in, client, hostile, configure, auth, fits
):  # K5
    configure(auth=auth)
    outcomes = {}
    for count in range(0, 301, 10):
        hostile.claims["groups"] = guids(count)
        client.cookies.clear()
        first, second = log_in(), log_in()
        assert first.status_code == second.status_code, first.text
        outcomes[count] = first.status_code
        assert len(header(client)) <= 7800 - 500
    # Up to some size it works, and beyond it there is a page.
    assert list(outcomes.values()) == sorted(outcomes.values())
    assert outcomes[fits] == 302
    assert outcomes[300] == 502


ROOM = {"response_header_bytes": 16384}


def test_an_identity_that_does_not_fit_into_a_responses_headers(log_in, client, hostile, caplog):  # K5
    hostile.claims["groups"] = guids(120)
    response = log_in()
    assert response.status_code == 502
    assert "The login provider says more about you than this site can keep." in response.text
    [line] = [message for message in caplog.messages if message.startswith("login failed")]
    assert re.search(
        r": \d+ bytes too many for a response's headers, of which response_header_bytes allows 4096; "
        r"largest claims: 'groups' \(4681 bytes\), ",
        line,
    )
    assert IDENTITY not in client.cookies


@pytest.mark.parametrize(("groups", "lands"), [(5, "there"), (70, "home")])
def test_the_next_page_is_given_up_before_the_login(client, hostile, configure, groups, lands):  # K5
    path = f"/members/?{'x' * 900}"
    begun = client.get("/oidc/login/op/", {"next": path}, headers={"host": "testserver.localhost"})
    query = parse_qs(urlsplit(begun["Location"]).query)
    hostile.claims |= {"groups": guids(groups), "nonce": query["nonce"][0]}
    answer = {"state": query["state"][0], "code": "the-code"}
    response = client.get("/oauth2callback", answer, headers={"host": "testserver.localhost"})
    assert response.status_code == 302
    assert response["Location"] == (path if lands == "there" else "/")


def test_an_identity_that_does_not_fit_beside_the_sites_cookies(
    log_in, client, hostile, configure, caplog
):  # K5
    configure(auth=ROOM)
    client.cookies["preferences"] = "x" * 5000
    hostile.claims["groups"] = guids(100)
    response = log_in()
    assert response.status_code == 502
    assert "The login provider says more about you than this site can keep." in response.text
    [line] = [message for message in caplog.messages if message.startswith("login failed")]
    assert re.search(
        r"identity_too_large at stage cookie, provider 'op', reference \w+: \d+ bytes too many for one header; "
        r"cookies of \d+ bytes, 7800 fit into a header; largest: 'preferences' \(5014\), .*; "
        r"largest claims: 'groups' \(3901 bytes\), ",
        line,
    )
    assert IDENTITY not in client.cookies
    assert hostile.claims["groups"][0] not in caplog.text  # S7


def test_logins_under_way_make_room_for_an_identity(log_in, client, hostile, configure):  # K5
    configure(auth=ROOM)
    client.cookies["preferences"] = "x" * 3300
    for number in range(4):
        client.get(f"/oidc/login/op/?next=/{number}{'y' * 800}", headers={"host": "testserver.localhost"})
    hostile.claims["groups"] = guids(80)
    assert log_in().status_code == 302
    assert client.cookies[IDENTITY].value
    assert len(header(client)) <= 7800 - 500


def test_only_some_claims_are_kept(log_in, client, hostile, configure):  # K5
    configure(claims=["name"], trim_to_rules=["groups"], admins=[{"groups": "admins"}])
    hostile.claims |= {"groups": ["admins", *guids(2000)], "picture": "x" * 4000, "name": "Pat"}
    assert log_in().status_code == 302
    user = client.get("/ask/", headers={"host": "testserver.localhost"}).json()
    assert user["groups"] == ["admins"]
    assert user["name"] == "Pat"
    assert "picture" not in user


def test_an_id_token_that_is_just_over_is_no_login(log_in, client, hostile, configure, caplog):  # K2, L7
    hostile.claims["exp"] = int(time.time()) - 5  # the provider's clock and ours may differ by 30 s
    assert log_in().status_code == 302
    client.cookies.clear()
    configure(follow_token_expiry=True)
    assert log_in().status_code == 502
    assert '"exp" has passed, and follow_token_expiry leaves no time' in caplog.text
    assert IDENTITY not in client.cookies
