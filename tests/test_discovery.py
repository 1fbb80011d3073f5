from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine

from django_multi_oidc import connections, discovery, http
from django_multi_oidc.discovery import get_keys, get_metadata, lifetime, parse_metadata, refetch_keys
from django_multi_oidc.exceptions import (
    DiscoveryInvalid,
    ProviderAnswerInvalid,
    ProviderTimeout,
    ProviderUnavailable,
)

from . import hostile_provider
from .hostile_provider import HostileProvider, Reply, json_reply, jwk, private_key, provider_at

WELL_KNOWN = "/.well-known/openid-configuration"
REMOTE = provider_at("https://op.example" + WELL_KNOWN)
DOCUMENT = {
    "issuer": "https://op.example",
    "authorization_endpoint": "https://op.example/authorize",
    "token_endpoint": "https://op.example/token",
    "jwks_uri": "https://op.example/jwks",
}


@pytest.fixture
def hostile():
    discovery.clear()
    with HostileProvider() as op:
        yield op
        connections.clear()
    discovery.clear()


@pytest.fixture
def provider(hostile):
    return provider_at(hostile.metadata_url)


def failure(provider, error=DiscoveryInvalid, call=get_metadata) -> str:
    with pytest.raises(error) as caught:
        call(provider)
    assert caught.value.stage == "discovery"
    return caught.value.detail


def invalid(**changes) -> str:
    document = {name: value for name, value in {**DOCUMENT, **changes}.items() if value is not ...}
    with pytest.raises(DiscoveryInvalid) as caught:
        parse_metadata(document, REMOTE)
    prefix = "'https://op.example/.well-known/openid-configuration' "
    assert caught.value.detail.startswith(prefix)
    return caught.value.detail.removeprefix(prefix)


# The document


def test_the_document(hostile, provider):  # L1
    metadata = get_metadata(provider)
    assert metadata.issuer == hostile.url
    assert metadata.authorization_endpoint == hostile.url + "/authorize"
    assert metadata.token_endpoint == hostile.url + "/token"
    assert metadata.jwks_uri == hostile.url + "/jwks"
    assert metadata.userinfo_endpoint == hostile.url + "/userinfo"
    assert metadata.id_token_signing_alg_values_supported == ("RS256",)


def test_what_a_silent_document_means():
    metadata = parse_metadata(DOCUMENT, REMOTE)
    assert metadata.userinfo_endpoint is None
    assert metadata.id_token_signing_alg_values_supported == ("RS256",)
    assert metadata.userinfo_signing_alg_values_supported == ()
    assert metadata.token_endpoint_auth_methods_supported == ("client_secret_basic",)
    assert metadata.token_endpoint_auth_signing_alg_values_supported == ()
    assert metadata.authorization_response_iss_parameter_supported is False


@pytest.mark.parametrize("issuer", ["https://op.example", "https://op.example/"])
def test_the_issuer_of_the_url(issuer):  # S1
    assert parse_metadata({**DOCUMENT, "issuer": issuer}, REMOTE).issuer == issuer


def test_another_issuer():  # S1
    assert invalid(issuer="https://evil.example/") == (
        "says that its issuer is 'https://evil.example/', whose document would be at another URL. If that is "
        "your provider: server_metadata_url = 'https://evil.example/.well-known/openid-configuration'"
    )


def test_a_long_issuer_is_cut():  # L7
    issuer = "https://evil.example/" + "x" * 300
    assert invalid(issuer=issuer) == (
        f"says that its issuer is {issuer[:200]!r}, whose document would be at another URL. If that is "
        f"your provider: server_metadata_url = '{issuer[:200]}/.well-known/openid-configuration'"
    )


def test_entras_issuer_is_a_template():  # S1
    base = "https://login.microsoftonline.com/{}/v2.0"
    document = {**DOCUMENT, "issuer": base.format("{tenantid}")}
    common = provider_at(base.format("common") + WELL_KNOWN)
    assert parse_metadata(document, common).issuer == base.format("{tenantid}")
    with pytest.raises(DiscoveryInvalid):
        parse_metadata(document, provider_at(base.format("contoso.example") + WELL_KNOWN))


