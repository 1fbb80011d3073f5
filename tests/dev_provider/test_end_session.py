from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import requests
import time_machine

from django_multi_oidc.dev_provider.realm import Realm
from django_multi_oidc.dev_provider.server import DevProvider
from tests.dev_provider.browser import NOW, REDIRECT_URI, Browser, interaction_of, query_of
from tests.dev_provider.test_server import SMALL

AFTER = "http://localhost:8000/oidc/logged-out/"


@pytest.fixture(scope="module")
def running_small() -> Iterator[DevProvider]:
    with DevProvider(organisations=[SMALL]) as provider:
        yield provider


@pytest.fixture
def small(running_small: DevProvider) -> Realm:
    running_small.auto_login(None)
    return running_small.organisations["small"]


def log_out(realm: Realm, browser: Browser, **parameters: Any) -> requests.Response:
    return browser.get(f"{realm.issuer}/end_session", params=parameters, allow_redirects=False)


def confirm(page: requests.Response, browser: Browser) -> requests.Response:
    url = page.url.split("/end_session")[0] + "/confirm_logout"
    return browser.post(url, data={"interaction": interaction_of(page)}, allow_redirects=False)


def is_logged_in(realm: Realm, browser: Browser) -> bool:
    return "code" in query_of(browser.authorize(realm, prompt="none"))


def asks(answer: requests.Response) -> bool:
    return answer.status_code == 200 and "Do you want to log out?" in answer.text


def went_to(answer: requests.Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


# With a hint


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_hint_of_the_session_ends_it_without_a_question(
    small: Realm, browser: Browser, method: str
) -> None:
    asked = {
        "id_token_hint": browser.tokens(small, "ann")["id_token"],
        "post_logout_redirect_uri": AFTER,
        "state": "a & b",
        "client_id": small.client_id,
        "logout_hint": "somebody",
        "ui_locales": "ar he",
    }
    url = browser.get(small.metadata_url).json()["end_session_endpoint"]
    sent = {"params": asked} if method == "GET" else {"data": asked}
    answer = browser.request(method, url, allow_redirects=False, **sent)
    assert went_to(answer) == f"{AFTER}?state=a+%26+b"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not is_logged_in(small, browser)


def test_without_an_address_it_ends_on_a_page(small: Realm, browser: Browser) -> None:
    answer = log_out(small, browser, id_token_hint=browser.tokens(small, "ann")["id_token"], state="x")
    assert answer.status_code == 200
    assert "You are logged out" in answer.text
    assert "Your session at Small is over." in answer.text
    assert not is_logged_in(small, browser)


def test_without_a_state_none_comes_back(small: Realm, browser: Browser) -> None:
    hint = browser.tokens(small, "ann")["id_token"]
    assert went_to(log_out(small, browser, id_token_hint=hint, post_logout_redirect_uri=AFTER)) == AFTER


def test_a_hint_may_be_old_and_its_key_rotated(small: Realm, browser: Browser) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        hint = browser.tokens(small, "ann")["id_token"]
        clock.shift(2 * 60 * 60)
        small.rotate_keys()
        assert "You are logged out" in log_out(small, browser, id_token_hint=hint).text


def test_logging_out_twice_is_no_mistake(small: Realm, browser: Browser) -> None:
    hint = browser.tokens(small, "ann")["id_token"]
    for _ in range(2):
        assert "You are logged out" in log_out(small, browser, id_token_hint=hint).text


def test_the_hint_of_another_session_does_not_spare_the_question(small: Realm, browser: Browser) -> None:
    with Browser() as other:
        hint = other.tokens(small, "ann")["id_token"]
    browser.tokens(small, "ann")
    assert asks(log_out(small, browser, id_token_hint=hint))
    assert is_logged_in(small, browser)


def test_a_hint_without_a_session_does_not_spare_the_question(small: Realm, browser: Browser) -> None:
    browser.tokens(small, "ann")
    hint = small.key.sign({"iss": small.issuer, "aud": small.client_id})
    assert asks(log_out(small, browser, id_token_hint=hint))


# Without a hint


def test_without_a_hint_the_person_is_asked(small: Realm, browser: Browser) -> None:
    browser.tokens(small, "ann")
    page = log_out(
        small, browser, client_id=small.client_id, post_logout_redirect_uri=AFTER, state="the state"
    )
    assert asks(page)
    assert "This ends your session at Small." in page.text
    assert page.headers["Content-Security-Policy"].endswith("form-action 'self' http://localhost:8000")
    assert is_logged_in(small, browser)
    assert went_to(confirm(page, browser)) == f"{AFTER}?state=the+state"
    assert not is_logged_in(small, browser)


def test_with_no_parameter_at_all(small: Realm, browser: Browser) -> None:
    browser.tokens(small, "ann")
    page = log_out(small, browser)
    assert page.headers["Content-Security-Policy"].endswith("form-action 'self'")
    assert "You are logged out" in confirm(page, browser).text
    assert not is_logged_in(small, browser)


def test_auto_login_is_not_asked(running_small: DevProvider, small: Realm, browser: Browser) -> None:
    browser.tokens(small, "ann")
    running_small.auto_login("ann")
    assert "You are logged out" in log_out(small, browser).text
    assert not is_logged_in(small, browser)


def test_the_question_is_good_for_one_answer(small: Realm, browser: Browser) -> None:
    page = log_out(small, browser)
    assert "You are logged out" in confirm(page, browser).text
    again = confirm(page, browser)
    assert again.status_code == 400
    assert "Go back to the site and start a new one." in again.text


def test_nobody_else_answers_the_question(small: Realm, browser: Browser) -> None:
    """Another site could post its own question's answer from this browser."""
    browser.tokens(small, "ann")
    with Browser() as other:
        page = log_out(small, other)
        assert confirm(page, browser).status_code == 400
        assert is_logged_in(small, browser)
        other.tokens(small, "ann")
        page = log_out(small, other)
    assert confirm(page, browser).status_code == 400
    assert is_logged_in(small, browser)


def test_the_answer_must_be_a_form(small: Realm, browser: Browser) -> None:
    answer = browser.post(f"{small.issuer}/confirm_logout", json={})
    assert answer.status_code == 400
    assert "the body must be application/x-www-form-urlencoded" in answer.text
    assert browser.post(f"{small.issuer}/confirm_logout", data={"a": "b"}).status_code == 400


def test_the_question_is_escaped() -> None:
    hostile = "\"><script>alert('x')</script>"
    organisation = type(SMALL)(name="x", label=hostile, people=(), algorithm="ES256")
    with DevProvider(organisations=[organisation]) as provider, Browser() as browser:
        page = log_out(provider.organisations["x"], browser)
    assert "<script" not in page.text
    assert page.text.count("&lt;script&gt;") == 3


# What is refused


def refused(realm: Realm, browser: Browser, **parameters: Any) -> str:
    """The text of the page; neither a redirect nor a logout, although the rest is in order."""
    hint = browser.tokens(realm, "ann")["id_token"]
    answer = log_out(
        realm, browser, **{"id_token_hint": hint, "post_logout_redirect_uri": AFTER, **parameters}
    )
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert is_logged_in(realm, browser)
    found = re.search(r"<p>(The .*|Given .*|With .*)</p>", answer.text)
    assert found, answer.text
    return found[1]


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:8000/oidc/logged-out",
        "http://localhost:8000/oidc/logged-out/?a=b",
        "http://127.0.0.1:8000/oidc/logged-out/",
        "https://evil.example/oidc/logged-out/",
        REDIRECT_URI,
    ],
)
def test_another_address_is_never_redirected_to(small: Realm, browser: Browser, uri: str) -> None:
    text = refused(small, browser, post_logout_redirect_uri=uri)
    assert text.endswith(f"and must be &#x27;{AFTER}&#x27; (--site).")


