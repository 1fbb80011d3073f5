"""The provider says that somebody has logged out there: whole ways, with the development provider."""

from __future__ import annotations

import logging
from base64 import urlsafe_b64encode

import pytest
from django.core.cache import cache
from django.test import Client

from django_multi_oidc import discovery, revocation
from django_multi_oidc.signals import oidc_revoked

URL = "/oidc/backchannel-logout/alpha/"
REFUSED = {"error": "invalid_request"}


@pytest.fixture(autouse=True)
def _switched_on(settings, live_secrets):
    live_secrets["revocation"] = True
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    discovery.clear()  # keys that were fetched before their time are not fetched again for a while
    yield
    discovery.clear()


@pytest.fixture
def say(op, caplog):
    """POST a logout token, or anything else; the response."""
    caplog.set_level(logging.INFO, "django_multi_oidc")

    def post(token, path=URL, **more):
        return Client(enforce_csrf_checks=True).post(path, {"logout_token": token, **more})

    return post


@pytest.fixture
def revoked():
    calls = []

    def receiver(**kwargs):
        calls.append({name: value for name, value in kwargs.items() if name != "signal"})

    oidc_revoked.connect(receiver)
    yield calls
    oidc_revoked.disconnect(receiver)


def test_whoever_logs_out_at_the_provider_is_out_here(visitor, someone_else, op, say, revoked, caplog):  # O4
    visitor.log_in()
    user = visitor.user()
    op.auto_login("kim")
    someone_else.log_in()
    response = say(op.logout_token("alpha", sub=user["sub"]))
    assert (response.status_code, response.content) == (200, b"")
    assert response["Cache-Control"] == "no-store"
    assert not visitor.user()["is_logged_in"]
    assert someone_else.user()["is_logged_in"]
    assert revoked == [{"sender": "alpha", "sub": user["sub"], "sid": "", "email": "", "everybody": False}]
    assert "provider 'alpha' has logged somebody out" in caplog.messages
    assert "identity cookie not accepted: its login was ended" in caplog.messages
    visitor.log_in()
    assert visitor.user()["is_logged_in"]


def test_a_session_there_is_one_login_here(visitor, someone_else, op, say):  # O4: sub and sid: that sid alone
    for browser in (visitor, someone_else):
        browser.log_in()
    user, other = visitor.user(), someone_else.user()
    assert user["sub"] == other["sub"]
    assert user["sid"] != other["sid"]
    assert say(op.logout_token("alpha", sub=user["sub"], sid=user["sid"])).status_code == 200
    assert not visitor.user()["is_logged_in"]
    assert someone_else.user()["is_logged_in"]


def test_the_other_providers_logins_stay(visitor, op, say):  # O4
    visitor.log_in("/oidc/login/beta/")
    user = visitor.user()
    assert say(op.logout_token("alpha", sub=user["sub"])).status_code == 200
    assert visitor.user()["is_logged_in"]


def test_a_token_is_taken_once(visitor, op, say, caplog):  # O4
    visitor.log_in()
    token = op.logout_token("alpha", sub=visitor.user()["sub"])
    assert say(token).status_code == 200
    visitor.log_in()
    response = say(token)
    assert response.status_code == 400
    assert response.json() == {**REFUSED, "error_description": "callback_malformed"}
    assert response["Cache-Control"] == "no-store"
    assert (
        "provider 'alpha': a logout was not taken: callback_malformed: the \"jti\" was met before"
        in caplog.messages
    )
    assert visitor.user()["is_logged_in"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"nonce": "x"}, "id_token_invalid"),
        ({"events": None}, "id_token_invalid"),
        ({"aud": "somebody"}, "id_token_invalid"),
        ({"iss": "https://evil.example"}, "id_token_invalid"),
        ({"jti": None}, "id_token_invalid"),
    ],
)
def test_a_token_that_is_none_ends_nothing(visitor, op, say, changes, code):  # O4
    visitor.log_in()
    response = say(op.logout_token("alpha", **{"sub": visitor.user()["sub"], **changes}))
    assert response.status_code == 400
    assert response.json() == {**REFUSED, "error_description": code}
    assert visitor.user()["is_logged_in"]


