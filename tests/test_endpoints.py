from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc import endpoints

from .hostile_provider import provider_at

HTTPS = provider_at("https://op.example/.well-known/openid-configuration")
LOCAL = provider_at("http://localhost:9/.well-known/openid-configuration")

PLAIN = "is not https. For development only: allow_plain_http = true in [auth.op]"
OWN = "points at this machine, and op.example is not this machine"
NO_URL = "is no absolute URL of printable ASCII with a host, and with neither user name nor fragment"


@pytest.mark.parametrize(
    "url", ["https://op.example/x", "https://op.example:8443/", "https://10.0.0.1/x?a=b"]
)
def test_https_is_fine(url):  # S3
    assert endpoints.refusal(HTTPS, url) == ""


@pytest.mark.parametrize(
    "host", ["%6cocalhost", "%31%32%37.0.0.1", "local%68ost:443", "[fe80::1%25eth0]", "x>[::1]", "[::1]x"]
)
def test_a_host_in_another_spelling(host):  # S3
    for provider in (HTTPS, LOCAL):
        assert endpoints.refusal(provider, f"https://{host}/x") == NO_URL


@pytest.mark.parametrize("url", ["http://op.example/x", "http://10.0.0.1/", "http://notlocalhost/"])
def test_plain_http(url):  # S3
    assert endpoints.refusal(HTTPS, url) == PLAIN
    assert endpoints.refusal(LOCAL, url) == PLAIN


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "op.localhost",
        "127.0.0.1",
        "127.8.8.8",
        "127.1",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
    ],
)
def test_a_remote_provider_may_not_point_us_at_our_own_machine(host):  # S3
    for scheme in ("http", "https"):
        assert endpoints.refusal(HTTPS, f"{scheme}://{host}/x") == OWN
    lenient = provider_at("http://op.example/x", allow_plain_http=True)
    assert endpoints.refusal(lenient, f"http://{host}/x") == OWN
    assert endpoints.refusal(LOCAL, f"http://{host}/x") == ""
    assert endpoints.refusal(LOCAL, f"https://{host}/x") == ""


def test_the_browser_has_a_machine_of_its_own():  # S3
    assert endpoints.refusal(HTTPS, "https://localhost/x", by_browser=True) == ""
    assert endpoints.refusal(HTTPS, "http://localhost/x", by_browser=True) == PLAIN
    lenient = provider_at("http://op.example/x", allow_plain_http=True)
    assert endpoints.refusal(lenient, "http://localhost/x", by_browser=True) == ""


def test_https_on_loopback_does_not_open_plain_http():  # S3
    provider = provider_at("https://localhost/x")
    assert endpoints.refusal(provider, "http://localhost/x") == PLAIN


def test_allow_plain_http():  # S3
    lenient = provider_at("http://keycloak:8080/x", allow_plain_http=True)
    assert endpoints.refusal(lenient, "http://keycloak:8080/token") == ""
    assert endpoints.refusal(provider_at("http://keycloak:8080/x"), "http://keycloak:8080/x") == PLAIN


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/token",
        "//op.example/token",
        "op.example",
        "ftp://op.example/",
        "file:///etc/passwd",
        "HTTP://op.example/",
        "https://",
        "https:///x",
        "https://op.example/#x",
        "https://op.example/ x",
        "https://op.example\\@evil.example/",
        "https://op.example\\.evil.example/",
        "https://user@op.example/",
        "https://user:secret@op.example/",
        "https://op.example:99999/",
        "https://op.example:x/",
        "https://[::1/",
        "https://bücher.example/",
        "https://op.example/\n",
    ],
)
def test_what_is_no_address(url):  # S3
    assert endpoints.refusal(HTTPS, url) == NO_URL


def test_the_default_providers_table():
    assert endpoints.table(provider_at("https://op.example/x", name="default")) == "[auth]"


@given(st.text())
def test_any_text_is_judged(text):
    assert endpoints.refusal(HTTPS, text) == NO_URL
    assert isinstance(endpoints.refusal(HTTPS, f"https://{text}"), str)
