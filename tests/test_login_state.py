from __future__ import annotations

import logging
import re
import secrets
from dataclasses import replace
from secrets import token_hex

import pytest
import time_machine
from django.core.cache import cache
from django.http import HttpResponse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from django_multi_oidc import cookie_header, login_state, signing
from django_multi_oidc.exceptions import CookiesFull, StateExpired, StateSpent, StateUnknown

pytestmark = pytest.mark.usefixtures("secrets")


@pytest.fixture
def browser(rf):
    return Browser(rf)


def long_path():
    return "/" + secrets.token_urlsafe(1000)[:1023]


class Browser:
    """A cookie jar, and nothing else."""

    def __init__(self, rf):
        self.rf = rf
        self.jar = {}

    def request(self):
        return self.rf.get("/", headers={"cookie": "; ".join(f"{n}={v}" for n, v in self.jar.items())})

    def begin(self, provider="alpha", next_url=""):
        login = login_state.begin(provider, next_url)
        response = HttpResponse()
        login_state.write(self.request(), response, login)
        self.take(response)
        return login

    def take(self, response):
        for name, morsel in response.cookies.items():
            if morsel["max-age"] == 0:
                self.jar.pop(name)
            else:
                self.jar[name] = morsel.value


def test_a_login_comes_back_by_its_state(browser):  # L3
    login = browser.begin(next_url="/members/")
    assert login_state.read(browser.request(), login.state) == login
    assert (login.provider, login.next) == ("alpha", "/members/")
    assert login.nonce == signing.derive("nonce", login.state)
    assert login.code_verifier == signing.derive("code-verifier", login.state)


def test_when_it_was_begun_is_known_to_a_millisecond(browser):
    with time_machine.travel(1_800_000_000.12345, tick=False):
        assert browser.begin().begun_at == 1_800_000_000.123


def test_the_cookie_is_short_lived_and_named_after_us(
    browser,
):  # L3, S7: Django masks cookies with "auth" in the name
    login = login_state.begin("alpha", "")
    response = HttpResponse()
    login_state.write(browser.request(), response, login)
    [(name, morsel)] = response.cookies.items()
    assert re.fullmatch(r"multi_oidc_auth_login_[\w-]{16}", name)
    assert login.state not in name
    assert morsel.OutputString().endswith("; HttpOnly; Max-Age=1200; Path=/; SameSite=Lax")
    assert response["Cache-Control"] == "private, no-store"  # S6


def test_over_https_the_cookie_is_secure_and_host_only(secrets, settings, browser):  # L3
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "redirect_uri": "https://example.org/oauth2callback"}}
    response = HttpResponse()
    login_state.write(browser.request(), response, login_state.begin("alpha", ""))
    [(name, morsel)] = response.cookies.items()
    assert name.startswith("__Host-multi_oidc_auth_login_")
    assert morsel["secure"] is True


def test_state_nonce_and_verifier_are_unguessable_and_apart(browser):  # L3
    one, two = browser.begin(), browser.begin()
    values = {one.state, one.nonce, one.code_verifier, two.state, two.nonce, two.code_verifier}
    assert len(values) == 6
    assert {len(value) for value in values} == {43}


def test_nonce_and_verifier_stand_in_no_cookie(browser):  # L3
    login = browser.begin()
    [value] = browser.jar.values()
    payload = str(signing.loads(value, "login-state", max_age=60))
    assert login.state in payload
    assert login.nonce not in payload
    assert login.code_verifier not in payload


def test_repr_holds_no_state(browser):  # S7
    login = browser.begin()
    assert login.state not in repr(login)


def unknown(browser, state):
    with pytest.raises(StateUnknown) as caught:
        login_state.read(browser.request(), state)
    return caught.value.detail


def test_another_browsers_state_is_unknown(rf, browser):  # L3, L7
    login = Browser(rf).begin()
    browser.begin()
    assert unknown(browser, login.state) == "the browser brought no login state cookie for it"


