"""A3, A5: which user somebody is."""

from __future__ import annotations

import pickle

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import DataError, IntegrityError, OperationalError

from django_multi_oidc.accounts import linking, people, user_model
from django_multi_oidc.accounts.models import OIDCIdentity
from django_multi_oidc.exceptions import LoginRefused, RuleFailed

User = get_user_model()

EMAIL = {"email": "pat@alpha.example", "email_verified": True}


def test_a_user_is_made_at_first_sight(identity):
    user = people.user_of(identity(name="Pat Admin", **EMAIL))
    assert user == User.objects.get()
    assert (user.first_name, user.last_name, user.email) == ("Pat Admin", "", "pat@alpha.example")
    assert not user.has_usable_password()
    row = OIDCIdentity.objects.get()
    assert (row.user, row.issuer, row.subject, row.provider) == (
        user,
        "http://localhost:9/alpha",
        "pat-sub",
        "alpha",
    )
    assert row.login_at == 1_800_000_000


def test_by_issuer_and_subject_and_by_nothing_else(identity):
    users = {
        people.user_of(identity("AbC", **EMAIL)).pk,
        people.user_of(identity("aBc", **EMAIL)).pk,
        people.user_of(identity("AbC", provider="beta", **EMAIL)).pk,
        people.user_of(identity("AbC ", **EMAIL)).pk,
    }
    assert len(users) == 4
    assert people.user_of(identity("AbC", email="somebody.else@alpha.example")).pk in users


def test_once_it_is_written_a_question_is_one_query(identity, django_assert_num_queries):
    pat = identity(**EMAIL)
    people.user_of(pat)
    with django_assert_num_queries(1):
        people.user_of(pat)


def test_a_newer_login_brings_name_and_address_in_step(identity):
    people.user_of(identity(given_name="Pat", family_name="Admin", **EMAIL))
    user = people.user_of(
        identity(given_name="Pat", family_name="Muster", email="p@alpha.example", email_verified=True)
    )
    assert (user.first_name, user.last_name, user.email) == ("Pat", "Muster", "p@alpha.example")
    saved = User.objects.get()
    assert (saved.last_name, saved.email) == ("Muster", "p@alpha.example")


def test_an_older_one_does_not(identity):
    old = identity(name="Pat Old")
    people.user_of(identity(name="Pat New"))
    assert people.user_of(old).first_name == "Pat New"
    assert OIDCIdentity.objects.get().login_at == 1_800_000_001


def test_what_a_login_does_not_say_stays(identity):
    people.user_of(identity(name="Pat", **EMAIL))
    user = people.user_of(identity(email="evil@alpha.example", email_verified=False))
    assert (user.first_name, user.email) == ("Pat", "pat@alpha.example")


def test_an_address_that_another_user_has_is_fine_where_the_model_says_so(identity):
    User.objects.create_user("other", "pat@alpha.example")
    assert people.user_of(identity(**EMAIL)).email == "pat@alpha.example"
    assert User.objects.count() == 2


def test_a_deactivated_user_is_refused(identity):
    pat = identity()
    people.user_of(pat)
    User.objects.update(is_active=False)
    assert people.user_of(pat) is None
    with pytest.raises(LoginRefused) as caught:
        people.welcome(pat)
    assert str(caught.value.own_message) == "Your account on this site is deactivated."
    assert caught.value.detail == "the user is deactivated"


@pytest.mark.parametrize("policy", ["invited", "never"])
def test_nobody_is_made_where_the_setting_says_so(identity, accounts, policy):  # A5
    accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS = policy
    pat = identity(**EMAIL)
    assert people.user_of(pat) is None
    with pytest.raises(LoginRefused) as caught:
        people.welcome(pat)
    assert str(caught.value.own_message) == (
        "There is no account for you on this site. Ask whoever runs it for one."
    )
    assert not User.objects.exists()


@pytest.mark.parametrize("policy", ["always", "invited", "never"])
def test_who_is_linked_is_let_in_whatever_it_says(identity, accounts, policy):  # A5
    accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS = policy
    user = User.objects.create_user("pat")
    OIDCIdentity.objects.link(
        user=user, issuer="http://localhost:9/alpha", subject="pat-sub", provider="alpha"
    )
    assert people.user_of(identity()) == user


@pytest.mark.parametrize("policy", ["always", "invited"])
def test_an_invited_person_gets_the_user_that_was_made_for_them(identity, accounts, policy, caplog):  # A5
    caplog.set_level("INFO", logger="django_multi_oidc")
    accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS = policy
    accounts.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": ["alpha.example"]}
    invited = User.objects.create_user("invited", "pat@alpha.example")
    assert people.user_of(identity(**EMAIL)) == invited
    assert f"user {invited.pk} was linked to an account at provider 'alpha', by e-mail address" in caplog.text


def test_never_is_never(identity, accounts):  # A5
    accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS = "never"
    accounts.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": ["alpha.example"]}
    User.objects.create_user("invited", "pat@alpha.example")
    assert people.user_of(identity(**EMAIL)) is None
    assert not OIDCIdentity.objects.exists()


