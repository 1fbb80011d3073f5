"""A3: user models of the project's own."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from django_multi_oidc.accounts import user_model
from tests.accounts import models


@pytest.fixture
def model(monkeypatch):
    def use(name):
        monkeypatch.setattr(user_model, "get_user_model", lambda: getattr(models, name))

    return use


def test_djangos_own(db):
    assert user_model.field("is_staff").name == "is_staff"
    assert user_model.field("nosuch") is None
    assert user_model.email_field() == "email"
    assert user_model.has_groups()
    assert user_model.database() == "default"


def test_one_without_most_of_it(model):
    model("PlainUser")
    assert user_model.field("is_staff") is None  # a property
    assert user_model.email_field() == ""
    assert not user_model.has_groups()


def test_groups_of_another_kind_are_not_djangos(model):
    model("TeamUser")
    assert not user_model.has_groups()
    assert user_model.email_field() == "email"


def test_a_relation_of_somebody_else_is_no_field(db):
    assert user_model.field("oidc_identities") is None


def test_an_address_that_people_log_in_by_is_not_ours_to_change(model):
    model("EmailUser")
    assert user_model.email_field() == ""
    assert user_model.has_groups()


def test_a_user_is_locked_and_read_anew(db):
    user = get_user_model().objects.create_user("pat")
    get_user_model().objects.update(first_name="Pat")
    assert user_model.lock(user.pk).first_name == "Pat"


def test_memberships_are_the_databases(db):
    user, group = get_user_model().objects.create_user("pat"), Group.objects.create(name="Editors")
    user.groups.add(group)
    assert list(Group.objects.filter(pk__in=user_model.memberships(user))) == [group]


@pytest.mark.parametrize("name", ["EmailUser", "PlainUser", "UniqueUser"])
def test_people_log_in_with_it(name):
    """In a process of its own, for a project has one user model."""
    command = [sys.executable, "-W", "error", "-m", "tests.accounts.custom", name]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == f"logged in as a {name}"
