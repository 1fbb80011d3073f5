"""A1: what a page wants, and who has it."""

from __future__ import annotations

import time

import pytest
from asgiref.sync import async_to_sync

from django_multi_oidc.gates import (
    LOGIN,
    Gate,
    Refusal,
    age_gate,
    arefusal_of,
    login_gate,
    passing_gate,
    refusal_of,
    role_gate,
)
from django_multi_oidc.users import attach_identity
from tests.conftest import CLAIMS

pytestmark = pytest.mark.usefixtures("secrets")
NOW = 1_800_000_000


@pytest.fixture(params=[refusal_of, async_to_sync(arefusal_of)], ids=["sync", "async"])
def refused(request):
    return request.param


@pytest.fixture
def user(rf, make_identity):
    requests = []  # a user holds its request weakly

    def make(provider="alpha", **claims):
        requests.append(rf.get("/"))
        return attach_identity(requests[-1], make_identity(provider, claims=CLAIMS | claims))

    return make


@pytest.fixture
def nobody(rf):
    return attach_identity(rf.get("/"), None)


GATES = [
    LOGIN,
    login_gate("alpha"),
    role_gate("admin", None),
    passing_gate(lambda user: True, None),
    age_gate(300, None),
]


@pytest.mark.parametrize("wanted", GATES, ids=["login", "provider", "role", "test", "recent"])
def test_nobody_passes_no_gate(refused, nobody, wanted):  # A1
    assert refused(wanted, nobody) is Refusal.NOBODY


def test_a_login_is_enough(refused, user):  # A1
    assert refused(LOGIN, user()) is None
    assert refused(LOGIN, user("beta")) is None


def test_people_of_given_providers(refused, user):  # A1
    assert refused(login_gate("alpha"), user()) is None
    assert refused(login_gate(["beta", "alpha"]), user()) is None
    assert refused(login_gate("beta"), user()) is Refusal.PROVIDER
    assert refused(login_gate({"alpha"}), user("beta")) is Refusal.PROVIDER


def test_a_role(refused, user):  # A1, A2
    assert refused(role_gate("admin", None), user()) is None
    assert refused(role_gate("admin", None), user("beta")) is Refusal.ROLE
    assert refused(role_gate("editor", None), user()) is Refusal.ROLE
    assert refused(role_gate("editor", None), user("beta", email="kim@beta.example")) is None


async def is_norwegian(user):
    return user.address["country"] == "NO"


@pytest.mark.parametrize("test", [is_norwegian, lambda user: user.address["country"] == "NO"])
def test_a_test_of_the_project(refused, user, test):  # A1
    assert refused(passing_gate(test, None), user()) is None
    assert refused(passing_gate(test, None), user(address={"country": "SE"})) is Refusal.TEST


def test_the_test_is_asked_last(refused, user, nobody):  # A1
    asked = []
    wanted = Gate(providers=("beta",), role="editor", max_age=300, test=lambda user: bool(asked.append(user)))
    recent = {"auth_time": time.time()}
    assert refused(wanted, nobody) is Refusal.NOBODY
    assert refused(wanted, user(**recent)) is Refusal.PROVIDER
    assert refused(wanted, user("beta", **recent)) is Refusal.ROLE
    assert refused(wanted, user("beta", email="kim@beta.example")) is Refusal.TOO_OLD
    assert asked == []
    assert refused(wanted, user("beta", email="kim@beta.example", **recent)) is Refusal.TEST
    assert len(asked) == 1


def test_what_a_test_raises_lets_nobody_in(refused, user):  # A1
    with pytest.raises(ZeroDivisionError):
        refused(passing_gate(lambda user: 1 / 0, None), user())


async def no():
    return False


def generates(user):
    yield False


async def agenerates(user):
    yield False


class Future:
    def __await__(self):
        yield


@pytest.mark.parametrize(
    ("test", "kind"),
    [
        (lambda user: no(), "coroutine"),
        (lambda user: Future(), "Future"),
        (generates, "generator"),
        (agenerates, "async_generator"),
        (lambda user: user.has_role, "method"),
        (lambda user: (False,), "tuple"),
        (lambda user: "no", "str"),
        (lambda user: 1, "int"),
        (lambda user: 0, "int"),
        (lambda user: None, "NoneType"),
    ],
)
def test_only_true_is_a_yes(refused, user, test, kind):  # A1
    with pytest.raises(TypeError) as caught:
        refused(passing_gate(test, None), user())
    assert str(caught.value) == (
        f"the test of a page returned an object of type {kind}: it returns True or False, or is an async def "
        "that does"
    )


def test_without_auth_time_no_login_is_recent(refused, user, time_machine):  # A1
    time_machine.move_to(NOW, tick=False)
    assert refused(age_gate(300, None), user(iat=NOW)) is Refusal.TOO_OLD
    assert refused(age_gate(300, None), user(auth_time=NOW - 10)) is None


def test_only_logins_mend_what_a_login_mends():
    assert [refusal for refusal in Refusal if refusal.a_login_mends_it] == [Refusal.NOBODY, Refusal.TOO_OLD]


@pytest.mark.parametrize(
    ("make", "argument", "error", "message"),
    [
        (login_gate, [1], TypeError, "providers are one or more names, as in [auth.<name>], not [1]"),
        (login_gate, [""], TypeError, "providers are one or more names, as in [auth.<name>], not ['']"),
        (login_gate, [], TypeError, "providers are one or more names, as in [auth.<name>], not []"),
        (login_gate, "", TypeError, "providers are one or more names, as in [auth.<name>], not ''"),
        (role_gate, "", TypeError, """a role is named by a string, such as "editor", not ''"""),
        (role_gate, None, TypeError, """a role is named by a string, such as "editor", not None"""),
        (role_gate, ["a"], TypeError, """a role is named by a string, such as "editor", not ['a']"""),
        (passing_gate, "x", TypeError, "the test of a page is a function that takes the user, not 'x'"),
        (passing_gate, None, TypeError, "the test of a page is a function that takes the user, not None"),
        (age_gate, "300", TypeError, "max_age is a whole number of seconds, not '300'"),
        (age_gate, True, TypeError, "max_age is a whole number of seconds, not True"),
        (age_gate, 300.5, TypeError, "max_age is a whole number of seconds, not 300.5"),
        (age_gate, None, TypeError, "max_age is a whole number of seconds, not None"),
        (
            age_gate,
            29,
            ValueError,
            "max_age is 29 seconds: less than 30 cannot be told from the difference between two machines' clocks",
        ),
        (age_gate, 10**9, ValueError, "max_age is 1000000000 seconds: at most 9 digits"),
        (age_gate, 10**9 + 1, ValueError, "max_age is 1000000001 seconds: at most 9 digits"),
    ],
)
def test_what_is_no_gate_says_so(make, argument, error, message):
    with pytest.raises(error) as caught:
        make(argument) if make is login_gate else make(argument, None)
    assert str(caught.value) == message


def test_a_gate_of_any_provider():
    assert login_gate(None) == LOGIN == Gate()
    assert age_gate(30, None).max_age == 30
    assert age_gate(10**9 - 1, None).max_age == 10**9 - 1
    assert passing_gate(is_norwegian, ["alpha"]) == Gate(test=is_norwegian, providers=("alpha",))
    assert age_gate(60, "alpha") == Gate(max_age=60, providers=("alpha",))
    assert role_gate("editor", "alpha") == Gate(role="editor", providers=("alpha",))