def test_a_user_is_taken_over_by_one_account_alone(identity, accounts, monkeypatch):
    """Two people have found the same user, before either has written."""
    accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS = "invited"
    invited = User.objects.create_user("invited", "pat@alpha.example")
    accounts.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": ["alpha.example"]}
    monkeypatch.setattr(linking, "user_by_email", lambda identity: invited)
    assert people.user_of(identity(**EMAIL)) == invited
    other = identity(provider="beta", **EMAIL)
    assert people.user_of(other) is None
    assert OIDCIdentity.objects.count() == 1
    accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS = "always"
    assert people.user_of(other) not in (None, invited)


def test_somebody_else_may_be_faster(identity, monkeypatch):
    """Two first requests of one person: the second has found no row, and cannot write one."""
    pat = identity(**EMAIL)
    user_by_email = linking.user_by_email

    def look_while_another_request_is_answered(identity):
        monkeypatch.setattr(linking, "user_by_email", user_by_email)
        people.user_of(identity)

    monkeypatch.setattr(linking, "user_by_email", look_while_another_request_is_answered)
    assert people.user_of(pat) == User.objects.get()
    assert OIDCIdentity.objects.count() == 1


@pytest.fixture
def deleted_meanwhile(monkeypatch):
    """Somebody deletes the user between the first look and the lock."""
    lock = user_model.lock

    def delete_and_lock(pk):
        User.objects.filter(pk=pk).delete()
        return lock(pk)

    monkeypatch.setattr(user_model, "lock", delete_and_lock)


def test_a_match_who_is_deleted_meanwhile_is_nobodys(identity, accounts, deleted_meanwhile):
    accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS = "invited"
    accounts.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": ["alpha.example"]}
    User.objects.create_user("invited", "pat@alpha.example")
    assert people.user_of(identity(**EMAIL)) is None


def test_who_is_deleted_meanwhile_is_nobody(identity, deleted_meanwhile):
    assert people.user_of(identity(**EMAIL)) is None


def test_who_is_deactivated_meanwhile_is_nobody(identity, monkeypatch):
    lock = user_model.lock

    def deactivate_and_lock(pk):
        User.objects.filter(pk=pk).update(is_active=False)
        return lock(pk)

    monkeypatch.setattr(user_model, "lock", deactivate_and_lock)
    assert people.user_of(identity(**EMAIL)) is None


