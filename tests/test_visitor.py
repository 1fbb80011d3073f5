"""Logins that were ended, seen at the site: in browsers, in sync and async views, and without the cache."""

from __future__ import annotations

import html
import logging
import re
import time

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.core.cache import caches
from django.core.exceptions import SynchronousOnlyOperation
from django.db import OperationalError
from django.template import engines
from django.test import AsyncClient

from django_multi_oidc import backends
from django_multi_oidc import visitor as visitors
from django_multi_oidc.exceptions import ConfigurationError, RevocationUnknown
from django_multi_oidc.shortcuts import end_access, logout
from django_multi_oidc.signals import oidc_logged_out, oidc_revoked
from django_multi_oidc.users import attach, attach_identity, narrow
from tests import site

IDENTITY = "multi_oidc_auth"
DOWN = {"default": {"BACKEND": "tests.broken_caches.DownCache"}}


@pytest.fixture(autouse=True)
def _switched_on(settings, live_secrets):
    live_secrets["revocation"] = True
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}


@pytest.fixture
def heard():
    calls = []

    def receiver(signal, **kwargs):
        kwargs.pop("request", None)
        calls.append({**kwargs, "user": kwargs["user"].email} if "user" in kwargs else kwargs)

    for signal in (oidc_logged_out, oidc_revoked):
        signal.connect(receiver)
    yield calls
    for signal in (oidc_logged_out, oidc_revoked):
        signal.disconnect(receiver)


def asynchronously(visitor, path="/aask/"):
    header = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    return async_to_sync(AsyncClient().get)(path, headers={"cookie": header})


def text_of(response):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", response.content.decode()))).strip()


def is_in(visitor):
    in_sync, in_async = visitor.user()["is_logged_in"], asynchronously(visitor).json()["is_logged_in"]
    assert in_sync == in_async
    return in_sync


def test_a_login_as_ever(visitor):  # O4
    visitor.log_in()
    assert is_in(visitor)


def test_access_ends_at_the_next_request_in_every_browser(visitor, someone_else, op, heard):  # O4
    visitor.log_in()
    someone_else.log_in()
    sub = visitor.user()["sub"]
    end_access("alpha", sub=sub)
    assert not is_in(visitor)
    assert not is_in(someone_else)
    assert heard == [{"sender": "alpha", "sub": sub, "sid": "", "email": "", "everybody": False}]
    visitor.log_in()
    assert is_in(visitor)
    end_access("alpha", email="Pat@alpha.example")
    assert not is_in(visitor)
    someone_else.log_in()
    end_access("alpha", everybody=True)
    assert not is_in(someone_else)
    assert [call["everybody"] for call in heard] == [False, False, True]


def test_the_cookie_of_who_was_ended_is_left_alone(visitor):  # K3: reading never writes
    visitor.log_in()
    end_access("alpha", everybody=True)
    assert visitor.get("/ask/").cookies == {}
    assert visitor.get("/members/").status_code == 302


def test_a_cookie_does_not_come_back_to_life_after_a_logout(visitor, heard):  # O4
    visitor.log_in()
    stolen = visitor.cookies
    visitor.client.post("/oidc/logout/")
    visitor.client.cookies.load(stolen)
    assert not is_in(visitor)
    assert heard == [{"sender": "alpha", "user": "pat@alpha.example"}]


def test_a_login_in_place_of_another_ends_that_one(visitor, op):  # O4
    visitor.log_in()
    stolen = visitor.cookies
    op.auto_login("kim")
    visitor.log_in()
    assert visitor.user()["email"] == "kim@alpha.example"
    visitor.client.cookies.load(stolen)
    assert not is_in(visitor)


@pytest.mark.parametrize("path", ["/leave-everywhere/", "/aleave-everywhere/"])
def test_logging_out_everywhere(visitor, someone_else, op, heard, path):  # O4
    visitor.log_in()
    someone_else.log_in()
    user = visitor.user()
    assert visitor.get(path)["Location"] == "/"
    assert IDENTITY not in visitor.cookies
    assert not is_in(someone_else)
    assert heard == [
        {"sender": "alpha", "sub": user["sub"], "sid": "", "email": "", "everybody": False},
        {"sender": "alpha", "user": "pat@alpha.example"},
    ]