@pytest.mark.parametrize("name", ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("value", [..., None, "", 1, ["https://op.example"]])
def test_what_must_be_there(name, value):  # S1
    assert invalid(**{name: value}) == f"has no {name}, or one that is not a string"


def test_what_is_null_is_not_there():
    names = ("userinfo_endpoint", "authorization_response_iss_parameter_supported")
    lists = ("id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported")
    with_null = {**DOCUMENT, **dict.fromkeys([*names, *lists])}
    assert parse_metadata(with_null, REMOTE) == parse_metadata(DOCUMENT, REMOTE)


@pytest.mark.parametrize("value", ["", 1])
def test_a_userinfo_endpoint_that_is_none(value):
    assert invalid(userinfo_endpoint=value) == "has no userinfo_endpoint, or one that is not a string"


@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"]
)
def test_endpoints_are_https(name):  # S3
    assert invalid(**{name: "http://op.example/x?secret=1"}) == (
        f"has a bad {name}: 'http://op.example/x' is not https. "
        "For development only: allow_plain_http = true in [auth.op]"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://login.example.org/bye?x=y", "https://login.example.org/bye?x=y"),
        (f"https://login.example.org/{'x' * 2022}", f"https://login.example.org/{'x' * 2022}"),
        (f"https://login.example.org/{'x' * 2023}", None),
        ("https://localhost/bye", "https://localhost/bye"),  # the browser's machine, not ours
        ("http://login.example.org/bye", None),
        ("javascript:alert(1)", None),
        ("/bye", None),
        (["https://login.example.org/bye"], None),
    ],
)
def test_a_bad_place_to_log_out_stops_no_login(value, expected):  # O3
    metadata = parse_metadata({**DOCUMENT, "end_session_endpoint": value}, REMOTE)
    assert metadata.end_session_endpoint == expected


@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
@pytest.mark.parametrize("url", ["http://127.0.0.1:9200/", "https://localhost/", "https://[::1]/"])
def test_a_remote_provider_does_not_point_us_at_our_own_machine(name, url):  # S3
    assert invalid(**{name: url}) == (
        f"has a bad {name}: {url!r} points at this machine, and op.example is not this machine"
    )


def test_where_the_browser_goes_may_be_its_own_machine():  # S3: it is not ours
    url = "https://localhost/authorize"
    assert parse_metadata({**DOCUMENT, "authorization_endpoint": url}, REMOTE).authorization_endpoint == url


@pytest.mark.parametrize("url", ["/authorize", "https://op.example/#x", "javascript:alert(1)"])
def test_an_authorization_endpoint_is_an_absolute_url_without_fragment(url):  # L1
    assert invalid(authorization_endpoint=url) == (
        f"has a bad authorization_endpoint: {url!r} is no absolute URL of printable ASCII with a host, "
        "and with neither user name nor fragment"
    )


@pytest.mark.parametrize(
    "name",
    [
        "id_token_signing_alg_values_supported",
        "userinfo_signing_alg_values_supported",
        "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
    ],
)
@pytest.mark.parametrize("value", ["RS256", {"RS256": 1}, ["RS256", 1], [["RS256"]]])
def test_lists_are_lists_of_strings(name, value):
    assert invalid(**{name: value}) == f"has a bad {name}: not a list of strings"


def test_lists_are_read():
    names = [
        "id_token_signing_alg_values_supported",
        "userinfo_signing_alg_values_supported",
        "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
    ]
    metadata = parse_metadata({**DOCUMENT, **{name: [name, "x"] for name in names}}, REMOTE)
    assert all(getattr(metadata, name) == (name, "x") for name in names)


@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"]
)
def test_an_endpoint_of_2048_characters_at_most(name):  # L1: a longer Location is refused on its way
    url = "https://op.example/".ljust(2048, "x")
    assert getattr(parse_metadata({**DOCUMENT, name: url}, REMOTE), name) == url
    assert invalid(**{name: url + "x"}) == f"has a bad {name}: more than 2048 characters"


@pytest.mark.parametrize("value", ["true", 1, []])
def test_a_promise_is_true_or_false(value):
    name = "authorization_response_iss_parameter_supported"
    assert invalid(**{name: value}) == f"has a bad {name}: neither true nor false"


def test_a_document_that_is_not_there(hostile, provider):  # L7
    hostile.answers[WELL_KNOWN] = Reply(404, b"<h1>Not found</h1>")
    assert failure(provider) == (
        f"{hostile.metadata_url!r} answered 404; put the right address into server_metadata_url of [auth.op]"
    )


def test_a_document_over_plain_http():  # S3
    provider = provider_at("http://keycloak.invalid:8080/realms/a" + WELL_KNOWN)
    assert failure(provider) == (
        "'http://keycloak.invalid:8080/realms/a/.well-known/openid-configuration' is not https. "
        "For development only: allow_plain_http = true in [auth.op]"
    )