def test_another_providers_token_ends_nothing(visitor, op, say):  # O4
    visitor.log_in()
    assert say(op.logout_token("beta", sub=visitor.user()["sub"])).status_code == 400
    assert visitor.user()["is_logged_in"]


@pytest.mark.parametrize(
    "form", [{}, {"logout_token": ""}, {"logout_token": "x"}, {"logout_token": ["a", "b"]}]
)
def test_what_is_no_request(op, form):  # O4
    response = Client().post(URL, form)
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


def test_only_by_post(op):  # O4
    assert Client().get(URL).status_code == 405


def test_a_provider_that_is_not_there(say, op):  # O4
    assert say(op.logout_token("alpha", sub="x"), path="/oidc/backchannel-logout/gamma/").status_code == 404


def test_switched_off_it_is_not_there(say, op, settings, live_secrets):  # O4
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "revocation": False}}
    assert say(op.logout_token("alpha", sub="x")).status_code == 404


def test_new_keys_are_fetched(visitor, op, say):  # S1, O4
    visitor.log_in()
    sub = visitor.user()["sub"]
    op.rotate_keys()
    assert say(op.logout_token("alpha", sub=sub)).status_code == 200
    assert not visitor.user()["is_logged_in"]


def test_a_provider_whose_keys_cannot_be_fetched(op, say):  # O4
    token = op.logout_token("alpha", sub="x")
    discovery.clear()
    cache.clear()
    op.go_down()
    response = say(token)
    assert (response.status_code, response.json()["error_description"]) == (400, "provider_unavailable")
    op.come_back()
    assert say(token).status_code == 200


def test_what_could_not_be_written_may_be_sent_again(visitor, op, say, monkeypatch):  # O4
    visitor.log_in()
    token = op.logout_token("alpha", sub=visitor.user()["sub"])
    with monkeypatch.context() as patch:
        patch.setattr(revocation, "_longest_lifetime", full)
        response = say(token)
    assert (response.status_code, response.json()["error_description"]) == (400, "revocation_unknown")
    assert visitor.user()["is_logged_in"]
    assert say(token).status_code == 200
    assert not visitor.user()["is_logged_in"]


def test_what_failed_in_another_way_may_be_sent_again_as_well(visitor, op, say, monkeypatch):  # O4
    visitor.log_in()
    token = op.logout_token("alpha", sub=visitor.user()["sub"])
    with monkeypatch.context() as patch:
        patch.setattr(revocation, "_mark", full)
        with pytest.raises(OSError, match="no space left"):
            say(token)
    assert say(token).status_code == 200


def test_a_form_with_more_fields_than_django_reads(op):  # O4
    response = Client().post(URL, {f"field{number}": "x" for number in range(1500)})
    assert response.status_code == 400
    assert response.json() == {**REFUSED, "error_description": "too_many_fields"}


def test_what_passes_for_a_token_costs_no_login_its_keys(visitor, op, say):  # S4, O4
    _, _, rest = op.logout_token("alpha", sub="x").partition(".")
    unknown = urlsafe_b64encode(b'{"alg":"RS256","kid":"nobodys"}').decode().rstrip("=")
    assert say(f"{unknown}.{rest}").status_code == 400
    op.rotate_keys()
    assert visitor.log_in().status_code == 302


def full(*args, **kwargs):
    raise OSError("no space left on device")


def test_neither_log_nor_error_says_who(visitor, op, say, caplog):  # S7
    visitor.log_in()
    user = visitor.user()
    for token in (
        op.logout_token("alpha", sub=user["sub"], nonce="x"),
        op.logout_token("alpha", sub=user["sub"], sid=user["sid"]),
    ):
        response = say(token)
        for secret in (user["sub"], user["sid"], token):
            assert secret not in caplog.text
            assert secret not in response.content.decode()
