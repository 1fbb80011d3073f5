from __future__ import annotations

import json
import logging
import os
import pickle

import pytest
import time_machine
from django.core import signing as django_signing
from django.core.cache import caches
from django.core.management import call_command
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from django_multi_oidc import connections, discovery, shared_cache, signing
from django_multi_oidc.discovery import get_keys, get_metadata, refetch_keys
from django_multi_oidc.exceptions import ConfigurationError
from django_multi_oidc.shared_cache import Kept, Seldom, load, store

from .hostile_provider import HostileProvider, Reply, jwk, private_key, provider_at

T0 = 1_800_000_000
HOUR = 3600
DAY = 24 * HOUR
WELL_KNOWN = "/.well-known/openid-configuration"
PROVIDER = provider_at("https://op.example" + WELL_KNOWN)
URL = "https://op.example/jwks"
KEPT = Kept(value={"keys": ["é"]}, fetched_at=T0 - 0.5, expires_at=T0 + HOUR)
ABOUT = ("keys", PROVIDER, URL)

pytestmark = pytest.mark.usefixtures("secrets")


@pytest.fixture(autouse=True)
def _first_warnings(monkeypatch):
    monkeypatch.setattr(shared_cache, "_unusable", Seldom())
    monkeypatch.setattr(shared_cache, "_foreign", Seldom())


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(T0, tick=False) as traveller:
        yield traveller


@pytest.fixture
def hostile(clock):
    discovery.clear()
    with HostileProvider() as op:
        yield op
        connections.clear()
    discovery.clear()


def cache():
    return caches["default"]


def the_entry():
    """Key and text of the only entry."""
    ((key, pickled),) = cache()._cache.items()
    return key.removeprefix(":1:"), pickle.loads(pickled)


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


ALTERED = (
    "the cache's copy of the keys of 'op' is not used: it was altered, or signed by a clock that is ahead"
)


# What is stored


def test_what_was_stored_is_read_back(caplog):  # S4
    store(*ABOUT, KEPT)
    assert load(*ABOUT) == KEPT
    assert warnings(caplog) == []


def test_nothing_was_stored(caplog):
    assert load(*ABOUT) is None
    assert warnings(caplog) == []


def test_only_text_is_stored_and_no_password(caplog):  # S4, S7
    store(*ABOUT, KEPT)
    key, text = the_entry()
    assert type(text) is str
    assert key.startswith("django_multi_oidc:")
    assert len(key) == 61  # memcached takes 250
    payload = signing.loads(text, "shared-cache", max_age=1)
    assert payload == [key, {"value": {"keys": ["é"]}, "fetched_at": T0 - 0.5, "expires_at": T0 + HOUR}]


def test_a_repr_quotes_no_content():
    assert repr(KEPT) == f"Kept(fetched_at={T0 - 0.5}, expires_at={T0 + HOUR})"


def test_the_chosen_cache(settings):  # S4
    settings.CACHES = {
        name: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": name}
        for name in ("default", "shared")
    }
    settings.MULTI_OIDC_CACHE = "shared"
    store(*ABOUT, KEPT)
    assert cache()._cache == {}
    assert load(*ABOUT) == KEPT
    caches["shared"].clear()


def test_it_leaves_the_cache_after_a_day(clock):
    store(*ABOUT, KEPT)
    clock.shift(DAY)
    assert cache().get(the_entry()[0]) is None


def test_what_is_too_large_is_not_stored(monkeypatch, caplog):  # S4
    store(*ABOUT, KEPT)
    size = len(the_entry()[1])
    cache().clear()
    monkeypatch.setattr(shared_cache, "MAX_CHARACTERS", size)
    store(*ABOUT, KEPT)
    assert load(*ABOUT) == KEPT
    cache().clear()
    monkeypatch.setattr(shared_cache, "MAX_CHARACTERS", size - 1)
    store(*ABOUT, KEPT)
    assert cache()._cache == {}
    assert warnings(caplog) == []


