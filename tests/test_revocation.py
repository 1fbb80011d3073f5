from __future__ import annotations

import dataclasses
import json
from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest
import time_machine
from django.core.cache import caches
from django.test import override_settings
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from django_multi_oidc import revocation
from django_multi_oidc.exceptions import RevocationUnknown
from django_multi_oidc.providers import configuration
from django_multi_oidc.shared_cache import Seldom
from django_multi_oidc.users import Identity
from tests.broken_caches import RecoveringCache
from tests.conftest import COOKIE_SECRET, REDIRECT_URI

NOON = 1_800_000_000.0
DAY = 24 * 60 * 60


@pytest.fixture(autouse=True)
def _switched_on(settings, secrets, monkeypatch):
    secrets["revocation"] = True
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    monkeypatch.setattr(revocation, "_may_warn", Seldom())


@pytest.fixture
def clock():
    """Time goes on by ``clock.shift(seconds)`` alone; marks are known from before noon on."""
    with time_machine.travel(NOON - 100, tick=False) as traveller:
        revocation.now()
        traveller.move_to(NOON)
        yield traveller


@pytest.fixture
def logged_in(clock, make_identity):
    """Somebody who has just logged in."""

    def log_in(login_id="one", provider="alpha", **claims):
        began = revocation.time.time()
        claims = {"iss": "https://alpha.example", "sub": "pat-sub", "email": "pat@alpha.example", **claims}
        return make_identity(
            provider,
            login_id=login_id,
            login_at=began,
            claims={name: value for name, value in claims.items() if value is not None},
        )

    return log_in


def alpha():
    return configuration().providers["alpha"]


def test_who_was_not_ended_is_not_ended(logged_in):  # O4
    assert not revocation.is_ended(logged_in())


def test_a_login_is_ended_by_its_own_id(logged_in, clock):  # O4
    pat, elsewhere = logged_in(), logged_in("two")
    revocation.end_login(pat)
    assert revocation.is_ended(pat)
    assert not revocation.is_ended(elsewhere)


def test_a_person_is_ended_by_sub_up_to_now(logged_in, clock):  # O4
    before, kim = logged_in(), logged_in("kim", sub="kim-sub")
    clock.shift(0.001)
    revocation.end_person(alpha(), sub="pat-sub")
    at_once = logged_in("two")
    clock.shift(0.001)
    assert revocation.is_ended(before)
    assert revocation.is_ended(at_once)
    assert not revocation.is_ended(logged_in("three"))
    assert not revocation.is_ended(kim)
    assert not revocation.is_ended(logged_in("four", "beta"))


def test_a_person_is_ended_by_address(logged_in, clock):  # O4
    pat = logged_in(email="Pat@Alpha.example", email_verified=False)
    other, beta = logged_in("two", email=None), logged_in("three", "beta", email="pat@alpha.example")
    odd = logged_in("four", email=["pat@alpha.example"])
    revocation.end_person(alpha(), email="PAT@alpha.example")
    assert [revocation.is_ended(identity) for identity in (pat, other, beta, odd)] == [
        True,
        False,
        False,
        False,
    ]


def test_who_was_ended_by_address_may_come_back(logged_in, clock):  # O4
    revocation.end_person(alpha(), email="pat@alpha.example")
    clock.shift(1)
    assert not revocation.is_ended(logged_in("later"))


def test_a_first_mark_is_added_and_not_set(clock, monkeypatch):  # O4: a later one may be there by then

    def refuse(*args, **kwargs):
        raise AssertionError("what another process has added meanwhile would be gone")

    monkeypatch.setattr(caches["default"], "set", refuse)
    revocation.end_person(alpha(), sub="pat-sub")


def test_everybody_at_a_provider_is_ended(logged_in, clock):  # O4
    pat, kim, beta = logged_in(), logged_in("two", sub="kim-sub"), logged_in("three", "beta")
    revocation.end_everybody(alpha())
    assert [revocation.is_ended(identity) for identity in (pat, kim, beta)] == [True, True, False]
    clock.shift(0.001)
    assert not revocation.is_ended(logged_in("four"))


def test_a_session_at_the_provider_is_ended_alone_and_for_good(logged_in, clock):  # O4
    here, there = logged_in(sid="one"), logged_in("two", sid="two")
    revocation.end_session(alpha(), sid="one", sub="pat-sub")
    clock.shift(1)
    assert revocation.is_ended(here)
    assert not revocation.is_ended(there)
    assert revocation.is_ended(logged_in("three", sid="one"))
    assert not revocation.is_ended(logged_in("four", "beta", sid="one"))


