"""The targets over what the fuzzer ever found, over their seeds, and over random bytes (K3, L7, S1, S6)."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from tests.fuzz.names import NAMES
from tests.fuzz.seeds import SEEDS, seeds
from tests.fuzz.site import CLAIMS, attacked_site, identity_cookie
from tests.fuzz.targets import TARGETS, good_token, parsed, validated, values

CORPUS = Path(__file__).parent / "corpus"


@pytest.fixture(autouse=True)
def _site():
    with attacked_site():
        yield


@pytest.fixture(autouse=True, scope="module")
def _no_noise():
    """A log record for each input would fill the memory."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def pieces(target):
    """A seed with a piece of it replaced: closer to what is right than random bytes ever come."""
    return st.builds(
        lambda seed, start, length, new: (
            seed[: start % (len(seed) + 1)] + new + seed[start % (len(seed) + 1) + length :]
        ),
        st.sampled_from(seeds(target)),
        st.integers(0, 5000),
        st.integers(0, 8),
        st.binary(max_size=6) | st.text(max_size=3).map(str.encode),
    )


def test_every_target_has_seeds():
    assert SEEDS.keys() == TARGETS.keys() == set(NAMES)
    assert {folder.name for folder in CORPUS.glob("*")} <= TARGETS.keys()


def test_what_is_right_is_believed():  # without it, a target that refuses all would look well
    assert validated(good_token()) == CLAIMS
    assert parsed(seeds("discovery")[0])
    assert values(seeds("cookie_header")[0], "multi_oidc_auth") == [identity_cookie()[1]]


@pytest.mark.parametrize("target", TARGETS)
def test_seeds(target):  # K3, L7, S1
    for seed in seeds(target):
        TARGETS[target](seed)


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_ever_found(target):  # K3, L7, S1
    for file in sorted((CORPUS / target).glob("*")):
        print(file)
        TARGETS[target](file.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_any_bytes(target):  # K3, L7, S1
    @profile(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
    @given(data=st.binary(max_size=300) | pieces(target))
    def check(data):
        TARGETS[target](data)

    check()
