from __future__ import annotations

import pytest

from django_multi_oidc import navigation


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