def test_the_logout_page_offers_it(visitor, someone_else):  # O4
    visitor.log_in()
    someone_else.log_in()
    assert "Log out in all browsers" in text_of(visitor.get("/oidc/logout/"))
    assert visitor.client.post("/oidc/logout/", {"everywhere": "1"}).status_code == 302
    assert not is_in(someone_else)


def test_without_revocation_nothing_is_offered_that_cannot_be_done(visitor, settings, live_secrets, rf):  # O4
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "revocation": False}}
    visitor.log_in()
    assert "all browsers" not in text_of(visitor.get("/oidc/logout/"))
    for what, call in (
        ("logout(everywhere=True)", lambda: logout(rf.get("/"), everywhere=True)),
        ("end_access()", lambda: end_access("alpha", sub="x")),
    ):
        with pytest.raises(ConfigurationError) as caught:
            call()
        assert str(caught.value) == f"{what}: MULTI_OIDC_SECRETS needs revocation = true in [auth]."


def test_whoever_was_ended_is_not_logged_in_at_the_logout_page_either(visitor, heard):  # O1, O4
    visitor.log_in()
    end_access("alpha", everybody=True)
    heard.clear()
    assert "You are not logged in" in text_of(visitor.get("/oidc/logout/"))
    assert visitor.client.post("/oidc/logout/").status_code == 302
    assert IDENTITY not in visitor.cookies
    assert heard == []


def test_whoever_was_ended_ends_nobody_else(visitor, someone_else):  # O4: a stolen cookie
    visitor.log_in()
    stolen = visitor.cookies
    visitor.client.post("/oidc/logout/")
    someone_else.log_in()
    visitor.client.cookies.load(stolen)
    visitor.client.post("/oidc/logout/", {"everywhere": "1"})
    assert is_in(someone_else)


def test_a_cache_of_this_process_alone_is_told_of(caplog):  # O4
    end_access("alpha", sub="x")
    assert caplog.messages == [
        "end_access(): the cache 'default' is each process's own: a login that one ends goes on at the others"
    ]


@pytest.mark.parametrize(
    "whose",
    [{}, {"sub": "x", "email": "y"}, {"sub": "x", "everybody": True}, {"sub": ""}, {"everybody": False}],
)
def test_whose_access_has_to_be_said(whose):  # O4
    with pytest.raises(
        ValueError, match=r'^end_access\(\): give one of sub="…", email="…" and everybody=True$'
    ):
        end_access("alpha", **whose)


def test_at_a_provider_that_is_not_there():  # O4
    with pytest.raises(ConfigurationError) as caught:
        end_access("gamma", sub="x")
    assert str(caught.value) == (
        "end_access(): no provider 'gamma' in MULTI_OIDC_SECRETS. There are: alpha, beta."
    )


def test_a_login_that_is_ended_under_way(visitor, op, monkeypatch):  # O4: by a logout during the token call
    back = visitor.at_provider(visitor.begin())
    fetch = backends.ProviderBackend.fetch_claims

    def slowly(self, **kwargs):
        claims = fetch(self, **kwargs)
        end_access("alpha", everybody=True)
        return claims

    with monkeypatch.context() as patch:
        patch.setattr(backends.ProviderBackend, "fetch_claims", slowly)
        response = visitor.get(back)
    assert response.status_code == 403
    assert "This login was ended before it was complete." in text_of(response)
    assert IDENTITY not in visitor.cookies
    visitor.log_in()
    assert is_in(visitor)


def test_a_login_that_fails_late_leaves_the_one_that_was_there(visitor, someone_else, settings):  # L7, O4
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    visitor.log_in()
    visitor.get("/write-session/?note=x")
    back = visitor.at_provider(visitor.begin())
    settings.SESSION_ENGINE = "tests.broken_sessions"  # which a handler of its own sees
    someone_else.client.cookies.load(visitor.cookies)
    someone_else.client.raise_request_exception = False
    assert someone_else.get(back).status_code == 500
    assert visitor.user()["email"] == "pat@alpha.example"


