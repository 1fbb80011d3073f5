from __future__ import annotations

import hashlib

import jwt
import pytest
import time_machine

from django_multi_oidc.dev_provider.people import Organisation, Person
from django_multi_oidc.dev_provider.realm import Realm
from django_multi_oidc.dev_provider.server import DevProvider
from tests.dev_provider.browser import NOW, Browser, query_of


def id_token_of(realm: Realm, browser: Browser, id_token: str) -> dict[str, object]:
    """Verified with the key that the header names, fetched as a client would."""
    kid = jwt.get_unverified_header(id_token)["kid"]
    keys = {key["kid"]: key for key in browser.get(f"{realm.issuer}/jwks").json()["keys"]}
    algorithms = [realm.organisation.algorithm]
    return jwt.decode(
        id_token, jwt.PyJWK(keys[kid]), algorithms, audience=realm.client_id, issuer=realm.issuer
    )


# The discovery document


def test_discovery_says_what_there_is_and_no_more(
    provider: DevProvider, beta: Realm, browser: Browser
) -> None:
    assert browser.get(beta.metadata_url).json() == {
        "issuer": f"{provider.url}/beta",
        "authorization_endpoint": f"{provider.url}/beta/authorize",
        "token_endpoint": f"{provider.url}/beta/token",
        "userinfo_endpoint": f"{provider.url}/beta/userinfo",
        "jwks_uri": f"{provider.url}/beta/jwks",
        "end_session_endpoint": f"{provider.url}/beta/end_session",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email", "groups"],
        "claims_supported": [
            *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid"),
            *("name", "preferred_username", "email", "email_verified", "groups"),
        ],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def test_the_keys_are_public_ones(alpha: Realm, beta: Realm, browser: Browser) -> None:  # S1
    (rsa,) = browser.get(f"{alpha.issuer}/jwks").json()["keys"]
    assert rsa.keys() == {"kty", "n", "e", "kid", "use", "alg"}
    assert (rsa["kty"], rsa["use"], rsa["alg"]) == ("RSA", "sig", "RS256")
    assert len(rsa["n"]) == 342  # 2,048 bits
    ec, rsa = browser.get(f"{beta.issuer}/jwks").json()["keys"]
    assert rsa["alg"] == "RS256"  # which every provider must support (Discovery 1.0 section 3)
    assert ec.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (ec["kty"], ec["crv"], ec["use"], ec["alg"]) == ("EC", "P-256", "sig", "ES256")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/jwks", "GET"),
        ("GET", "/token", "POST"),
        ("GET", "/pick", "POST"),
        ("GET", "/confirm_logout", "POST"),
        ("POST", "/.well-known/openid-configuration", "GET"),
    ],
)
def test_methods(alpha: Realm, browser: Browser, method: str, path: str, allow: str) -> None:
    answer = browser.request(method, alpha.issuer + path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize("path", ["", "/", "/jwks/", "/nothing", "/logout", "/admin"])
def test_there_is_nothing_else(alpha: Realm, browser: Browser, path: str) -> None:
    answer = browser.get(alpha.issuer + path)
    assert answer.status_code == 404
    assert "Alpha Observatory has no page at this address." in answer.text


# The ID token and UserInfo


def test_the_id_token_of_alpha(alpha: Realm, browser: Browser) -> None:  # D8
    with time_machine.travel(NOW, tick=False) as clock:
        code = browser.code(alpha, "uma")
        clock.shift(5)
        tokens = browser.redeem(alpha, code).json()
        claims = id_token_of(alpha, browser, tokens["id_token"])
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert len(claims.pop("sid")) == 22
    assert claims == {
        "iss": alpha.issuer,
        "sub": "uma",
        "aud": "dev-provider-alpha",
        "auth_time": NOW,
        "iat": NOW + 5,
        "exp": NOW + 5 + 3600,
        "nonce": "the nonce",
        "at_hash": jwt.utils.base64url_encode(half).decode(),
        "name": "Uma Okafor",
        "preferred_username": "uma",
        "email": "uma@alpha.example",
        "email_verified": False,
        "groups": [],
    }


def test_beta_keeps_its_claims_to_userinfo(beta: Realm, browser: Browser) -> None:  # D8, U3
    tokens = browser.tokens(beta, "noa", nonce=None)
    assert id_token_of(beta, browser, tokens["id_token"]).keys() == {
        "iss", "sub", "aud", "auth_time", "iat", "exp", "at_hash", "sid",
    }  # fmt: skip
    for method in ("GET", "POST"):
        assert browser.userinfo(beta, tokens["access_token"], method).json() == {
            "sub": "noa",
            "name": "נועה לוי",
            "preferred_username": "noa",
            "email": "noa@beta.example",
            "email_verified": True,
            "groups": ["staff"],
        }


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid", {"sub"}),
        ("openid email", {"sub", "email", "email_verified"}),
        ("openid profile", {"sub", "name", "preferred_username"}),
        ("openid groups", {"sub", "groups"}),
    ],
)
def test_claims_follow_the_scopes(alpha: Realm, browser: Browser, scope: str, names: set[str]) -> None:
    tokens = browser.tokens(alpha, scope=scope)
    assert browser.userinfo(alpha, tokens["access_token"]).json().keys() == names
    protocol = {"iss", "aud", "iat", "exp", "auth_time", "nonce", "at_hash", "sid"}
    assert id_token_of(alpha, browser, tokens["id_token"]).keys() - protocol == names


