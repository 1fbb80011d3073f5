from __future__ import annotations

import gc
import logging
import os
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import time_machine

from django_multi_oidc import copies, shared_cache
from django_multi_oidc.copies import Source, current, newer
from django_multi_oidc.exceptions import DiscoveryInvalid, ProviderTimeout, ProviderUnavailable
from django_multi_oidc.shared_cache import Kept, Seldom

from .hostile_provider import provider_at

T0 = 1_800_000_000
HOUR = 3600
DAY = 24 * HOUR
PROVIDER = provider_at("https://op.example/.well-known/openid-configuration", name="google")
URL = "https://op.example/jwks"


@pytest.fixture(autouse=True)
def clock(secrets):
    copies.clear()
    with time_machine.travel(T0, tick=False) as traveller:
        yield traveller
    copies.clear()


class Origin:
    """A provider whose answers a test chooses. What it says is a list; what is used of it, a tuple."""

    def __init__(self, clock):
        self.clock, self.says, self.error, self.seconds, self.calls = clock, ["one"], None, 0.0, 0

    def fetch(self):
        self.calls += 1
        self.clock.shift(self.seconds)
        if self.error:
            raise self.error
        return self.says, HOUR

    def check(self, value):
        if "bad" in value:
            raise DiscoveryInvalid("a bad one")
        return tuple(value)

    def source(self, url=URL, **changes):
        fields = {"kind": "keys", "provider": PROVIDER, "url": url, "fetch": self.fetch, "check": self.check}
        return Source(**{**fields, **changes})


@pytest.fixture
def origin(clock):
    return Origin(clock)


def another_worker(origin, says):
    """A process with copies of its own fetches and shares what the provider says by then."""
    mine, before = dict(copies._copies), origin.says
    copies.clear()
    origin.says = says
    newer(origin.source(), seen=("one",))
    origin.says, origin.calls = before, origin.calls - 1
    copies._copies.update(mine)


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


# Fresh copies


def test_a_copy_serves_while_it_is_fresh(origin, clock):  # S4
    assert current(origin.source()) == ("one",)
    origin.says = ["two"]
    clock.shift(HOUR - 1)
    assert current(origin.source()) == ("one",)
    clock.shift(1)
    assert current(origin.source()) == ("two",)
    assert origin.calls == 2


def test_the_shared_copy_serves_where_the_process_has_none(origin):  # S4
    current(origin.source())
    copies.clear()
    assert current(origin.source()) == ("one",)
    assert origin.calls == 1


def test_the_shared_copy_is_as_old_as_when_it_was_fetched(origin, clock):  # S4
    current(origin.source())
    copies.clear()
    clock.shift(HOUR - 1)
    current(origin.source())
    clock.shift(1)
    current(origin.source())
    assert origin.calls == 2


def test_a_fresh_copy_asks_no_cache(origin, monkeypatch):  # P
    current(origin.source())
    monkeypatch.setattr(shared_cache, "load", None)
    assert current(origin.source()) == ("one",)


def test_an_entry_that_no_longer_passes_the_checks_is_fetched_anew(origin):  # S4
    kept = Kept(value=["bad"], fetched_at=T0, expires_at=T0 + HOUR)
    shared_cache.store("keys", PROVIDER, URL, kept)
    assert current(origin.source()) == ("one",)
    assert origin.calls == 1