def test_logging_out_ends_a_login_that_is_not_let_in_now(visitor, settings, live_secrets):  # O4
    visitor.log_in()
    stolen = visitor.cookies
    denied = {**live_secrets, "alpha": {**live_secrets["alpha"], "allow": ["kim@alpha.example"]}}
    settings.MULTI_OIDC_SECRETS = {"auth": denied}
    visitor.client.post("/oidc/logout/")
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    visitor.client.cookies.load(stolen)
    assert not is_in(visitor)


def test_everywhere_is_here_where_logins_cannot_be_ended(visitor, settings, live_secrets):  # O1
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "revocation": False}}
    visitor.log_in()
    assert visitor.client.post("/oidc/logout/", {"everywhere": "1"}).status_code == 302
    assert IDENTITY not in visitor.cookies


@pytest.mark.parametrize("on", [True, False])
def test_the_button_for_all_browsers(rf, settings, live_secrets, on):  # D3, O4
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "revocation": on}}
    text = "{% load multi_oidc %}{% oidc_logout_button everywhere=True %}"
    shown = engines["django"].from_string(text).render({}, rf.get("/"))
    assert ("Log out in all browsers" in shown) is on
    assert ('name="everywhere"' in shown) is on


def test_who_was_ended_meanwhile_is_not_signed_anew(visitor, settings, live_secrets):  # O4, K2
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "idle_timeout": "1h"}}
    visitor.log_in()
    with time_machine.travel(time.time() + 1800, tick=False):
        assert "multi_oidc_auth" in visitor.get("/ask/").cookies
    with time_machine.travel(time.time() + 3600, tick=False):
        response = visitor.get("/end-me/")
        assert response.json()["is_logged_in"]
        assert "multi_oidc_auth" not in response.cookies


def test_without_the_cache_nobody_is_signed_anew(visitor, settings, live_secrets, monkeypatch):  # O4, K2
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "idle_timeout": "1h"}}
    visitor.log_in()
    asked = []

    def once(keys, get_many=caches["default"].get_many):
        asked.append(keys)
        if len(asked) > 1:
            raise ConnectionError
        return get_many(keys)

    monkeypatch.setattr(caches["default"], "get_many", once)
    with time_machine.travel(time.time() + 1800, tick=False):
        response = visitor.get("/ask/")
    assert response.json()["is_logged_in"]
    assert response.cookies == {}


# In the event loop


def test_the_plain_attribute_says_what_to_write_in_a_coroutine(visitor):  # U6, O4
    for _ in range(2):
        with pytest.raises(SynchronousOnlyOperation) as caught:
            asynchronously(visitor, "/ask-in-the-loop/")
        visitor.log_in()  # nobody is told as well
        assert str(caught.value) == (
            "With revocation = true, answering takes a look at the cache: in async code, write "
            "user = await request.aoidc_user() before anything asks request.oidc_user."
        )


def test_without_revocation_the_plain_attribute_does(visitor, settings, live_secrets):  # U6
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "revocation": False}}
    visitor.log_in()
    assert asynchronously(visitor, "/ask-in-the-loop/").json()["is_logged_in"]


def test_without_revocation_no_thread_is_needed(visitor, rf, settings, live_secrets, monkeypatch):  # U6
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "revocation": False}}
    visitor.log_in()
    monkeypatch.setattr(visitors, "sync_to_async", None)
    request = rf.get("/", headers={"cookie": f"{IDENTITY}={visitor.cookies[IDENTITY]}"})
    assert async_to_sync(visitors.aread)(request).claims["email"] == "pat@alpha.example"
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    assert async_to_sync(visitors.aread)(rf.get("/")) is None


def test_whom_a_request_is_about(visitor, rf, caplog):  # U5
    caplog.set_level(logging.INFO, "django_multi_oidc")
    visitor.log_in()
    request = rf.get("/", headers={"cookie": f"{IDENTITY}={visitor.cookies[IDENTITY]}"})
    pat = visitors.identity(request)
    assert pat.claims["email"] == "pat@alpha.example"
    assert visitors.identity_if_known(request) == pat
    assert "ended" not in caplog.text
    attach_identity(request, None)  # who has logged out in this request
    assert visitors.identity(request) is None
    assert visitors.identity_if_known(request) is None