def test_an_identity_that_does_not_know_its_session_is_ended_with_any(logged_in, clock):  # O4: fails closed
    pat, kim = logged_in(), logged_in("two", sub="kim-sub")
    odd = logged_in("three", sid=["one"])
    revocation.end_session(alpha(), sid="one", sub="pat-sub")
    clock.shift(1)
    assert revocation.is_ended(pat)
    assert revocation.is_ended(odd)
    assert not revocation.is_ended(kim)
    assert not revocation.is_ended(logged_in("four"))


def test_a_session_of_nobody_known(logged_in, clock):  # O4
    here, pat = logged_in(sid="one"), logged_in("two")
    revocation.end_session(alpha(), sid="one", sub="")
    assert revocation.is_ended(here)
    assert not revocation.is_ended(pat)
    assert len(caches["default"]._cache) == 2  # the sentinel, and the session's


def test_kinds_of_marks_do_not_meet(logged_in, clock):  # O4
    pat = logged_in("x", sub="x", sid="y", email="z")
    for kind in ("login", "sid", "sub", "email"):
        assert not revocation.is_ended(pat), kind
        revocation.end_session(alpha(), sid="x", sub="y")
        revocation.end_person(alpha(), sub="y")
        revocation.end_person(alpha(), email="x")


def test_a_mark_is_never_set_back(logged_in, clock):  # O4: the clock of another machine is behind
    revocation.end_person(alpha(), sub="pat-sub")
    pat = logged_in()
    clock.shift(-60)
    revocation.end_person(alpha(), sub="pat-sub")
    assert revocation.is_ended(pat)


@pytest.mark.parametrize("spoilt", ["", "noon", None, [], b"x", True, 1.5, float("nan"), float("-inf")])
def test_a_mark_that_is_no_time_ends_the_login(logged_in, clock, spoilt):  # O4: fails closed
    pat = logged_in()
    revocation.end_person(alpha(), sub="pat-sub")
    cache = caches["default"]
    [key] = [key for key in cache._cache if cache.get(key.split(":", 2)[2]) == NOON * 1e6]
    cache.set(key.split(":", 2)[2], spoilt)
    clock.shift(100)
    assert revocation.is_ended(pat)
    revocation.end_person(alpha(), sub="pat-sub")
    assert revocation.is_ended(pat)


def test_marks_outlive_every_identity(settings, secrets, logged_in, clock):  # O4
    for lifetime, days in (("8h", 30), ("90d", 90)):
        caches["default"].clear()
        secrets["beta"]["lifetime"] = lifetime
        settings.MULTI_OIDC_SECRETS = {"auth": {**secrets}}
        clock.move_to(NOON - 1)
        revocation.now()
        clock.move_to(NOON)
        pat = logged_in()
        revocation.end_login(pat)
        clock.move_to(NOON + days * DAY - 1)
        assert revocation.is_ended(pat)
        clock.move_to(NOON + days * DAY + 1)
        assert not revocation.is_ended(pat)  # that it is too old is not asked here


def test_an_emptied_cache_ends_whoever_was_there(logged_in, clock):  # O4
    pat = logged_in()
    assert not revocation.is_ended(pat)
    caches["default"].clear()
    clock.shift(5)
    assert revocation.is_ended(pat)
    clock.shift(5)
    assert revocation.is_ended(logged_in("two", sub="kim-sub")) is False
    assert revocation.is_ended(pat)


def test_whoever_logs_in_right_after_is_in(logged_in, clock):  # O4
    caches["default"].clear()
    assert revocation.now() == NOON + 1e-6
    assert not revocation.is_ended(dataclasses.replace(logged_in(), login_at=revocation.now()))
    assert revocation.is_ended(logged_in())


def test_switching_it_on_ends_whoever_was_there(logged_in, clock, settings, secrets):  # O4
    caches["default"].clear()
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "revocation": False}}
    pat = logged_in()
    assert revocation.now() == NOON
    assert not revocation.is_ended(pat)
    revocation.end_login(pat)
    assert caches["default"]._cache == {}
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    assert revocation.is_ended(pat)


def test_another_site_in_the_same_cache_is_another(logged_in, clock, settings, secrets):  # O4
    pat = logged_in()
    settings.MULTI_OIDC_SECRETS = {
        "auth": {**secrets, "redirect_uri": "http://localhost:8001/oauth2callback"}
    }
    assert revocation.is_ended(pat)
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    assert not revocation.is_ended(pat)


