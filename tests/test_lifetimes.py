"""For how long an identity lasts, seen at the site: time is frozen, and a browser forgets when it was told to."""

from __future__ import annotations

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from django_multi_oidc import lifetimes, renewal
from django_multi_oidc.providers import configuration
from django_multi_oidc.shared_cache import Seldom

NAME = "multi_oidc_auth"
NOON = 1_800_000_000
HOUR = 60 * 60
DAY = 24 * HOUR


@pytest.fixture
def configure(settings, secrets):
    """Set keys of ``[auth]``, or of ``[auth.alpha]``."""

    def write(*, alpha=None, **keys):
        settings.MULTI_OIDC_SECRETS = {
            "auth": {**secrets, **keys, "alpha": {**secrets["alpha"], **(alpha or {})}}
        }

    return write


@pytest.fixture
def at(client, make_identity, cookie_of):
    """Asks the site who somebody is who logged in at noon; seconds after it."""
    jar = {}

    def log_in(**changes):
        with time_machine.travel(NOON, tick=False):
            jar[NAME] = cookie_of(make_identity(**{"login_at": NOON + 0.25, **changes})).partition("=")[2]

    def ask(seconds, path="/ask/"):
        if not jar:
            log_in()
        with time_machine.travel(NOON + seconds, tick=False):
            response = client.get(path, headers={"cookie": f"{NAME}={jar[NAME]}"})
        if NAME in response.cookies:
            jar[NAME] = response.cookies[NAME].value
            response.max_age = response.cookies[NAME]["max-age"]
        else:
            response.max_age = None
        response.known = response.json()["is_logged_in"] if path == "/ask/" else None
        return response

    ask.log_in = log_in
    return ask


def test_thirty_days_by_default_whatever_the_id_token_says(at, make_identity):  # K2
    at.log_in(claims={"sub": "x", "iss": "y", "exp": NOON + HOUR})
    assert at(30 * DAY).known
    assert not at(30 * DAY + 1).known


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("8h", 8 * HOUR),
        (90 * 60, 90 * 60),
        ("400d", 400 * DAY),
        ("60s", 60),
        ("15m", 15 * 60),
        ("3600", 3600),
    ],
)
def test_another_lifetime(at, configure, value, seconds):  # K2
    configure(lifetime=value)
    assert at(seconds).known
    assert not at(seconds + 1).known


def test_a_providers_own_lifetime_goes_before_that_of_all(at, configure):  # K2
    configure(lifetime="1h", idle_timeout="30m", follow_token_expiry=True)
    assert [
        (provider.lifetime, provider.idle_timeout, provider.follow_token_expiry)
        for provider in configuration().providers.values()
    ] == [(HOUR, HOUR / 2, True)] * 2
    configure(
        lifetime="1h",
        idle_timeout="30m",
        follow_token_expiry=True,
        alpha={"lifetime": "2h", "idle_timeout": "90m", "follow_token_expiry": False},
    )
    alpha, beta = configuration().providers.values()
    assert (alpha.lifetime, alpha.idle_timeout, alpha.follow_token_expiry) == (2 * HOUR, 90 * 60, False)
    assert (beta.lifetime, beta.idle_timeout, beta.follow_token_expiry) == (HOUR, HOUR / 2, True)


def test_the_default_provider_takes_those_of_auth(settings, secrets, configure):  # K2
    alone = {key: value for key, value in secrets.items() if key not in ("alpha", "beta")}
    settings.MULTI_OIDC_SECRETS = {
        "auth": {**alone, **secrets["alpha"], "lifetime": "1h", "beta": secrets["beta"]}
    }
    assert [provider.lifetime for provider in configuration().providers.values()] == [HOUR, HOUR]


def test_a_shorter_lifetime_holds_for_who_is_logged_in_already(at, configure):  # K2
    assert at(2 * HOUR).known
    configure(lifetime="1h")
    assert not at(2 * HOUR).known


def test_following_the_id_token(at, configure):  # K2
    configure(follow_token_expiry=True)
    at.log_in(claims={"sub": "x", "iss": "y", "exp": NOON + HOUR})
    assert at(HOUR - 1).known
    assert not at(HOUR).known


@pytest.mark.parametrize("claims", [{}, {"exp": None}, {"exp": "1900000000"}])
def test_following_an_id_token_that_says_nothing(at, configure, claims):  # K2: fails closed
    at.log_in(claims={"sub": "x", "iss": "y", **claims})
    configure(follow_token_expiry=True)
    assert not at(1).known


def test_who_is_idle_is_logged_out(at, configure):  # K2
    configure(idle_timeout="1h")
    at.log_in()
    assert at(6 * 60 - 1).max_age is None
    assert not at(6 * 60 + HOUR).known


def test_who_is_not_idle_stays(at, configure):  # K2
    configure(idle_timeout="1h", lifetime="3h")
    for minutes in range(0, 180, 50):
        assert at(minutes * 60).known
    assert at(3 * HOUR).known
    assert not at(3 * HOUR + 1).known


