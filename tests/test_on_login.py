"""U7: the project's own word at a login."""

from __future__ import annotations

import logging
import re

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.core.checks import Error, run_checks
from django.db import connection
from django.test import AsyncClient
from django.utils.safestring import mark_safe

from django_multi_oidc import on_login
from django_multi_oidc.exceptions import LoginRefused, OnLoginFailed
from django_multi_oidc.signals import oidc_logging_in
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


class Disguised:
    """What no look at a function tells to be async."""

    async def __call__(self, request, provider, claims):
        return {"department": provider}


disguised = Disguised()


def nested(depth):
    answer: dict = {}
    for _ in range(depth):
        answer = {"in": answer}
    return answer


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


def test_async_is_what_returns_something_to_wait_for(rf, settings):  # U7
    settings.MULTI_OIDC_ON_LOGIN = "tests.test_on_login.disguised"
    assert on_login.ask(rf.get("/"), "alpha", VERIFIED)["department"] == "alpha"


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
        ({"name": "\ud83d"}, "ValueError"),
        ({"\ud83d": "name"}, "ValueError"),
        (nested(32), "ValueError"),
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


def test_it_may_nest_as_deep_as_a_providers_claims(rf, hook):  # U7
    assert kept(rf, nested(31), hook)["in"] == nested(30)


def test_a_path_that_leads_nowhere_logs_nobody_in(rf, settings):  # U7
    settings.MULTI_OIDC_ON_LOGIN = "tests.test_on_login.nosuch"
    with pytest.raises(
        OnLoginFailed, match=r"^on_login_failed: tests\.test_on_login\.nosuch raised ImportError$"
    ):
        on_login.ask(rf.get("/"), "alpha", VERIFIED)


# Whole logins.


def raise_refusal(claims):
    raise LoginRefused("<b>You</b> left, Pat.")


FOR_EVERYBODY = LoginRefused("Not here.")


def raise_the_same(claims):
    raise FOR_EVERYBODY


class Left(LoginRefused):
    status, code = 410, "left"
    message = "You left us in May."

    def __init__(self, who):
        super().__init__()
        self.who = who


def raise_one_of_the_sites_own(claims):
    raise Left(claims["sub"])


class OfAPerson(LoginRefused):
    def __new__(cls, who):
        return super().__new__(cls)

    def __init__(self, who):
        super().__init__(f"Not you, {who}.")


def raise_one_that_wants_arguments(claims):
    raise OfAPerson(claims["name"])


@pytest.mark.parametrize(
    ("refuse", "status", "text"),
    [
        (raise_one_of_the_sites_own, 410, "You left us in May."),
        (raise_one_that_wants_arguments, 403, "Not you, Pat Admin."),
    ],
)
def test_a_refusal_of_the_sites_own_kind(visitor, hook, refuse, status, text):  # U7
    hook(refuse)
    page = visitor.log_in()
    assert page.status_code == status
    assert text in page.content.decode()
    assert "<bdi>pat@alpha.example</bdi>" in page.content.decode()


def test_a_refusal_that_a_module_keeps_names_nobody_later(visitor, hook):  # U7, S7
    hook(raise_the_same)
    assert "<bdi>pat@alpha.example</bdi>" in visitor.log_in().content.decode()
    assert FOR_EVERYBODY.account == ""


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
    assert caplog.text.count(": the function of MULTI_OIDC_ON_LOGIN said no\n") == 1


def test_a_refusal_is_escaped_even_where_it_is_said_to_be_safe(visitor, hook):  # U7
    def refuse(claims):
        raise LoginRefused(mark_safe("<b>You</b> left."))

    hook(refuse)
    assert '<p role="alert">&lt;b&gt;You&lt;/b&gt; left.</p>' in visitor.log_in().content.decode()


def test_a_refusal_without_a_text(visitor, hook):  # U7
    def refuse(claims):
        raise LoginRefused

    hook(refuse)
    assert '<p role="alert">This site does not let you log in.</p>' in visitor.log_in().content.decode()


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


def test_lists_that_it_adds_are_cut_like_a_providers(visitor, hook, live_secrets, settings):  # U7, K5
    live_secrets["alpha"] |= {"trim_to_rules": ["teams"], "roles": {"seller": [{"teams": "sales"}]}}
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    hook(lambda claims: {**claims, "teams": ["sales", *map(str, range(2000))]})
    assert visitor.log_in().status_code == 302
    assert visitor.user()["teams"] == ["sales"]


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


@pytest.mark.parametrize("kind", ["see_who_was_there", "asee_who_was_there"])
def test_it_may_ask_who_was_there_before(visitor, settings, kind):  # U7
    settings.MULTI_OIDC_ON_LOGIN = f"tests.test_on_login.{kind}"
    visitor.log_in()
    assert visitor.user()["before"] == "nobody"
    visitor.log_in("/oidc/login/beta/")
    assert visitor.user()["before"] == "pat@alpha.example"


def see_who_was_there(request, provider, claims):
    return {**claims, "before": request.oidc_user.get("email", "nobody")}


async def asee_who_was_there(request, provider, claims):
    return {**claims, "before": (await request.aoidc_user()).get("email", "nobody")}


@pytest.mark.django_db(transaction=True)
def test_what_it_writes_stays_where_the_login_fails_later(visitor, live_secrets, settings):  # U7
    live_secrets["alpha"]["allow"] = [{"department": "it"}]
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    settings.MULTI_OIDC_ON_LOGIN = "tests.test_on_login.write_down"
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        assert visitor.log_in().status_code == 403
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert [group.name for group in Group.objects.all()] == ["in a transaction: False"]


