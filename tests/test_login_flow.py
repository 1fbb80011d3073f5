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

from django_multi_oidc import connections, discovery, signing
from django_multi_oidc.exceptions import ConfigurationError, RuleFailed
from django_multi_oidc.login_urls import chooser_url, login_url
from tests import site
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


def test_the_site_is_not_asked_about_people_of_other_tenants(log_in, client, entra, settings):  # U7, S1
    settings.MULTI_OIDC_ON_LOGIN = "tests.site.fail_at_login"
    of_tenant(entra, ANOTHER)
    assert log_in().status_code == 403


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


# Parameters of one login (L2), and a fresh one (A1)


@pytest.fixture
def visit(client, hostile, configure):
    """Gets a page as the browser of this test; a login is gone through when it leads to one."""

    def get(path):
        return client.get(path, headers={"host": "testserver.localhost"})

    def run(path):
        """The authorization request's parameters, and where the browser is in the end."""
        response, asked = get(path), {}
        while response.status_code == 302:
            where = response["Location"]
            if where.startswith(hostile.url):
                asked = {name: values[0] for name, values in parse_qs(urlsplit(where).query).items()}
                hostile.claims["nonce"] = asked["nonce"]
                where = f"/oauth2callback?state={asked['state']}&code=the-code"
            response = get(where)
        response.text = html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode())))
        return asked, response

    run.get = get
    return run


def test_a_login_asks_what_the_view_says(visit, configure):  # L2
    configure(client_kwargs={"acr_values": "phr", "prompt": "consent"})
    assert {"acr_values": "phr", "prompt": "consent"}.items() <= visit("/oidc/login/op/")[0].items()
    asked, _ = visit("/go/?provider=op&prompt=login")
    assert {"acr_values": "phr", "prompt": "login"}.items() <= asked.items()
    asked, _ = visit("/go/?provider=op&prompt=")
    assert "prompt" not in asked


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_nobody_comes_to_a_page_for_fresh_logins(visit, hostile, mode):  # A1
    hostile.claims["auth_time"] = time.time() - 200
    asked, response = visit(f"/{mode}/recent/")
    assert response.content == b"the page"
    assert (asked["max_age"], asked["prompt"]) == ("300", "select_account")
    assert "login_hint" not in asked


def test_a_fresh_login_of_the_same_person(visit, hostile):  # A1
    visit("/oidc/login/op/")
    hostile.claims["auth_time"] = time.time()
    asked, response = visit("/sync/recent/")
    assert response.content == b"the page"
    assert (asked["max_age"], asked["login_hint"]) == ("300", "ann@example.org")
    assert "prompt" not in asked


def test_nobodys_address_stands_in_our_own_urls(visit, hostile):  # S7: an access log has them
    visit("/oidc/login/op/")
    signed_params = parse_qs(urlsplit(visit.get("/sync/recent/")["Location"]).query)["params"][0]
    assert signing.loads(signed_params, "login-params", max_age=60) == [{"prompt": "", "max_age": "300"}, []]


def test_a_hint_is_not_sent_to_another_provider(visit, hostile, settings):  # A1, S7
    secrets = settings.MULTI_OIDC_SECRETS
    secrets["auth"]["other"] = secrets["auth"]["op"]
    settings.MULTI_OIDC_SECRETS = {**secrets}
    hostile.claims["auth_time"] = time.time() - 1000
    visit("/oidc/login/op/")
    link = login_url("other", params={"max_age": 300, "prompt": ""})
    assert "login_hint" not in visit(link)[0]


def test_the_account_is_chosen_where_another_is_wanted(visit, hostile):  # A1
    visit("/oidc/login/op/")
    asked, _ = visit(login_url("op", params={"max_age": 300, "prompt": "select_account"}))
    assert "login_hint" not in asked
    assert asked["prompt"] == "select_account"


@pytest.mark.parametrize("auth_time", [0, -331])
def test_a_provider_that_ignores_max_age(visit, hostile, client, auth_time):  # A1, L7, L8
    visit("/oidc/login/op/")
    before = client.cookies[IDENTITY].value
    hostile.claims["auth_time"] = auth_time and time.time() + auth_time
    _, response = visit("/sync/recent/")
    assert response.status_code == 502
    assert (
        "This site asked for a fresh login, and the login provider has let you in by an older one."
        in response.text
    )
    assert "You are still logged in as ann@example.org" in response.text
    assert client.cookies[IDENTITY].value == before
    hostile.claims["auth_time"] = time.time()
    asked, response = visit(try_again(response))
    assert (asked["prompt"], asked["max_age"]) == ("login", "300")  # some heed the prompt alone
    assert response.content == b"the page"