def test_the_limit_has_room_for_what_providers_send():  # S4
    keys = {"keys": [jwk(private_key("RSA-4096"), kid=str(number)) for number in range(100)]}
    keys["keys"] = [
        {**key, "n": os.urandom(384).hex(), "x5c": [os.urandom(1500).hex()]} for key in keys["keys"]
    ]
    store(*ABOUT, Kept(value=keys, fetched_at=T0, expires_at=T0 + HOUR))
    assert load(*ABOUT).value == keys


def test_without_a_secrets_file_nothing_is_shared(secrets, settings, caplog):
    store(*ABOUT, KEPT)
    settings.MULTI_OIDC_SECRETS = {}
    assert load(*ABOUT) is None
    store("discovery document", PROVIDER, URL, KEPT)
    assert len(cache()._cache) == 1
    assert warnings(caplog) == []


@pytest.fixture
def another_cookie_secret(secrets, settings):
    def use():
        secrets["cookie_secret"] = "another-secret-0123456789-0123456789-abc"
        settings.MULTI_OIDC_SECRETS = {"auth": secrets}

    return use


def test_sites_with_other_secrets_do_not_meet_in_one_cache(another_cookie_secret, caplog):  # S4
    store(*ABOUT, KEPT)
    another_cookie_secret()
    assert load(*ABOUT) is None
    store(*ABOUT, KEPT)
    assert len(cache()._cache) == 2
    assert load(*ABOUT) == KEPT
    assert warnings(caplog) == []


def test_a_wrong_secrets_file_is_no_broken_cache(settings):  # C8
    settings.MULTI_OIDC_SECRETS = {"auth": {}}
    with pytest.raises(ConfigurationError):
        load(*ABOUT)


# What somebody else put there


def forged(caplog, value, about=ABOUT, message=ALTERED):
    """`value` where our entry was is not used, and the log says so without quoting it."""
    store(*about, KEPT)
    cache().set(the_entry()[0], value, None)
    assert load(*about) is None
    assert warnings(caplog) == ([message] if message else [])


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "a:b:c",
        "\ud800:a:b",
        json.dumps({"value": KEPT.value, "fetched_at": T0, "expires_at": T0 + HOUR}),
        {"value": KEPT.value, "fetched_at": T0, "expires_at": T0 + HOUR},
        KEPT,
        b"bytes",
        7,
        True,
        ["x"],
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_nobody_signed_is_not_used(caplog, value):  # S4
    forged(caplog, value)


def test_one_altered_character_is_noticed(caplog):  # S4
    store(*ABOUT, KEPT)
    _, text = the_entry()
    changed = text.replace(text[5], "A" if text[5] != "A" else "B", 1)
    assert changed != text
    forged(caplog, changed)


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text() | st.binary() | st.integers() | st.lists(st.text()))
def test_nothing_that_somebody_puts_there_is_used_or_an_exception(value):  # S4
    store(*ABOUT, KEPT)
    cache().set(the_entry()[0], value, None)
    assert load(*ABOUT) is None


@pytest.mark.parametrize("key", ["SECRET_KEY", "a-fallback-of-it"])
def test_djangos_own_keys_are_none_of_ours(caplog, settings, key):  # K1
    settings.SECRET_KEY_FALLBACKS = ["a-fallback-of-it"]
    store(*ABOUT, KEPT)
    payload = signing.loads(the_entry()[1], "shared-cache", max_age=1)
    signer = django_signing.TimestampSigner(
        key=settings.SECRET_KEY if key == "SECRET_KEY" else key, salt="django_multi_oidc.shared-cache"
    )
    forged(caplog, signer.sign_object(payload))


@pytest.mark.parametrize("purpose", ["identity", "login-state", "login-params"])
def test_an_entry_of_another_purpose_is_not_used(caplog, purpose):  # K1
    store(*ABOUT, KEPT)
    payload = signing.loads(the_entry()[1], "shared-cache", max_age=1)
    forged(caplog, signing.dumps(payload, purpose))


def test_another_sites_entry_is_not_used(caplog, another_cookie_secret):  # S4
    store(*ABOUT, KEPT)
    text = the_entry()[1]
    cache().clear()
    another_cookie_secret()
    forged(caplog, text)


