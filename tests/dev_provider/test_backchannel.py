from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator

import jwt
import pytest
import requests
import time_machine
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

from django_multi_oidc.dev_provider import backchannel, realm
from django_multi_oidc.dev_provider.backchannel import LogoutAnswer
from django_multi_oidc.dev_provider.people import BETA
from django_multi_oidc.dev_provider.realm import Realm
from django_multi_oidc.dev_provider.server import DevProvider
from tests.dev_provider.browser import NOW, Browser, query_of
from tests.dev_provider.site import Site
from tests.dev_provider.test_server import SMALL

LOGGER = "django_multi_oidc.dev_provider.backchannel"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def running_small() -> Iterator[DevProvider]:
    with DevProvider(organisations=[SMALL]) as provider:
        yield provider


@pytest.fixture
def provider(running_small: DevProvider, site: Site) -> DevProvider:
    running_small.auto_login("ann")
    running_small.end_session("ann")  # other tests' sessions, at their own site
    running_small.logout_answers.clear()
    running_small.register_backchannel_logout_uri("small", site.url)
    return running_small


@pytest.fixture
def small(provider: DevProvider) -> Realm:
    return provider.organisations["small"]


def log_in(realm: Realm, browser: Browser) -> str:
    """The session's ``sid``."""
    code = query_of(browser.authorize(realm))["code"]
    id_token = browser.redeem(realm, code).json()["id_token"]
    return jwt.decode(id_token, options={"verify_signature": False})["sid"]


def read(realm: Realm, logout_token: str) -> joserfc_jwt.Token:
    """Verified by joserfc, with the keys that a client would fetch."""
    keys = KeySet.import_key_set(requests.get(f"{realm.issuer}/jwks", timeout=5).json())
    return joserfc_jwt.decode(logout_token, keys, algorithms=["ES256"])


def test_the_end_of_a_session_is_told_to_the_client(
    provider: DevProvider, small: Realm, site: Site, browser: Browser
) -> None:
    with time_machine.travel(NOW, tick=False):
        sid = log_in(small, browser)
        assert browser.get(f"{small.issuer}/end_session").status_code == 200
    ((path, form),) = site.posts
    assert path == "/oidc/backchannel-logout/x/"
    assert form.keys() == {"logout_token"}
    token = read(small, site.logout_tokens[0])
    assert token.header == {"alg": "ES256", "kid": small.key.kid, "typ": "logout+jwt"}
    assert len(token.claims.pop("jti")) == 22
    assert token.claims == {
        "iss": small.issuer,
        "aud": "dev-provider-small",
        "iat": NOW,
        "exp": NOW + 120,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        "sub": "ann",
        "sid": sid,
    }
    assert provider.logout_answers == [("small", "ann", sid, 200, "")]


def test_a_session_ends_once(provider: DevProvider, small: Realm, site: Site, browser: Browser) -> None:
    log_in(small, browser)
    for _ in range(2):
        browser.get(f"{small.issuer}/end_session")
    provider.end_session("ann")
    assert len(site.posts) == 1


def test_a_script_ends_every_session_of_a_person(
    provider: DevProvider, small: Realm, site: Site, browser: Browser
) -> None:
    with Browser() as other:
        sids = [log_in(small, browser), log_in(small, other)]
        provider.end_session("ann")
        for each in (browser, other):
            assert query_of(each.authorize(small, prompt="none"))["error"] == "login_required"
    tokens = [read(small, token).claims for token in site.logout_tokens]
    assert [token["sid"] for token in tokens] == sids
    assert len({token["jti"] for token in tokens}) == 2


def test_nobody_elses_session_ends(site: Site, browser: Browser) -> None:
    with DevProvider(organisations=[BETA], backchannel_logout_uris={"beta": site.url}) as provider:
        beta = provider.organisations["beta"]
        browser.tokens(beta, "kim")
        provider.end_session("pat")
        assert "code" in query_of(browser.authorize(beta, prompt="none"))
    assert site.posts == []


def test_a_client_without_an_address_is_not_told(browser: Browser) -> None:
    with DevProvider(organisations=[SMALL]) as provider:
        provider.auto_login("ann")
        log_in(provider.organisations["small"], browser)
        provider.end_session("ann")
        answer = query_of(browser.authorize(provider.organisations["small"], prompt="none"))
    assert answer["error"] == "login_required"
    assert provider.logout_answers == []


