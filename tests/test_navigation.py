from __future__ import annotations

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc import navigation
from tests.whatwg import Place, place


@pytest.mark.parametrize(
    ("redirect_uri", "here", "elsewhere"),
    [
        ("http://localhost/oauth2callback", {"SERVER_NAME": "localhost"}, None),
        ("http://localhost:80/oauth2callback", {"SERVER_NAME": "localhost"}, None),
        ("http://LOCALHOST/oauth2callback", {"SERVER_NAME": "localhost"}, None),
        (
            "http://localhost:8000/oauth2callback",
            {"SERVER_NAME": "localhost"},
            "http://localhost:8000/p?a=b&moved=1",
        ),
        ("http://localhost/oauth2callback", {"SERVER_NAME": "127.0.0.1"}, "http://localhost/p?a=b&moved=1"),
        ("https://localhost/oauth2callback", {"SERVER_NAME": "localhost"}, "https://localhost/p?a=b&moved=1"),
        ("https://localhost/oauth2callback", {"SERVER_NAME": "localhost", "secure": True}, None),
        ("http://[::1]:8000/oauth2callback", {"SERVER_NAME": "localhost"}, "http://[::1]:8000/p?a=b&moved=1"),
    ],
)
def test_a_login_begins_on_the_host_of_redirect_uri(
    rf, secrets, settings, redirect_uri, here, elsewhere
):  # L1
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "redirect_uri": redirect_uri}}
    assert navigation.elsewhere(rf.get("/p?a=b", **here)) == elsewhere


def test_another_port_is_said_in_the_log(rf, secrets, settings, caplog):  # L1: most likely the file is wrong
    settings.MULTI_OIDC_SECRETS = {
        "auth": {**secrets, "redirect_uri": "http://localhost:8001/oauth2callback"}
    }
    assert navigation.elsewhere(rf.get("/p", SERVER_NAME="127.0.0.1"))
    assert caplog.messages == []
    assert navigation.elsewhere(rf.get("/p", SERVER_NAME="localhost", SERVER_PORT="8000"))
    line = (
        "redirect_uri is at localhost:8001, this request came by another scheme or port: the login goes there"
    )
    assert caplog.messages == [line]


@pytest.mark.parametrize("host", ["localhost:99999", "[:::]", "[1::2::3]"])
def test_a_host_that_is_none_is_elsewhere(rf, secrets, settings, host):  # L7: whatever a browser sends
    settings.ALLOWED_HOSTS = ["*"]
    assert navigation.elsewhere(rf.get("/p", headers={"host": host})) == "http://localhost/p?moved=1"


def test_it_moves_only_once(rf, secrets):  # L1: a proxy that hides the host must not loop
    assert navigation.elsewhere(rf.get("/p?moved=1", SERVER_NAME="127.0.0.1")) is None


def test_a_browser_too_old_to_say_is_a_person(rf):  # L1
    assert navigation.is_navigation(rf.get("/"))
    assert navigation.is_navigation(
        rf.get("/", headers={"Sec-Fetch-Dest": "document", "Sec-Purpose": "other"})
    )


@pytest.mark.parametrize(
    ("headers", "asker"),
    [
        ({}, "person"),
        ({"accept": "*/*"}, "person"),
        ({"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, "person"),
        ({"accept": "application/json"}, "script"),
        ({"accept": "application/json, text/plain, */*"}, "script"),  # axios
        ({"accept": "text/html;q=0.5, application/json"}, "script"),
        ({"accept": "application/xml"}, "person"),
        ({"accept": "text/html;a*=nosuch''%41"}, "person"),
        ({"accept": "application/json;a*=nosuch''%41"}, "person"),
        ({"x-requested-with": "XMLHttpRequest"}, "script"),
        ({"sec-fetch-mode": "navigate", "accept": "application/json"}, "person"),
        ({"sec-fetch-mode": "navigate", "x-requested-with": "XMLHttpRequest"}, "person"),
        ({"sec-fetch-mode": "cors", "accept": "text/html"}, "script"),
        ({"sec-fetch-mode": "same-origin"}, "script"),
        ({"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, "script"),
        ({"hx-request": "true", "sec-fetch-mode": "cors"}, "htmx"),
        ({"hx-request": "true", "accept": "application/json"}, "htmx"),
        ({"hx-request": "false"}, "person"),
    ],
)
def test_who_reads_the_answer(rf, headers, asker):  # A1
    assert navigation.asker(rf.get("/", headers=headers)) == asker


HOME = Place("http", "testserver", "", "/")
HERE = "http://testserver/list/?page=2#row"


@pytest.mark.parametrize(
    ("method", "headers", "page"),
    [
        ("get", {}, "/p?a=b"),
        ("head", {}, "/p?a=b"),
        ("get", {"referer": HERE}, "/p?a=b"),
        ("post", {"referer": HERE}, "/list/?page=2#row"),
        ("post", {}, ""),
        ("options", {"referer": "http://testserver"}, "/"),
        ("get", {"sec-fetch-mode": "cors", "referer": HERE}, "/list/?page=2#row"),
        ("get", {"sec-fetch-mode": "cors"}, ""),
        (
            "get",
            {"hx-request": "true", "hx-current-url": HERE, "referer": "http://testserver/x"},
            "/list/?page=2#row",
        ),
        ("get", {"hx-request": "true"}, ""),
        ("get", {"hx-request": "true", "hx-boosted": "true", "hx-current-url": HERE}, "/p?a=b"),
        ("post", {"hx-request": "true", "hx-boosted": "true", "hx-current-url": HERE}, "/list/?page=2#row"),
        ("post", {"referer": "https://testserver/secure/"}, "/secure/"),  # a proxy ended TLS
        ("post", {"referer": "http://testserver:8000/port/"}, ""),
        ("post", {"referer": "http://user@testserver/"}, ""),
        ("post", {"referer": "javascript://testserver/%0aalert(1)"}, ""),
        ("post", {"referer": "http://testserver/oidc/logout/"}, ""),
        ("post", {"referer": f"http://testserver/{'x' * 1024}"}, ""),
    ],
)
def test_the_page_to_come_back_to(rf, headers, method, page):  # A1, L6
    assert navigation.page_of(getattr(rf, method)("/p?a=b", headers=headers)) == page


@given(url=st.text() | st.text(alphabet="/\\.@:%2e#? a\t").map("http://testserver".__add__))
def test_whatever_a_header_says_the_page_is_of_this_site(url):  # L6
    request = RequestFactory().post("/", headers={"referer": url})
    page = navigation.page_of(request)
    assert page == "" or place(page, HOME).host == HOME.host


@given(
    accept=st.text(alphabet="/*;,=q.0 1texhmlapiconjs\"'%", max_size=40)
    | st.text(max_size=20)
    | st.text(alphabet="utf-816x'%4a*", max_size=20).map("text/html;a*={}, */*".format)
)
def test_whatever_accept_says_somebody_reads_the_answer(accept):  # A1
    assert navigation.asker(RequestFactory().get("/", headers={"accept": accept})) in ("person", "script")
