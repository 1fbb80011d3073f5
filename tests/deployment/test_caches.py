"""Revocation, logins under way and shared documents over the caches that sites have: Redis and Memcached."""

from __future__ import annotations

import html
import re

import pytest
from django.core.cache import cache, caches

from django_multi_oidc import connections, discovery, revocation
from django_multi_oidc.exceptions import RevocationUnknown
from django_multi_oidc.shared_cache import Seldom
from django_multi_oidc.shortcuts import end_access
from tests.deployment.programs import Memcached, Redis
from tests.flow import Visitor
from tests.real_site import eventually

IDENTITY = "multi_oidc_auth"
DAY = 24 * 60 * 60


@pytest.fixture(params=[Redis, Memcached], ids=lambda program: program.name)
def server(request, tmp_path, settings, live_secrets):
    live_secrets["revocation"] = True
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    with request.param(tmp_path) as program:
        settings.CACHES = {"default": program.cache}
        yield program
        caches.close_all()
    connections.clear()
    discovery.clear()


@pytest.fixture
def kim(server, op, someone_else):
    """Somebody who is still in proves that not everybody was ended."""
    op.auto_login("kim")
    someone_else.log_in()
    op.auto_login("pat")
    return someone_else


@pytest.fixture
def pat(server, visitor):
    visitor.log_in()
    return visitor


def is_in(visitor):
    return visitor.user()["is_logged_in"]


def copy_of(visitor):
    """Another browser, with everything that this one keeps."""
    copy = Visitor()
    for name, value in visitor.cookies.items():
        copy.client.cookies[name] = value
    return copy


def text_of(response):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", response.content.decode())))


# What ends a login


def test_logging_out_ends_copies_too(pat, kim):  # O1, O4
    copy = copy_of(pat)
    assert is_in(copy)
    assert pat.client.post("/oidc/logout/").status_code == 302
    assert not is_in(copy)
    assert is_in(kim)


def test_logging_in_once_more_ends_the_login_before(pat):  # O4
    copy = copy_of(pat)
    pat.log_in()
    assert is_in(pat)
    assert not is_in(copy)


def test_logging_out_in_all_browsers(pat, kim, live_secrets):  # O4
    elsewhere = Visitor()
    elsewhere.log_in()
    assert pat.client.post("/oidc/logout/", {"everywhere": "1"}).status_code == 302
    assert not is_in(elsewhere)
    assert is_in(kim)
    elsewhere.log_in()
    assert is_in(elsewhere)


@pytest.mark.parametrize(
    "whom",
    [{"sub": "pat"}, {"email": "Pat@alpha.example"}, {"everybody": True}],
    ids=["sub", "email", "everybody"],
)
def test_ending_access(pat, kim, whom):  # O4
    elsewhere = Visitor()
    elsewhere.log_in("/oidc/login/beta/")
    end_access("alpha", **whom)
    assert not is_in(pat)
    assert is_in(kim) is not whom.get("everybody", False)
    assert is_in(elsewhere)
    pat.log_in()
    assert is_in(pat)


def test_the_providers_word_is_taken_once(pat, kim, op):  # O4
    token = op.logout_token("alpha", sub=pat.user()["sub"])
    say = {"path": "/oidc/backchannel-logout/alpha/", "data": {"logout_token": token}}
    assert pat.client.post(**say).status_code == 200
    assert not is_in(pat)
    assert is_in(kim)
    pat.log_in()
    again = pat.client.post(**say)
    assert (again.status_code, again.json()["error_description"]) == (400, "callback_malformed")
    assert is_in(pat)


def test_the_providers_word_on_one_session(pat, op):  # O4
    elsewhere = Visitor()
    elsewhere.log_in()
    user = pat.user()
    token = op.logout_token("alpha", sub=user["sub"], sid=user["sid"])
    assert pat.client.post("/oidc/backchannel-logout/alpha/", {"logout_token": token}).status_code == 200
    assert not is_in(pat)
    assert is_in(elsewhere)


# What is kept


def end_in_every_way(visitor):
    user = visitor.user()
    end_access("alpha", sub=user["sub"])
    end_access("alpha", email=user["email"])
    end_access("alpha", everybody=True)
    visitor.log_in()
    visitor.client.post("/oidc/logout/")


@pytest.mark.parametrize("days", [30, 90])
def test_marks_live_as_long_as_the_longest_login(server, pat, settings, live_secrets, days):  # O4
    live_secrets["beta"]["lifetime"] = f"{days}d"
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    end_in_every_way(pat)
    left = [seconds for key, seconds in server.seconds_left().items() if ":ended:" in key]
    assert left.count(None) == 1  # the sentinel, for good
    marks = [seconds for seconds in left if seconds is not None]
    assert len(marks) == 5  # with that of the login which the second one took the place of
    assert all(days * DAY - 60 < seconds <= days * DAY + 1 for seconds in marks)


