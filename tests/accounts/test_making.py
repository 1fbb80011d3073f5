"""A3: a new user, and what is copied of the claims."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model

from django_multi_oidc.accounts import making, people, user_model
from django_multi_oidc.exceptions import ConfigurationError, LoginRefused
from tests.accounts import making as functions
from tests.accounts.models import PlainUser

User = get_user_model()

EMAIL = {"email": "pat@alpha.example", "email_verified": True}


def test_a_user_name_is_nobodys_address_and_cannot_be_foreseen(identity):
    first, second = making.new_user(identity(**EMAIL)), making.new_user(identity(**EMAIL))
    assert re.fullmatch(r"oidc_[0-9a-f]{16}", first.username)
    assert first.username != second.username
    assert len(first.username) == making.NAME_LENGTH


def test_it_stays_the_same(identity):
    name = people.user_of(identity(**EMAIL)).username
    assert people.user_of(identity(email="new@alpha.example", email_verified=True)).username == name


@pytest.mark.parametrize(
    ("claims", "names"),
    [
        ({"given_name": "Pat", "family_name": "Admin", "name": "Pat Q. Admin"}, ("Pat", "Admin")),
        ({"given_name": "Pat"}, ("Pat", "")),
        ({"family_name": "Admin"}, ("", "Admin")),
        ({"name": "Pat Admin"}, ("Pat Admin", "")),
        ({"name": ["Pat"], "given_name": 3}, ("", "")),
        ({"name": "P\0at"}, ("Pat", "")),
        ({"name": "x" * 151}, ("x" * 150, "")),
        ({}, ("", "")),
    ],
)
def test_names(identity, claims, names):
    user = making.new_user(identity(**claims))
    assert (user.first_name, user.last_name) == names


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        (EMAIL, "pat@alpha.example"),
        ({"email": "pat@alpha.example"}, ""),
        ({"email": "pat@alpha.example", "email_verified": False}, ""),
        ({"email": f"{'x' * 250}@a.example", "email_verified": True}, ""),
        ({"email": {"a": 1}, "email_verified": True}, ""),
        ({"email": "ro\0ot@site.example", "email_verified": True}, ""),
    ],
)
def test_only_a_verified_address_is_copied(identity, claims, email):
    assert making.new_user(identity(**claims)).email == email


def test_or_a_trusted_one(identity, secrets, settings):
    secrets["alpha"]["trust_email"] = True
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    assert making.new_user(identity(email="pat@alpha.example")).email == "pat@alpha.example"


@pytest.fixture
def make(accounts):
    def use(name):
        accounts.MULTI_OIDC_ACCOUNTS_MAKE_USER = f"tests.accounts.making.{name}"

    return use


def test_the_projects_function_makes_the_user(identity, make):
    make("make_user")
    user = people.user_of(identity(name="Pat Admin", **EMAIL))
    assert User.objects.get() == user
    assert (user.username, user.email) == ("alpha-pat-sub", "pat@alpha.example")
    assert user.first_name == "Pat Admin"  # in step, as with any user
    assert not user.has_usable_password()


def test_what_it_sees(identity, make):
    make("remember")
    people.user_of(identity(name="Pat Admin", **EMAIL))
    people.user_of(identity("kim-sub", email="kim@alpha.example"))
    pat, kim = functions.SEEN
    assert pat == (
        {"iss": "http://localhost:9/alpha", "sub": "pat-sub", "name": "Pat Admin", **EMAIL},
        "alpha",
    )
    assert kim == ({"iss": "http://localhost:9/alpha", "sub": "kim-sub"}, "alpha")


def test_it_sees_no_address_that_is_not_verified(identity, make):
    make("make_user")
    assert people.user_of(identity(email="pat@alpha.example")).email == "none@x.example"


def test_nobody_it_makes_has_a_password(identity, make):
    make("make_with_password")
    assert not people.user_of(identity()).has_usable_password()


def test_it_may_refuse(identity, make):
    make("refuse")
    with pytest.raises(LoginRefused) as caught:
        people.welcome(identity())
    assert caught.value.own_message == "Employees only."
    assert people.user_of(identity()) is None


def test_it_links_nobody(identity, make, root):
    make("find")
    with pytest.raises(ConfigurationError) as caught:
        people.welcome(identity())
    assert str(caught.value) == (
        "MULTI_OIDC_ACCOUNTS_MAKE_USER: tests.accounts.making.find returned a user who is in the database already. "
        "It returns a new one, not saved; an existing one is linked by oidc_link, or by "
        "MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL."
    )


def test_it_returns_a_user(identity, make):
    make("nothing")
    with pytest.raises(ConfigurationError) as caught:
        people.welcome(identity())
    assert str(caught.value) == (
        "MULTI_OIDC_ACCOUNTS_MAKE_USER: tests.accounts.making.nothing returned an object of type NoneType. It returns "
        "a new User, or raises LoginRefused."
    )


@pytest.mark.parametrize("name", ["find", "nothing", "fails"])
def test_where_it_fails_nobody_is_logged_in(visitor, op, make, root, name, caplog):  # L7
    make(name)
    response = visitor.log_in()
    assert response.status_code == 500
    assert "Something went wrong on this site when you logged in." in response.content.decode()
    assert visitor.user() == {"is_logged_in": False}
    assert User.objects.count() == 1
    assert "pat@" not in caplog.text


def test_a_model_without_names_gets_none(identity, monkeypatch):
    monkeypatch.setattr(user_model, "get_user_model", lambda: PlainUser)
    assert list(making.copied(identity(name="Pat", **EMAIL))) == []