def test_a_token_is_used_once(clock):  # O4
    assert revocation.use_once(alpha(), "jti", 60)
    assert not revocation.use_once(alpha(), "jti", 60)
    assert revocation.use_once(configuration().providers["beta"], "jti", 60)
    revocation.use_again(alpha(), "jti")
    assert revocation.use_once(alpha(), "jti", 60)
    clock.shift(61)
    assert revocation.use_once(alpha(), "jti", 60)


def test_the_cache_holds_no_name(logged_in, clock):  # S7
    revocation.end_login(logged_in("the-login-id"))
    revocation.end_person(alpha(), sub="pat-sub")
    revocation.end_person(alpha(), email="pat@alpha.example")
    revocation.end_session(alpha(), sid="the-sid", sub="pat-sub")
    kept = repr(caches["default"]._cache)
    assert len(caches["default"]._cache) == 6
    for name in ("pat", "the-sid", "the-login-id"):
        assert name not in kept


def test_one_read_for_a_request(logged_in, clock, monkeypatch):  # O4, P
    pat = logged_in(sid="one")
    asked = []
    cache = caches["default"]
    monkeypatch.setattr(cache, "get_many", lambda keys: asked.append(keys) or dict.fromkeys(keys[:1], 1))
    monkeypatch.setattr(cache, "get", None)
    assert not revocation.is_ended(pat)
    assert [len(keys) for keys in asked] == [6]


def test_an_address_may_be_the_user_name(logged_in, clock):  # O4: Entra has no other
    pat = logged_in(email=None, preferred_username="Pat@alpha.example")
    revocation.end_person(alpha(), email="pat@alpha.example")
    assert revocation.is_ended(pat)


def test_an_empty_session_id_is_none(logged_in, clock):  # O4: fails closed
    pat = logged_in(sid="")
    revocation.end_session(alpha(), sid="one", sub="pat-sub")
    assert revocation.is_ended(pat)


def test_two_marks_at_once_are_never_set_back(logged_in, clock, monkeypatch):  # O4
    revocation.end_person(alpha(), sub="pat-sub")
    clock.shift(1)
    cache = caches["default"]
    get = cache.get

    def slowly(key, *args):
        there = get(key, *args)
        if there == NOON * 1e6:  # and while this process looks, another one sets a later mark
            monkeypatch.undo()
            clock.shift(1)
            revocation.end_person(alpha(), sub="pat-sub")
        return there

    monkeypatch.setattr(cache, "get", slowly)
    between = logged_in()
    revocation.end_person(alpha(), sub="pat-sub")
    assert revocation.is_ended(between)
    assert revocation.is_ended(dataclasses.replace(between, login_at=NOON + 2))


def test_a_mark_lasts_from_its_last_use_on(logged_in, clock):  # O4
    revocation.end_person(alpha(), sub="pat-sub")
    clock.shift(29 * DAY)
    pat = logged_in()
    revocation.end_person(alpha(), sub="pat-sub")
    clock.shift(29 * DAY)
    assert revocation.is_ended(pat)


def test_a_clock_that_is_ahead_is_told(logged_in, clock, monkeypatch, caplog):  # O4
    monkeypatch.setattr(revocation, "_may_warn_of_clocks", Seldom())
    pat = logged_in()
    clock.shift(30)
    revocation.end_person(alpha(), sub="pat-sub")
    clock.shift(-30)
    assert revocation.is_ended(pat)
    assert caplog.messages == []
    clock.shift(31)
    revocation.end_person(alpha(), sub="pat-sub")
    clock.shift(-31)
    assert revocation.is_ended(pat)
    assert revocation.is_ended(pat)
    assert caplog.messages == [
        "a mark in the cache lies in the future: the clock of a machine is, or was, ahead"
    ]


def test_a_sentinel_of_a_clock_that_is_ahead_is_told(clock, monkeypatch, caplog):  # O4
    monkeypatch.setattr(revocation, "_may_warn_of_clocks", Seldom())
    caches["default"].clear()
    clock.shift(60)
    revocation.now()
    clock.shift(-60)
    assert revocation.now() == NOON + 60 + 1e-6
    assert len(caplog.messages) == 1


def test_a_sentinel_that_is_no_time_is_set_anew(logged_in, clock):  # O4: whoever logs in is in
    cache = caches["default"]
    [key] = cache._cache
    cache.set(key.split(":", 2)[2], "noon")
    pat = logged_in()
    assert revocation.is_ended(pat)
    assert revocation.now() == NOON + 1e-6
    clock.shift(1)
    assert revocation.is_ended(pat)
    assert not revocation.is_ended(logged_in("two"))


