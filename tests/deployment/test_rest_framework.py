"""Accounts under the real Django REST framework, with the code of the docs."""
# ruff: noqa: F811 - fixtures are imported

from __future__ import annotations

import base64
import sys
from types import ModuleType

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from django_multi_oidc.accounts.models import OIDCIdentity
from django_multi_oidc.shortcuts import end_access
from tests.accounts.conftest import (  # noqa: F401  # fixtures
    MODEL_BACKEND,
    OUR_BACKEND,
    accounts,
    editors,
    log_in,
    root,
    rules,
)
from tests.flow import Visitor
from tests.markdown import ROOT, blocks

PAGE = ROOT / "docs" / "accounts.md"
NOT_LOGGED_IN = {"detail": "Authentication credentials were not provided."}
NOT_PERMITTED = {"detail": "You do not have permission to perform this action."}
WRONG_TOKEN = {"detail": "CSRF Failed: CSRF token from the 'X-Csrftoken' HTTP header incorrect."}


def code_of(name):
    """The block that begins by a comment with this name."""
    (block,) = (each for each in blocks(PAGE, "python") if each.text.startswith(f"# {name}\n"))
    return block.text


def module_of(name, file):
    module = ModuleType(name)
    exec(code_of(file), vars(module))
    return module


@pytest.fixture(autouse=True)
def shop(accounts, monkeypatch):
    """The project of the docs."""
    written = vars(module_of("settings", "settings.py"))
    accounts.REST_FRAMEWORK = written["REST_FRAMEWORK"]
    accounts.INSTALLED_APPS = [*accounts.INSTALLED_APPS, "rest_framework"]
    accounts.AUTHENTICATION_BACKENDS = [OUR_BACKEND]
    accounts.MULTI_OIDC_ACCOUNTS_GROUPS = {"Editors": "editor"}
    use_settings(monkeypatch)
    package = ModuleType("shop")
    monkeypatch.setitem(sys.modules, "shop", package)
    package.api = module_of("shop.api", "shop/api.py")
    monkeypatch.setitem(sys.modules, "shop.api", package.api)
    monkeypatch.setitem(sys.modules, "shop.urls", module_of("shop.urls", "urls.py"))
    accounts.ROOT_URLCONF = "shop.urls"


def use_settings(monkeypatch):
    """The framework reads them when it is imported."""
    monkeypatch.setattr(APIView, "authentication_classes", api_settings.DEFAULT_AUTHENTICATION_CLASSES)
    monkeypatch.setattr(APIView, "permission_classes", api_settings.DEFAULT_PERMISSION_CLASSES)


@pytest.fixture
def frameworks_own(accounts, monkeypatch, shop):
    """Who authenticates where the project has not said so: the framework's own list, with passwords in it."""
    accounts.REST_FRAMEWORK = {
        "DEFAULT_PERMISSION_CLASSES": accounts.REST_FRAMEWORK["DEFAULT_PERMISSION_CLASSES"]
    }
    use_settings(monkeypatch)
    assert len(APIView.authentication_classes) == 2


@pytest.fixture
def browser(live_secrets):
    return Visitor(enforce_csrf_checks=True)


def get(browser, path):
    response = browser.get(path)
    return response.status_code, response.json()


def post(browser, path, data=None, token=None):
    headers = {} if token is None else {"X-CSRFToken": token}
    response = browser.client.post(path, data, content_type="application/json", headers=headers)
    return response.status_code, response.json()


def token_of(browser):
    assert browser.get("/api/me/").status_code == 200
    return browser.cookies["csrftoken"]


def create_group(browser, name):
    return post(browser, "/api/groups/", {"name": name}, token_of(browser))


def may_add_groups():
    return Permission.objects.get(codename="add_group", content_type__app_label="auth")


# Who is there


def test_the_user_is_the_identitys(browser, log_in):
    user = log_in(browser=browser)
    assert get(browser, "/api/me/") == (200, {"user": user.get_username(), "provider": "alpha"})
    assert OIDCIdentity.objects.get().user == user


def test_so_it_is_with_the_frameworks_own_settings(frameworks_own, browser, log_in):
    user = log_in(browser=browser)
    assert get(browser, "/api/me/") == (200, {"user": user.get_username(), "provider": "alpha"})


def test_nobody_is_refused(browser):
    for path in ("/api/me/", "/api/staff/", "/api/groups/"):
        assert get(browser, path) == (403, NOT_LOGGED_IN)


def test_a_password_lets_nobody_in(frameworks_own, browser, root):
    basic = base64.b64encode(b"root:the password").decode()
    response = browser.get("/api/me/", Authorization=f"Basic {basic}")
    assert (response.status_code, response.json()) == (403, {"detail": "Invalid username/password."})


