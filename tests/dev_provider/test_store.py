from __future__ import annotations

import time_machine

from django_multi_oidc.dev_provider.store import ExpiringStore


def test_a_value_is_found_until_it_is_too_old() -> None:
    store: ExpiringStore[str] = ExpiringStore(lifetime=10)
    with time_machine.travel(0, tick=False) as clock:
        key = store.add("value")
        clock.shift(9.9)
        assert store.get(key) == "value"
        clock.shift(0.1)
        assert store.get(key) is None
        assert store.pop(key) is None


def test_only_the_first_pops() -> None:
    store: ExpiringStore[str] = ExpiringStore(lifetime=10)
    key = store.add("value")
    assert [store.pop(key), store.pop(key), store.get(key)] == ["value", None, None]


def test_keys_are_long_and_differ() -> None:
    store: ExpiringStore[int] = ExpiringStore(lifetime=10)
    keys = {store.add(number) for number in range(50)}
    assert len(keys) == 50
    assert {len(key) for key in keys} == {43}


def test_the_oldest_goes_when_it_is_full() -> None:
    store: ExpiringStore[int] = ExpiringStore(lifetime=10, limit=2)
    keys = [store.add(number) for number in range(3)]
    assert [store.get(key) for key in keys] == [None, 1, 2]


def test_those_wanted_are_popped_and_the_old_ones_with_no_word() -> None:
    store: ExpiringStore[int] = ExpiringStore(lifetime=10)
    with time_machine.travel(0, tick=False) as clock:
        store.add(2)
        clock.shift(10)
        keys = [store.add(number) for number in (3, 4, 0)]
        assert store.pop_where(lambda number: number % 2 == 0) == [4, 0]
        assert [store.get(key) for key in keys] == [3, None, None]
        assert store.pop_where(lambda number: number % 2 == 0) == []
