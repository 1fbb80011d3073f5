from __future__ import annotations

import base64
from urllib.parse import quote_plus

import pytest
import time_machine

from django_multi_oidc.dev_provider.people import ALPHA
from django_multi_oidc.dev_provider.realm import Realm
from django_multi_oidc.dev_provider.server import DevProvider
from tests.dev_provider.browser import NOW, REDIRECT_URI, VERIFIER, Browser


def refusal(answer: object) -> tuple[int, str, str]:
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()["error"], answer.json()["error_description"]


def test_a_code_buys_tokens_once_and_a_second_try_ends_them(alpha: Realm, browser: Browser) -> None:  # D8, S2
    code = browser.code(alpha)
    tokens = browser.redeem(alpha, code).json()
    assert browser.userinfo(alpha, tokens["access_token"]).status_code == 200
    spent = (400, "invalid_grant", "the code is unknown, spent or older than a minute")
    assert refusal(browser.redeem(alpha, code)) == spent
    assert browser.userinfo(alpha, tokens["access_token"]).status_code == 401
    assert refusal(browser.redeem(alpha, code)) == spent


def test_the_token_answer(alpha: Realm, browser: Browser) -> None:
    answer = browser.redeem(alpha, browser.code(alpha, scope="openid email"))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json"
    rest = {k: v for k, v in answer.json().items() if k not in {"access_token", "id_token"}}
    assert rest == {"token_type": "Bearer", "expires_in": 3600, "scope": "openid email"}


@pytest.mark.parametrize(("seconds", "status"), [(59, 200), (60, 400)])
def test_a_code_lives_a_minute(alpha: Realm, browser: Browser, seconds: int, status: int) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        code = browser.code(alpha)
        clock.shift(seconds)
        assert browser.redeem(alpha, code).status_code == status


def test_a_code_is_its_own_organisations(alpha: Realm, beta: Realm, browser: Browser) -> None:  # S2
    assert refusal(browser.redeem(beta, browser.code(alpha)))[1] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "description"),
    [
        (
            {"redirect_uri": REDIRECT_URI + "/"},
            "the redirect_uri is not the one of the authorization request",
        ),
        ({"code_verifier": VERIFIER[:-1] + "x"}, "the code_verifier does not fit the code_challenge"),
        ({"code_verifier": "short"}, "the code_verifier does not fit the code_challenge"),
        ({"code_verifier": "é" * 43}, "the code_verifier does not fit the code_challenge"),
    ],
)
def test_a_code_is_bound(alpha: Realm, browser: Browser, changes: dict[str, str], description: str) -> None:
    code = browser.code(alpha)
    assert refusal(browser.redeem(alpha, code, **changes)) == (400, "invalid_grant", description)
    assert refusal(browser.redeem(alpha, code))[1] == "invalid_grant"  # burnt


def test_a_verifier_too_short_for_the_standard_is_refused_though_it_fits(
    alpha: Realm, browser: Browser
) -> None:
    challenge = "A6xnQhbz4Vx2HuGl4lXwZ5U2I8iziLRFnhP5eNfIRvQ"  # of "1234"
    code = browser.code(alpha, code_challenge=challenge)
    assert refusal(browser.redeem(alpha, code, code_verifier="1234"))[1] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"code": None}, "invalid_request", "code is missing"),
        ({"redirect_uri": None}, "invalid_request", "redirect_uri is missing"),
        ({"code_verifier": ""}, "invalid_request", "code_verifier is missing"),
        ({"code": ["a", "b"]}, "invalid_request", "given more than once: code"),
        ({"grant_type": None}, "invalid_request", "the only grant_type is authorization_code"),
        ({"grant_type": "password"}, "unsupported_grant_type", "the only grant_type is authorization_code"),
        ({"client_secret": "x"}, "invalid_request", "the client authenticates in two ways at once"),
        ({"client_id": "x"}, "invalid_request", "the client_id in the body is not the authenticated one"),
    ],
)
def test_a_wrong_token_request(
    alpha: Realm, browser: Browser, changes: dict[str, object], error: str, description: str
) -> None:
    assert refusal(browser.redeem(alpha, **{"code": "x", **changes})) == (400, error, description)


def test_a_token_request_must_be_a_form(alpha: Realm, browser: Browser) -> None:
    answer = browser.post(f"{alpha.issuer}/token", json={"code": "x"})
    assert refusal(answer) == (400, "invalid_request", "the body must be application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"\xff:x").decode(),
        "Basic " + base64.b64encode(b"dev-provider-alpha").decode(),
        "Basic " + base64.b64encode(b"dev-provider-alpha:wrong").decode(),
        "Basic " + base64.b64encode(b"other:published-for-development-alpha").decode(),
        "Bearer " + base64.b64encode(b"dev-provider-alpha:published-for-development-alpha").decode(),
    ],
)
def test_a_client_that_does_not_prove_itself(
    alpha: Realm, browser: Browser, authorization: str | None
) -> None:
    code = browser.code(alpha)
    headers = {"Authorization": authorization} if authorization else {}
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    answer = browser.post(f"{alpha.issuer}/token", data=form, headers=headers)
    assert refusal(answer) == (401, "invalid_client", "unknown client, or wrong client_secret")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="alpha"'
    assert browser.redeem(alpha, code).status_code == 200  # whoever is no client cannot burn a code


@pytest.mark.parametrize(
    ("client_id", "client_secret"),
    [("", ""), ("dev-provider-alpha", "wrong"), ("other", "published-for-development-alpha"), ("é", "é")],
)
def test_a_wrong_secret_in_the_body(
    alpha: Realm, browser: Browser, client_id: str, client_secret: str
) -> None:
    answer = browser.redeem(alpha, "x", auth=None, client_id=client_id, client_secret=client_secret)
    assert refusal(answer)[:2] == (401, "invalid_client")


def test_the_secret_may_stand_in_the_body(alpha: Realm, browser: Browser) -> None:
    secret = {"client_id": alpha.client_id, "client_secret": alpha.client_secret}
    assert browser.redeem(alpha, browser.code(alpha), auth=None, **secret).status_code == 200


def test_basic_credentials_are_form_encoded(browser: Browser) -> None:  # RFC 6749 section 2.3.1
    secret = "s3cr%t+two/=&:é"
    organisation = type(ALPHA)(name="alpha", people=ALPHA.people, algorithm="ES256", client_secret=secret)
    with DevProvider(organisations=[organisation]) as provider:
        realm = provider.organisations["alpha"]
        auth = (realm.client_id, quote_plus(secret))
        assert browser.redeem(realm, browser.code(realm), auth=auth).status_code == 200
        raw = (realm.client_id, secret.encode())
        assert browser.redeem(realm, browser.code(realm), auth=raw).status_code == 401