def test_a_cookie_under_another_logins_name_is_unknown(browser):  # L3
    one = browser.begin()
    [name] = browser.jar
    two = browser.begin()
    browser.jar[name] = browser.jar[next(other for other in browser.jar if other != name)]
    assert unknown(browser, one.state) == "its cookie belongs to another login"
    assert login_state.read(browser.request(), two.state) == two


def test_an_altered_cookie_is_unknown(browser):  # L3
    login = browser.begin()
    [name] = browser.jar
    browser.jar[name] += "x"
    assert unknown(browser, login.state) == "its cookie was altered, or signed with another secret"


def test_an_identity_cookie_is_no_login_state(browser):  # K1
    login = browser.begin()
    [name] = browser.jar
    browser.jar[name] = signing.dumps([login.state, "alpha", "", 1.0], "identity")
    assert unknown(browser, login.state) == "its cookie was altered, or signed with another secret"


@pytest.mark.parametrize("payload", [{}, None, [], [1, 2, 3, 4], [1, 2, 3, 4, 5, 6, 7], "text"])
def test_another_format_is_unknown(browser, payload):
    login = browser.begin()
    [name] = browser.jar
    browser.jar[name] = signing.dumps(payload, "login-state")
    assert unknown(browser, login.state) == "its cookie belongs to another login"
    browser.begin()
    assert len(browser.jar) == 2


def test_a_name_that_stands_twice_is_unknown(rf, browser):  # K1
    login = browser.begin()
    [(name, value)] = browser.jar.items()
    request = rf.get("/", headers={"cookie": f"{name}={value}; {name}={value}"})
    with pytest.raises(StateUnknown, match=r"^state_unknown: its cookie came twice$"):
        login_state.read(request, login.state)


def test_without_a_file_every_state_is_unknown(browser, settings):  # C8a, L7
    login = browser.begin()
    settings.MULTI_OIDC_SECRETS = None
    assert unknown(browser, login.state) == "its cookie was altered, or signed with another secret"


def test_a_login_takes_ten_minutes_at_most(browser):  # L3
    with time_machine.travel(1_800_000_000, tick=False):
        login = browser.begin()
    with time_machine.travel(1_800_000_000 + 600, tick=False):
        assert login_state.read(browser.request(), login.state) == login
    with (
        time_machine.travel(1_800_000_000 + 601, tick=False),
        pytest.raises(StateExpired, match=r"^state_expired: begun over 10 minutes ago$"),
    ):
        login_state.read(browser.request(), login.state)


def test_five_logins_at_once_and_the_oldest_goes(browser):  # L3, L4
    logins = []
    for second in range(7):
        with time_machine.travel(1_800_000_000 + second, tick=False):
            logins.append(browser.begin())
    with time_machine.travel(1_800_000_010, tick=False):
        for login in logins[:2]:
            unknown(browser, login.state)
        assert [login_state.read(browser.request(), login.state) for login in logins[2:]] == logins[2:]
    assert len(browser.jar) == 5


def test_logins_that_took_too_long_count_as_well(browser):  # L3: their cookies are still there
    with time_machine.travel(1_800_000_000, tick=False):
        for _ in range(5):
            browser.begin()
    with time_machine.travel(1_800_000_000 + 660, tick=False):
        browser.begin()
    assert len(browser.jar) == 5


def test_another_sites_logins_are_left_alone(
    secrets, settings, browser
):  # K3: a rolling deploy, two projects on one host
    for _ in range(5):
        browser.begin()
    theirs = dict(browser.jar)
    settings.MULTI_OIDC_SECRETS = {
        "auth": {**secrets, "cookie_secret": "another-secret-0123456789-0123456789-abc"}
    }
    for _ in range(6):
        browser.begin()
    assert theirs.items() <= browser.jar.items()
    assert len(browser.jar) == 10


