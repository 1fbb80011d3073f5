"""A3: whole flows of ``request.user`` and ``request.auser``."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.test import AsyncClient, Client

from django_multi_oidc.accounts import middleware, people
from django_multi_oidc.accounts.middleware import OIDCAccountMiddleware
from django_multi_oidc.accounts.models import OIDCIdentity
from django_multi_oidc.shortcuts import end_access
from django_multi_oidc.users import attach_identity
from tests.accounts import site

User = get_user_model()


def who(visitor):
    return visitor.get("/who/").json()


def aget(visitor, path):
    client = AsyncClient()
    client.cookies.update(visitor.client.cookies)
    return async_to_sync(client.get)(path)


def test_a_login_makes_a_user_and_every_request_is_that_users(visitor, log_in):
    user = log_in("pat")
    assert who(visitor) == {
        "user": user.get_username(),
        "authenticated": True,
        "staff": True,
        "superuser": False,
        "groups": [],
    }
    assert aget(visitor, "/awho/").json() == {"user": user.get_username(), "staff": True}
    assert visitor.get("/for-users/").content == b"hello Pat Admin"
    assert visitor.get("/both/").json() == {"oidc": "pat@alpha.example", "user": "pat@alpha.example"}
    assert User.objects.count() == 1


def test_the_same_person_is_the_same_user_again(visitor, someone_else, log_in):
    assert log_in("pat") == log_in("pat") == log_in("pat", browser=someone_else)
    assert log_in("kim") != log_in("pat")
    assert User.objects.count() == 2


def test_no_session_of_ours(visitor, log_in):
    log_in("pat")
    visitor.get("/who/")
    assert "sessionid" not in visitor.cookies


def test_what_a_request_costs(visitor, someone_else, log_in, django_assert_num_queries):
    log_in("pat")  # staff
    log_in("kim", browser=someone_else)
    for browser, path, queries in (
        (visitor, "/nobody-asked/", 0),
        (visitor, "/both/", 1),
        (visitor, "/for-users/", 1),
        (someone_else, "/for-users/", 1),
        (visitor, "/who/", 2),  # the second is for the groups
    ):
        with django_assert_num_queries(queries):
            assert browser.get(path).status_code == 200
    visitor.client.cookies.clear()
    with django_assert_num_queries(0):
        assert visitor.get("/both/").json() == {"oidc": "", "user": ""}
    with django_assert_num_queries(1):
        assert aget(someone_else, "/awho/").status_code == 200


def test_a_page_varies_on_the_cookie_if_anybody_asked(visitor, log_in):
    log_in("pat")
    assert visitor.get("/for-users/")["Vary"] == "Cookie"
    assert "Vary" not in visitor.get("/nobody-asked/").headers


def test_an_anonymous_visitor_is_sent_to_the_login_by_djangos_own_gate(visitor, accounts):
    accounts.LOGIN_URL = "multi_oidc:login"
    response = visitor.get("/for-users/")
    assert (response.status_code, response["Location"]) == (302, "/oidc/login/?next=/for-users/")
    assert who(visitor)["authenticated"] is False


@pytest.mark.parametrize("gate", [True, False])
def test_djangos_middleware_for_logins_lets_people_in(visitor, log_in, accounts, gate):
    if gate:
        accounts.MIDDLEWARE = [
            *accounts.MIDDLEWARE,
            "django.contrib.auth.middleware.LoginRequiredMiddleware",
        ]
    assert visitor.get("/nobody-asked/").status_code == (302 if gate else 200)
    log_in("pat")
    assert visitor.get("/nobody-asked/").status_code == 200


def test_a_changed_rule_acts_at_the_next_request_both_ways(visitor, log_in, rules):
    log_in("pat")
    assert who(visitor)["staff"] is True
    rules(admins=None)
    assert who(visitor)["staff"] is False
    rules(admins=["pat@alpha.example"])
    assert who(visitor)["staff"] is True


def test_a_cookie_of_somebody_else_is_somebody_else(visitor, someone_else, log_in):
    pat, kim = log_in("pat"), log_in("kim", browser=someone_else)
    visitor.client.get("/write-session/?note=pats")
    visitor.client.cookies["multi_oidc_auth"] = someone_else.cookies["multi_oidc_auth"]
    assert who(visitor)["user"] == kim.get_username() != pat.get_username()
    assert visitor.get("/both/").json() == {"oidc": "kim@alpha.example", "user": "kim@alpha.example"}


def test_the_same_address_at_a_second_provider_is_somebody_else(visitor, log_in):
    pat = log_in("pat")
    other = log_in("pat", provider="beta")
    assert other != pat
    assert who(visitor)["staff"] is False


def test_a_deactivated_user_is_nobody_at_the_next_request(visitor, log_in):
    user = log_in("pat")
    User.objects.update(is_active=False)
    assert who(visitor)["authenticated"] is False
    assert aget(visitor, "/awho/").json()["user"] == ""
    assert visitor.user() == {"is_logged_in": False}  # request.oidc_user, of which there are no two truths
    assert aget(visitor, "/aask/").json() == {"is_logged_in": False}
    assert visitor.get("/admins/").status_code == 302
    User.objects.update(is_active=True)
    assert who(visitor)["user"] == user.get_username()


def test_a_revoked_login_is_nobody_at_the_next_request(visitor, log_in, revocation):
    log_in("pat")
    assert visitor.get("/for-users/").status_code == 200
    assert aget(visitor, "/awho/").json()["staff"] is True
    end_access("alpha", email="pat@alpha.example")
    assert who(visitor)["authenticated"] is False
    assert aget(visitor, "/awho/").json()["staff"] is False


def test_who_had_logged_in_before_accounts_came_gets_a_user_at_first_sight(visitor, log_in):
    log_in("pat")
    User.objects.all().delete()
    assert who(visitor)["authenticated"] is True
    assert User.objects.get().email == "pat@alpha.example"


def test_who_may_have_no_user_is_nobody(visitor, log_in, accounts, caplog):
    caplog.set_level("INFO", logger="django_multi_oidc")
    log_in("pat")
    User.objects.all().delete()
    accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS = "never"
    assert who(visitor)["authenticated"] is False
    assert visitor.user() == {"is_logged_in": False}
    assert not User.objects.exists()
    assert "identity not accepted: no user is linked to the account, and none is made" in caplog.text
    assert "pat" not in caplog.text.replace("path", "")


def test_a_rule_that_fails_is_a_500_and_no_no(visitor, log_in, rules):
    log_in("pat")
    rules(admins={"function": "tests.site.fails"})
    visitor.client.raise_request_exception = False
    assert visitor.get("/who/").status_code == 500
    assert visitor.get("/for-users/").status_code == 500


def test_permissions_are_the_users(visitor, log_in):
    user = log_in("kim")
    assert visitor.get("/for-permitted/").status_code == 302
    user.user_permissions.add(Permission.objects.get(codename="change_group"))
    assert visitor.get("/for-permitted/").content == b"the permitted's page"


def test_a_deactivated_user_cannot_log_in(visitor, op, log_in):
    log_in("pat")
    User.objects.update(is_active=False)
    op.auto_login("pat")
    response = visitor.log_in()
    assert response.status_code == 403
    assert "Your account on this site is deactivated." in response.content.decode()
    assert "You are still logged in" not in response.content.decode()


def test_who_is_deactivated_at_once_is_told_so_and_not_of_a_loop(visitor, op, live_secrets):  # L8
    op.auto_login("pat")
    visitor.log_in("/oidc/login/alpha/?next=/for-users/")
    User.objects.update(is_active=False)
    response = visitor.log_in("/oidc/login/alpha/?next=/for-users/")
    assert "Your account on this site is deactivated." in response.content.decode()


@pytest.mark.parametrize("path", ["/oidc/login/", "/oauth2callback?state=x", "/oidc/logout/"])
def test_our_own_pages_do_not_wait_for_the_database(visitor, log_in, monkeypatch, path):  # L7
    log_in("pat")
    monkeypatch.setattr(people, "user_of", is_down)
    assert visitor.get(path).status_code == (400 if "callback" in path else 200)


def is_down(identity):
    raise OperationalError("no connection")


def test_a_password_login_stands_where_there_is_no_identity(visitor, root):
    visitor.client.force_login(root)
    assert who(visitor)["user"] == "root"
    assert aget(visitor, "/awho/").json() == {"user": "root", "staff": True}


def test_it_gives_a_linked_user_nothing_that_rules_gave(
    visitor, someone_else, log_in, root, rules, accounts, editors
):
    accounts.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE = "admin"
    accounts.MULTI_OIDC_ACCOUNTS_GROUPS = {"Editors": "admin"}
    user = log_in("pat", browser=someone_else)
    assert (user.is_staff, user.is_superuser, user.groups.count()) == (True, True, 1)
    visitor.client.force_login(user)
    assert who(visitor) == {
        "user": user.get_username(),
        "authenticated": True,
        "staff": False,
        "superuser": False,
        "groups": [],
    }
    assert aget(visitor, "/awho/").json()["staff"] is False
    assert visitor.get("/admin/").status_code == 302


def test_its_user_is_looked_up_once(visitor, root, django_assert_num_queries):
    visitor.client.force_login(root)
    for path in ("/who/", "/awho/", "/twice/"):
        with django_assert_num_queries(
            3 + (path == "/who/")
        ):  # the session, the user, whether it is linked; groups
            assert (aget(visitor, path) if path != "/who/" else visitor.get(path)).status_code == 200


def test_our_middleware_twice_lets_nobody_in_again(visitor, log_in, accounts):
    log_in("pat")
    User.objects.update(is_active=False)
    accounts.MIDDLEWARE = [*accounts.MIDDLEWARE, "django_multi_oidc.middleware.OIDCUserMiddleware"]
    assert visitor.user() == aget(visitor, "/aask/").json() == {"is_logged_in": False}


@pytest.mark.parametrize("path", ["/oidc/refused/", "/oauth2callback"])
def test_our_own_pages_know_of_nobody_who_is_not_let_in(visitor, op, log_in, live_secrets, path):
    op.auto_login("kim")
    callback = visitor.at_provider(visitor.begin())
    assert visitor.get(callback).status_code == 302
    link = visitor.get("/admins/", **{"HX-Request": "true"})["HX-Redirect"]
    assert visitor.get(link).status_code == 403
    assert visitor.get(callback).status_code == 302  # the Back button
    User.objects.update(is_active=False)
    if path == "/oidc/refused/":
        response = visitor.get(link)
        assert response.status_code == 302
        assert response["Location"].startswith("/oidc/login/")
    else:
        assert visitor.get(callback).status_code == 400


@pytest.mark.parametrize(
    "path", ["/oauth2callback?state=x", "/oidc/refused/", "the Back button", "/oidc/login/"]
)
def test_our_own_pages_do_not_fail_with_a_rule(visitor, op, log_in, live_secrets, rules, path):  # L7
    op.auto_login("kim")
    callback = visitor.at_provider(visitor.begin())
    visitor.get(callback)
    link = visitor.get("/admins/", **{"HX-Request": "true"})["HX-Redirect"]
    rules(admins={"function": "tests.site.fails"})
    url = {"/oidc/refused/": link, "the Back button": callback}.get(path, path)
    assert visitor.get(url).status_code < 500


def test_who_asked_before_us_makes_the_page_vary(visitor, log_in, accounts):
    """Or a cache would hand one person's page to another."""
    at = accounts.MIDDLEWARE.index("django_multi_oidc.accounts.middleware.OIDCAccountMiddleware")
    accounts.MIDDLEWARE = [*accounts.MIDDLEWARE[:at], "tests.site.AskFirst", *accounts.MIDDLEWARE[at:]]
    log_in("pat")
    assert visitor.get("/nobody-asked/")["Vary"] == "Cookie"