def test_an_expired_process_copy_is_renewed_by_another_workers(origin, clock):  # S4
    current(origin.source())
    clock.shift(HOUR)
    another_worker(origin, ["two"])
    assert current(origin.source()) == ("two",)
    assert origin.calls == 1


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "discovery document"},
        {"url": "https://op.example/keys"},
        {"provider": provider_at("https://op.example/x/.well-known/openid-configuration")},
        {"provider": provider_at(PROVIDER.server_metadata_url, allow_plain_http=True)},
        {"provider": provider_at(PROVIDER.server_metadata_url, ca_bundle="/a.pem")},
        {"provider": provider_at(PROVIDER.server_metadata_url, proxy="http://proxy")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_was_come_by_otherwise_is_another_thing(origin, change):  # S4
    current(origin.source())
    current(origin.source(**change))
    assert origin.calls == 2


def test_a_child_process_takes_the_shared_copy(origin, monkeypatch):  # S5
    current(origin.source())
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert current(origin.source()) == ("one",)
    assert origin.calls == 1
    assert len(copies._copies) == 2


def test_a_provider_that_moves_its_keys_daily_does_not_fill_the_memory(origin):  # S4
    for day in range(5):
        current(origin.source(url=f"https://op.example/{day}"))
    assert len(copies._copies) == 1
    assert origin.calls == 5


# While the provider is down


DOWN = ProviderUnavailable("op.example refused the connection", stage="discovery")


def test_the_last_good_copy_serves_while_the_provider_is_down(origin, clock, caplog):  # S4
    current(origin.source())
    origin.error = DOWN
    clock.shift(HOUR + 125)
    assert current(origin.source()) == ("one",)
    assert warnings(caplog) == [
        "provider 'google': its keys cannot be fetched, and a copy of 62 minutes ago serves: "
        "provider_unavailable: op.example refused the connection"
    ]


def test_for_a_day_at_most(origin, clock):  # S4
    current(origin.source())
    origin.error = DOWN
    clock.shift(DAY)
    assert current(origin.source()) == ("one",)
    clock.shift(1)
    with pytest.raises(ProviderUnavailable) as caught:
        current(origin.source())
    assert caught.value is DOWN


def test_the_shared_copy_serves_a_new_process_while_the_provider_is_down(origin, clock):  # S4
    current(origin.source())
    copies.clear()
    origin.error = DOWN
    clock.shift(DAY - 1)
    assert current(origin.source()) == ("one",)
    copies.clear()
    clock.shift(1)
    with pytest.raises(ProviderUnavailable):
        current(origin.source())


def test_of_two_last_good_copies_the_newer_one_serves(origin, clock):  # S4
    current(origin.source())
    clock.shift(HOUR)
    another_worker(origin, ["two"])
    origin.error = DOWN
    clock.shift(HOUR)
    assert current(origin.source()) == ("two",)


def test_an_older_shared_copy_never_replaces_a_newer_one(origin, clock):  # S4
    current(origin.source())  # shared
    old = shared_cache.load("keys", PROVIDER, URL)
    clock.shift(HOUR)
    origin.says = ["two"]
    current(origin.source())
    shared_cache.store("keys", PROVIDER, URL, old)  # somebody puts it back: it may hold withdrawn keys
    origin.error = DOWN
    clock.shift(HOUR)
    assert current(origin.source()) == ("two",)
    with pytest.raises(ProviderUnavailable):
        newer(origin.source(), seen=("two",))


def test_a_copy_from_after_the_clock_was_set_back_does_not_serve(origin, clock):  # S4: its age is unknown
    current(origin.source())
    origin.error = DOWN
    clock.shift(-60)
    with pytest.raises(ProviderUnavailable):
        current(origin.source())


def test_after_a_stale_answer_the_provider_is_asked_again(origin, clock):  # S4
    current(origin.source())
    clock.shift(HOUR)
    origin.error = DOWN
    current(origin.source())
    origin.error, origin.says = None, ["two"]
    assert current(origin.source()) == ("two",)
    assert origin.calls == 3


def test_the_log_is_told_once_a_minute(origin, clock, caplog):  # S4
    current(origin.source())
    origin.error = DOWN
    clock.shift(HOUR)
    for wait, lines in [(0, 1), (0, 1), (59, 1), (1, 2), (-30, 3)]:
        clock.shift(wait)
        current(origin.source())
        assert len(warnings(caplog)) == lines


def test_the_providers_own_word_is_not_hidden_by_yesterdays(origin, clock):  # S4
    current(origin.source())
    clock.shift(HOUR)
    origin.says = ["bad"]
    with pytest.raises(DiscoveryInvalid):
        current(origin.source())
    copies.clear()
    with pytest.raises(DiscoveryInvalid):
        current(origin.source())


def test_an_error_that_is_no_login_error_is_not_hidden(origin, clock):
    current(origin.source())
    clock.shift(HOUR)
    origin.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        current(origin.source())


# Failures that took long


@pytest.mark.parametrize(("seconds", "calls"), [(0, 2), (1, 2), (1.1, 1), (10, 1)])
def test_only_a_failure_that_took_over_a_second_is_remembered(origin, seconds, calls):  # S4
    origin.error, origin.seconds = ProviderTimeout("op.example did not answer in time"), seconds
    errors = []
    for _ in range(2):
        with pytest.raises(ProviderTimeout) as caught:
            current(origin.source())
        errors.append(caught.value)
    assert origin.calls == calls
    assert {str(error) for error in errors} == {"provider_timeout: op.example did not answer in time"}


def test_a_remembered_failure_rises_as_an_error_of_its_own(origin):
    origin.error, origin.seconds = ProviderTimeout("x", stage="discovery"), 10
    errors = set()
    for _ in range(3):
        with pytest.raises(ProviderTimeout) as caught:
            current(origin.source())
        assert caught.value.stage == "discovery"
        errors.add(caught.value)
    assert len(errors) == 3


def test_a_remembered_failure_keeps_no_frame_alive(origin):  # S7: frames hold what a call was made with
    origin.error, origin.seconds = ProviderTimeout("x"), 10
    error = weakref.ref(origin.error)
    with suppress(ProviderTimeout):
        current(origin.source())
    origin.error = None
    gc.collect()
    assert error() is None


def test_it_is_remembered_for_two_seconds(origin, clock):  # S4
    origin.error, origin.seconds = ProviderTimeout("x"), 10
    for wait, calls in [(0, 1), (1.9, 1), (0.1, 2), (1.9, 2), (-10, 3)]:
        clock.shift(wait)
        with pytest.raises(ProviderTimeout):
            current(origin.source())
        assert origin.calls == calls


def test_meanwhile_the_last_good_copy_serves_at_once(origin, clock):  # S4
    current(origin.source())
    clock.shift(HOUR)
    origin.error, origin.seconds = ProviderTimeout("x"), 10
    for _ in range(3):
        assert current(origin.source()) == ("one",)
    assert origin.calls == 2


def test_meanwhile_what_another_worker_fetched_serves(origin, clock):  # S4
    origin.error, origin.seconds = ProviderTimeout("x"), 10
    with pytest.raises(ProviderTimeout):
        current(origin.source())
    origin.error, origin.seconds = None, 0
    another_worker(origin, ["two"])
    assert current(origin.source()) == ("two",)
    assert origin.calls == 1


# What does not do


def test_newer_is_fetched(origin):  # S1
    seen = current(origin.source())
    origin.says = ["two"]
    assert newer(origin.source(), seen=seen) == ("two",)
    assert current(origin.source()) == ("two",)


def test_newer_of_what_was_never_heard_of(origin):
    assert newer(origin.source(), seen=()) == ("one",)
    assert newer(origin.source(), seen=()) == ("one",)
    assert origin.calls == 1


def test_newer_that_another_thread_has_fetched(origin):  # S1
    seen = current(origin.source())
    origin.says = ["two"]
    newer(origin.source(), seen=seen)
    assert newer(origin.source(), seen=seen) == ("two",)
    assert origin.calls == 2


def test_newer_that_another_worker_has_fetched(origin, clock):  # S4
    seen = current(origin.source())
    clock.shift(1)
    another_worker(origin, ["two"])
    assert newer(origin.source(), seen=seen) == ("two",)
    assert origin.calls == 1


def test_another_workers_help_though_asking_again_is_too_soon(origin, clock):  # S4
    seen = current(origin.source())
    assert newer(origin.source(), seen=seen) == seen
    clock.shift(1)
    another_worker(origin, ["two"])
    assert newer(origin.source(), seen=seen) == ("two",)
    assert origin.calls == 2


def test_asking_again_is_for_every_ten_seconds(origin, clock):  # S1
    seen = current(origin.source())
    for wait, calls in [(0, 2), (9.9, 2), (0.1, 3), (0, 3), (-60, 4)]:
        clock.shift(wait)
        assert newer(origin.source(), seen=seen) == seen
        assert origin.calls == calls


def test_a_failure_to_fetch_newer_is_no_answer(origin):  # S1: the token may be good
    seen = current(origin.source())
    origin.error = DOWN
    with pytest.raises(ProviderUnavailable):
        newer(origin.source(), seen=seen)
    assert newer(origin.source(), seen=seen) == seen
    assert origin.calls == 2


def test_newer_is_not_waited_for_while_a_failure_is_remembered(origin, clock):  # S4
    seen = current(origin.source())
    clock.shift(HOUR)
    origin.error, origin.seconds = ProviderTimeout("x"), 10
    current(origin.source())
    with pytest.raises(ProviderTimeout):
        newer(origin.source(), seen=seen)
    assert origin.calls == 2


def test_newer_does_not_wait_for_a_renewal_that_began_before(origin, clock):  # S1: it may bring the old ones
    seen = current(origin.source())
    clock.shift(HOUR)
    arrived, release = threading.Event(), threading.Event()

    def slow_fetch():
        arrived.set()
        release.wait(5)
        return ["one"], HOUR

    with ThreadPoolExecutor(1) as pool:
        renewal = pool.submit(current, origin.source(fetch=slow_fetch))
        assert arrived.wait(5)
        origin.says = ["two"]
        assert newer(origin.source(), seen=seen) == ("two",)
        assert not renewal.done()
        release.set()
        assert renewal.result() == ("one",)


def test_newer_that_fails_the_checks(origin):
    seen = current(origin.source())
    origin.says = ["bad"]
    with pytest.raises(DiscoveryInvalid):
        newer(origin.source(), seen=seen)
    assert current(origin.source()) == seen


def test_seldom(clock):
    may_warn = Seldom()
    assert [may_warn(), may_warn()] == [True, False]
    clock.shift(59)
    assert not may_warn()
    clock.shift(1)
    assert may_warn()
