"""A3: Django's admin, whole flows."""

from __future__ import annotations

import time

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission

from django_multi_oidc.shortcuts import end_access
from tests.accounts.conftest import OUR_BACKEND

User = get_user_model()


@pytest.fixture
def staff(visitor, log_in, rules, accounts):
    """Pat, who may do everything in the admin."""
    accounts.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE = "admin"
    return log_in("pat")


def text_of(response):
    return response.content.decode()


def test_nobody_is_sent_to_its_login_page(visitor, live_secrets):
    response = visitor.get("/admin/auth/group/?q=x")
    assert (response.status_code, response["Location"]) == (
        302,
        "/admin/login/?next=/admin/auth/group/%3Fq%3Dx",
    )


def test_its_login_page_has_a_button_for_each_provider(visitor, live_secrets):
    page = text_of(visitor.get("/admin/login/?next=/admin/auth/group/"))
    for name in ("alpha", "beta"):
        assert f'href="/oidc/login/{name}/?next=%2Fadmin%2Fauth%2Fgroup%2F"' in page
    assert 'name="password"' in page


def test_and_no_form_for_passwords_where_nobody_has_one(visitor, live_secrets, accounts):
    accounts.AUTHENTICATION_BACKENDS = [OUR_BACKEND]
    page = text_of(visitor.get("/admin/login/"))
    assert 'href="/oidc/login/alpha/?next=%2Fadmin%2F"' in page
    assert 'name="password"' not in page


@pytest.mark.parametrize("url", ["//evil.example/", "https://evil.example/", "/oidc/logout/"])
def test_it_leads_nowhere_else(visitor, live_secrets, url):
    assert 'href="/oidc/login/alpha/?next=%2Fadmin%2F"' in text_of(visitor.get(f"/admin/login/?next={url}"))


def test_without_any_way_to_log_in_it_says_so(visitor, settings, accounts):
    settings.MULTI_OIDC_SECRETS = {}
    accounts.AUTHENTICATION_BACKENDS = [OUR_BACKEND]
    assert "There is no way to log in yet." in text_of(visitor.get("/admin/login/"))


def test_staff_get_what_they_came_for(visitor, op, live_secrets):
    op.auto_login("pat")
    response = visitor.log_in("/oidc/login/alpha/?next=/admin/")
    assert response["Location"] == "/admin/"
    assert "Site administration" in text_of(visitor.get("/admin/"))


def test_and_from_its_login_page_they_go_on(visitor, staff):
    assert visitor.get("/admin/login/?next=/admin/auth/group/")["Location"] == "/admin/auth/group/"
    assert visitor.get("/admin/login/?next=//evil.example/")["Location"] == "/admin/"


def test_who_is_not_staff_gets_a_page_that_ends_there(visitor, log_in):  # L8
    log_in("kim")
    for path in ("/admin/", "/admin/auth/user/", "/admin/login/", "/admin/login/?next=/admin/"):
        response = visitor.get(path)
        page = text_of(response)
        assert response.status_code == 403
        assert "You are logged in as <strong><bdi>kim@alpha.example</bdi></strong> (Alpha)" in page
        assert "For whoever runs this site: not admin: no entry of admins matches" in page
        assert ">Use another account</a>" in page
        assert "pat@" not in page
        assert response["Cache-Control"].startswith("private, no-store")


def test_nor_who_logs_in_for_it(visitor, op, live_secrets):  # L8
    op.auto_login("kim")
    assert visitor.log_in("/oidc/login/alpha/?next=/admin/")["Location"] == "/admin/"
    assert visitor.get("/admin/").status_code == 403
    page = text_of(visitor.get("/oidc/login/alpha/?next=/admin/"))  # by hand, at once
    assert "You are logged in already" in page
    assert "permission_required" in page
    assert "request.user, which" not in page


def test_without_a_role_for_it_nobody_who_comes_by_a_provider_is_staff(visitor, log_in, accounts):
    accounts.MULTI_OIDC_ACCOUNTS_STAFF_ROLE = None
    log_in("pat")
    response = visitor.get("/admin/")
    assert response.status_code == 403
    assert "For whoever runs this site" not in text_of(response)


def test_an_unverified_address_makes_nobody_staff(visitor, log_in, rules):
    rules(admins=["uma@alpha.example"])
    user = log_in("uma")
    response = visitor.get("/admin/")
    assert response.status_code == 403
    assert "the address is &quot;uma@alpha.example&quot;, and not verified by the provider" in text_of(
        response
    )
    assert user.email == ""


