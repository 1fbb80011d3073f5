from __future__ import annotations

import html
import logging
import re

import pytest
import requests
import time_machine
from asgiref.sync import async_to_sync
from django.core.cache import cache

from django_multi_oidc import alogout, discovery, logout, logout_state, signing
from tests.flow import parameters

IDENTITY = "multi_oidc_auth"
LOGOUT = "multi_oidc_auth_logout"


@pytest.fixture(autouse=True)
def _logs_out_there(settings, live_secrets):
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "provider_logout": True}}


@pytest.fixture
def leave(visitor):
    """Log in and out again; where the page in between goes on to, "" for nowhere."""

    def run(path="/oidc/login/alpha/"):
        visitor.log_in(path)
        response = visitor.client.post("/oidc/logout/")
        assert response["Location"] == "/oidc/logged-out/"
        assert IDENTITY not in visitor.cookies
        return visitor.get("/oidc/logged-out/")

    return run


def way_of(response):
    assert response.status_code == 200
    wait, _, url = response.get("Refresh", "0; url=").partition("; url=")
    assert wait == "0"
    return url


def text_of(response):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", response.content.decode()))).strip()


def test_logging_out_there_and_back(visitor, leave, op):  # O3
    page = leave()
    url = way_of(page)
    assert url.startswith(f"{op.organisations['alpha'].issuer}/end_session?")
    asked = parameters(url)
    state = asked.pop("state")
    assert asked == {
        "client_id": op.organisations["alpha"].client_id,
        "post_logout_redirect_uri": "http://localhost/oidc/logged-out/",
        "logout_hint": "pat",
    }
    assert "You are logged out here" in text_of(page)
    assert f'href="{html.escape(url)}">Go on<' in page.content.decode()
    answer = requests.get(url, allow_redirects=False, timeout=10)
    assert answer.headers["Location"] == f"http://localhost/oidc/logged-out/?state={state}"
    home = visitor.get(f"/oidc/logged-out/?state={state}")
    assert (home.status_code, home["Location"]) == (302, "/")
    assert LOGOUT not in visitor.cookies


def test_the_answer_goes_where_a_logout_lands(visitor, leave, settings):  # O1, O3
    settings.LOGOUT_REDIRECT_URL = "/bye/"
    state = parameters(way_of(leave()))["state"]
    assert visitor.get(f"/oidc/logged-out/?state={state}")["Location"] == "/bye/"


def test_the_page_in_between_is_nobody_elses(leave):  # S6
    page = leave()
    assert page["Cache-Control"] == "private, no-store"
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Content-Security-Policy"].endswith("form-action 'self'")


@pytest.mark.parametrize("state", ["", "x", "é"])
def test_an_answer_to_another_browsers_logout_ends_nothing(visitor, leave, caplog, state):  # O3
    caplog.set_level(logging.INFO, "django_multi_oidc")
    leave()
    response = visitor.get(f"/oidc/logged-out/?state={state}")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert LOGOUT in visitor.cookies
    assert caplog.messages == ["an answer to a logout that was not begun in this browser"]


def test_a_provider_that_sends_people_back_without_the_state(visitor, leave):  # O3: no loop
    leave()
    response = visitor.get("/oidc/logged-out/")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert LOGOUT not in visitor.cookies


def test_somebody_elses_answer_comes_before_the_browser_went(visitor):  # O3
    visitor.log_in()
    visitor.client.post("/oidc/logout/")
    assert way_of(visitor.get("/oidc/logged-out/?state=x"))


def test_without_a_logout_under_way_it_leads_home(visitor):  # O3
    for path in ("/oidc/logged-out/", "/oidc/logged-out/?state=x"):
        response = visitor.get(path)
        assert (response.status_code, response["Location"]) == (302, "/")


def test_who_is_logged_in_stays_so_when_somebody_links_there(visitor):  # O3
    visitor.log_in()
    visitor.get("/oidc/logged-out/?state=x")
    assert visitor.user()["is_logged_in"]


def test_a_provider_that_is_down_keeps_nobody_logged_in(visitor, op, caplog):  # O3
    visitor.log_in()
    op.go_down()
    discovery.clear()
    cache.clear()
    visitor.client.post("/oidc/logout/")
    assert not visitor.user()["is_logged_in"]
    page = visitor.get("/oidc/logged-out/")
    assert way_of(page) == ""
    assert "Alpha cannot be asked to log you out there at the moment." in text_of(page)
    assert "no logout at provider 'alpha': provider_" in caplog.text
    assert LOGOUT not in visitor.cookies


def test_a_provider_without_a_place_to_log_out(leave, monkeypatch, caplog):  # O3
    parse = discovery.parse_metadata
    monkeypatch.setattr(
        discovery,
        "parse_metadata",
        lambda document, provider: parse({**document, "end_session_endpoint": "ftp://x"}, provider),
    )
    discovery.clear()
    assert way_of(leave()) == ""
    assert caplog.messages == [
        "no logout at provider 'alpha': discovery_invalid: the discovery document has no end_session_endpoint "
        "that can be used"
    ]
    discovery.clear()


