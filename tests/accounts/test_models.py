"""A3: the table."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import IntegrityError

from django_multi_oidc.accounts.models import OIDCIdentity, key_of

User = get_user_model()


@pytest.fixture
def user(db):
    return User.objects.create_user("pat")


def link(user, issuer="http://op", subject="sub"):
    return OIDCIdentity.objects.link(user=user, issuer=issuer, subject=subject, provider="alpha")


def test_migrations_say_what_the_models_say():
    call_command("makemigrations", "multi_oidc_accounts", check=True, dry_run=True)


def test_an_account_is_one_users(user):
    link(user)
    with pytest.raises(IntegrityError):
        link(User.objects.create_user("kim"))


def test_a_key_keeps_issuer_and_subject_apart():
    keys = {
        key_of("http://op", "sub"),
        key_of("http://ops", "ub"),
        key_of("http://op", "SUB"),
        key_of("", ""),
    }
    assert len(keys) == 4
    assert {len(key) for key in keys} == {64}


def test_a_row_is_found_with_its_user_and_when_that_one_last_logged_in(
    user, make_identity, django_assert_num_queries
):
    row = link(user, "http://localhost:9/alpha", "pat-sub")
    other = link(user, "http://localhost:9/beta", "pat-sub")
    OIDCIdentity.objects.filter(pk=other.pk).update(login_at=5.5)
    with django_assert_num_queries(1):
        found = OIDCIdentity.objects.of(make_identity())
        assert (found, found.user, found.newest, found.login_at) == (row, user, 5.5, 0.0)


def test_whoever_is_not_there_is_none(user, make_identity):
    assert OIDCIdentity.objects.of(make_identity()) is None


def test_it_goes_with_its_user(user):
    link(user)
    user.delete()
    assert not OIDCIdentity.objects.exists()


def test_its_text_names_no_account(user):  # S7
    assert str(link(user, subject="pat-sub")) == f"identity {OIDCIdentity.objects.get().pk} at alpha"