def test_a_database_that_takes_no_such_user_is_a_refusal(identity, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise IntegrityError("Key (email)=(pat@alpha.example) already exists.")

    monkeypatch.setattr(User, "save", refuse)
    pat = identity(**EMAIL)
    assert people.user_of(pat) is None
    with pytest.raises(LoginRefused) as caught:
        people.welcome(pat)
    assert str(caught.value.own_message) == (
        "Another account on this site has your e-mail address. Ask whoever runs the site."
    )
    assert caught.value.detail == "the database takes no second user of this kind"
    assert caught.value.__cause__ is None


def test_an_address_that_the_database_does_not_take_is_left_out(identity, monkeypatch, caplog):
    pat = people.user_of(identity(name="Pat", **EMAIL))
    save = User.save

    def refuse_addresses(self, *args, update_fields=None, **kwargs):
        if update_fields and "email" in update_fields:
            raise IntegrityError("Key (email)=(new@alpha.example) already exists.")
        save(self, *args, update_fields=update_fields, **kwargs)

    monkeypatch.setattr(User, "save", refuse_addresses)
    user = people.user_of(identity(name="Pat New", email="new@alpha.example", email_verified=True))
    assert (user.first_name, user.email) == ("Pat New", "pat@alpha.example")
    assert f"user {pat.pk}: the database does not take the new email" in caplog.text
    assert "new@" not in caplog.text


def test_names_that_the_database_does_not_take_are_left_out(identity, monkeypatch, caplog):
    people.user_of(identity(name="Pat", **EMAIL))
    save = User.save

    def refuse_names(self, *args, update_fields=None, **kwargs):
        if update_fields and "first_name" in update_fields:
            raise DataError("Failing row contains (Pat New, pat@alpha.example).")
        save(self, *args, update_fields=update_fields, **kwargs)

    monkeypatch.setattr(User, "save", refuse_names)
    user = people.user_of(identity(name="Pat New", email="new@alpha.example", email_verified=True))
    assert (user.first_name, user.email) == ("Pat", "new@alpha.example")
    assert caplog.messages == [f"user {user.pk}: the database does not take the new first_name"]


def test_an_error_of_the_database_is_told_without_its_text(identity, monkeypatch):
    def fail(self, *args, **kwargs):
        raise OperationalError("Failing row contains (pat@alpha.example).")

    monkeypatch.setattr(User, "save", fail)
    with pytest.raises(OperationalError) as caught:
        people.user_of(identity(**EMAIL))
    assert str(caught.value) == "the database did not store a user; SQLSTATE: not known"
    assert caught.value.__suppress_context__


def test_a_linked_user_has_no_password_any_more(identity, accounts):
    """Who set it may have told the site the address of another."""
    accounts.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": ["alpha.example"]}
    mallory = User.objects.create_user("mallory", "pat@alpha.example", "the password")
    hash_before = mallory.get_session_auth_hash()
    assert people.user_of(identity(**EMAIL)) == mallory
    mallory.refresh_from_db()
    assert not mallory.has_usable_password()
    assert mallory.get_session_auth_hash() != hash_before


def test_a_user_can_be_pickled(identity, settings):
    """As caches do."""
    settings.MULTI_OIDC_ACCOUNTS_GROUPS = {"Editors": "admin"}
    Group.objects.create(name="Editors")
    user = pickle.loads(pickle.dumps(people.user_of(identity(**EMAIL))))
    assert [group.name for group in user.groups.all()] == ["Editors"]


def test_a_rule_that_fails_is_no_no(identity, secrets, settings):
    secrets["alpha"]["admins"] = {"function": "tests.site.fails"}
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    with pytest.raises(RuleFailed):
        people.user_of(identity(**EMAIL))


# Two identities of one person


@pytest.fixture
def both(identity):
    """Logs one user in at alpha, where they are an admin, and at beta, where they are not; the older login first."""
    user = User.objects.create_user("pat")
    for provider in ("alpha", "beta"):
        issuer = f"http://localhost:9/{provider}"
        OIDCIdentity.objects.link(user=user, issuer=issuer, subject="pat-sub", provider=provider)

    def log_in(*order):
        for provider in order:
            yield people.user_of(identity(provider=provider, **EMAIL))

    return log_in


def saved():
    return User.objects.get().is_staff


def test_each_request_is_what_its_own_identity_is_given(both):
    alpha, beta = both("alpha", "beta")
    assert alpha == beta
    assert (alpha.is_staff, beta.is_staff) == (True, False)


@pytest.mark.parametrize("order", [("alpha", "beta"), ("beta", "alpha")])
def test_the_newest_login_decides_what_is_saved(both, order):
    list(both(*order))
    assert saved() is (order[-1] == "alpha")


def test_they_do_not_fight(identity, both, django_assert_num_queries):
    """One query for each request, which writes nothing."""
    alpha = identity(provider="alpha", **EMAIL)
    beta = identity(provider="beta", **EMAIL)
    people.user_of(alpha)
    people.user_of(beta)
    with django_assert_num_queries(6):
        for _ in range(3):
            assert people.user_of(alpha).is_staff is True
            assert people.user_of(beta).is_staff is False
    assert saved() is False


def test_the_newest_login_follows_its_rules_in_the_database_too(identity, secrets, settings):
    pat = identity(**EMAIL)
    people.user_of(pat)
    assert saved() is True
    del secrets["alpha"]["admins"]
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    assert people.user_of(pat).is_staff is False
    assert saved() is False


def test_an_older_login_of_the_same_account_writes_nothing(identity, django_assert_num_queries):
    old = identity(**EMAIL)
    people.user_of(identity(email="pat@elsewhere.example", email_verified=True))
    assert saved() is False
    with django_assert_num_queries(1):
        assert people.user_of(old).is_staff is True
    assert saved() is False


def test_a_newer_login_of_somebody_else_is_no_newer_login(identity, secrets, settings):
    pat = identity(**EMAIL)
    user = people.user_of(pat)
    people.user_of(identity("kim-sub"))
    del secrets["alpha"]["admins"]
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    assert people.user_of(pat).is_staff is False
    assert User.objects.get(pk=user.pk).is_staff is False


def test_the_database_is_asked_again_under_the_lock(identity, both, monkeypatch):
    """Between the first look and the lock, a newer login may have had its say."""
    alpha = identity(provider="alpha", **EMAIL)
    bring_in_step = people._bring_in_step

    def bring_in_step_late(link, identity_, now):
        monkeypatch.setattr(people, "_bring_in_step", bring_in_step)
        people.user_of(identity(provider="beta", **EMAIL))
        return bring_in_step(link, identity_, now)

    monkeypatch.setattr(people, "_bring_in_step", bring_in_step_late)
    assert people.user_of(alpha).is_staff is True
    assert saved() is False


def test_a_flag_that_a_hand_has_changed_is_set_right_again(identity):
    pat = identity(**EMAIL)
    people.user_of(pat)
    User.objects.update(is_staff=False)
    assert people.user_of(pat).is_staff is True
    assert saved() is True


def test_nothing_is_logged_of_the_claims(identity, caplog):  # S7
    caplog.set_level("DEBUG", logger="django_multi_oidc")
    people.user_of(identity(name="Pat Admin", **EMAIL))
    User.objects.update(is_active=False)
    people.user_of(identity(name="Pat Admin", **EMAIL))
    assert caplog.messages == ["identity not accepted: the user is deactivated"]


def test_what_a_database_cannot_store_is_stored_otherwise(identity):
    nul = identity("pat\0sub", name="P\0t", given_name="x" * 1000)
    user = people.user_of(nul)
    row = OIDCIdentity.objects.get()
    assert (row.subject, user.first_name) == ("pat\N{REPLACEMENT CHARACTER}sub", "x" * 150)
    assert people.user_of(identity("pat\N{REPLACEMENT CHARACTER}sub")) != user
    assert row.saved == {"groups": [], "managed": [], "given": []}