def test_the_header_has_a_budget(browser):  # L3, K5
    browser.jar["identity"] = "x" * 4000
    logins = [browser.begin(next_url=long_path()) for _ in range(5)]
    header = browser.request().META["HTTP_COOKIE"]
    assert len(header) <= cookie_header.MAX_BYTES
    assert login_state.read(browser.request(), logins[-1].state) == logins[-1]
    assert 2 <= len(browser.jar) < 6


def filled(browser, header_bytes):
    """So many bytes of the header are taken."""
    browser.jar.pop("filler", None)
    there = sum(len(name) + len(value) + 3 for name, value in browser.jar.items())
    browser.jar["filler"] = "x" * (header_bytes - there - len("filler="))
    request = browser.request()
    assert len(request.META["HTTP_COOKIE"]) == header_bytes
    return request


@pytest.mark.parametrize(("missing", "next_url"), [(0, "/members/"), (1, "")])
def test_a_login_gets_the_last_byte_of_the_header(browser, missing, next_url):  # K5
    login = browser.begin(next_url="/members/")
    [(name, value)] = browser.jar.items()
    browser.jar.clear()
    request = filled(browser, 7800 - len(f"; {name}={value}") + missing)
    response = HttpResponse()
    login_state.write(request, response, login)
    browser.take(response)
    assert login_state.read(browser.request(), login.state).next == next_url


@pytest.mark.parametrize("missing", [0, 1])
def test_a_login_under_way_goes_for_the_last_byte(browser, missing):  # K5
    browser.begin()
    [(name, value)] = browser.jar.items()
    response = HttpResponse()
    room = login_state.make_room(filled(browser, 7000 + missing), response, 800)
    assert list(response.cookies) == [name][:missing]
    assert room == (len(f"; {name}={value}") - 1 if missing else 0)


def test_without_room_the_next_page_goes(browser):  # K5
    browser.jar["identity"] = "x" * 7450
    login = browser.begin(next_url=long_path())
    assert login_state.read(browser.request(), login.state).next == ""


@pytest.mark.parametrize(("missing", "next_url"), [(0, ""), (1, ""), (1, "/members/")])
def test_without_any_room_the_login_ends(browser, missing, next_url):  # K5
    login = browser.begin()
    [(name, value)] = browser.jar.items()
    browser.jar = {"\u00e9" * 10: "x" * 10}
    request = filled(browser, 7800 - len(f"; {name}={value}") + missing)
    filler = len(browser.jar["filler"]) + len("; filler=")
    response = HttpResponse()
    if missing == 0:
        login_state.write(request, response, login)
        assert list(response.cookies) == [name]
        return
    with pytest.raises(CookiesFull) as caught:
        login_state.write(request, response, replace(login, next=next_url))
    assert caught.value.detail == (
        f"cookies of {7800 - len(f'; {name}={value}') + missing} bytes, 7800 fit into a header; largest: "
        f"'filler' ({filler}), 'éééééééééé' (23); 1 bytes are missing for a login"
    )
    assert response.cookies == {}


@pytest.mark.parametrize("name", ["{0", "@0", "\xe90", "ffffffffffffffff"])
def test_a_cookie_under_a_name_that_is_not_its_own_is_left_alone(browser, name):  # K3, L7
    browser.begin()
    [value] = browser.jar.values()
    browser.jar = {f"multi_oidc_auth_login_{name}{number}": value for number in range(6)}
    browser.begin()
    assert len(browser.jar) == 7


def test_a_login_is_spent_for_as_long_as_it_could_be_used(browser):  # L3
    with time_machine.travel(1_800_000_000, tick=False):
        login = browser.begin()
        login_state.claim(login)
    with time_machine.travel(1_800_000_000 + 599, tick=False), pytest.raises(StateSpent):
        login_state.claim(login)


def test_a_login_is_used_once(browser):  # L3
    login = browser.begin()
    login_state.claim(login)
    with pytest.raises(
        StateSpent, match=r"^state_spent: its login is over, or being finished by another request$"
    ):
        login_state.claim(login)
    login_state.claim(browser.begin())