def test_nor_do_groups_that_are_not_all_there(visitor, op, log_in, rules):
    rules(admins=[{"groups": "admins"}], client_kwargs={"scope": "openid profile email groups"})
    log_in("pat")
    assert visitor.get("/admin/").status_code == 200
    op.add_claims("pat", {"groups": None, "hasgroups": True})
    try:
        user = log_in("pat")
    finally:
        op.add_claims("pat", None)
    assert visitor.get("/admin/").status_code == 403
    assert user.is_staff is False


def test_who_is_demoted_at_work_is_out_at_the_next_click(visitor, staff, rules):
    assert visitor.get("/admin/auth/group/").status_code == 200
    rules(admins=["nobody@alpha.example"])
    response = visitor.client.post("/admin/auth/group/add/", {"name": "Mine"})
    assert response.status_code == 403
    assert "What you sent was not taken." in text_of(response)
    assert not Group.objects.exists()
    assert visitor.get("/admin/auth/group/").status_code == 403
    saved = User.objects.get()
    assert (saved.is_staff, saved.is_superuser) == (False, False)


def test_a_cookie_of_somebody_else_is_somebody_else_in_the_admin(visitor, someone_else, staff, log_in):
    log_in("kim", browser=someone_else)
    assert visitor.get("/admin/").status_code == 200
    visitor.client.cookies["multi_oidc_auth"] = someone_else.cookies["multi_oidc_auth"]
    response = visitor.client.post("/admin/auth/group/add/", {"name": "Mine"})
    assert response.status_code == 403
    assert "kim@alpha.example" in text_of(response)
    assert not Group.objects.exists()


def test_the_same_address_at_a_second_provider_opens_nothing(visitor, staff, log_in):
    log_in("pat", provider="beta")
    response = visitor.get("/admin/")
    assert response.status_code == 403
    assert "For whoever runs this site: not admin: no rule gives it" in text_of(response)


def test_a_post_after_the_identity_ended_is_not_lost_silently(visitor, staff):
    del visitor.client.cookies["multi_oidc_auth"]
    response = visitor.client.post("/admin/auth/group/add/", {"name": "Mine"})
    assert response.status_code == 401
    assert "/oidc/login/" in text_of(response)
    assert not Group.objects.exists()


def test_a_script_gets_json(visitor, staff):
    del visitor.client.cookies["multi_oidc_auth"]
    response = visitor.get("/admin/autocomplete/", **{"Sec-Fetch-Mode": "cors"})
    assert (response.status_code, response.json()["error"]) == (401, "login_required")


def test_a_post_without_a_csrf_token_is_refused(visitor, staff):
    visitor.client.handler.enforce_csrf_checks = True
    response = visitor.client.post("/admin/auth/group/add/", {"name": "Mine"})
    assert response.status_code == 403
    assert not Group.objects.exists()
    page = text_of(visitor.get("/admin/auth/group/add/"))
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    answer = visitor.client.post("/admin/auth/group/add/", {"name": "Mine", "csrfmiddlewaretoken": token})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/auth/group/")


def test_what_they_do_is_logged_as_theirs(visitor, staff):
    visitor.client.post("/admin/auth/group/add/", {"name": "Mine"})
    assert LogEntry.objects.get().user == staff


def test_a_deactivated_user_is_out(visitor, op, staff):
    User.objects.update(is_active=False)
    assert visitor.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    op.auto_login("pat")
    assert visitor.log_in("/oidc/login/alpha/?next=/admin/").status_code == 403


def test_a_revoked_login_is_out(visitor, op, live_secrets, revocation, log_in):
    log_in("pat")
    assert visitor.get("/admin/").status_code == 200
    end_access("alpha", sub="pat")
    assert visitor.get("/admin/")["Location"] == "/admin/login/?next=/admin/"


def test_a_password_opens_it_where_no_provider_does(visitor, live_secrets, root):
    assert visitor.get("/admin/").status_code == 302
    response = visitor.client.post(
        "/admin/login/", {"username": "root", "password": "the password", "next": "/admin/"}
    )
    assert (response.status_code, response["Location"]) == (302, "/admin/")
    assert visitor.get("/admin/").status_code == 200


def test_and_beside_an_identity_it_opens_nothing(visitor, log_in, root):
    log_in("kim")
    credentials = {"username": "root", "password": "the password", "next": "/admin/"}
    assert visitor.client.post("/admin/login/", credentials).status_code == 403
    assert visitor.get("/admin/").status_code == 403
    assert "sessionid" not in visitor.cookies