def test_a_login_is_over_whatever_the_clocks_say(logged_in, clock):  # O4
    pat = logged_in(sid="one")
    clock.shift(-10)
    revocation.end_login(pat)
    assert revocation.is_ended(pat)
    kim = dataclasses.replace(pat, login_id="two")
    assert not revocation.is_ended(kim)
    revocation.end_session(alpha(), sid="one", sub="")
    assert revocation.is_ended(kim)


def test_a_second_mark_ends_nobody_who_comes_later(logged_in, clock):  # O4
    revocation.end_person(alpha(), sub="pat-sub")
    clock.shift(5)
    revocation.end_person(alpha(), sub="pat-sub")
    at_once = logged_in()
    clock.shift(1)
    assert revocation.is_ended(at_once)
    assert not revocation.is_ended(logged_in("two"))


def test_a_mark_that_was_not_set_forward_is_not_said_to_be(clock, monkeypatch):  # O4
    revocation.end_person(alpha(), sub="pat-sub")
    clock.shift(5)
    monkeypatch.setattr(caches["default"], "incr", lambda key, delta: None)
    with pytest.raises(RevocationUnknown):
        revocation.end_person(alpha(), sub="pat-sub")


def test_every_version_knows_the_marks_of_the_others(clock):  # O4: a rolling deploy
    revocation.end_person(alpha(), sub="pat-sub")
    parts = (["since", REDIRECT_URI], ["sub", alpha().fingerprint, "pat-sub"])
    digests = [urlsafe_b64encode(sha256(json.dumps(part).encode()).digest()).decode()[:22] for part in parts]
    assert [caches["default"].get(f"django_multi_oidc:ended:{digest}") for digest in digests] == [
        (NOON - 100) * 1e6,
        NOON * 1e6,
    ]


def test_an_answer_without_the_sentinel_is_none(
    settings, make_identity, clock
):  # O4: a server that has just come back
    settings.CACHES = {"default": {"BACKEND": "tests.broken_caches.RecoveringCache"}}
    revocation.now()
    clock.shift(1)
    pat = make_identity(login_at=NOON + 0.5)
    revocation.end_person(alpha(), sub=pat.claims["sub"])
    for failures, ended in ((0, True), (1, True)):
        RecoveringCache.failures = failures
        assert revocation.is_ended(pat) is ended
    RecoveringCache.failures = 2
    with pytest.raises(RevocationUnknown):
        revocation.is_ended(pat)
    RecoveringCache.failures = 0


def test_a_mark_that_was_not_kept_is_not_said_to_be(settings, clock):  # O4: Django's database cache, locked
    settings.CACHES = {"default": {"BACKEND": "tests.broken_caches.ForgetfulCache"}}
    for end in (
        lambda: revocation.end_person(alpha(), sub="pat-sub"),
        lambda: revocation.use_once(alpha(), "jti", 60),
    ):
        with pytest.raises(RevocationUnknown, match=r"the cache does not keep what is written to it$"):
            end()


# Without the cache

DOWN = "the cache cannot be asked: ConnectionError"
DUMMY = "the cache does not keep what is written to it"


@pytest.fixture(params=["tests.broken_caches.DownCache", "django.core.cache.backends.dummy.DummyCache"])
def outage(request, settings):
    settings.CACHES = {"default": {"BACKEND": request.param}}
    return DOWN if "Down" in request.param else DUMMY


def test_nobody_can_say(outage, make_identity):  # O4
    for ask in (lambda: revocation.is_ended(make_identity()), revocation.now):
        with pytest.raises(RevocationUnknown) as caught:
            ask()
        assert caught.value.detail == outage


def test_people_are_let_in_where_the_site_says_so(outage, make_identity, settings, secrets, caplog):  # O4
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "revocation_outage": "allow"}}
    with time_machine.travel(NOON, tick=False):
        assert revocation.is_ended(make_identity()) is False
        assert len(caplog.messages) == 1
        assert revocation.now() == NOON
    assert caplog.messages == [f"logins that were ended are let in meanwhile: {outage}"]


