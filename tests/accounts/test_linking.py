"""A5: an e-mail address makes somebody an existing user, where a setting says so and nothing speaks against it."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from django_multi_oidc.accounts import linking, people, user_model
from django_multi_oidc.accounts.models import OIDCIdentity
from django_multi_oidc.exceptions import LoginRefused
from tests.accounts.models import PlainUser

User = get_user_model()

EMAIL = {"email": "pat@alpha.example", "email_verified": True}


@pytest.fixture(autouse=True)
def links(settings):
    settings.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": ["alpha.example"]}
    return settings


@pytest.fixture
def pat(db):
    return User.objects.create_user("pat", "pat@alpha.example")


def test_by_default_nobody(pat, identity, links):
    del links.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL
    assert linking.user_by_email(identity(**EMAIL)) is None


@pytest.mark.parametrize("email", ["pat@alpha.example", "Pat@Alpha.Example"])
def test_the_one_with_the_address(pat, identity, email):
    assert linking.user_by_email(identity(email=email, email_verified=True)) == pat


@pytest.mark.parametrize("domain", ["alpha.example", "Alpha.Example"])
def test_domains_are_in_any_letters(pat, identity, links, domain):
    links.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": [domain]}
    assert linking.user_by_email(identity(**EMAIL)) == pat


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "pat@alpha.example"},
        {"email": "pat@alpha.example", "email_verified": False},
        {"email": "pat@alpha.example", "email_verified": "true"},
        {"email": ["pat@alpha.example"], "email_verified": True},
        {"email_verified": True},
        {"email": "", "email_verified": True},
        {"email": "@alpha.example", "email_verified": True},
        {"email": "kim@alpha.example", "email_verified": True},
    ],
)
def test_no_other_claims(pat, identity, claims):
    User.objects.create_user("nobody", "")
    assert linking.user_by_email(identity(**claims)) is None


def test_trust_email_is_a_providers_word(pat, identity, secrets, settings):
    secrets["alpha"]["trust_email"] = True
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    assert linking.user_by_email(identity(email="pat@alpha.example")) == pat
    assert linking.user_by_email(identity(email="pat@alpha.example", email_verified=False)) is None


@pytest.mark.parametrize("domains", [[], ["example"], ["beta.example"], ["*"]])
def test_no_other_domain(pat, identity, links, domains):
    links.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": domains}
    assert linking.user_by_email(identity(**EMAIL)) is None


def test_no_other_provider(pat, identity):
    assert linking.user_by_email(identity(provider="beta", **EMAIL)) is None


def test_a_letter_that_looks_like_ours_is_another(identity):
    User.objects.create_user("kim", "kim@alpha.example")
    kelvin = "\N{KELVIN SIGN}im@alpha.example"
    assert linking.user_by_email(identity(email=kelvin, email_verified=True)) is None


def test_what_the_database_takes_for_the_same_is_compared_once_more(identity):
    """PostgreSQL's UPPER() takes a dotless i for an i."""
    User.objects.create_user("kim", "k\N{LATIN SMALL LETTER DOTLESS I}m@alpha.example")
    assert linking.user_by_email(identity(email="kim@alpha.example", email_verified=True)) is None


def test_one_who_is_linked_already_is_in_nobodys_way(pat, identity):
    other = User.objects.create_user("other", "pat@alpha.example")
    OIDCIdentity.objects.link(user=other, issuer="http://elsewhere", subject="pat", provider="beta")
    assert linking.user_by_email(identity(**EMAIL)) == pat


def test_of_several_nobody(pat, identity):
    User.objects.create_user("pat2", "PAT@alpha.example")
    assert linking.user_by_email(identity(**EMAIL)) is None


@pytest.mark.parametrize("flag", ["is_staff", "is_superuser"])
def test_never_staff(pat, identity, flag):
    User.objects.update(**{flag: True})
    assert linking.user_by_email(identity(**EMAIL)) is None


@pytest.mark.parametrize("policy", ["always", "invited"])
def test_who_is_deactivated_is_not_let_in_as_somebody_new(pat, identity, settings, policy):
    settings.MULTI_OIDC_ACCOUNTS_CREATE_USERS = policy
    User.objects.update(is_active=False)
    assert linking.user_by_email(identity(**EMAIL)) == pat
    with pytest.raises(LoginRefused) as caught:
        people.welcome(identity(**EMAIL))
    assert str(caught.value.own_message) == "Your account on this site is deactivated."
    assert not OIDCIdentity.objects.exists()
    assert User.objects.count() == 1


def test_never_somebody_who_is_linked(pat, identity):
    OIDCIdentity.objects.link(user=pat, issuer="http://elsewhere", subject="pat", provider="beta")
    assert linking.user_by_email(identity(**EMAIL)) is None


@pytest.mark.parametrize(
    ("claims", "users", "reason"),
    [
        ({}, [], "it has no address that the provider has verified"),
        ({"email": "pat@alpha.example"}, [{}], "it has no address that the provider has verified"),
        (
            {"email": "pat@beta.example", "email_verified": True},
            [],
            "MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL does not name the domain of its address for this provider",
        ),
        (EMAIL, [], "no user without an account has its address"),
        (EMAIL, [{}, {}, {}], "more than one user without an account has its address"),
        (
            EMAIL,
            [{"is_staff": True}],
            "the one with its address may not be taken over: staff, or a superuser",
        ),
    ],
)
def test_the_log_says_why_nobody_is_linked(identity, settings, caplog, claims, users, reason):
    caplog.set_level("INFO", logger="django_multi_oidc")
    settings.MULTI_OIDC_ACCOUNTS_CREATE_USERS = "invited"
    for number, flags in enumerate(users):
        User.objects.create_user(f"user {number}", "pat@alpha.example", **flags)
    assert people.user_of(identity(**claims)) is None
    assert caplog.messages == [f"identity not accepted: no user is linked to the account, and {reason}"]


def test_a_model_without_addresses_has_nobody_with_one(identity, monkeypatch):
    monkeypatch.setattr(user_model, "get_user_model", lambda: PlainUser)
    monkeypatch.setattr(linking, "get_user_model", lambda: PlainUser)
    assert linking.user_by_email(identity(**EMAIL)) is None