def test_an_address_needs_a_client(small: Realm, browser: Browser) -> None:
    text = refused(small, browser, id_token_hint=None)
    assert text == "With a post_logout_redirect_uri go a client_id or an id_token_hint."


def test_another_client(small: Realm, browser: Browser) -> None:
    text = refused(small, browser, client_id="other")
    assert text == "The client_id must be &#x27;dev-provider-small&#x27;."


def test_given_twice(small: Realm, browser: Browser) -> None:
    text = refused(small, browser, state=["a", "b"], ui_locales=["a", "b"])
    assert text == "Given more than once: state, ui_locales."


def test_a_posted_request_must_be_a_form(small: Realm, browser: Browser) -> None:
    answer = browser.post(f"{small.issuer}/end_session", json={})
    assert answer.status_code == 400
    assert "the body must be application/x-www-form-urlencoded" in answer.text


def test_a_hint_that_is_none_of_ours(small: Realm, browser: Browser) -> None:
    good = {"iss": small.issuer, "aud": small.client_id, "sid": "x"}
    kid = {"kid": small.key.kid}
    for hint in (
        "x",
        small.key.sign({**good, "iss": small.issuer + "x"}),
        small.key.sign({**good, "aud": "other"}),
        small.key.sign(good)[:-8] + "AAAAAAAA",
        jwt.encode(good, "secret" * 8, "HS256", headers=kid),
        jwt.encode(good, None, "none", headers=kid),
        jwt.encode(good, "secret" * 8, "HS256", headers={"kid": "unknown"}),
        jwt.encode(good, "secret" * 8, "HS256"),
    ):
        text = refused(small, browser, id_token_hint=hint)
        assert text.startswith("The id_token_hint is no ID token of this provider for this client.")


# What is registered


def test_addresses_of_ones_own(browser: Browser) -> None:
    own = "http://localhost:8000/bye?a=b"
    with DevProvider(organisations=[SMALL], post_logout_redirect_uris=[own]) as provider:
        realm = provider.organisations["small"]
        asked = {"client_id": realm.client_id, "state": "s"}
        provider.auto_login("ann")
        assert went_to(log_out(realm, browser, post_logout_redirect_uri=own, **asked)) == f"{own}&state=s"
        provider.register_redirect_uri("http://localhost:1/oauth2callback")
        for uri in (AFTER, "http://localhost:1/oidc/logged-out/"):
            assert log_out(realm, browser, post_logout_redirect_uri=uri, **asked).status_code == 400


def test_no_address_at_all(browser: Browser) -> None:
    with DevProvider(organisations=[SMALL], post_logout_redirect_uris=[]) as provider:
        text = refused(provider.organisations["small"], browser)
    assert text.endswith("and must be registered first (--site).")


def test_a_redirect_uri_that_is_known_late_brings_its_address(browser: Browser) -> None:
    with DevProvider(organisations=[SMALL]) as provider:
        realm = provider.organisations["small"]
        provider.auto_login("ann")
        provider.register_redirect_uri("http://localhost:1/sso/oauth2callback")
        for uri in (AFTER, "http://localhost:1/sso/oidc/logged-out/"):
            answer = log_out(realm, browser, client_id=realm.client_id, post_logout_redirect_uri=uri)
            assert went_to(answer) == uri