def write_down(request, provider, claims):
    Group.objects.create(name=f"in a transaction: {connection.in_atomic_block}")
    return claims


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
        (
            "tests.test_rules.breaks",
            "\"tests.test_rules.breaks\", which cannot be imported: name 'Editor' is not defined",
        ),
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


def documented(number):
    code = blocks(ROOT / "docs" / "login_hook.md", "python")[number]
    module: dict = {}
    exec(code.text, module)
    return module["on_login"]


def test_the_documented_function():  # D6
    function = documented(1)
    pat = {"email": "pat@example.org", "email_verified": True}
    assert function(None, "google", pat) == {**pat, "department": "sales"}
    with pytest.raises(LoginRefused) as caught:
        function(None, "google", {"email": "Eve@example.org"})
    assert caught.value.own_message == "You left the company in May."


@pytest.mark.parametrize("verified", [{}, {"email_verified": False}, {"email_verified": "true"}])
def test_the_documented_function_grants_nothing_by_anybodys_address(verified):  # D6, A2
    eve = {"email": "pat@example.org", "department": "sales", **verified}
    assert documented(1)(None, "google", eve) == {**eve, "department": "none"}


def test_the_documented_function_grants_nothing_by_look_alikes():  # D6, A2
    kim = {"email": "\u212aim@example.org", "email_verified": True}
    function = documented(1)
    function.__globals__["DEPARTMENTS"]["kim@example.org"] = "sales"
    assert function(None, "google", kim) == {**kim, "department": "none"}


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "teams"), [("pat@alpha.example", ["sales"]), ("pat@b.example", [])])
def test_the_documented_async_function(visitor, settings, monkeypatch, address, teams):  # D6
    Group.objects.create(name="sales").user_set.create(username="pat", email=address)
    monkeypatch.setattr("tests.test_on_login.agive", documented(2))
    settings.MULTI_OIDC_ON_LOGIN = "tests.test_on_login.agive"
    assert visitor.log_in().status_code == 302
    assert visitor.user()["teams"] == teams


def test_the_documented_async_function_asks_by_no_address_of_anybodys(rf, monkeypatch, settings):  # D6, A2
    monkeypatch.setattr("tests.test_on_login.agive", documented(2))
    settings.MULTI_OIDC_ON_LOGIN = "tests.test_on_login.agive"
    claims = {"email": "pat@alpha.example", "teams": ["sales"]}
    assert on_login.ask(rf.get("/"), "alpha", claims) == {**claims, "teams": []}  # and no query


# The receivers of oidc_logging_in


@pytest.fixture
def receive():
    """Makes a function a receiver, for this test."""
    connected = []

    def connect(function):
        oidc_logging_in.connect(function)
        connected.append(function)

    yield connect
    for function in connected:
        oidc_logging_in.disconnect(function)


def test_a_receiver_hears_who_is_to_be_before_anything_is_kept(visitor, receive):
    heard = []

    def hear(sender, request, user, **kwargs):
        heard.append((sender, user["email"], request.oidc_user.is_logged_in))

    receive(hear)
    assert visitor.log_in().status_code == 302
    assert heard == [("alpha", "pat@alpha.example", False)]


def test_a_receiver_may_refuse_the_login(visitor, receive, caplog):  # U7, L7
    caplog.set_level("INFO", logger="django_multi_oidc")
    visitor.log_in()
    before = visitor.user()

    async def refuse(user, **kwargs):
        raise LoginRefused(f"No account for {user['name']} here.")

    receive(refuse)
    response = visitor.log_in()
    assert response.status_code == 403
    assert f'<p role="alert">No account for {before["name"]} here.</p>' in response.content.decode()
    assert "<bdi>pat@alpha.example</bdi>" in response.content.decode()
    assert ": a receiver of oidc_logging_in said no" in caplog.text
    assert before["name"] not in caplog.text
    assert visitor.user() == before


def test_a_receiver_that_fails_ends_the_login(visitor, receive, caplog):  # U7, L7
    def fail(**kwargs):
        return 1 / 0

    receive(fail)
    response = visitor.log_in()
    assert response.status_code == 500
    assert "Something went wrong on this site when you logged in." in response.content.decode()
    assert ": a receiver of oidc_logging_in raised ZeroDivisionError" in caplog.text
    assert "return 1 / 0" in caplog.text
    assert visitor.user() == {"is_logged_in": False}


@pytest.mark.parametrize("detail", ["an account of ours is missing", "zero of them"])
def test_a_refusal_of_a_receiver_may_say_why_in_the_log(visitor, receive, caplog, detail):
    caplog.set_level("INFO", logger="django_multi_oidc")

    def refuse(**kwargs):
        refusal = LoginRefused("No.")
        refusal.detail = detail
        raise refusal

    receive(refuse)
    assert visitor.log_in().status_code == 403
    assert caplog.text.count(f": {detail}\n") == 1


@pytest.mark.parametrize("error", [KeyError("nosuch"), RuntimeError("no")])
def test_however_a_receiver_fails_the_log_says_where(visitor, receive, caplog, error):
    def fail(**kwargs):
        raise error

    receive(fail)
    assert visitor.log_in().status_code == 500
    [record] = [
        record
        for record in caplog.records
        if record.levelname == "ERROR" and record.name.endswith("on_login")
    ]
    first, *trace = record.getMessage().splitlines()
    assert first == "a receiver of oidc_logging_in failed, provider 'alpha'"
    assert "    raise error" in trace