def test_in_a_frame_of_ours_nobody_is_somebody_else(visitor, someone_else, log_in, root, accounts, rules):
    """The cookie's identity cannot be asked about, and a password login is there as well."""
    log_in("kim", browser=someone_else)
    visitor.client.force_login(root)
    visitor.client.cookies["multi_oidc_auth"] = someone_else.cookies["multi_oidc_auth"]
    accounts.TEMPLATES = [
        {**engine, "OPTIONS": {"context_processors": ["tests.accounts.site.note_user"]}}
        for engine in accounts.TEMPLATES
    ]
    rules(allow={"function": "tests.site.fails"})
    site.NOTED.clear()
    assert visitor.get("/oidc/login/").status_code == 200
    assert site.NOTED == [""]


def test_an_identity_wins_over_it(visitor, someone_else, log_in, root):
    log_in("kim", browser=someone_else)
    visitor.client.force_login(root)
    visitor.client.cookies["multi_oidc_auth"] = someone_else.cookies["multi_oidc_auth"]
    assert visitor.get("/both/").json() == {"oidc": "kim@alpha.example", "user": "kim@alpha.example"}
    assert who(visitor)["superuser"] is False
    assert aget(visitor, "/awho/").json()["staff"] is False


def test_listed_twice_is_as_listed_once(visitor, log_in, accounts, django_assert_num_queries):
    accounts.MIDDLEWARE = [
        *accounts.MIDDLEWARE,
        "django_multi_oidc.accounts.middleware.OIDCAccountMiddleware",
    ]
    log_in("pat")
    with django_assert_num_queries(1):
        visitor.get("/for-users/")


