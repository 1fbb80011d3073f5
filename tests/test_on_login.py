"""U7: the project's own word at a login."""

from __future__ import annotations

import json
import logging
import re

import pytest
from asgiref.sync import async_to_sync
from django.core.checks import Error, run_checks
from django.test import AsyncClient, override_settings

from django_multi_oidc import on_login
from django_multi_oidc.exceptions import LoginRefused, OnLoginFailed
from tests.markdown import ROOT, blocks

VERIFIED = {
    "iss": "http://op.example",
    "sub": "pat",
    "iat": 1_800_000_000,
    "exp": 1_900_000_000,
    "name": "Pat",
    "groups": ["a", "b"],
}
ANSWERS: dict = {}
SEEN: list = []


def give(request, provider, claims):
    SEEN.append((request, provider, claims))
    answer = ANSWERS["answer"]
    return answer(claims) if callable(answer) else answer


async def agive(request, provider, claims):
    return give(request, provider, claims)


@pytest.fixture(params=["give", "agive"])
def hook(request, settings):
    """Makes the function, of either kind, answer this."""
    settings.MULTI_OIDC_ON_LOGIN = f"tests.test_on_login.{request.param}"
    SEEN.clear()

    def set_answer(answer):
        ANSWERS["answer"] = answer

    set_answer(lambda claims: claims)
    return set_answer


def kept(rf, answer, hook):
    hook(answer)
    return on_login.ask(rf.get("/"), "alpha", VERIFIED)


def test_without_a_function_all_is_kept(rf):  # U7
    assert on_login.ask(rf.get("/"), "alpha", VERIFIED) == VERIFIED


def test_it_says_what_is_kept(rf, hook):  # U7
    own = {name: VERIFIED[name] for name in ("iss", "sub", "iat", "exp")}
    assert kept(rf, {"department": "sales"}, hook) == {"department": "sales", **own}
    assert kept(rf, lambda claims: {**claims, "name": "P."}, hook) == {**VERIFIED, "name": "P."}


@pytest.mark.parametrize("name", ["iss", "sub", "exp", "iat", "auth_time", "acr", "amr", "sid", "tid"])
def test_who_by_whom_and_when_is_not_its_to_say(rf, hook, name):  # U7
    assert kept(rf, lambda claims: {**claims, name: 17}, hook) == VERIFIED
    assert kept(rf, lambda claims: {key: claims[key] for key in claims if key != name}, hook) == VERIFIED


def test_the_claims_that_it_gets_are_its_own(rf, hook):  # U7
    def change(claims):
        claims["groups"].clear()
        return {}

    kept(rf, change, hook)
    assert VERIFIED["groups"] == ["a", "b"]
    [(_, provider, claims)] = SEEN
    assert (provider, type(claims), type(claims["groups"])) == ("alpha", dict, list)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, "TypeError"),
        (True, "TypeError"),
        ([("a", 1)], "TypeError"),
        ({1: "x"}, "TypeError"),
        ({"when": {1, 2}}, "TypeError"),
        ({"number": float("nan")}, "ValueError"),
        (lambda claims: claims["nosuch"], "KeyError"),
    ],
)
def test_what_is_no_answer_logs_nobody_in(rf, hook, caplog, answer, error):  # U7
    with pytest.raises(OnLoginFailed) as caught:
        kept(rf, answer, hook)
    assert re.fullmatch(rf"tests\.test_on_login\.a?give raised {error}", caught.value.detail)
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    first, *lines = record.getMessage().splitlines()
    assert re.fullmatch(r"tests\.test_on_login\.a?give failed at a login, provider 'alpha'", first)
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1].startswith(f"{error}: ")
    assert record.exc_info is None  # S7: an error mail shows the local variables of one


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "TypeError: the function returned an object of type NoneType: return the claims"),
        ({1: "x"}, "TypeError: a claim's name is a string"),
    ],
)
def test_what_is_wrong_with_an_answer_stands_in_the_log(rf, hook, caplog, answer, said):  # U7
    with pytest.raises(OnLoginFailed):
        kept(rf, answer, hook)
    assert caplog.records[0].getMessage().splitlines()[-1] == said


def test_a_path_that_leads_nowhere_logs_nobody_in(rf, settings):  # U7
    settings.MULTI_OIDC_ON_LOGIN = "tests.test_on_login.nosuch"
    with pytest.raises(
        OnLoginFailed, match=r"^on_login_failed: tests\.test_on_login\.nosuch raised ImportError$"
    ):
        on_login.ask(rf.get("/"), "alpha", VERIFIED)


# Whole logins.


def raise_refusal(claims):
    raise LoginRefused("<b>You</b> left, Pat.")


def test_a_refusal_is_shown_and_not_logged(visitor, hook, caplog):  # U7, S7
    caplog.set_level(logging.INFO)
    hook(raise_refusal)
    response = visitor.log_in()
    text = response.content.decode()
    assert response.status_code == 403
    assert '<p role="alert">&lt;b&gt;You&lt;/b&gt; left, Pat.</p>' in text
    assert ">Use another account</a>" in text
    assert "<bdi>pat@alpha.example</bdi>" in text
    assert visitor.user() == {"is_logged_in": False}
    assert "You left" not in caplog.text
    assert "left, Pat" not in caplog.text
    assert "login failed: login_refused at stage callback, provider 'alpha'" in caplog.text