def test_logging_in_again_gives_the_logout_up(visitor, leave):  # O3, K5
    leave()
    assert LOGOUT in visitor.cookies
    visitor.log_in()
    assert LOGOUT not in visitor.cookies
    assert visitor.user()["is_logged_in"]


def test_only_where_the_table_says_so(visitor, settings, live_secrets):  # O2, O3
    live_secrets["beta"]["provider_logout"] = True
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets}}
    for path, way in (("/oidc/login/alpha/", "/"), ("/oidc/login/beta/", "/oidc/logged-out/")):
        visitor.log_in(path)
        assert visitor.client.post("/oidc/logout/")["Location"] == way


def test_nobody_logs_out_nowhere(visitor):  # O3
    assert visitor.client.post("/oidc/logout/")["Location"] == "/"


def test_a_provider_that_was_removed_meanwhile(visitor, settings, live_secrets):  # O3
    visitor.log_in()
    visitor.client.post("/oidc/logout/")
    settings.MULTI_OIDC_SECRETS = {
        "auth": {name: value for name, value in live_secrets.items() if name != "alpha"}
    }
    assert visitor.get("/oidc/logged-out/")["Location"] == "/"


@pytest.mark.parametrize("spoil", [lambda value: f"{value}x", lambda value: f"{value}; {LOGOUT}={value}"])
def test_a_spoilt_cookie_is_no_logout(visitor, spoil):  # O3
    visitor.log_in()
    visitor.client.post("/oidc/logout/")
    header = f"{LOGOUT}={spoil(visitor.cookies[LOGOUT])}"
    visitor.client.cookies.clear()
    assert visitor.get("/oidc/logged-out/", cookie=header)["Location"] == "/"


def test_another_purposes_cookie_is_no_logout(visitor):  # K1
    visitor.client.cookies[LOGOUT] = signing.dumps(["state", "alpha", ""], "login-state")
    assert visitor.get("/oidc/logged-out/")["Location"] == "/"


def test_a_logout_is_under_way_for_ten_minutes(visitor):  # O3
    for seconds, page in ((600, 200), (601, 302)):
        with time_machine.travel(1_800_000_000, tick=False):
            visitor.log_in()
            visitor.client.post("/oidc/logout/")
        with time_machine.travel(1_800_000_000 + seconds, tick=False):
            assert visitor.get("/oidc/logged-out/").status_code == page


def test_the_verbs_do_the_same(rf, make_identity, cookie_of, settings, secrets):  # L2, O3
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "provider_logout": True}}
    header = cookie_of(make_identity())
    for leave in (logout, async_to_sync(alogout)):
        response = leave(rf.get("/", headers={"cookie": header}))
        assert response["Location"] == "/oidc/logged-out/"
        assert response.cookies[LOGOUT]["max-age"] == 600
        assert response.cookies[LOGOUT]["httponly"]


@pytest.mark.parametrize(
    ("claims", "hint"),
    [
        ({"login_hint": "the-hint", "preferred_username": "pat", "email": "p@x"}, "the-hint"),
        ({"login_hint": "", "preferred_username": "pat", "email": "p@x"}, "pat"),
        ({"login_hint": 5, "email": "p@x"}, "p@x"),
        ({"login_hint": "x" * 200}, "x" * 200),
        ({"login_hint": "x" * 201, "email": "p@x"}, "p@x"),
        ({}, ""),
    ],
)
def test_what_the_provider_is_told_of_the_person(rf, make_identity, cookie_of, claims, hint):  # O3
    identity = make_identity(claims={"iss": "i", "sub": "s", **claims})
    response = logout(rf.get("/", headers={"cookie": cookie_of(identity)}))
    value = response.cookies[LOGOUT].value
    assert logout_state.read(rf.get("/", headers={"cookie": f"{LOGOUT}={value}"})).hint == hint


def test_no_secret_part_of_it_is_shown_in_a_repr(rf, make_identity, cookie_of):  # S7
    response = logout(rf.get("/", headers={"cookie": cookie_of(make_identity())}))
    leaving = logout_state.read(rf.get("/", headers={"cookie": f"{LOGOUT}={response.cookies[LOGOUT].value}"}))
    assert repr(leaving) == "LogoutState(provider='alpha', sent=False)"


def test_the_question_says_what_will_happen(visitor, settings, live_secrets):  # O1, O3
    visitor.log_in()
    assert "This logs you out of this site and of Alpha , in this browser." in text_of(
        visitor.get("/oidc/logout/")
    )
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    assert "Your account at the login provider stays logged in." in text_of(visitor.get("/oidc/logout/"))
