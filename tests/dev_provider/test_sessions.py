from __future__ import annotations

import jwt
import time_machine

from django_multi_oidc.dev_provider.realm import Realm
from tests.dev_provider.browser import NOW, Browser, query_of


def claims_of(id_token: str) -> dict[str, object]:
    return jwt.decode(id_token, options={"verify_signature": False})


def sid_of(realm: Realm, browser: Browser, person: str = "pat") -> object:
    return claims_of(browser.tokens(realm, person)["id_token"])["sid"]


def test_the_sid_is_the_same_for_the_same_person_in_the_same_browser(alpha: Realm, browser: Browser) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        first = sid_of(alpha, browser)
        clock.shift(100)
        code = query_of(browser.authorize(alpha, prompt="none"))["code"]
        silent = claims_of(browser.redeem(alpha, code).json()["id_token"])
        again = claims_of(browser.tokens(alpha)["id_token"])
    assert (silent["sid"], silent["auth_time"]) == (first, NOW)
    assert (again["sid"], again["auth_time"]) == (first, NOW + 100)
    assert len(str(first)) == 22


def test_logins_in_two_tabs_at_once_share_the_session(alpha: Realm, browser: Browser) -> None:
    sid = sid_of(alpha, browser)
    before = browser.cookies.copy()
    pages = [browser.authorize(alpha, prompt="login") for _ in range(2)]
    codes = []
    for page in pages:
        browser.cookies = before.copy()  # both went out before either came back
        codes.append(query_of(browser.press(page, person="pat"))["code"])
        assert browser.cookies.get_dict() == before.get_dict()
    tokens = [browser.redeem(alpha, code).json()["id_token"] for code in codes]
    assert [claims_of(token)["sid"] for token in tokens] == [sid, sid]
    browser.cookies = before
    assert "code" in query_of(browser.authorize(alpha, prompt="none"))


def test_the_sid_is_another_in_another_browser_for_somebody_else_and_at_another_organisation(
    alpha: Realm, beta: Realm, browser: Browser
) -> None:
    with Browser() as other:
        sids = [
            sid_of(alpha, browser, "pat"),
            sid_of(alpha, browser, "kim"),
            sid_of(alpha, browser, "pat"),
            sid_of(beta, browser, "pat"),
            sid_of(alpha, other, "pat"),
        ]
    assert len(set(sids)) == 5


def test_the_sid_is_another_after_the_session(alpha: Realm, browser: Browser) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        first = sid_of(alpha, browser)
        clock.shift(8 * 60 * 60)
        assert sid_of(alpha, browser) != first


def test_a_session_has_a_key_of_its_own_and_none_that_somebody_planted(
    alpha: Realm, browser: Browser
) -> None:
    browser.headers["Cookie"] = "multi_oidc_dev_provider_alpha=planted"
    cookie = browser.press(browser.authorize(alpha), person="pat").headers["Set-Cookie"]
    assert "planted" not in cookie