@pytest.mark.parametrize(
    "other",
    [
        ("discovery document", PROVIDER, URL),
        ("keys", PROVIDER, "https://evil.example/jwks"),
        ("keys", provider_at("https://evil.example" + WELL_KNOWN), URL),
        ("keys", provider_at(PROVIDER.server_metadata_url, allow_plain_http=True), URL),
        ("keys", provider_at(PROVIDER.server_metadata_url, ca_bundle="/a.pem"), URL),
        ("keys", provider_at(PROVIDER.server_metadata_url, proxy="http://proxy"), URL),
    ],
    ids=["kind", "url", "metadata url", "plain http", "authorities", "proxy"],
)
def test_an_entry_about_something_else_is_not_used(caplog, other):  # S4
    store(*other, KEPT)
    assert load(*ABOUT) is None
    assert warnings(caplog) == []
    _, text = the_entry()
    cache().clear()
    forged(caplog, text)


def test_an_entry_of_another_format_is_not_met(caplog, monkeypatch):  # a rolling deploy
    store(*ABOUT, KEPT)
    _, text = the_entry()
    monkeypatch.setattr(shared_cache, "FORMAT", 2)
    assert load(*ABOUT) is None
    assert warnings(caplog) == []
    cache().clear()
    forged(caplog, text)


def test_an_entry_of_over_a_day_ago_is_not_used(caplog, clock):  # S4: who can write the cache keeps old ones
    store(*ABOUT, KEPT)
    key, text = the_entry()
    cache().set(key, text, None)
    clock.shift(DAY)
    assert load(*ABOUT) == KEPT
    clock.shift(1)
    assert load(*ABOUT) is None
    assert warnings(caplog) == []


def test_an_entry_from_the_future_is_not_used(caplog, clock):  # S4
    clock.shift(31)
    store(*ABOUT, KEPT)
    _, text = the_entry()
    clock.shift(-31)
    forged(caplog, text)


def test_a_clock_that_is_a_little_ahead(clock):
    store(*ABOUT, Kept(value=[], fetched_at=T0 + 30, expires_at=T0 + HOUR))
    assert load(*ABOUT) == Kept(value=[], fetched_at=T0, expires_at=T0 + HOUR)


def test_what_is_too_large_is_not_read(caplog, monkeypatch):  # S4
    store(*ABOUT, KEPT)
    monkeypatch.setattr(shared_cache, "MAX_CHARACTERS", len(the_entry()[1]) - 1)
    assert load(*ABOUT) is None
    assert warnings(caplog) == [ALTERED]


def test_the_log_is_told_once_a_minute(caplog, clock):  # S4
    store(*ABOUT, KEPT)
    cache().set(the_entry()[0], "x", None)
    for wait, lines in [(0, 1), (59, 1), (1, 2)]:
        clock.shift(wait)
        load(*ABOUT)
        assert len(warnings(caplog)) == lines


# Caches that are down


@pytest.fixture
def broken(settings):
    def use(backend):
        settings.CACHES = {"default": {"BACKEND": backend}}

    return use


def test_a_cache_that_is_down_stops_nothing(caplog, clock, broken):  # S4
    broken("tests.broken_caches.DownCache")
    for wait, lines in [(0, 1), (59, 1), (1, 2)]:
        clock.shift(wait)
        assert load(*ABOUT) is None
        store(*ABOUT, KEPT)
        assert (
            warnings(caplog)
            == ["the cache cannot share discovery documents and keys: ConnectionError"] * lines
        )  # S7: no word of the error's own, which may hold the cache's password


def test_an_alias_that_is_not_there_stops_nothing(caplog, settings):  # S4
    settings.MULTI_OIDC_CACHE = "nowhere"
    assert load(*ABOUT) is None
    store(*ABOUT, KEPT)
    assert warnings(caplog) == [
        "the cache cannot share discovery documents and keys: InvalidCacheBackendError"
    ]