def test_a_document_that_moved(hostile, provider):  # S3
    hostile.answers[WELL_KNOWN] = Reply(301, headers={"Location": hostile.url + "/elsewhere"})
    assert failure(provider) == (
        f"{hostile.url[7:]} answered 301, a redirect; no redirect is followed; "
        "put the final address into server_metadata_url of [auth.op]"
    )


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Reply(500), ProviderUnavailable),
        (Reply(200, b"<html>"), ProviderAnswerInvalid),
        (json_reply([]), ProviderAnswerInvalid),
        (json_reply({}), DiscoveryInvalid),
        (Reply(199), DiscoveryInvalid),
        (Reply(404), DiscoveryInvalid),
        (hostile_provider.no_answer, ProviderUnavailable),
    ],
)
def test_a_document_that_is_none(hostile, provider, answer, error):  # L7
    hostile.answers[WELL_KNOWN] = answer
    failure(provider, error)


def test_a_document_that_does_not_come_to_an_end(hostile):  # S3
    hostile.answers[WELL_KNOWN] = hostile_provider.dripping_body
    failure(provider_at(hostile.metadata_url, timeout=0.2), ProviderTimeout)


def test_a_failure_is_not_kept(hostile, provider):
    hostile.answers[WELL_KNOWN] = Reply(503)
    failure(provider, ProviderUnavailable)
    del hostile.answers[WELL_KNOWN]
    assert get_metadata(provider).issuer == hostile.url


# While the provider is down


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Reply(500), "provider_unavailable: HOST answered 500"),
        (Reply(429), "provider_unavailable: HOST answered 429"),
        (
            Reply(404),
            "discovery_invalid: 'http://HOST/.well-known/openid-configuration' answered 404; "
            "put the right address into server_metadata_url of [auth.op]",
        ),
        (
            Reply(302, headers={"Location": "/maintenance"}),
            "discovery_invalid: HOST answered 302, a redirect; no redirect is followed; "
            "put the final address into server_metadata_url of [auth.op]",
        ),
        (Reply(200, b"<html>"), "provider_answer_invalid: HOST answered 200, but it is not JSON"),
        (hostile_provider.garbage, "provider_unavailable: HOST could not be talked to (BadStatusLine)"),
    ],
)
def test_what_is_no_word_of_the_provider_s(hostile, provider, answer, said, caplog):  # S4
    metadata = get_metadata(provider)
    hostile.answers[WELL_KNOWN] = answer
    with time_machine.travel(time.time() + 3600, tick=False):
        assert get_metadata(provider) is metadata
    assert caplog.messages == [
        "provider 'op': its discovery document cannot be fetched, and a copy of 60 minutes ago serves: "
        + said.replace("HOST", hostile.url[7:])
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://op.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "https://op.example/".ljust(20_000, "x")},
    ],
)
def test_a_document_that_contradicts_us_is_not_hidden_by_yesterdays(hostile, provider, changes):  # S1, S4
    get_metadata(provider)
    hostile.metadata |= changes
    with time_machine.travel(time.time() + 3600, tick=False):
        failure(provider, DiscoveryInvalid)


def test_the_last_good_keys(hostile, provider, caplog):  # S4
    keys = get_keys(provider)
    hostile.answers["/jwks"] = Reply(404)
    with time_machine.travel(time.time() + 3600, tick=False):
        assert get_keys(provider) is keys
        with pytest.raises(ProviderAnswerInvalid):  # a token that needs others cannot be judged
            refetch_keys(provider, seen=keys)
    assert caplog.messages == [
        "provider 'op': its keys cannot be fetched, and a copy of 60 minutes ago serves: "
        f"provider_answer_invalid: the keys: {hostile.url[7:]} answered 404"
    ]


# Copies


def test_a_copy_is_kept(hostile, provider):  # P
    assert get_metadata(provider) is get_metadata(provider)
    assert get_keys(provider) is get_keys(provider)
    assert hostile.paths() == {WELL_KNOWN: 1, "/jwks": 1}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", 3600),
        ("max-age=7200", 7200),
        ("public, MAX-AGE=7200, must-revalidate", 7200),
        ('max-age="7200"', 7200),
        ("public,max-age=7200", 7200),
        ("max-age=0", 300),
        ("max-age=299", 300),
        ("max-age=604800", 86400),
        ("s-maxage=7200", 3600),
        ("x-max-age=7200", 3600),
        ("max-age=-1", 3600),
        ("max-age=soon", 3600),
        ("max-age=" + "9" * 5000, 3600),
        ("no-store", 3600),
    ],
)
def test_for_how_long(value, seconds):
    assert lifetime({"Cache-Control": value}) == seconds
    assert lifetime({}) == 3600