def test_a_provider_that_sends_no_auth_time(visit, hostile, client):  # A1, L7, L8
    visit("/oidc/login/op/")
    before = client.cookies[IDENTITY].value
    _, response = visit("/sync/recent/")
    assert response.status_code == 502
    assert (
        "This site needs to know when you last proved who you are, and the login provider does not tell it."
    ) in response.text
    assert client.cookies[IDENTITY].value == before


def test_iat_is_no_auth_time(visit, hostile):  # A1
    visit("/oidc/login/op/")
    assert hostile.claims["iat"] > time.time() - 60
    assert visit.get("/sync/recent/").status_code == 302


def test_userinfo_supplies_no_auth_time(visit, hostile, configure):  # A1, U3
    configure(userinfo="always")
    hostile.userinfo["auth_time"] = time.time()
    visit("/oidc/login/op/")
    assert visit.get("/sync/recent/").status_code == 302


def test_a_link_without_its_max_age_opens_no_page(visit, hostile):  # A1
    hostile.claims["auth_time"] = time.time() - 1000
    visit("/oidc/login/op/?next=/sync/recent/&max_age=300")
    assert visit.get("/sync/recent/").status_code == 302


STEP_UP = {"max_age": 300, "prompt": ""}


def test_a_step_up_is_never_stopped_as_a_loop(visit, hostile):  # L8
    hostile.claims["auth_time"] = time.time()
    visit("/oidc/login/op/?next=/sync/recent/")
    hostile.claims["auth_time"] += 1
    assert visit(login_url("op", next="/sync/recent/", params=STEP_UP))[0]


@pytest.mark.parametrize("params", [STEP_UP, {"acr_values": "phr"}])
def test_a_step_up_that_the_provider_answers_by_itself_is_stopped(visit, hostile, params):  # L8
    hostile.claims["auth_time"] = time.time() - 1
    visit("/oidc/login/op/?next=/members/")
    assert visit(login_url("op", next="/members/", params=params))[0]
    asked, page = visit(login_url("op", next="/members/", params=params))
    assert (asked, page.status_code) == ({}, 409)
    assert visit(login_url("op", next="/members/", params={**params, "max_age": 0}))[0]  # which asks a person


def test_a_page_that_asks_for_something_else_each_time_is_stopped(visit):  # L8
    visit("/oidc/login/op/?next=/members/")
    answers = [
        visit(login_url("op", next="/members/", params={"prompt": "", "correlation_id": number}))[
            1
        ].status_code
        for number in range(4)
    ]
    assert answers == [200, 200, 409, 409]


def test_rounds_are_counted_for_one_page_and_in_a_row(visit, time_machine):  # L8
    time_machine.move_to(time.time())
    for number in range(5):
        for page in ("/members/", "/untouched/"):
            assert visit(login_url("op", next=page, params={"correlation_id": number}))[1].status_code == 200
    time_machine.shift(16)
    for number in range(5):
        asked = {"correlation_id": f"later-{number}"}
        assert visit(login_url("op", next="/members/", params=asked))[1].status_code == 200
        time_machine.shift(16)


def test_a_proof_that_has_grown_too_old_meanwhile_is_no_loop(visit, hostile, time_machine):  # L8
    begin = time.time()
    time_machine.move_to(begin, tick=False)
    hostile.claims |= {"auth_time": begin - 55, "iat": begin, "exp": begin + 600}
    url = login_url("op", next="/members/", params={"max_age": 30, "prompt": ""})
    assert visit(url)[1].status_code == 200
    time_machine.move_to(begin + 4, tick=False)
    assert visit(url)[1].status_code == 409
    time_machine.move_to(begin + 6, tick=False)
    assert visit(url)[0]


def try_again(page):
    [url] = re.findall(r'href="([^"]*)">(?:Try again|Use another account)', page.content.decode())
    return html.unescape(url)


@pytest.mark.parametrize(
    ("asked", "again"),
    [
        (
            {"acr_values": "phr", "max_age": 60},
            {"acr_values": "phr", "max_age": "60", "prompt": "select_account"},
        ),
        ({"login_hint": "ann", "prompt": ""}, {"login_hint": "ann"}),
        ({"prompt": "none"}, {"prompt": "select_account"}),  # which the provider would answer the same way
    ],
)
def test_trying_again_asks_for_the_same(visit, hostile, client, asked, again):  # L7, L2
    hostile.answers["/token"] = json_reply({"error": "server_error"}, 500)
    _, page = visit(login_url("op", next="/members/", params=asked))
    assert page.status_code == 502
    del hostile.answers["/token"]
    hostile.claims["auth_time"] = time.time()
    sent, response = visit(try_again(page))
    keys = ("acr_values", "max_age", "login_hint", "prompt")
    assert {key: sent[key] for key in keys if key in sent} == again
    assert response.content == b"hello Ann"