def test_what_cannot_be_written_is_said(settings, make_identity, caplog):  # O4
    settings.CACHES = {"default": {"BACKEND": "tests.broken_caches.DownCache"}}
    for end in (
        lambda: revocation.end_person(alpha(), sub="pat-sub"),
        lambda: revocation.end_person(alpha(), email="pat@alpha.example"),
        lambda: revocation.end_everybody(alpha()),
        lambda: revocation.end_session(alpha(), sid="one", sub=""),
        lambda: revocation.use_once(alpha(), "jti", 60),
        lambda: revocation.use_again(alpha(), "jti"),
    ):
        with pytest.raises(RevocationUnknown, match=r"^revocation_unknown: the cache cannot be asked: Conn"):
            end()
    revocation.end_login(make_identity())
    assert caplog.messages == [
        f"a login was not ended in the cache, only in the browser that logged out: {DOWN}"
    ]
    assert "password" not in caplog.text  # S7


def test_allowing_people_in_meanwhile_ends_nobody_by_mistake(settings, secrets):  # O4: an admin has to know
    settings.CACHES = {"default": {"BACKEND": "tests.broken_caches.DownCache"}}
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "revocation_outage": "allow"}}
    with pytest.raises(RevocationUnknown):
        revocation.end_person(alpha(), sub="pat-sub")


# Any order of events


PEOPLE = st.sampled_from(["pat", "kim"])


class Logins(RuleBasedStateMachine):
    """Whoever was ended stays so, whatever follows; whoever was not is in, until the cache is emptied."""

    logins = Bundle("logins")

    def __init__(self):
        super().__init__()
        provider = {
            "client_id": "id",
            "client_secret": "the-secret",
            "server_metadata_url": "https://a.example",
        }
        auth = {
            "redirect_uri": REDIRECT_URI,
            "cookie_secret": COOKIE_SECRET,
            "revocation": True,
            "alpha": provider,
        }
        self.override = override_settings(MULTI_OIDC_SECRETS={"auth": auth})
        self.override.enable()
        caches["default"].clear()
        self.travel = time_machine.travel(NOON, tick=False)
        self.clock = self.travel.start()
        self.alive, self.ended = {}, {}

    def teardown(self):
        self.travel.stop()
        self.override.disable()
        caches["default"].clear()

    @rule(target=logins, person=PEOPLE, sid=st.sampled_from([None, "s1", "s2"]))
    def log_in(self, person, sid):
        claims = {"iss": "i", "sub": person, "email": f"{person}@a.example"} | ({"sid": sid} if sid else {})
        identity = Identity(
            provider="alpha",
            fingerprint=alpha().fingerprint,
            login_id=f"{len(self.alive) + len(self.ended)}",
            login_at=revocation.now(),
            next_digest="",
            claims=claims,
        )
        # At the provider a session that was logged out does not come back; here its mark is for good.
        ended = revocation.is_ended(identity)
        (self.ended if ended else self.alive)[identity.login_id] = identity
        return identity

    @rule(target=logins, login=logins)
    def sign_anew(self, login):
        return dataclasses.replace(login, issued_at=revocation.time.time())

    @rule(login=logins)
    def log_out(self, login):
        revocation.end_login(login)
        self._end(lambda other: other.login_id == login.login_id)

    @rule(person=PEOPLE)
    def log_out_everywhere(self, person):
        revocation.end_person(alpha(), sub=person)
        self._end(lambda other: other.claims["sub"] == person)

    @rule(person=PEOPLE)
    def end_by_address(self, person):
        revocation.end_person(alpha(), email=f"{person}@A.example")
        self._end(lambda other: other.claims["sub"] == person)

    @rule(person=PEOPLE, sid=st.sampled_from(["s1", "s2"]))
    def end_at_the_provider(self, person, sid):
        revocation.end_session(alpha(), sid=sid, sub=person)
        self._end(lambda other: other.claims.get("sid", sid if other.claims["sub"] == person else "") == sid)

    @rule()
    def end_everybody(self):
        revocation.end_everybody(alpha())
        self._end(lambda other: True)

    @rule()
    def empty_the_cache(self):
        self.clock.shift(0.001)  # never in the very instant of a login
        caches["default"].clear()
        self._end(lambda other: True)

    @rule(seconds=st.sampled_from([0.0001, 0.4, 1, 3600]))
    def wait(self, seconds):
        self.clock.shift(seconds)

    def _end(self, matches):
        for login_id, identity in list(self.alive.items()):
            if matches(identity):
                self.ended[login_id] = self.alive.pop(login_id)

    @invariant()
    def whoever_was_ended_stays_so(self):
        assert all(revocation.is_ended(identity) for identity in self.ended.values())
        assert not any(revocation.is_ended(identity) for identity in self.alive.values())


def test_whatever_happens_an_ended_login_stays_so():  # O4
    run_state_machine_as_test(
        Logins, settings=hypothesis_settings(max_examples=60, stateful_step_count=25, deadline=None)
    )