@pytest.mark.parametrize(("header", "seconds"), [({}, 3600), ({"Cache_Control": "max-age=600"}, 600)])
def test_a_copy_grows_old(hostile, provider, header, seconds):
    hostile.answers[WELL_KNOWN] = json_reply(hostile.metadata, **header)
    hostile.answers["/jwks"] = json_reply({"keys": hostile.keys}, **header)
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        for wait, fetched in [(0, 1), (seconds - 1, 1), (1, 2), (seconds - 1, 2)]:
            clock.shift(wait)
            get_keys(provider)
            assert hostile.paths() == {WELL_KNOWN: fetched, "/jwks": fetched}


def test_a_clock_set_back_does_not_lengthen_it(hostile, provider):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        get_metadata(provider)
        clock.shift(-1)
        get_metadata(provider)
    assert hostile.paths() == {WELL_KNOWN: 2}


def test_each_provider_has_its_own(hostile, provider):
    get_metadata(provider)
    get_metadata(provider_at(hostile.metadata_url, name="other", client_id="other"))
    assert hostile.paths() == {WELL_KNOWN: 1}
    get_metadata(provider_at(hostile.metadata_url, allow_plain_http=True))
    assert hostile.paths() == {WELL_KNOWN: 2}
    get_metadata(provider_at(hostile.metadata_url + "?appid=1"))
    assert hostile.paths() == {WELL_KNOWN: 3}


def test_a_forked_process_has_its_own(hostile, provider, monkeypatch):
    get_metadata(provider)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    get_metadata(provider)
    assert hostile.paths() == {WELL_KNOWN: 2}


def slow(reply, arrived):
    """Answers when the test says so."""
    release = threading.Event()

    def answer(handler):
        arrived.set()
        release.wait(10)
        handler.send(reply)

    return answer, release


def together(hostile, path, reply, call, count=8):
    """`count` threads call while the first one's request is under way; their results or errors."""
    arrived = threading.Event()
    hostile.answers[path], release = slow(reply, arrived)
    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(call) for _ in range(count)]
        assert arrived.wait(10)
        wait_until_idle(futures)
        release.set()
        return [future.exception() or future.result() for future in futures]


def wait_until_idle(futures):
    """Give the others the time to come to where they wait: all are running, none is done."""
    deadline = time.monotonic() + 5
    while not all(future.running() for future in futures) and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    threading.Event().wait(0.05)


def test_many_at_once_fetch_once(hostile, provider):  # P
    got = together(hostile, WELL_KNOWN, json_reply(hostile.metadata), lambda: get_metadata(provider))
    assert {metadata.issuer for metadata in got} == {hostile.url}
    assert hostile.paths() == {WELL_KNOWN: 1}


def test_many_at_once_fail_each_with_an_error_of_its_own(hostile, provider):
    errors = together(hostile, WELL_KNOWN, Reply(503), lambda: get_metadata(provider))
    assert {(type(error), error.detail, error.stage) for error in errors} == {
        (ProviderUnavailable, f"{hostile.url[7:]} answered 503", "discovery")
    }
    assert len({id(error) for error in errors}) == 8
    assert hostile.paths() == {WELL_KNOWN: 1}


def test_a_slow_provider_holds_up_nobody_else(hostile, provider):
    arrived = threading.Event()
    hostile.answers[WELL_KNOWN], release = slow(json_reply(hostile.metadata), arrived)
    with HostileProvider() as other, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(get_metadata, provider)
        assert arrived.wait(10)
        assert get_metadata(provider_at(other.metadata_url)).issuer == other.url
        assert not waiting.done()
        release.set()
        connections.clear()


# Keys


def test_the_keys(hostile, provider):  # S1
    hostile.keys = [jwk(hostile.key), "no key", None, jwk(private_key("P-256"), kid="two")]
    assert get_keys(provider) == (hostile.keys[0], hostile.keys[3])


def test_a_hundred_keys_at_most(
    hostile, provider
):  # S3: thousands with one "kid" cost seconds for each token
    hostile.keys = [jwk(hostile.key)] * 100
    assert len(get_keys(provider)) == 100
    discovery.clear()
    hostile.keys = [jwk(hostile.key)] * 101
    assert failure(provider, ProviderAnswerInvalid, get_keys) == (
        f"the keys: {hostile.url[7:]} sent 101 of them; at most 100 are read"
    )


