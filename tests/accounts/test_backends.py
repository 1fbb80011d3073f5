"""A3: permissions without passwords."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, authenticate
from django.contrib.auth.models import Permission

from tests.accounts.conftest import OUR_BACKEND


@pytest.fixture
def ours_alone(accounts):
    accounts.AUTHENTICATION_BACKENDS = [OUR_BACKEND]


def test_nobody_logs_in_by_a_password(ours_alone, root):
    assert authenticate(None, username="root", password="the password") is None
    assert async_to_sync(aauthenticate)(None, username="root", password="the password") is None


def test_permissions_are_djangos(ours_alone, visitor, log_in):
    user = log_in("kim")
    user.user_permissions.add(Permission.objects.get(codename="change_group"))
    assert visitor.get("/for-permitted/").content == b"the permitted's page"