def test_asked_once_it_is_known(visitor, rf):  # U6
    visitor.log_in()
    request = rf.get("/", headers={"cookie": f"{IDENTITY}={visitor.cookies[IDENTITY]}"})
    user = attach(request, visitors.read, visitors.aread)
    assert async_to_sync(request.aoidc_user)() is user
    end_access("alpha", everybody=True)
    assert async_to_sync(request.aoidc_user)().is_logged_in


def test_async_views_behind_decorators(visitor):  # A1, U6, O4
    visitor.log_in()
    assert asynchronously(visitor, "/amembers/").content == b"hello Pat Admin"
    end_access("alpha", everybody=True)
    assert asynchronously(visitor, "/amembers/").status_code == 302


def test_async_views_that_write_a_session(visitor):  # L6, U6, O4
    visitor.log_in()
    assert asynchronously(visitor, "/awrite-session/?note=x").status_code == 200


def test_a_template_that_swallows_it_is_no_page_for_nobody(visitor):  # U6, O4
    visitor.log_in()
    with pytest.raises(SynchronousOnlyOperation):
        asynchronously(visitor, "/atemplate-if/")


# Without the cache


@pytest.mark.parametrize("path", ["/template-if/", "/no-such-page/", "/divide/"])
def test_a_page_that_says_something_else_is_replaced(visitor, settings, path):  # O4
    visitor.log_in()
    settings.CACHES = DOWN
    visitor.client.raise_request_exception = False
    response = visitor.get(path)
    assert response.status_code == 503
    assert "This page is not available at the moment" in text_of(response)
    assert "Cookie" in response["Vary"]


def test_an_async_page_that_says_something_else_is_replaced(visitor, settings):  # U6, O4
    visitor.log_in()
    assert asynchronously(visitor, "/aswallow/").status_code == 200
    settings.CACHES = DOWN
    assert asynchronously(visitor, "/aswallow/").status_code == 503


def test_a_middleware_that_asks(visitor, settings):  # O4
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.site.asking_middleware"]
    visitor.log_in()
    settings.CACHES = DOWN
    visitor.client.raise_request_exception = False
    assert visitor.get("/untouched/").status_code == 503


def test_another_error_stays_what_it_is(visitor):
    visitor.log_in()
    visitor.client.raise_request_exception = False
    assert visitor.get("/divide/").status_code == 500


@pytest.mark.parametrize("path", ["/ask/", "/members/", "/template/", "/aask/", "/amembers/"])
def test_who_carries_an_identity_is_told_to_come_back(visitor, settings, caplog, path):  # O4
    visitor.log_in()
    settings.CACHES = DOWN
    response = (
        asynchronously(visitor, path) if path.startswith("/a") and path != "/ask/" else visitor.get(path)
    )
    assert response.status_code == 503
    text = text_of(response)
    assert "This page is not available at the moment" in text
    assert "This site cannot check at the moment whether a login is still good." in text
    assert "nothing is lost" in text
    assert response.cookies == {}
    assert response["Cache-Control"] == "private, no-store"
    reference = re.search(r"reference: (\w{8}) ", text)[1]
    assert (
        f"page not available: revocation_unknown, reference {reference}: the cache cannot be asked: ConnectionError"
        in caplog.messages
    )


def test_nobody_needs_no_cache(visitor, settings):  # O4
    settings.CACHES = DOWN
    assert visitor.user() == {"is_logged_in": False}
    assert visitor.get("/members/").status_code == 302
    assert visitor.get("/oidc/login/").status_code == 200


def test_pages_that_do_not_ask_need_no_cache(visitor, settings):  # U6, O4
    visitor.log_in()
    settings.CACHES = DOWN
    assert visitor.get("/untouched/").content == b"nobody was asked for"


def test_the_login_is_there_again_when_the_cache_is(visitor, settings):  # O4
    visitor.log_in()
    caches = settings.CACHES
    settings.CACHES = DOWN
    assert visitor.get("/ask/").status_code == 503
    settings.CACHES = caches
    assert is_in(visitor)


def test_in_debug_the_page_says_why(visitor, settings):  # D3
    visitor.log_in()
    settings.CACHES, settings.DEBUG = DOWN, True
    assert "DEBUG revocation_unknown: the cache cannot be asked: ConnectionError" in text_of(
        visitor.get("/ask/")
    )