def test_a_failure_leaves_who_was_there(visitor, hook):  # U7, L7
    visitor.log_in()
    before = visitor.user()
    hook(lambda claims: claims["nosuch"])
    response = visitor.log_in()
    text = response.content.decode()
    assert response.status_code == 500
    assert "Something went wrong on this site when you logged in." in text
    assert re.search(r"give this reference: <code>[0-9a-f]{8}</code>", text)
    assert "KeyError" not in text
    assert visitor.user() == before


def test_what_it_returns_is_who_is_there(visitor, hook):  # U7
    hook(lambda claims: {"email": claims["email"], "department": "sales"})
    visitor.log_in()
    user = visitor.user()
    assert user["department"] == "sales"
    assert "name" not in user
    assert user["sub"]


def test_what_it_adds_is_kept_whatever_claims_lists(visitor, hook, live_secrets, settings):  # U7
    live_secrets["alpha"]["claims"] = ["email"]
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    hook(lambda claims: {**claims, "department": "sales"})
    visitor.log_in()
    assert visitor.user()["department"] == "sales"
    assert "name" not in visitor.user()


@pytest.mark.parametrize(("department", "status"), [("sales", 302), ("it", 403)])
def test_rules_see_what_it_returned(visitor, hook, live_secrets, settings, department, status):  # U7, A2
    live_secrets["alpha"] |= {
        "allow": [{"department": "sales"}],
        "roles": {"seller": [{"department": "sales"}]},
    }
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    hook(lambda claims: {**claims, "department": department})
    assert visitor.log_in().status_code == status
    assert visitor.user()["is_logged_in"] is (status == 302)


def test_the_request_has_nothing_of_the_providers_answer(visitor, hook):  # U7, S7
    back = visitor.at_provider(visitor.begin())
    visitor.get(back)
    [(request, _, _)] = SEEN
    assert request.GET == {}
    values = [value for value in request.META.values() if isinstance(value, str)]
    code = re.search(r"code=([^&]+)", back)[1]
    assert not [value for value in values if code in value and "multi_oidc_auth" not in value]
    assert request.oidc_user.is_logged_in is True  # by now


def test_claims_that_do_not_fit_afterwards(visitor, hook):  # U7, K5
    hook(lambda claims: {**claims, "much": [str(hash((number, "x"))) for number in range(2000)]})
    response = visitor.log_in()
    assert response.status_code == 502
    assert visitor.user() == {"is_logged_in": False}
    assert len(SEEN) == 1


def test_under_asgi(live_secrets, hook, visitor):  # U7
    hook(lambda claims: {**claims, "department": "sales"})
    back = visitor.at_provider(visitor.begin())
    client = AsyncClient(headers={"host": "localhost"})
    client.cookies = visitor.client.cookies

    async def finish():
        response = await client.get(back)
        return response.status_code, (await client.get("/aask/")).json()

    status, user = async_to_sync(finish)()
    assert (status, user["department"]) == (302, "sales")


# The setting.


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (3, "a whole number, which is no dotted path"),
        ("on_login", '"on_login", which is no dotted path'),
        ("tests.test_on_login:give", '"tests.test_on_login:give", which is no dotted path'),
        ("tests.test_on_login.VERIFIED", '"tests.test_on_login.VERIFIED", which is no function'),
        ("nosuch.on_login", "\"nosuch.on_login\", which cannot be imported: No module named 'nosuch'"),
    ],
)
def test_a_wrong_setting_is_found(settings, value, problem):  # D6
    settings.MULTI_OIDC_ON_LOGIN = value
    assert [message for message in run_checks() if message.id == "django_multi_oidc.E017"] == [
        Error(
            f"MULTI_OIDC_ON_LOGIN is {problem}.",
            hint='The path of a function, as a string: "shop.logins.on_login"',
            id="django_multi_oidc.E017",
        )
    ]


def test_a_right_setting_is_silent(hook):  # D6
    assert [message for message in run_checks() if message.id == "django_multi_oidc.E017"] == []


# The page of the docs.


def test_the_documented_function(rf):  # D6
    (_, code) = blocks(ROOT / "docs" / "login_hook.md", "python")
    module: dict = {}
    exec(code.text, module)
    function = module["on_login"]
    pat = {"email": "pat@example.org"}
    assert function(None, "google", pat) == {**pat, "department": "sales"}
    with pytest.raises(LoginRefused) as caught:
        function(None, "google", {"email": "eve@example.org"})
    assert caught.value.own_message == "You left the company in May."
    assert json.dumps(function(None, "google", {}))
    with override_settings(MULTI_OIDC_ON_LOGIN=None):
        assert on_login.ask(rf.get("/"), "alpha", pat) == pat