@pytest.mark.parametrize(
    "backend",
    [
        "tests.broken_caches.DownCache",
        "tests.broken_caches.ReadOnlyCache",
        "django.core.cache.backends.dummy.DummyCache",
    ],
)
def test_logins_go_on_without_a_cache(hostile, broken, backend):  # S4
    broken(backend)
    provider = provider_at(hostile.metadata_url)
    for _ in range(2):
        assert get_metadata(provider).issuer == hostile.url
        assert len(get_keys(provider)) == 1
    assert hostile.paths() == {WELL_KNOWN: 1, "/jwks": 1}
    discovery.clear()
    get_keys(provider)
    assert hostile.paths() == {WELL_KNOWN: 2, "/jwks": 2}


# Two workers


def test_what_one_worker_fetched_the_next_one_has(hostile):  # S4
    provider = provider_at(hostile.metadata_url)
    first = get_metadata(provider), get_keys(provider)
    discovery.clear()
    assert (get_metadata(provider), get_keys(provider)) == first
    assert hostile.paths() == {WELL_KNOWN: 1, "/jwks": 1}


@pytest.fixture
def file_cache(settings, tmp_path):
    backend = "django.core.cache.backends.filebased.FileBasedCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": str(tmp_path)}}


@pytest.fixture
def database_cache(settings, db):
    backend = "django.core.cache.backends.db.DatabaseCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "shared_cache"}}
    call_command("createcachetable", verbosity=0)


@pytest.mark.parametrize("kind", ["file_cache", "database_cache"])
def test_workers_share_by_any_cache(request, hostile, kind):  # S4
    request.getfixturevalue(kind)
    provider = provider_at(hostile.metadata_url)
    first = get_metadata(provider), get_keys(provider)
    discovery.clear()
    assert (get_metadata(provider), get_keys(provider)) == first
    assert hostile.paths() == {WELL_KNOWN: 1, "/jwks": 1}


def test_a_worker_alone_in_the_dark(hostile, caplog):  # S4: a new worker, started while the provider is down
    provider = provider_at(hostile.metadata_url)
    keys = get_keys(provider)
    discovery.clear()
    hostile.answers = {WELL_KNOWN: Reply(503), "/jwks": Reply(503)}
    with time_machine.travel(T0 + 2 * HOUR, tick=False):
        assert get_keys(provider) == keys
    assert [line.partition(",")[0] for line in warnings(caplog)] == [
        "provider 'op': its discovery document cannot be fetched",
        "provider 'op': its keys cannot be fetched",
    ]


def test_new_keys_that_one_worker_fetched_the_next_one_takes(hostile, clock):  # S4
    provider = provider_at(hostile.metadata_url)
    old = get_keys(provider)
    mine = dict(discovery.copies._copies)
    clock.shift(1)
    hostile.keys = [jwk(private_key("RSA-2048", 1))]
    discovery.clear()
    assert refetch_keys(provider, seen=old) == tuple(hostile.keys)
    discovery.copies._copies.update(mine)
    assert get_keys(provider) == old
    assert refetch_keys(provider, seen=old) == tuple(hostile.keys)
    assert hostile.paths() == {WELL_KNOWN: 1, "/jwks": 2}


def test_keys_that_somebody_puts_into_the_cache_verify_nothing(hostile, caplog):  # S4
    provider = provider_at(hostile.metadata_url)
    right = get_keys(provider)
    discovery.clear()
    evil = {"keys": [jwk(private_key("RSA-2048", 1))]}
    entries = cache()._cache
    for key in list(entries):
        signer = django_signing.TimestampSigner(salt="django_multi_oidc.shared-cache")
        forgery = [key.removeprefix(":1:"), {"value": evil, "fetched_at": T0, "expires_at": T0 + HOUR}]
        cache().set(key.removeprefix(":1:"), signer.sign_object(forgery))
    assert get_keys(provider) == right
    assert hostile.paths() == {WELL_KNOWN: 2, "/jwks": 2}


def test_a_document_from_the_cache_is_checked_again(hostile):  # S4
    provider = provider_at(hostile.metadata_url)
    document = {**hostile.metadata, "issuer": "https://evil.example"}
    kept = Kept(value=document, fetched_at=T0, expires_at=T0 + HOUR)
    store("discovery document", provider, provider.server_metadata_url, kept)
    assert get_metadata(provider).issuer == hostile.url
    assert hostile.paths() == {WELL_KNOWN: 1}