def test_trying_again_with_another_account_names_nobody(visit, configure):  # L7, L2
    configure(allow=["kim@example.org"])
    _, page = visit(login_url("op", params={"login_hint": "ann", "prompt": ""}))
    sent, _ = visit(try_again(page))
    assert sent.get("login_hint") is None
    assert sent["prompt"] == "select_account"


def test_trying_again_from_where_no_provider_was_reached(visit, hostile):  # L7, L2
    hostile.answers["/.well-known/openid-configuration"] = Reply(503, b"")
    _, page = visit(login_url("op", params={"acr_values": "phr"}))
    assert page.status_code == 502
    del hostile.answers["/.well-known/openid-configuration"]
    discovery.clear()
    sent, _ = visit(try_again(page))
    assert sent["acr_values"] == "phr"


@pytest.mark.parametrize("params", [{"login_hint": "ann"}, {"prompt": "none"}, {"prompt": ""}, {"hd": "x"}])
def test_other_parameters_do_not_hide_a_loop(visit, params):  # L8
    visit("/oidc/login/op/?next=/members/")
    visit(login_url("op", next="/members/", params=params))
    assert visit(login_url("op", next="/members/", params=params))[1].status_code == 409


def test_a_login_without_the_max_age_of_its_provider(visit, hostile, configure):  # L2
    configure(client_kwargs={"max_age": 300})
    hostile.claims.pop("auth_time", None)  # as from a provider that sends it only when it is asked for
    assert visit(login_url("op"))[1].status_code == 502
    asked, response = visit(login_url("op", params={"max_age": ""}))
    assert "max_age" not in asked
    assert response.status_code == 200


@pytest.mark.parametrize(("max_age", "status"), [(1000, 200), (60, 502)])
def test_the_max_age_of_one_login_is_the_one_that_holds(visit, hostile, configure, max_age, status):  # L2
    configure(client_kwargs={"max_age": 300})
    hostile.claims["auth_time"] = time.time() - (500 if max_age > 300 else 200)
    asked, response = visit(login_url("op", params={"max_age": max_age}))
    assert (asked["max_age"], response.status_code) == (str(max_age), status)


def test_the_chooser_offers_only_the_providers_that_a_page_is_for(visit, settings):  # L2, A1
    auth = settings.MULTI_OIDC_SECRETS["auth"]
    settings.MULTI_OIDC_SECRETS = {"auth": {**auth, "alpha": auth["op"], "beta": auth["op"]}}
    response = visit.get("/sync/both/")
    _, page = visit(response["Location"])
    assert re.findall(r"Log in with (\w+)", page.text) == ["Alpha", "Beta"]
    links = re.findall(r'href="([^"]*)">Log in with', page.content.decode())
    assert all("next=%2Fsync%2Fboth%2F" in link for link in links)


def test_a_provider_that_is_gone_is_not_offered(visit, settings):  # L2
    auth = settings.MULTI_OIDC_SECRETS["auth"]
    settings.MULTI_OIDC_SECRETS = {"auth": {**auth, "alpha": auth["op"], "beta": auth["op"]}}
    where = visit.get("/sync/both/")["Location"]
    settings.MULTI_OIDC_SECRETS = {"auth": {**auth, "alpha": auth["op"]}}
    assert visit.get(where).status_code == 302  # to the one that is left
    settings.MULTI_OIDC_SECRETS = {"auth": {**auth, "gamma": auth["op"]}}
    assert re.findall(r"Log in with (\w+)", visit(where)[1].text) == ["Op", "Gamma"]


def test_a_page_for_a_provider_that_is_not_there(configure):
    with pytest.raises(ConfigurationError) as caught:
        chooser_url(providers=["op", "nosuch"])
    assert str(caught.value) == "login(): no provider 'nosuch' in MULTI_OIDC_SECRETS. There are: op."


# Claims that are not all there (A2)


OVERAGE = {
    "_claim_names": {"groups": "src1"},
    "_claim_sources": {"src1": {"access_token": "a-token-of-graph"}},
}