def test_the_cache_holds_no_name(server, pat, op):  # S7
    user = pat.user()
    end_in_every_way(pat)
    token = op.logout_token("alpha", sub=user["sub"], sid=user["sid"])
    assert pat.client.post("/oidc/backchannel-logout/alpha/", {"logout_token": token}).status_code == 200
    keys = [key for key in server.seconds_left() if ":ended:" in key]
    assert len(keys) == 9
    values = [cache.get(key.removeprefix(":1:")) for key in keys]
    assert None not in values
    digests = [key.removeprefix(":1:django_multi_oidc:ended:") for key in keys]
    assert all(re.fullmatch(r"[\w-]{22}", digest) for digest in digests)
    assert all(isinstance(value, int) or value == "used" for value in values)


# An emptied cache


@pytest.fixture(params=["emptied", "started anew"])
def lose_all(request, server):
    def emptied():
        cache.clear()  # FLUSHDB, flush_all

    def started_anew():
        server.stop()
        server.start()

    return emptied if request.param == "emptied" else started_anew


def test_an_emptied_cache_ends_whoever_was_there(pat, kim, lose_all):  # O4
    ended = copy_of(pat)
    pat.client.post("/oidc/logout/")
    lose_all()
    assert not is_in(ended)
    assert not is_in(kim)
    pat.log_in()
    assert is_in(pat)
    assert not is_in(ended)
    assert not is_in(kim)


def test_who_logs_in_first_into_an_emptied_cache_is_in(pat, lose_all):  # O4
    lose_all()
    pat.log_in()
    assert is_in(pat)


def test_a_login_under_way_outlives_an_emptied_cache(visitor, lose_all):  # O4, S5
    back = visitor.at_provider(visitor.begin())
    lose_all()
    assert visitor.get(back).status_code == 302
    assert is_in(visitor)


# Without the cache


def test_a_server_that_is_down(server, pat):  # O4
    before = pat.cookies
    server.stop()
    response = pat.get("/ask/")
    assert response.status_code == 503
    text = text_of(response)
    assert "This page is not available at the moment" in text
    assert "This site cannot check at the moment whether a login is still good." in text
    assert re.search(r"give this reference: \w{8} ", text)
    assert response.cookies == {}
    assert pat.cookies == before
    server.start()
    eventually(lambda: pat.get("/ask/").status_code == 200)
    assert not is_in(pat)  # with the server, the marks are gone
    pat.log_in()
    assert is_in(pat)


def test_every_page_says_so_while_the_server_is_down(server, pat):  # O4
    server.stop()
    assert [pat.get(path).status_code for path in ("/ask/", "/members/", "/ask/", "/ask/")] == [503] * 4
    assert pat.get("/untouched/").status_code == 200


def test_nothing_is_ended_while_the_server_is_down(server, pat):  # O4
    server.stop()
    for _ in range(3):
        with pytest.raises(RevocationUnknown):
            end_access("alpha", sub="pat")
    assert pat.client.post("/oidc/logout/", {"everywhere": "1"}).status_code == 503
    assert IDENTITY in pat.cookies
    assert pat.client.post("/oidc/logout/").status_code == 302
    assert IDENTITY not in pat.cookies


def test_the_providers_word_may_come_again_when_the_server_is_back(server, pat, op):  # O4
    token = op.logout_token("alpha", sub=pat.user()["sub"])
    say = {"path": "/oidc/backchannel-logout/alpha/", "data": {"logout_token": token}}
    server.stop()
    answer = pat.client.post(**say)
    assert (answer.status_code, answer.json()["error_description"]) == (400, "revocation_unknown")
    server.start()
    eventually(lambda: pat.client.post(**say).status_code == 200)


def test_letting_people_in_meanwhile(server, pat, settings, live_secrets, caplog, monkeypatch):  # O4
    monkeypatch.setattr(revocation, "_may_warn", Seldom())  # the log is told once a minute
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "revocation_outage": "allow"}}
    server.stop()
    assert is_in(pat)
    assert "logins that were ended are let in meanwhile: the cache cannot be asked: " in caplog.text


def test_a_login_without_the_server_ends_on_a_page(server, visitor):  # O4, L7
    back = visitor.at_provider(visitor.begin())
    server.stop()
    response = visitor.get(back)
    assert response.status_code == 503
    assert "The login did not succeed" in text_of(response)
    assert IDENTITY not in visitor.cookies


# Logins under way, and what workers share


def test_a_login_is_used_once(server, visitor):  # L3
    back = visitor.at_provider(visitor.begin())
    copy = copy_of(visitor)
    assert visitor.get(back).status_code == 302
    response = copy.get(back)
    assert response.status_code == 400
    assert "This login is already over. Start a new one." in text_of(response)
    assert IDENTITY not in copy.cookies


def test_what_one_worker_fetched_the_next_one_has(server, visitor, op):  # S4
    discovery.clear()
    visitor.log_in()
    fetched = documents(op)
    discovery.clear()
    visitor.log_in()
    assert documents(op) == fetched
    assert len(fetched) == 2
    cache.clear()
    discovery.clear()
    visitor.log_in()
    assert documents(op) == fetched * 2


def documents(op):
    return [path for _, path in op.requests if "openid-configuration" in path or "jwks" in path]


def test_logins_go_on_without_the_server(server, visitor, settings, live_secrets):  # S4, L3
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "revocation": False}}
    server.stop()
    for _ in range(3):
        assert visitor.log_in().status_code == 302
        assert is_in(visitor)