def test_the_address_may_be_given_at_the_start(site: Site, browser: Browser) -> None:
    with DevProvider(organisations=[SMALL], backchannel_logout_uris={"small": site.url}) as provider:
        provider.auto_login("ann")
        log_in(provider.organisations["small"], browser)
        provider.end_session("ann")
    assert [answer.status for answer in provider.logout_answers] == [200]


@pytest.mark.parametrize("status", [200, 204])
def test_what_counts_as_done(
    provider: DevProvider,
    small: Realm,
    site: Site,
    browser: Browser,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    site.status = status
    log_in(small, browser)
    provider.end_session("ann")
    assert [answer.status for answer in provider.logout_answers] == [status]
    assert [record for record in caplog.records if record.name == LOGGER] == []


@pytest.mark.parametrize("status", [302, 307, 400, 500])
def test_another_answer_is_noted_and_no_redirect_followed(
    provider: DevProvider,
    small: Realm,
    site: Site,
    browser: Browser,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    site.status = status
    log_in(small, browser)
    provider.end_session("ann")
    assert [answer.status for answer in provider.logout_answers] == [status]
    assert len(site.posts) == 1
    assert (LOGGER, logging.WARNING, f"Back-channel logout: {site.url} answered {status}") in (
        caplog.record_tuples
    )


def test_no_proxy_is_asked(
    provider: DevProvider, small: Realm, site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    log_in(small, browser)
    provider.end_session("ann")
    assert [answer.status for answer in provider.logout_answers] == [200]


def test_a_client_that_is_not_there_harms_nobody(
    provider: DevProvider, small: Realm, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    sid = log_in(small, browser)
    provider.register_backchannel_logout_uri("small", "http://127.0.0.1:99999/")
    assert "You are logged out" in browser.get(f"{small.issuer}/end_session").text
    assert provider.logout_answers == [LogoutAnswer("small", "ann", sid, None, "InvalidURL")]
    with socket.create_server(("127.0.0.1", 0)) as closed:
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    assert backchannel.post(uri, "x") == (None, "ConnectionError")
    message = f"Back-channel logout: {uri} cannot be reached: ConnectionError"
    assert (LOGGER, logging.WARNING, message) in caplog.record_tuples


def test_a_client_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert backchannel.TIMEOUT == 5
    monkeypatch.setattr(backchannel, "TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert backchannel.post(uri, "x") == (None, "ReadTimeout")


def test_the_list_of_answers_does_not_grow_for_ever(
    provider: DevProvider, small: Realm, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realm, "REMEMBERED_LOGOUTS", 2)
    sids = []
    for _ in range(3):
        sids.append(log_in(small, browser))
        provider.end_session("ann")
    assert [answer.sid for answer in provider.logout_answers] == sids[1:]


def test_logout_tokens_as_a_test_wants_them(provider: DevProvider, small: Realm) -> None:
    token = read(small, provider.logout_token("small", sub="ann", sid="s"))
    assert (token.claims["sub"], token.claims["sid"], token.header["typ"]) == ("ann", "s", "logout+jwt")
    assert not {"sub", "sid"} & read(small, provider.logout_token("small")).claims.keys()
    changed = read(small, provider.logout_token("small", sid="s", exp=None, events={}, nonce="n", aud=["x"]))
    assert changed.claims.keys() == {"iss", "aud", "iat", "jti", "events", "sid", "nonce"}
    assert (changed.claims["events"], changed.claims["aud"]) == ({}, ["x"])


@pytest.mark.parametrize("uri", ["http://example.org/", "http://example.org\\@localhost/", ""])
def test_no_other_machine_is_ever_called(provider: DevProvider, small: Realm, uri: str) -> None:
    before = small.client.backchannel_logout_uri
    for register in (
        lambda: DevProvider(organisations=[SMALL], backchannel_logout_uris={"small": uri}),
        lambda: provider.register_backchannel_logout_uri("small", uri),
    ):
        with pytest.raises(ValueError, match="is not on loopback") as caught:
            register()
        assert str(caught.value) == f"{uri!r} is not on loopback, such as http://localhost:8000/logout"
    assert small.client.backchannel_logout_uri == before


def test_an_organisation_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no organisation") as caught:
        DevProvider(backchannel_logout_uris={"gamma": "http://localhost/"})
    assert str(caught.value) == "no organisation is called 'gamma'; there are: alpha, beta"