def test_its_logout_ends_both(visitor, staff):  # O1
    response = visitor.client.post("/admin/logout/")
    assert response.status_code == 200
    assert "Log in again" in text_of(response)
    assert response.cookies["multi_oidc_auth"].value == ""
    assert visitor.get("/admin/").status_code == 302
    assert visitor.user() == {"is_logged_in": False}


def test_who_is_not_staff_can_log_out_there_too(visitor, log_in):  # O1
    log_in("kim")
    assert visitor.client.post("/admin/logout/").status_code == 200
    assert visitor.user() == {"is_logged_in": False}
    assert visitor.client.post("/admin/logout/").status_code == 200  # once more


def test_so_can_who_would_have_to_prove_something(visitor, an_hour, staff, time_machine):  # O1
    time_machine.shift(4000)
    assert visitor.client.post("/admin/logout/").status_code == 200
    assert visitor.user() == {"is_logged_in": False}


def test_and_whom_nobody_can_ask_about(visitor, staff, rules):  # O1
    rules(admins={"function": "tests.site.fails"})
    response = visitor.client.post("/admin/logout/")
    assert response.status_code == 200
    assert response.cookies["multi_oidc_auth"].value == ""


def test_a_logout_needs_a_token_and_a_post(visitor, staff):  # O1
    assert visitor.get("/admin/logout/").status_code == 405
    visitor.client.handler.enforce_csrf_checks = True
    assert visitor.client.post("/admin/logout/").status_code == 403
    assert visitor.user()["is_logged_in"] is True


def test_behind_djangos_gate_its_pages_for_nobody_are_open(visitor, live_secrets, accounts):
    gate = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    accounts.MIDDLEWARE = [*accounts.MIDDLEWARE, gate]
    assert visitor.get("/admin/login/").status_code == 200
    assert visitor.client.post("/admin/logout/").status_code == 200


def test_its_pages_are_in_no_cache(visitor, staff):
    assert (
        visitor.get("/admin/jsi18n/")["Cache-Control"] == "private, no-store"
    )  # one that Django itself takes for cacheable
    assert "no-store" in visitor.get("/admin/")["Cache-Control"]


def test_a_site_that_wants_more_does_not_name_a_rule_that_matches(visitor, staff, monkeypatch):
    monkeypatch.setattr(admin.site.__class__, "has_permission", lambda self, request: False)
    response = visitor.get("/admin/")
    assert response.status_code == 403
    assert "For whoever runs this site" not in text_of(response)


def test_a_person_without_a_password_is_offered_none_to_change(visitor, staff):
    assert "/admin/password_change/" not in text_of(visitor.get("/admin/"))


# A fresh proof


@pytest.fixture
def an_hour(accounts):
    accounts.MULTI_OIDC_ACCOUNTS_ADMIN_MAX_AGE = 3600


def test_an_old_login_is_asked_for_a_fresh_proof(visitor, op, an_hour, staff, time_machine):
    assert visitor.get("/admin/").status_code == 200
    time_machine.shift(4000)
    response = visitor.get("/admin/")
    assert response.status_code == 302
    assert response["Location"].startswith("/oidc/login/alpha/?next=%2Fadmin%2F&")
    assert visitor.log_in(response["Location"])["Location"] == "/admin/"
    assert visitor.get("/admin/").status_code == 200


def test_what_was_sent_after_it_is_not_taken(visitor, an_hour, staff, time_machine):
    time_machine.shift(4000)
    assert visitor.client.post("/admin/auth/group/add/", {"name": "Mine"}).status_code == 401
    assert not Group.objects.exists()


def test_a_password_login_is_asked_for_none(visitor, an_hour, live_secrets, root):
    visitor.client.force_login(root)
    assert visitor.get("/admin/").status_code == 200


@pytest.fixture
def time_machine(op):
    """The clock of this process, and so of the provider."""
    import time_machine as library

    class Shift:
        traveller = None

        def shift(self, seconds):
            self.traveller = library.travel(time.time() + seconds)
            self.traveller.start()

    shift = Shift()
    yield shift
    if shift.traveller:
        shift.traveller.stop()


def test_staff_without_permissions_see_an_empty_admin(visitor, log_in):
    user = log_in("pat")
    page = text_of(visitor.get("/admin/"))
    assert "have permission to view or edit anything." in page
    user.user_permissions.add(Permission.objects.get(codename="view_group"))
    assert visitor.get("/admin/auth/group/").status_code == 200