def test_a_login_without_the_cache_ends_on_a_page(visitor, settings):  # O4, L7
    back = visitor.at_provider(visitor.begin())
    settings.CACHES = DOWN
    response = visitor.get(back)
    assert response.status_code == 503
    assert "The login did not succeed" in text_of(response)
    assert IDENTITY not in visitor.cookies


def test_a_failed_login_says_nothing_of_who_is_there(visitor, settings):  # L7, O4
    visitor.log_in()
    settings.CACHES = DOWN
    response = visitor.get("/oauth2callback?state=x&code=y")
    assert response.status_code == 503
    assert "pat@alpha.example" not in text_of(response)
    assert IDENTITY in visitor.cookies


def test_logging_out_needs_no_cache(visitor, settings, caplog):  # O1, O4
    visitor.log_in()
    settings.CACHES = DOWN
    assert "pat@alpha.example" in text_of(visitor.get("/oidc/logout/"))
    assert visitor.client.post("/oidc/logout/").status_code == 302
    assert IDENTITY not in visitor.cookies
    assert "a login was not ended in the cache, only in the browser that logged out: " in caplog.text


def test_logging_out_everywhere_does(visitor, settings):  # O4: never half of it
    visitor.log_in()
    settings.CACHES = DOWN
    page = visitor.client.post("/oidc/logout/", {"everywhere": "1"})
    assert "So you were logged out nowhere." in text_of(page)
    assert 'action="/oidc/logout/"' in page.content.decode()
    assert page["Referrer-Policy"] == "same-origin"
    for response in (page, visitor.get("/leave-everywhere/")):
        assert response.status_code == 503
        assert "This page is not available at the moment" in text_of(response)
    assert IDENTITY in visitor.cookies


def test_letting_people_in_meanwhile(visitor, settings, live_secrets):  # O4
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "revocation_outage": "allow"}}
    visitor.log_in()
    settings.CACHES = DOWN
    assert is_in(visitor)
    visitor.log_in()
    assert is_in(visitor)


def test_a_page_with_something_else_to_say(rf, settings, visitor):  # O4
    visitor.log_in()
    settings.CACHES = DOWN
    request = rf.get("/", headers={"cookie": f"{IDENTITY}={visitor.cookies[IDENTITY]}"})
    with pytest.raises(RevocationUnknown):
        visitors.identity(request)
    assert visitors.identity_if_known(request) is None


def test_who_was_ended_is_one_line_of_the_log(visitor, caplog):  # K3
    caplog.set_level(logging.INFO, "django_multi_oidc")
    visitor.log_in()
    end_access("alpha", everybody=True)
    caplog.clear()
    visitor.get("/ask/")
    assert caplog.messages == ["identity cookie not accepted: its login was ended"]


# An allow rule that fails (A2): nobody can say whether who is there may be there