def test_two_hundred_groups(alpha: Realm, browser: Browser) -> None:  # D8, K5
    tokens = browser.tokens(alpha, "max")
    groups = browser.userinfo(alpha, tokens["access_token"]).json()["groups"]
    assert len(set(groups)) == 200
    assert groups[0] == "0f155866-b179-5dca-b521-6cf1f023a113"


@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        (None, "Bearer"),
        ("Basic eDp5", "Bearer"),
        ("Bearer", 'Bearer error="invalid_token"'),
        ("Bearer wrong", 'Bearer error="invalid_token"'),
    ],
)
def test_userinfo_wants_an_access_token(
    alpha: Realm, browser: Browser, authorization: str | None, challenge: str
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = browser.get(f"{alpha.issuer}/userinfo", headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, challenge)


def test_an_access_token_is_its_own_organisations_and_lives_an_hour(
    alpha: Realm, beta: Realm, browser: Browser
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        access_token = browser.tokens(alpha)["access_token"]
        assert browser.userinfo(beta, access_token).status_code == 401
        clock.shift(3599)
        assert browser.userinfo(alpha, access_token).status_code == 200
        clock.shift(1)
        assert browser.userinfo(alpha, access_token).status_code == 401


# The picker's answers


def test_the_answer_has_state_and_issuer(alpha: Realm, browser: Browser) -> None:  # D8, S2 (RFC 9207)
    answer = browser.press(browser.authorize(alpha), person="kim")
    assert answer.headers["Cache-Control"] == "no-store"
    parameters = query_of(answer)
    assert len(parameters.pop("code")) == 43
    assert parameters == {"iss": alpha.issuer, "state": "the state & more"}


def test_cancel_denies(alpha: Realm, browser: Browser) -> None:  # D8, L7
    assert query_of(browser.press(browser.authorize(alpha), cancel="1")) == {
        "error": "access_denied",
        "error_description": "the person pressed Cancel",
        "iss": alpha.issuer,
        "state": "the state & more",
    }


def test_an_interaction_is_good_for_one_answer(alpha: Realm, browser: Browser) -> None:
    page = browser.authorize(alpha)
    assert browser.press(page, cancel="1").status_code == 303
    again = browser.press(page, person="pat")
    assert again.status_code == 400
    assert "Go back to the site and start a new one." in again.text


def test_an_interaction_cannot_be_guessed_or_taken_elsewhere(
    alpha: Realm, beta: Realm, browser: Browser
) -> None:
    for form in ({"person": "pat"}, {"person": "pat", "interaction": "x"}):
        answer = browser.post(f"{alpha.issuer}/pick", data=form, allow_redirects=False)
        assert answer.status_code == 400
    page = browser.authorize(alpha)
    page.url = f"{beta.issuer}/authorize"
    assert browser.press(page, person="pat").status_code == 400


def test_an_interaction_lives_ten_minutes(alpha: Realm, browser: Browser) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        page = browser.authorize(alpha)
        clock.shift(600)
        assert browser.press(page, person="pat").status_code == 400


def test_the_pickers_answer_must_be_a_form(alpha: Realm, browser: Browser) -> None:
    answer = browser.post(f"{alpha.issuer}/pick", json={})
    assert answer.status_code == 400
    assert "the body must be application/x-www-form-urlencoded" in answer.text


# The session


def asks(answer: object) -> bool:
    return answer.status_code == 200 and "Who is logging in?" in answer.text


def test_the_session_logs_in_again_without_asking(alpha: Realm, beta: Realm, browser: Browser) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        cookie = browser.press(browser.authorize(alpha), person="kim").headers["Set-Cookie"]
        assert cookie.startswith("multi_oidc_dev_provider_alpha=")
        assert cookie.endswith("; Path=/alpha; HttpOnly; SameSite=Lax")
        clock.shift(100)
        code = query_of(browser.authorize(alpha))["code"]
        claims = id_token_of(alpha, browser, browser.redeem(alpha, code).json()["id_token"])
        assert (claims["sub"], claims["auth_time"], claims["iat"]) == ("kim", NOW, NOW + 100)
        assert asks(browser.authorize(beta))
        clock.shift(8 * 60 * 60)
        assert asks(browser.authorize(alpha))


@pytest.mark.parametrize("prompt", ["login", "select_account", "consent", "login select_account"])
def test_a_prompt_asks_in_spite_of_the_session(alpha: Realm, browser: Browser, prompt: str) -> None:
    browser.code(alpha)
    assert asks(browser.authorize(alpha, prompt=prompt))


def test_prompt_none_never_asks(alpha: Realm, browser: Browser) -> None:  # K7
    assert query_of(browser.authorize(alpha, prompt="none")) == {
        "error": "login_required",
        "error_description": "nobody is logged in",
        "iss": alpha.issuer,
        "state": "the state & more",
    }
    browser.code(alpha)
    assert "code" in query_of(browser.authorize(alpha, prompt="none"))


def test_a_provider_that_ignores_max_age(provider: DevProvider, alpha: Realm, browser: Browser) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        browser.tokens(alpha)
        clock.shift(1000)
        assert asks(browser.authorize(alpha, max_age="10", prompt=""))
        provider.ignore_max_age()
        code = query_of(browser.authorize(alpha, max_age="10", prompt="none"))["code"]
        provider.ignore_max_age(False)
        assert asks(browser.authorize(alpha, max_age="10", prompt=""))
        id_token = browser.redeem(alpha, code).json()["id_token"]
    assert jwt.decode(id_token, options={"verify_signature": False})["auth_time"] == NOW


def test_a_provider_that_sends_no_auth_time(provider: DevProvider, alpha: Realm, browser: Browser) -> None:
    def claims() -> dict[str, object]:
        return jwt.decode(browser.tokens(alpha)["id_token"], options={"verify_signature": False})

    provider.hide_auth_time()
    assert "auth_time" not in claims()
    provider.hide_auth_time(False)
    assert "auth_time" in claims()


@pytest.mark.parametrize(("max_age", "asked"), [("11", False), ("10", True), ("0", True)])
def test_max_age(alpha: Realm, browser: Browser, max_age: str, asked: bool) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        browser.code(alpha)
        clock.shift(10)
        assert asks(browser.authorize(alpha, max_age=max_age)) is asked
        silent = query_of(browser.authorize(alpha, max_age=max_age, prompt="none"))
        assert ("error" in silent) is asked


@pytest.mark.parametrize(("hint", "asked"), [("pat@alpha.example", False), ("PAT", False), ("kim", True)])
def test_the_session_is_not_somebody_elses(
    alpha: Realm,
    browser: Browser,
    hint: str,
    asked: bool,
) -> None:
    browser.code(alpha, "pat")
    assert asks(browser.authorize(alpha, login_hint=hint)) is asked


def test_cookies_of_other_sites_are_passed_over(alpha: Realm, browser: Browser) -> None:
    browser.code(alpha)
    (session,) = (cookie.value for cookie in browser.cookies)
    browser.cookies.clear()
    browser.headers["Cookie"] = f'a="b; c"; =; sessionid; multi_oidc_dev_provider_alpha={session}'
    assert "code" in query_of(browser.authorize(alpha))
    browser.headers["Cookie"] = "multi_oidc_dev_provider_alpha=x; xmulti_oidc_dev_provider_alpha=" + session
    assert asks(browser.authorize(alpha))


# Two organisations, people of one's own


def test_a_person_without_email_and_one_who_is_not_said_to_be_verified(browser: Browser) -> None:
    people = [
        Person(key="ann", name="Ann", sub="00u1", claims={"locale": "nb"}),
        Person(key="bo", name="Bo", email="bo@example.org", email_verified=None),
    ]
    organisation = Organisation(name="x", people=(), algorithm="ES256")
    with DevProvider(organisations=[organisation], people=people) as provider:
        realm = provider.organisations["x"]
        ann, bo = (
            browser.userinfo(realm, browser.tokens(realm, who)["access_token"]).json()
            for who in ("ann", "bo")
        )
    assert ann == {"sub": "00u1", "name": "Ann", "preferred_username": "ann", "locale": "nb", "groups": []}
    assert bo.keys() == {"sub", "name", "preferred_username", "email", "groups"}
    assert realm.label == "X"