def test_a_login_that_another_version_spent_is_spent(browser):  # L3: a rolling deploy
    login = browser.begin()
    cache.add(f"django_multi_oidc:spent:{signing.digest(login.state)}", True)
    with pytest.raises(StateSpent):
        login_state.claim(login)


def test_a_cache_that_is_down_stops_nobody(browser, settings, caplog):  # L3
    settings.CACHES = {"default": {"BACKEND": "tests.broken.BrokenCache"}}
    login = browser.begin()
    with caplog.at_level(logging.WARNING, "django_multi_oidc"):
        login_state.claim(login)
        login_state.claim(login)
    assert caplog.messages == ["the cache cannot say whether a login is over: ConnectionError"] * 2


def test_the_cache_may_be_another_one(browser, settings):
    settings.CACHES = {
        "default": {"BACKEND": "tests.broken.BrokenCache"},
        "logins": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "logins"},
    }
    settings.MULTI_OIDC_CACHE = "logins"
    login = browser.begin()
    login_state.claim(login)
    with pytest.raises(StateSpent):
        login_state.claim(login)


def test_deleting_ends_one_login(browser):  # L4
    one, two = browser.begin(), browser.begin()
    response = HttpResponse()
    login_state.delete(response, one.state)
    browser.take(response)
    unknown(browser, one.state)
    assert login_state.read(browser.request(), two.state) == two


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(state=st.text(max_size=60), value=st.text(st.characters(max_codepoint=255)))
def test_any_state_and_cookie_is_unknown(browser, state, value):  # L7
    browser.jar = {login_state._cookie_name(state): value}
    assert unknown(browser, state)


def test_a_cache_that_says_no_without_asking_stops_nobody(browser, settings):  # L3
    login = browser.begin()
    settings.CACHES = {"default": {"BACKEND": "tests.broken_caches.SilentCache"}}
    login_state.claim(login)


# What this login asks for itself (L2)


@pytest.mark.parametrize("params", [{}, {"max_age": ""}, {"max_age": "300", "login_hint": "pät"}])
def test_the_parameters_of_a_login_come_back_with_it(rf, secrets, params):  # L2
    login = login_state.begin("alpha", "/x", params)
    assert login.params == params
    assert "pät" not in repr(login)
    response = HttpResponse()
    login_state.write(rf.get("/"), response, login)
    [(name, morsel)] = response.cookies.items()
    assert login_state.read(rf.get("/", headers={"cookie": f"{name}={morsel.value}"}), login.state) == login
    payload = signing.loads(morsel.value, "login-state", max_age=60)
    own = [login.state, "alpha", "/x", login.begun_at, login.key_name]
    assert payload == ([*own, params] if params else own)  # older workers know of five


@pytest.mark.parametrize("more", [[300], [{}, {}], [None]])
def test_a_login_of_another_shape_is_unknown(rf, secrets, more):  # L3
    login = login_state.begin("alpha", "/x")
    value = signing.dumps([login.state, "alpha", "/x", login.begun_at, login.key_name, *more], "login-state")
    response = HttpResponse()
    login_state.write(rf.get("/"), response, login)
    [name] = response.cookies
    with pytest.raises(StateUnknown, match="its cookie belongs to another login"):
        login_state.read(rf.get("/", headers={"cookie": f"{name}={value}"}), login.state)


def test_the_longest_login_fits_into_a_cookie(rf, secrets):  # L2, K5: browsers drop over 4,096 bytes
    noise = token_hex(512)
    login = login_state.begin("alpha", f"/{noise}{noise}"[:1024], {"login_hint": noise[: 1024 - 10]})
    response = HttpResponse()
    login_state.write(rf.get("/"), response, login)
    [morsel] = response.cookies.values()
    assert len(morsel.OutputString()) < 4096