@pytest.mark.parametrize(
    ("missing", "name"),
    [
        ("django_multi_oidc.middleware.OIDCUserMiddleware", "oidc_user"),
        ("django.contrib.auth.middleware.AuthenticationMiddleware", "user"),
    ],
)
def test_a_missing_middleware_is_named(accounts, secrets, missing, name):
    accounts.MIDDLEWARE = [path for path in accounts.MIDDLEWARE if path != missing]
    with pytest.raises(ImproperlyConfigured) as caught:
        Client().get("/nobody-asked/")
    assert str(caught.value) == (
        f"The request has no {name}. MIDDLEWARE needs {missing!r}, before OIDCAccountMiddleware."
    )


def test_a_coroutine_is_answered_in_the_loop():
    async def get_response(request):
        return None

    assert middleware.iscoroutinefunction(OIDCAccountMiddleware(get_response))
    assert not middleware.iscoroutinefunction(OIDCAccountMiddleware(lambda request: None))


def test_another_identity_in_the_same_request_is_another_user(rf, make_identity, accounts):
    request, first = rf.get("/"), make_identity()
    request.user = AnonymousUser()
    attach_identity(request, first)
    middleware.attach(request)
    before = request.user.pk
    second = make_identity(claims={"iss": "http://localhost:9/alpha", "sub": "kim-sub"})
    attach_identity(request, second)
    assert request.user.pk not in (None, before)
    assert async_to_sync(request.auser)().pk == request.user.pk
    attach_identity(request, None)
    request.session = {}
    assert request.user == AnonymousUser()
    assert async_to_sync(request.auser)() is request.user._wrapped


def test_whom_nobody_let_in_is_anonymous(rf, make_identity, accounts):
    """An identity that code of ours sets past the door, such as at a logout, of which the user is gone."""
    accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS = "never"
    request = rf.get("/")
    request.user, request._multi_oidc_account = AnonymousUser(), None
    assert middleware._account(request, make_identity()) == AnonymousUser()
    assert not OIDCIdentity.objects.exists()