def test_a_cookie_is_signed_anew_after_a_tenth_of_the_limit(at, configure):  # K2, K3
    configure(idle_timeout="1h")
    assert at(360).max_age is None
    renewed = at(361)
    assert renewed.max_age == HOUR
    assert renewed["Cache-Control"] == "private, no-store"
    assert at(362).max_age is None
    assert at(361 + HOUR).known


def test_a_page_that_never_asks_signs_nothing(at, configure):  # U6, K3
    configure(idle_timeout="1h")
    at.log_in()
    assert at(HOUR - 1, "/untouched/").max_age is None


def test_without_an_idle_limit_nothing_is_signed_anew(at):  # K3
    assert at(29 * DAY).max_age is None


def test_a_cookie_that_is_signed_anew_is_the_same_login(at, configure, rf, make_identity):  # K2
    configure(idle_timeout="1h", lifetime="2h")
    assert at(HOUR).max_age == HOUR
    assert at(2 * HOUR - 60).max_age == 61  # what is left of the login, which began at noon


def test_a_lifetime_that_ends_while_the_page_is_made(at, configure, monkeypatch):  # K2
    configure(idle_timeout="1h", lifetime="2h")
    assert at(HOUR).max_age == HOUR
    with monkeypatch.context() as patch:
        patch.setattr(lifetimes, "seconds_left", lambda provider, identity: 0)
        assert at(2 * HOUR - 60).max_age is None


def test_a_dead_identity_is_not_signed_anew(at, configure):  # K3
    configure(idle_timeout="1h")
    at.log_in()
    assert at(2 * HOUR).max_age is None


def test_a_page_whose_headers_leave_no_room(at, configure, settings, caplog, monkeypatch):  # K2, K5
    configure(idle_timeout="1h")
    monkeypatch.setattr(renewal, "_may_warn", Seldom())
    at.log_in()
    assert at(HOUR / 2, "/many-headers/").max_age is None
    assert at(HOUR / 2, "/many-headers/")["X-Long"] == "x" * 3000
    assert caplog.messages == [
        "an identity was not signed anew: the page's headers leave no room in response_header_bytes (4096)"
    ]
    assert at(HOUR / 2).max_age == HOUR
    configure(idle_timeout="1h", response_header_bytes=8192)
    assert at(HOUR, "/many-headers/").max_age == HOUR


def test_logging_out_wins_over_signing_anew(at, configure):  # O1
    configure(idle_timeout="1h")
    assert at(HOUR / 2, "/leave/").max_age == 0


def test_an_async_site_signs_anew_as_well(configure, make_identity, cookie_of):  # K2, U6
    configure(idle_timeout="1h")
    with time_machine.travel(NOON, tick=False):
        header = cookie_of(make_identity(login_at=NOON + 0.5))
    with time_machine.travel(NOON + HOUR / 2, tick=False):
        response = async_to_sync(AsyncClient().get)("/aask/", headers={"cookie": header})
    assert response.cookies[NAME]["max-age"] == HOUR


@pytest.mark.parametrize(
    ("keys", "max_age"),
    [
        ({}, 30 * DAY),
        ({"lifetime": "8h"}, 8 * HOUR),
        ({"idle_timeout": "2h"}, 2 * HOUR),
        ({"lifetime": "1h", "idle_timeout": "2h"}, HOUR),
        ({"follow_token_expiry": True}, HOUR),  # the development provider's tokens last so long
    ],
)
def test_the_browser_keeps_the_cookie_for_as_long(visitor, live_secrets, settings, keys, max_age):  # K1, K2
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, **keys}}
    response = visitor.log_in()
    assert max_age - 1 <= response.cookies[NAME]["max-age"] <= max_age


def test_seconds_left_are_rounded_up(make_identity):
    provider = configuration().providers["alpha"]
    with time_machine.travel(NOON + 0.5, tick=False):
        assert lifetimes.seconds_left(provider, make_identity(login_at=NOON + 0.25)) == 30 * DAY
        assert lifetimes.seconds_left(provider, make_identity(login_at=NOON - 0.75)) == 30 * DAY - 1
        assert lifetimes.seconds_left(provider, make_identity(login_at=NOON + 100)) == 30 * DAY


@pytest.mark.parametrize(
    ("keys", "seconds", "reason"),
    [
        ({}, 30 * DAY - 0.5, ""),
        ({}, 30 * DAY, "it is older than its lifetime"),
        ({"idle_timeout": "1h"}, HOUR, ""),
        ({"idle_timeout": "1h"}, HOUR + 0.5, "it was not used for longer than idle_timeout"),
        ({"follow_token_expiry": True}, 2 * HOUR - 0.5, ""),
        ({"follow_token_expiry": True}, 2 * HOUR, "the ID token that made it has expired"),
    ],
)
def test_why_an_identity_is_over(make_identity, configure, keys, seconds, reason):  # K2
    configure(**keys)
    identity = make_identity(login_at=NOON, issued_at=NOON, claims={"exp": NOON + 2 * HOUR})
    with time_machine.travel(NOON + seconds, tick=False):
        assert lifetimes.over(configuration().providers["alpha"], identity) == reason
