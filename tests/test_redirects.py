from __future__ import annotations

import pytest
from django.urls import set_script_prefix
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from django_multi_oidc import redirects
from tests.open_redirects import PAYLOADS
from tests.whatwg import Place, place

HERE = Place("http", "localhost", "80", "/x/")


@pytest.fixture
def request_(rf):
    return rf.get("/", SERVER_NAME="localhost")


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/members/",
        "/members/?page=2&q=%C3%A9",
        "/a/#part",
        "http://localhost/members/",
        "/oidc-news/",
        "/%2e/x",
    ],
)
def test_a_page_of_this_site_is_kept(request_, url):  # L6
    assert redirects.safe_next(request_, url) == url


def test_it_is_kept_percent_encoded(request_):  # L3
    assert redirects.safe_next(request_, "/søk/?q=é") == "/s%C3%B8k/?q=%C3%A9"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "\\\\evil.example",
        "http:///evil.example",
        "http:evil.example",
        "https:evil.example",
        "http://localhost@evil.example/",
        "http://localhost.evil.example/",
        "http://localhost:99/",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "\x00//evil.example",
        "\t//evil.example",
        " //evil.example",
        "http://evil\u3002example/",
        "members/",
        "?page=2",
        "ftp://localhost/",
    ],
)
def test_what_leads_elsewhere_is_dropped(request_, url):  # L6
    assert redirects.safe_next(request_, url) == ""


@pytest.mark.parametrize(
    ("url", "kept"), [("/\\evil.example/", "/%5Cevil.example/"), ("/\t/evil.example", "/%09/evil.example")]
)
def test_what_a_browser_might_mend_is_escaped(request_, url, kept):  # L6
    assert redirects.safe_next(request_, url) == kept


def test_there_are_some_hundred_payloads_and_most_lead_elsewhere():
    assert len(set(PAYLOADS)) > 700
    assert sum(place(payload, HERE)[:3] != HERE[:3] for payload in PAYLOADS) > 350


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_leads_to_another_site(request_, payload):  # L6, S2
    safe = redirects.safe_next(request_, payload)
    assert safe == "" or place(safe, HERE)[:3] == HERE[:3]


def test_under_https_a_plain_http_page_is_dropped(rf):  # L6
    request = rf.get("/", secure=True, SERVER_NAME="localhost")
    assert redirects.safe_next(request, "http://localhost/members/") == ""
    assert redirects.safe_next(request, "https://localhost/members/") == "https://localhost/members/"


@pytest.mark.parametrize(
    "url",
    [
        "/oidc/login/",
        "/oidc/login",
        "/oidc/login/alpha/",
        "/oidc/login/alpha",
        "/oidc/logout/",
        "/oauth2callback",
        "/oauth2callback/",
        "/oauth2callback?code=x",
        "/oidc/login/?next=/oidc/login/",
        "/oidc/%6Cogin/",
        "/%6fidc/login/",
        "/oidc/%256Cogin/",
        "/./oidc/login/",
        "/x/../oidc/login/",
        "/x/%2e%2e/oidc/login/",
        "/oidc/login//../alpha/",
        "/oidc/login//%2e%2e/alpha/",
        "/x//../../oidc/login/alpha/",
        "/x/..%2foidc/login/",
        "/oidc//login/",
        "/oidc/./login/",
        "/oidc\\login/",
        "/oidc/log%0Ain/",
        "/oidc/login/%20",
        "/oidc%2flogin/",
        "http://localhost/oidc/login/",
        "/oidc/login/#x",
    ],
)
def test_our_own_pages_are_dropped(request_, url):  # L6, L8
    assert redirects.safe_next(request_, url) == ""


def test_our_own_pages_are_dropped_under_a_script_prefix_too(request_):  # L6
    set_script_prefix("/app/")
    try:
        assert redirects.safe_next(request_, "/app/oidc/login/") == ""
        assert redirects.safe_next(request_, "/oidc/login/") == "/oidc/login/"
        assert redirects.after_login("") == "/app/"
        assert redirects.after_logout() == "/app/"
    finally:
        set_script_prefix("/")


def test_it_is_1024_bytes_at_most(request_):  # L3
    assert redirects.safe_next(request_, "/" + "n" * 1023) == "/" + "n" * 1023
    assert redirects.safe_next(request_, "/" + "n" * 1024) == ""
    assert redirects.safe_next(request_, "/" + "é" * 200) == ""


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | st.text("/\\.%:@?#oidclgn2f5e\t ", max_size=30).map(lambda text: f"/{text}"))
def test_any_text_gives_a_path_or_nothing(request_, url):  # L6
    safe = redirects.safe_next(request_, url)
    assert safe == "" or safe.isascii()
    assert not safe.startswith(("//", "/\\"))
    assert place(safe, HERE)[:3] == HERE[:3]


def test_after_login(settings):  # L6
    assert redirects.after_login("/members/") == "/members/"
    assert redirects.after_login("") == "/"
    settings.LOGIN_REDIRECT_URL = "home"
    assert redirects.after_login("") == "/"
    settings.LOGIN_REDIRECT_URL = "/start/"
    assert redirects.after_login("") == "/start/"
    settings.LOGIN_REDIRECT_URL = "/accounts/profile/"
    assert redirects.after_login("") == "/"


def test_after_logout(settings):  # O1
    assert redirects.after_logout() == "/"
    settings.LOGOUT_REDIRECT_URL = "/bye/"
    assert redirects.after_logout() == "/bye/"
    settings.LOGOUT_REDIRECT_URL = "https://www.example.org/"
    assert redirects.after_logout() == "https://www.example.org/"