def test_beside_an_identity_a_password_does_not_count(
    frameworks_own,
    accounts,
    browser,
    log_in,
    root,
):
    accounts.AUTHENTICATION_BACKENDS = [OUR_BACKEND, MODEL_BACKEND]
    user = log_in(browser=browser)
    basic = base64.b64encode(b"root:the password").decode()
    response = browser.get("/api/me/", Authorization=f"Basic {basic}")
    assert response.json() == {"user": user.get_username(), "provider": "alpha"}


# CSRF


def test_a_post_needs_a_token(browser, log_in):
    user = log_in(browser=browser)
    assert post(browser, "/api/me/") == (403, {"detail": "CSRF Failed: CSRF cookie not set."})
    token = token_of(browser)
    assert post(browser, "/api/me/") == (403, {"detail": "CSRF Failed: CSRF token missing."})
    assert post(browser, "/api/me/", token=token) == (200, {"written by": user.get_username()})
    wrong = "x" * len(token)
    assert post(browser, "/api/me/", token=wrong) == (403, WRONG_TOKEN)


def test_a_login_changes_the_token(browser, log_in):
    log_in(browser=browser)
    before = token_of(browser)
    log_in(browser=browser)
    assert post(browser, "/api/me/", token=before) == (403, WRONG_TOKEN)
    assert post(browser, "/api/me/", token=token_of(browser))[0] == 200


# Who is no longer


def test_an_ended_login_is_refused_at_once(accounts, live_secrets, browser, log_in):
    live_secrets["revocation"] = True
    accounts.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    log_in(browser=browser)
    token = token_of(browser)
    end_access("alpha", sub="pat")
    assert get(browser, "/api/me/") == (403, NOT_LOGGED_IN)
    assert post(browser, "/api/me/", token=token) == (403, NOT_LOGGED_IN)


def test_who_has_logged_out_is_refused(browser, log_in):
    log_in(browser=browser)
    token = token_of(browser)
    response = browser.client.post("/oidc/logout/", headers={"X-CSRFToken": token})
    assert response.status_code == 302
    assert get(browser, "/api/me/") == (403, NOT_LOGGED_IN)


def test_a_deactivated_user_is_refused_at_once(browser, log_in):
    user = log_in(browser=browser)
    get_user_model().objects.filter(pk=user.pk).update(is_active=False)
    assert get(browser, "/api/me/") == (403, NOT_LOGGED_IN)


def test_whom_the_rules_no_longer_let_in_is_refused_at_once(browser, log_in, rules):
    log_in(browser=browser)
    rules(allow=["kim@alpha.example"])
    assert get(browser, "/api/me/") == (403, NOT_LOGGED_IN)


# What they may


def test_an_admin_is_staff_until_demoted(browser, log_in, rules):
    user = log_in(browser=browser)
    assert get(browser, "/api/staff/") == (200, {"staff": user.get_username()})
    rules(admins=None)
    assert get(browser, "/api/staff/") == (403, NOT_PERMITTED)
    assert get(browser, "/api/me/")[0] == 200
    user.refresh_from_db()
    assert not user.is_staff


def test_others_are_no_staff(browser, log_in):
    log_in("kim", browser=browser)
    assert get(browser, "/api/staff/") == (403, NOT_PERMITTED)


def test_a_managed_group_permits(browser, editors, log_in, rules):
    editors.permissions.add(may_add_groups())
    log_in("kim", "beta", browser=browser)
    assert create_group(browser, "Authors") == (201, {"name": "Authors"})
    rules("beta", roles=None)
    assert create_group(browser, "Printers") == (403, NOT_PERMITTED)
    assert not Group.objects.filter(name="Printers").exists()


def test_a_group_given_by_hand_permits(browser, log_in):
    user = log_in("kim", browser=browser)
    by_hand = Group.objects.create(name="By hand")
    by_hand.permissions.add(may_add_groups())
    assert create_group(browser, "Authors") == (403, NOT_PERMITTED)
    user.groups.add(by_hand)
    assert create_group(browser, "Authors") == (201, {"name": "Authors"})


def test_a_permission_of_the_user_permits(browser, log_in):
    user = log_in(browser=browser)
    assert create_group(browser, "Authors") == (403, NOT_PERMITTED)
    user.user_permissions.add(may_add_groups())
    assert create_group(browser, "Authors") == (201, {"name": "Authors"})
    assert get(browser, "/api/groups/") == (200, [{"name": "Authors"}])


def test_without_a_backend_that_knows_permissions_nothing_is_permitted(accounts, browser, log_in):
    accounts.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.BaseBackend"]
    user = log_in(browser=browser)
    user.user_permissions.add(may_add_groups())
    assert create_group(browser, "Authors") == (403, NOT_PERMITTED)


def test_a_superuser_may_everything(accounts, browser, log_in):
    accounts.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE = "admin"
    log_in(browser=browser)
    assert create_group(browser, "Authors") == (201, {"name": "Authors"})
