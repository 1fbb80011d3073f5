"""A3, O4: the identities in Django's admin."""

from __future__ import annotations

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from django_multi_oidc.accounts.admin import OIDCIdentityAdmin
from django_multi_oidc.accounts.models import OIDCIdentity
from django_multi_oidc.exceptions import RevocationUnknown
from tests.accounts.models import PlainUser

User = get_user_model()
LIST = "/admin/multi_oidc_accounts/oidcidentity/"


@pytest.fixture
def admin(visitor, someone_else, log_in, accounts):
    """Pat's browser; Kim is logged in elsewhere."""
    accounts.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE = "admin"
    log_in("kim", browser=someone_else)
    log_in("pat")
    return visitor


def text_of(response):
    assert response.status_code == 200
    return response.content.decode()


def kims():
    return OIDCIdentity.objects.get(subject="kim")


def end(admin):
    data = {"action": "end_access_now", "_selected_action": [kims().pk]}
    return text_of(admin.client.post(LIST, data, follow=True))


def test_they_are_listed(admin, django_assert_max_num_queries):
    with django_assert_max_num_queries(7):
        page = text_of(admin.get(LIST))
    assert "2 OpenID Connect identities" in page
    assert kims().user.username in page
    assert '<td class="field-person">Kim Park, kim@alpha.example</td>' in page


@pytest.mark.parametrize("query", ["kim@alpha", "kim", "alpha"])
def test_they_are_found(admin, query):
    assert kims().user.username in text_of(admin.get(f"{LIST}?q={query}"))


def test_by_user_name_too(admin):
    page = text_of(admin.get(f"{LIST}?q={kims().user.username}"))
    assert "1 result" in page


def test_nobody_is_found_by_what_nobody_is_called(admin):
    assert kims().user.username not in text_of(admin.get(f"{LIST}?q=zoe"))


def test_there_is_nothing_to_edit_or_to_add(admin):
    page = text_of(admin.get(f"{LIST}{kims().pk}/change/"))
    assert '<input type="text"' not in page
    assert "kim" in page
    assert admin.get(f"{LIST}add/").status_code == 403
    assert admin.client.post(f"{LIST}{kims().pk}/change/", {"subject": "x"}).status_code == 403
    assert kims().user.username


def test_a_row_that_nobody_has_logged_in_by_has_no_last_login(admin):
    OIDCIdentity.objects.filter(subject="kim").update(login_at=0)
    assert '<td class="field-last_login">-</td>' in text_of(admin.get(LIST))


def test_a_user_model_without_names_has_none(admin):
    row = OIDCIdentity(user=User(email="kim@alpha.example"))
    assert OIDCIdentityAdmin(OIDCIdentity, site).person(row) == "kim@alpha.example"
    row._state.fields_cache["user"] = PlainUser(nick="kim")
    assert OIDCIdentityAdmin(OIDCIdentity, site).person(row) is None


def test_so_may_who_may_delete_users_alone(admin, accounts):
    del accounts.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE
    pat, user = OIDCIdentity.objects.get(subject="pat").user, kims().user
    for codename in ("delete_user", "view_user"):
        pat.user_permissions.add(Permission.objects.get(codename=codename))
    assert admin.client.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not OIDCIdentity.objects.filter(subject="kim").exists()


def test_a_user_with_identities_can_be_deleted(admin):
    user = kims().user
    response = admin.client.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"})
    assert response.status_code == 302
    assert not OIDCIdentity.objects.filter(subject="kim").exists()


def test_access_is_ended_now(admin, someone_else, revocation, log_in):
    log_in("kim", browser=someone_else)
    log_in("pat")
    assert someone_else.get("/for-users/").status_code == 200
    page = end(admin)
    assert f"Access by alpha has ended for {kims().user}." in page
    assert someone_else.get("/for-users/").status_code == 302
    entry = LogEntry.objects.get()
    assert (entry.change_message, entry.object_id) == ("Ended access.", str(kims().pk))
    assert admin.get("/for-users/").status_code == 200


def test_without_revocation_it_says_what_else_can_be_done(admin, someone_else):
    assert "No login was ended: that needs revocation = true in [auth] of the secrets file." in end(admin)
    assert someone_else.get("/for-users/").status_code == 200
    assert not LogEntry.objects.exists()


def test_a_provider_that_is_gone_is_said(admin, revocation, log_in):
    log_in("pat")
    OIDCIdentity.objects.filter(subject="kim").update(issuer="https://gone.example")
    problem = f"There is no provider of that issuer any more, by which {kims().user} could be logged in."
    assert problem in end(admin)


def test_a_cache_that_is_down_is_said(admin, revocation, log_in, monkeypatch):
    log_in("pat")

    def is_down(provider, **kwargs):
        raise RevocationUnknown("the cache is down")

    monkeypatch.setattr("django_multi_oidc.accounts.admin.end_access", is_down)
    assert f"The cache does not answer. Nothing is sure to have ended for {kims().user}: try again." in end(
        admin
    )


def test_who_may_only_look_may_not_end(admin, accounts, someone_else):
    del accounts.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE
    pat = OIDCIdentity.objects.get(subject="pat").user
    pat.user_permissions.add(Permission.objects.get(codename="view_oidcidentity"))
    assert "End access now" not in text_of(admin.get(LIST))
    pat.user_permissions.add(Permission.objects.get(codename="change_oidcidentity"))
    assert "End access now" in text_of(admin.get(LIST))