@pytest.fixture
def rule_fails(visitor, live_secrets, settings):
    """Pat is logged in at alpha, whose rule fails from now on; beta's people are not concerned."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    visitor.log_in()
    live_secrets["alpha"]["allow"] = {"function": "tests.site.fails"}
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    visitor.client.raise_request_exception = False


FAILED = f'allow in the secrets file names the function "tests.site.fails", which {site.FAILS}'


@pytest.mark.usefixtures("rule_fails")
def test_another_account_can_still_be_taken(visitor, caplog):  # A2
    assert visitor.get("/ask/").status_code == 500
    caplog.clear()
    assert visitor.get("/oidc/login/").status_code == 200
    assert f"identity cookie not accepted: {FAILED}" in caplog.messages
    back = visitor.at_provider(visitor.begin("/oidc/login/beta/"))
    assert visitor.get(back).status_code == 302
    assert visitor.user()["iss"].endswith("/beta")
    assert visitor.get(back).status_code == 302  # the Back button


@pytest.mark.usefixtures("rule_fails")
def test_the_back_button_after_a_login_whose_rule_fails_since(visitor):  # A2
    assert visitor.get("/oauth2callback?state=x&code=y").status_code == 400


@pytest.mark.usefixtures("rule_fails")
def test_whoever_is_there_can_still_log_out(visitor, someone_else, heard):  # A2, O1
    assert "You are logged in as pat@alpha.example" in text_of(visitor.get("/oidc/logout/"))
    assert visitor.client.post("/oidc/logout/").status_code == 302
    assert IDENTITY not in visitor.cookies
    assert heard == [{"sender": "alpha", "user": "pat@alpha.example"}]


@pytest.mark.usefixtures("rule_fails")
def test_in_an_outage_too(visitor, settings):  # A2, O4
    settings.CACHES = DOWN
    assert "You are logged in as pat@alpha.example" in text_of(visitor.get("/oidc/logout/"))


@pytest.mark.usefixtures("rule_fails")
def test_in_all_browsers_too(visitor, live_secrets, settings):  # A2, O4
    stolen = visitor.cookies[IDENTITY]
    assert visitor.client.post("/oidc/logout/", {"everywhere": "1"}).status_code == 302
    live_secrets["alpha"].pop("allow")
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    visitor.client.cookies[IDENTITY] = stolen
    assert not is_in(visitor)


@pytest.mark.usefixtures("rule_fails")
@pytest.mark.parametrize("path", ["/write-session/?note=x", "/awrite-session/"])
def test_a_page_that_does_not_ask_is_not_concerned(visitor, path):  # A2
    assert visitor.get(path).status_code == 200


@pytest.mark.usefixtures("rule_fails")
def test_a_session_stays_its_owners(visitor, op):  # A2: whose rule fails
    visitor.get("/write-session/?note=pats")
    assert visitor.client.session["note"] == "pats"
    op.auto_login("kim")
    visitor.log_in("/oidc/login/beta/")
    assert "note" not in visitor.client.session


# Who is let in, and whose session it is


@pytest.fixture
def switched_off(settings, live_secrets):
    live_secrets["revocation"] = False
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}


def no_one(request, identity):
    return False


def test_who_is_not_let_in_is_not_admitted(switched_off, rf, make_identity, cookie_of):
    request = rf.get("/", headers={"cookie": cookie_of(make_identity(login_at=time.time()))})
    attach(request, visitors.read)
    assert visitors.admitted(request) == visitors.identity(request) == visitors.identity_if_known(request)
    assert visitors.is_admitted(request)
    request = rf.get("/", headers={"cookie": cookie_of(make_identity(login_at=time.time()))})
    attach(request, visitors.read)
    narrow(request, no_one)
    assert visitors.identity(request) is not None
    assert not visitors.is_admitted(request)
    assert visitors.admitted(request) is visitors.identity_if_known(request) is None


def test_nobody_is_not_asked_about(switched_off, rf):
    request = rf.get("/")
    attach(request, visitors.read)
    narrow(request, lambda request, identity: 1 / 0)
    assert visitors.admitted(request) is visitors.identity_if_known(request) is None


def test_without_our_middleware_nobody_says_no(switched_off, rf, make_identity, cookie_of):
    identity = make_identity(login_at=time.time())
    request = rf.get("/", headers={"cookie": cookie_of(identity)})
    assert visitors.is_admitted(request)
    assert visitors.admitted(request) == visitors.session_owner(request) == identity


def test_a_page_with_something_else_to_say_does_not_wait_for_a_database(
    switched_off, rf, make_identity, cookie_of
):
    def is_down(request, identity):
        raise OperationalError("no connection")

    request = rf.get("/", headers={"cookie": cookie_of(make_identity(login_at=time.time()))})
    attach(request, visitors.read)
    narrow(request, is_down)
    assert visitors.identity_if_known(request) is None


def test_a_session_is_of_who_is_there_and_else_of_the_cookies_identity(
    switched_off, rf, make_identity, cookie_of
):
    pat, kim = make_identity(login_at=time.time()), make_identity("beta", login_at=time.time())
    request = rf.get("/", headers={"cookie": cookie_of(pat)})
    user = attach(request, visitors.read)
    assert visitors.session_owner(request) == pat
    assert repr(user) == "<OIDCUser: not asked for>"
    attach_identity(request, kim)
    assert visitors.session_owner(request) == kim
    attach_identity(request, None)
    assert visitors.session_owner(request) is None