@pytest.mark.parametrize(
    ("answer", "error", "detail"),
    [
        (Reply(404), ProviderAnswerInvalid, "the keys: {} answered 404"),
        (Reply(199), ProviderAnswerInvalid, "the keys: {} answered 199"),
        (Reply(503), ProviderUnavailable, "{} answered 503"),
        (Reply(302), ProviderAnswerInvalid, "{} answered 302, a redirect; no redirect is followed"),
        (Reply(200, b"x"), ProviderAnswerInvalid, "{} answered 200, but it is not JSON"),
        (json_reply({}), ProviderAnswerInvalid, 'the keys: {} sent no list "keys"'),
        (json_reply({"keys": {"kty": "RSA"}}), ProviderAnswerInvalid, 'the keys: {} sent no list "keys"'),
    ],
)
def test_keys_that_are_none(hostile, provider, answer, error, detail):  # L7
    hostile.answers["/jwks"] = answer
    assert failure(provider, error, get_keys) == detail.format(hostile.url[7:])


def test_newer_keys(hostile, provider):  # S1
    old = get_keys(provider)
    hostile.keys = [jwk(private_key("RSA-2048", 1))]
    assert get_keys(provider) is old
    new = refetch_keys(provider, seen=old)
    assert new == tuple(hostile.keys)
    assert get_keys(provider) is new


def test_newer_keys_that_somebody_else_has_fetched(hostile, provider):
    old = get_keys(provider)
    new = refetch_keys(provider, seen=old)
    assert refetch_keys(provider, seen=old) == new
    assert hostile.paths()["/jwks"] == 2


def test_strangers_cannot_make_us_hammer_the_provider(hostile, provider):  # S1
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        keys = get_keys(provider)
        for wait, fetched in [(0, 2), (0, 2), (9.5, 2), (0.5, 3), (0, 3)]:
            clock.shift(wait)
            keys = refetch_keys(provider, seen=keys)
            assert hostile.paths()["/jwks"] == fetched


def test_what_passes_for_a_logout_token_costs_no_login_its_keys(hostile, provider):  # S4, O4
    with time_machine.travel(1_800_000_000, tick=False):
        keys = get_keys(provider)
        for asker, fetched in [("logout", 2), ("logout", 2), ("login", 3), ("login", 3)]:
            keys = refetch_keys(provider, seen=keys, asker=asker)
            assert hostile.paths()["/jwks"] == fetched


def test_a_failing_provider_is_not_hammered_either(hostile, provider):  # S1
    keys = get_keys(provider)
    hostile.answers["/jwks"] = Reply(503)
    with pytest.raises(ProviderUnavailable):
        refetch_keys(provider, seen=keys)
    assert refetch_keys(provider, seen=keys) is keys
    assert hostile.paths()["/jwks"] == 2


def test_one_fetch_for_a_key_rotation(hostile, provider):  # P
    old = get_keys(provider)
    new = [jwk(private_key("RSA-2048", 1))]
    reply = json_reply({"keys": new})
    assert together(hostile, "/jwks", reply, lambda: refetch_keys(provider, seen=old)) == [tuple(new)] * 8
    assert hostile.paths()["/jwks"] == 2


def test_a_slow_fetch_of_newer_keys_holds_up_no_token_that_needs_none(hostile, provider):  # S1
    keys = get_keys(provider)
    arrived = threading.Event()
    hostile.answers["/jwks"], release = slow(json_reply({"keys": []}), arrived)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(refetch_keys, provider, seen=keys)
        assert arrived.wait(10)
        assert get_keys(provider) == keys
        assert not waiting.done()
        release.set()
        assert waiting.result() == ()


def test_keys_after_a_key_set_that_moved(hostile, provider):
    get_keys(provider)
    hostile.metadata["jwks_uri"] = hostile.url + "/keys"
    hostile.answers["/keys"] = json_reply({"keys": []})
    with time_machine.travel(time.time() + 3000):
        get_keys(provider)
    discovery_again = provider_at(hostile.metadata_url + "?again")
    assert get_keys(discovery_again) == ()


def test_an_error_that_is_no_login_error_ends_the_wait_too(hostile, provider, monkeypatch):
    monkeypatch.setattr(http, "MAX_BYTES", None)
    for _ in range(2):
        with pytest.raises(TypeError):
            get_metadata(provider)
    monkeypatch.undo()
    assert get_metadata(provider).issuer == hostile.url
