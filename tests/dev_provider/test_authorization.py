from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc.dev_provider.authorization import (
    AuthorizationError,
    AuthorizationRequest,
    ReplyAddress,
    UnansweredError,
    authorization_request,
)
from django_multi_oidc.dev_provider.client import Client
from django_multi_oidc.dev_provider.realm import Realm
from tests.dev_provider.browser import CHALLENGE, REDIRECT_URI, Browser, authorization, query_of

CLIENT = Client(client_id="client", client_secret="secret", redirect_uris=(REDIRECT_URI,))


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "",
        REDIRECT_URI + "/",
        REDIRECT_URI + "?x=1",
        REDIRECT_URI + "#x",
        REDIRECT_URI.upper(),
        REDIRECT_URI.replace("localhost", "127.0.0.1"),
        REDIRECT_URI.replace("8000", "8001"),
        "http://localhost:8000/oauth2callback/../evil",
        "https://evil.example/oauth2callback",
        [REDIRECT_URI, REDIRECT_URI],
    ],
)
def test_another_redirect_uri_is_never_redirected_to(
    alpha: Realm, browser: Browser, redirect_uri: object
) -> None:  # D8, S2
    answer = browser.authorize(alpha, redirect_uri=redirect_uri)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "must be &#x27;http://localhost:8000/oauth2callback&#x27; (--site)." in answer.text


@pytest.mark.parametrize("client_id", [None, "other", "dev-provider-beta", ["dev-provider-alpha"] * 2])
def test_another_client_is_never_redirected(alpha: Realm, browser: Browser, client_id: object) -> None:  # D8
    answer = browser.authorize(alpha, client_id=client_id)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "The client_id must be &#x27;dev-provider-alpha&#x27;." in answer.text


def test_what_the_page_quotes_is_escaped(alpha: Realm, browser: Browser) -> None:
    answer = browser.authorize(alpha, redirect_uri="<script>alert(1)</script>")
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"response_type": None}, "invalid_request", "response_type is missing"),
        ({"response_type": "token"}, "unsupported_response_type", "the only response_type is code"),
        ({"response_type": "code id_token"}, "unsupported_response_type", "the only response_type is code"),
        ({"response_mode": "fragment"}, "invalid_request", "the only response_mode is query"),
        ({"scope": None}, "invalid_scope", "the scope must contain openid"),
        ({"scope": "profile email"}, "invalid_scope", "the scope must contain openid"),
        ({"scope": "openidx"}, "invalid_scope", "the scope must contain openid"),
        ({"prompt": "none login"}, "invalid_request", "prompt=none goes with no other value"),
        (
            {"prompt": "create"},
            "invalid_request",
            "prompt knows none, login, consent, select_account",
        ),
        ({"max_age": "-1"}, "invalid_request", "max_age must be a number of seconds"),
        ({"max_age": "soon"}, "invalid_request", "max_age must be a number of seconds"),
        ({"nonce": ["a", "b"]}, "invalid_request", "given more than once: nonce"),
        ({"scope": ["openid", "email"]}, "invalid_request", "given more than once: scope"),
        ({"request": "e30"}, "request_not_supported", "the parameter request is not supported"),
        ({"request_uri": "x:y"}, "request_uri_not_supported", "the parameter request_uri is not supported"),
        ({"registration": "{}"}, "registration_not_supported", "the parameter registration is not supported"),
    ],
)
def test_a_wrong_request_is_told_by_redirect(
    alpha: Realm, browser: Browser, changes: dict[str, object], error: str, description: str
) -> None:  # D8
    assert query_of(browser.authorize(alpha, **changes)) == {
        "error": error,
        "error_description": description,
        "iss": alpha.issuer,
        "state": "the state & more",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None},
        {"code_challenge_method": None},  # RFC 7636: would mean plain
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": CHALLENGE[:-1]},
        {"code_challenge": CHALLENGE + "A"},
        {"code_challenge": CHALLENGE[:-1] + "="},
    ],
)
def test_pkce_s256_is_required(alpha: Realm, browser: Browser, changes: dict[str, object]) -> None:  # D8, L3
    answer = query_of(browser.authorize(alpha, **changes))
    assert answer["error"] == "invalid_request"
    assert answer["error_description"] == "PKCE is required: code_challenge, with code_challenge_method S256"


def test_a_state_given_twice_is_not_echoed(alpha: Realm, browser: Browser) -> None:
    answer = query_of(browser.authorize(alpha, state=["a", "b"]))
    assert answer["error_description"] == "given more than once: state"
    assert "state" not in answer


def test_no_state_none_back(alpha: Realm, browser: Browser) -> None:
    assert "state" not in query_of(browser.authorize(alpha, state=None, prompt="none"))


def test_a_redirect_uri_with_a_query_keeps_it() -> None:
    reply = ReplyAddress(redirect_uri="http://localhost/cb?a=b", state="s")
    assert reply.answer(code="c") == "http://localhost/cb?a=b&code=c&state=s"


def test_the_request_may_be_posted(alpha: Realm, browser: Browser) -> None:  # Core 3.1.2.1
    answer = browser.post(f"{alpha.issuer}/authorize", data=authorization(alpha))
    assert "Who is logging in?" in answer.text


def test_a_posted_request_must_be_a_form(alpha: Realm, browser: Browser) -> None:
    answer = browser.post(f"{alpha.issuer}/authorize", json=authorization(alpha))
    assert answer.status_code == 400
    assert "the body must be application/x-www-form-urlencoded" in answer.text


def test_too_many_parameters(alpha: Realm, browser: Browser) -> None:
    answer = browser.get(f"{alpha.issuer}/authorize?" + "&".join(["a=b"] * 101))
    assert answer.status_code == 400
    assert "Max number of fields exceeded" in answer.text


def test_unknown_scopes_and_parameters_are_ignored() -> None:
    realm_request = {
        "client_id": "client",
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "email openid offline_access",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "max_age": "10",
        "prompt": "login consent",
        "login_hint": "kim",
        "ui_locales": "nb",
    }
    assert authorization_request(list(realm_request.items()), CLIENT) == AuthorizationRequest(
        reply=ReplyAddress(redirect_uri=REDIRECT_URI, state=None),
        scopes=("openid", "email"),
        nonce=None,
        code_challenge=CHALLENGE,
        prompts=frozenset({"login", "consent"}),
        max_age=10,
        login_hint="kim",
    )


NAMES = st.sampled_from(
    [
        "client_id",
        "redirect_uri",
        "state",
        "scope",
        "prompt",
        "max_age",
        "response_type",
        "code_challenge",
        "x",
    ]
)


@given(st.lists(st.tuples(NAMES, st.text(max_size=20)), max_size=12))
def test_whatever_is_asked_only_registered_uris_are_answered(parameters: list[tuple[str, str]]) -> None:  # S2
    try:
        reply = authorization_request(parameters, CLIENT).reply
    except AuthorizationError as error:
        reply = error.reply
    except UnansweredError:
        return
    assert reply.redirect_uri == REDIRECT_URI


@given(st.lists(st.tuples(NAMES, st.text(max_size=20)), max_size=12))
def test_whatever_is_added_to_a_good_address_only_it_is_answered(
    parameters: list[tuple[str, str]],
) -> None:  # S2
    start = [("client_id", "client"), ("redirect_uri", REDIRECT_URI), ("state", "s")]
    test_whatever_is_asked_only_registered_uris_are_answered.hypothesis.inner_test(start + parameters)
