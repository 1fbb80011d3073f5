"""S7: what fails here is logged and mailed with nothing that a provider has told."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, OperationalError

from tests.secrecy import assert_untold, everything_told, mailed

User = get_user_model()
KNOWN = ["Pat Admin", "pat@alpha.example", "pat-subject"]


@pytest.fixture
def told(visitor, op, live_secrets, rules, accounts):
    """Requests a page with Pat's identity; what was logged and mailed."""
    op.add_claims("pat", {"nickname": "pat-subject"})
    op.auto_login("pat")
    assert visitor.log_in().status_code == 302
    op.add_claims("pat", None)
    visitor.client.raise_request_exception = False

    def request(path, status=500):
        with everything_told() as records:
            assert visitor.get(path).status_code == status
        return "\n".join([*records.lines, *mailed()])

    return request


@pytest.mark.parametrize("path", ["/who/", "/for-users/", "/awho/", "/admin/", "/members/", "/ask/"])
def test_a_function_that_makes_users_fails(told, accounts, path):
    User.objects.all().delete()
    accounts.MULTI_OIDC_ACCOUNTS_MAKE_USER = "tests.accounts.making.fails"
    text = told(path)
    assert "ZeroDivisionError" in text
    assert_untold(text, KNOWN)


@pytest.mark.parametrize("path", ["/who/", "/awho/", "/admin/"])
@pytest.mark.parametrize("error", [OperationalError("no connection"), ValueError("no")])
def test_a_users_own_save_fails(told, monkeypatch, path, error):
    def fail(self, *args, **kwargs):
        raise error

    User.objects.update(is_staff=False)
    monkeypatch.setattr(User, "save", fail)
    text = told(path)
    assert type(error).__name__ in text
    assert_untold(text, KNOWN)


@pytest.mark.parametrize("path", ["/who/", "/awho/"])
def test_a_rule_fails(told, rules, path):
    rules(admins={"function": "tests.site.fails"})
    text = told(path)
    assert "RuleFailed" in text
    assert_untold(text, KNOWN)


def test_a_view_behind_it_fails(told):
    text = told("/fails/")
    assert "ZeroDivisionError" in text
    assert_untold(text, ["pat-subject"])


def test_a_login_whose_user_cannot_be_saved(visitor, op, live_secrets, accounts, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise IntegrityError("Key (email)=(pat@alpha.example) already exists.")

    monkeypatch.setattr(User, "save", refuse)
    op.auto_login("pat")
    with everything_told() as records:
        assert visitor.log_in().status_code == 403
    assert_untold("\n".join([*records.lines, *mailed()]), KNOWN)


def test_a_login_whose_receiver_fails(visitor, op, live_secrets, accounts):
    accounts.MULTI_OIDC_ACCOUNTS_MAKE_USER = "tests.accounts.making.fails"
    op.auto_login("pat")
    with everything_told() as records:
        assert visitor.log_in().status_code == 500
    assert_untold("\n".join([*records.lines, *mailed()]), KNOWN)
