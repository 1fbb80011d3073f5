from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc.clocks import SKEW_SECONDS, is_recent

NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("auth_time", "recent"),
    [
        (NOW, True),
        (NOW - 300 - SKEW_SECONDS, True),
        (NOW - 300 - SKEW_SECONDS - 1, False),
        (NOW + SKEW_SECONDS, True),
        (NOW + SKEW_SECONDS + 1, False),
        (NOW - 0.5, True),  # canaille
        (0, False),  # glewlwyd
        (None, False),
        (True, False),
        (str(NOW), False),
        ([NOW], False),
        (float("nan"), False),
        (float("inf"), False),
    ],
)
def test_a_recent_login_is_one_by_auth_time(time_machine, auth_time, recent):  # A1
    time_machine.move_to(NOW, tick=False)
    assert is_recent({"auth_time": auth_time, "iat": NOW}, 300) is recent


@given(
    auth_time=st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())
)
def test_any_auth_time_is_answered(auth_time):  # A1
    age = time.time() - auth_time if type(auth_time) in (int, float) else None
    if age is None or not -40 <= age <= 140:
        assert is_recent({"auth_time": auth_time}, 100) is False