def test_a_group_list_that_is_not_all_there_gives_no_role(visit, hostile, configure, caplog):  # A2
    configure(roles={"editor": [{"groups": ["staff"]}]}, claims=["name"])
    hostile.claims |= {"groups": ["staff"], **OVERAGE}
    visit("/oidc/login/op/")
    assert caplog.messages[-1] == (
        "provider 'op' has not sent all of 'groups': rules that look at it match nobody"
    )
    assert visit.get("/editors/").status_code == 403
    del hostile.claims["_claim_names"]
    visit("/oidc/login/op/")
    assert visit.get("/editors/").status_code == 200


def test_no_token_of_a_claim_source_is_kept(visit, hostile, configure):  # A2, S7
    configure(roles={"editor": [{"groups": ["staff"]}]})
    hostile.claims |= OVERAGE
    visit("/oidc/login/op/")
    kept = visit.get("/ask/").json()
    assert kept["_claim_names"] == {"groups": "src1"}
    assert "_claim_sources" not in kept


def test_allow_says_in_the_log_what_was_not_all_there(visit, hostile, configure, caplog):  # A2, L7
    caplog.set_level(logging.INFO, "django_multi_oidc")
    configure(allow=[{"groups": ["staff"]}])
    hostile.claims |= {"groups": ["staff"], **OVERAGE}
    _, response = visit("/oidc/login/op/")
    assert response.status_code == 403
    assert "not all there" not in response.text
    [line] = [message for message in caplog.messages if message.startswith("login failed")]
    assert line.endswith(": no entry of the provider's allow rule matches; not all there: 'groups'")


def test_allow_is_asked_of_what_is_kept(visit, configure):  # A2: else the login would be good for no request
    configure(allow={"function": "tests.site.has_a_name"}, claims=["email"])
    assert visit("/oidc/login/op/")[1].status_code == 403
    configure(allow={"function": "tests.site.has_a_name"}, claims=["name"])
    visit("/oidc/login/op/")
    assert visit.get("/ask/").json()["is_logged_in"] is True


def looks_groups_up(request, provider, claims):
    """docs/rules.md: a hook that has the whole list says so by leaving out what says that it has not."""
    rest = {name: value for name, value in claims.items() if name not in ("_claim_names", "hasgroups")}
    return {**rest, "groups": ["staff"]}


def test_a_hook_completes_the_list(visit, hostile, configure, settings):  # A2, U7
    configure(roles={"editor": [{"groups": ["staff"]}]})
    hostile.claims |= {**OVERAGE, "hasgroups": True}
    visit("/oidc/login/op/")
    assert visit.get("/editors/").status_code == 403
    settings.MULTI_OIDC_ON_LOGIN = "tests.test_login_flow.looks_groups_up"
    visit("/oidc/login/op/")
    assert visit.get("/editors/").status_code == 200


# Rules that are functions (A2)


def makes_itself_staff(claims):
    claims["groups"].append("staff")
    return True


def test_at_the_login_a_function_cannot_change_the_claims(client, log_in, hostile, configure):  # A2
    configure(
        allow={"function": "tests.test_login_flow.makes_itself_staff"},
        roles={"editor": [{"groups": "staff"}]},
    )
    hostile.claims |= {"groups": ["customers"]}
    assert log_in().status_code == 500
    assert IDENTITY not in client.cookies


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("tests.test_login_flow.nosuch", "which cannot be imported: module"),
        ("tests.site.fails", f"which {site.FAILS}"),
        ("tests.test_login_flow.looks_groups_up", "which raised TypeError."),
        ("tests.test_login_flow.at_an_address", "which returned an object of type NoneType."),
    ],
)
def test_a_function_that_cannot_be_asked_logs_nobody_in(client, log_in, configure, caplog, path, what):  # A2
    configure(allow={"function": path})
    response = log_in()
    assert response.status_code == 500
    assert "Something went wrong on this site when it looked up what your account may do." in response.text
    assert IDENTITY not in client.cookies
    assert [name for name, morsel in client.cookies.items() if morsel.value] == []
    [page] = [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name.startswith("django_multi_oidc")
    ]
    start = f'allow in the secrets file names the function "{path}", {what}'
    assert page.partition("reference ")[2][8:].startswith(f": {start}")


def at_an_address(claims):
    pass


def test_a_function_that_breaks_later_is_never_nobody(client, log_in, configure):  # A2, C8
    log_in()
    configure(allow={"function": "tests.test_login_flow.nosuch"})
    with pytest.raises(
        RuleFailed, match=r'^rule_failed: allow in the secrets file names the function "tests\.'
    ):
        client.get("/ask/", headers={"host": "testserver.localhost"})
