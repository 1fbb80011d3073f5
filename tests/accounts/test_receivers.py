"""A3, L6, O1: one login and one logout, whoever begins it."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.test import AsyncClient

from django_multi_oidc.accounts import receivers
from django_multi_oidc.signals import oidc_logged_out

User = get_user_model()


@pytest.fixture
def heard():
    """What Django's signals said, and who the request's user was then."""
    said = []

    def hear_login(sender, request, user, **kwargs):
        said.append(("in", user.get_username(), request.user.get_username(), sender))

    def hear_logout(sender, request, user, **kwargs):
        said.append(("out", user and user.get_username(), request.user.get_username(), sender))

    def hear_oidc_logout(sender, request, user, **kwargs):
        said.append(("oidc out", user["email"], request.user.get_username(), sender))

    user_logged_in.connect(hear_login)
    user_logged_out.connect(hear_logout)
    oidc_logged_out.connect(hear_oidc_logout)
    yield said
    user_logged_in.disconnect(hear_login)
    user_logged_out.disconnect(hear_logout)
    oidc_logged_out.disconnect(hear_oidc_logout)


def who(visitor):
    return visitor.get("/who/").json()["user"]


def password_login(visitor):
    return visitor.get("/password-login/")


def test_a_login_is_told_of_as_djangos(visitor, log_in, heard):
    backends = []

    def note_backend(user, **kwargs):
        backends.append(user.backend)

    user_logged_in.connect(note_backend)
    log_in("pat")
    user_logged_in.disconnect(note_backend)
    assert backends == ["django_multi_oidc.accounts.backends.OIDCAccountBackend"]
    heard.clear()
    user = log_in("pat")
    name = user.get_username()
    assert heard == [("in", name, name, User)]
    assert user.last_login is not None


def test_a_logout_of_ours_is_told_of_as_djangos(visitor, log_in, heard):
    name = log_in("pat").get_username()
    heard.clear()
    visitor.client.post("/oidc/logout/")
    assert heard == [("out", name, name, User), ("oidc out", "pat@alpha.example", name, "alpha")]
    assert who(visitor) == ""


def test_a_login_ends_a_password_login(visitor, log_in, root, heard):  # L6
    password_login(visitor)
    visitor.get("/write-session/?note=roots")
    heard.clear()
    pat = log_in("pat").get_username()
    assert heard == [("out", "root", "root", User), ("in", pat, pat, User)]
    assert dict(visitor.client.session) == {}
    visitor.client.cookies.pop("multi_oidc_auth")
    assert who(visitor) == ""


def test_a_failed_login_ends_none(visitor, op, root):  # L7
    password_login(visitor)
    op.deny_next_login()
    assert visitor.log_in().status_code == 403
    assert who(visitor) == "root"


def test_nor_does_one_that_is_refused_here(visitor, op, root, accounts):  # L7
    accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS = "never"
    password_login(visitor)
    response = visitor.log_in()
    assert response.status_code == 403
    assert "There is no account for you on this site." in response.content.decode()
    assert who(visitor) == "root"


def test_a_password_login_is_logged(visitor, root, caplog):
    password_login(visitor)
    assert caplog.messages == [
        f"user {root.pk} has logged in past the providers, by django.contrib.auth.backends.ModelBackend"
    ]


def test_in_its_own_request_a_linked_user_has_nothing_of_the_rules(visitor, someone_else, log_in, accounts):
    accounts.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE = "admin"
    user = log_in("pat", browser=someone_else)
    user.username = "root"
    user.set_password("the password")
    user.save()
    assert visitor.get("/password-flags/").json() == {"user": "root", "staff": False, "superuser": False}


def test_beside_an_identity_it_does_not_count(visitor, log_in, root, caplog):
    pat = log_in("pat")
    assert password_login(visitor).content.decode() == pat.get_username()
    assert caplog.messages[1:] == [f"that login does not count: an identity is there, of user {pat.pk}"]
    assert who(visitor) == pat.get_username()
    assert SESSION_KEY not in visitor.client.session
    visitor.client.cookies.pop("multi_oidc_auth")
    assert who(visitor) == ""


def test_djangos_own_logout_ends_the_identity(visitor, log_in, heard):  # O1
    name = log_in("pat").get_username()
    heard.clear()
    response = visitor.client.post("/accounts/logout/")
    assert response.cookies["multi_oidc_auth"].value == ""
    assert heard == [("oidc out", "pat@alpha.example", name, "alpha"), ("out", name, "", User)]
    assert who(visitor) == ""
    assert visitor.user() == {"is_logged_in": False}


def test_in_the_loop_too(visitor, log_in):  # O1
    log_in("pat")
    client = AsyncClient()
    client.cookies.update(visitor.client.cookies)
    response = async_to_sync(client.get)("/alogout/")
    assert response.content == b""
    assert response.cookies["multi_oidc_auth"].value == ""


def test_it_ends_the_login_itself(visitor, log_in, revocation):  # O1, O4
    log_in("pat")
    kept = visitor.cookies["multi_oidc_auth"]
    visitor.client.post("/accounts/logout/")
    visitor.client.cookies["multi_oidc_auth"] = kept
    assert who(visitor) == ""


def test_it_has_nothing_to_end_where_there_is_no_identity(visitor, root):
    password_login(visitor)
    response = visitor.client.post("/accounts/logout/")
    assert "multi_oidc_auth" not in response.cookies
    assert who(visitor) == ""


def test_a_logout_makes_nobody(visitor, log_in, heard):
    log_in("pat")
    User.objects.all().delete()
    heard.clear()
    visitor.client.post("/oidc/logout/")
    assert not User.objects.exists()
    assert heard == [("oidc out", "pat@alpha.example", "", "alpha")]


def test_a_logout_is_told_of_once(visitor, someone_else, log_in, root, heard):
    name = log_in("kim", browser=someone_else).get_username()
    password_login(visitor)
    visitor.client.cookies["multi_oidc_auth"] = someone_else.cookies["multi_oidc_auth"]
    heard.clear()
    visitor.client.post("/oidc/logout/")
    assert [entry[:2] for entry in heard] == [
        ("out", name),
        ("oidc out", "kim@alpha.example"),
        ("out", "root"),
    ]


def test_a_login_that_is_no_sessions_is_not_ours_to_end(visitor, log_in, caplog):
    """An app with tokens of its own tells of a login, for the user who is there."""
    log_in("pat")
    visitor.get("/write-session/?note=pats")
    assert visitor.get("/token-login/").status_code == 200
    assert visitor.client.session["note"] == "pats"
    assert caplog.messages == []


def test_our_logout_ends_a_password_login(visitor, root, heard):  # O1
    password_login(visitor)
    heard.clear()
    visitor.client.post("/oidc/logout/")
    assert [entry[:2] for entry in heard] == [("out", "root")]
    assert who(visitor) == ""


def test_the_logout_of_somebody_deactivated_is_told_to_nobody(visitor, log_in, heard):
    log_in("pat")
    User.objects.update(is_active=False)
    heard.clear()
    visitor.client.post("/oidc/logout/")
    assert heard == [("oidc out", "pat@alpha.example", "", "alpha")]


def test_a_login_ends_a_password_login_whatever_the_old_identitys_rule_says(
    visitor, someone_else, op, log_in, root, rules, heard
):
    log_in("kim", browser=someone_else)
    password_login(visitor)
    visitor.client.cookies["multi_oidc_auth"] = someone_else.cookies["multi_oidc_auth"]
    rules(admins={"function": "tests.site.fails"})
    heard.clear()
    op.auto_login("pat")
    assert visitor.log_in("/oidc/login/beta/").status_code == 302
    assert heard[0][:2] == ("out", "root")
    assert visitor.client.session.get(SESSION_KEY) is None


def test_where_the_middleware_is_not_nothing_happens(visitor, accounts, root, log_in, heard):
    accounts.MIDDLEWARE = [path for path in accounts.MIDDLEWARE if "OIDCAccount" not in path]
    visitor.log_in()
    assert User.objects.count() == 1  # root
    password_login(visitor)
    assert who(visitor) == "root"
    visitor.client.post("/accounts/logout/")
    assert "multi_oidc_auth" in visitor.cookies
    visitor.client.post("/oidc/logout/")
    assert [entry[0] for entry in heard] == ["in", "out", "oidc out"]


def test_djangos_signals_without_a_request_are_not_about_us(root):
    user_logged_in.send(sender=User, user=root)
    user_logged_out.send(sender=User, user=root, request=None)


def test_one_of_ours_is_not_taken_for_djangos(visitor, log_in, caplog):
    visitor.get("/write-session/?note=basket")
    log_in("pat")
    assert visitor.client.session["note"] == "basket"
    assert caplog.messages == []


def test_nor_is_one_of_djangos_for_ours_later_in_the_same_request(rf):
    request = rf.get("/")
    with receivers._our_doing(request):
        assert receivers._is_our_doing(request)
    assert not receivers._is_our_doing(request)


def test_the_user_of_a_login_is_looked_up_once(visitor, op, log_in, django_assert_num_queries):
    log_in("pat")
    op.auto_login("pat")
    url = visitor.at_provider(visitor.begin())
    # The row with its user; eight to bring them in step, two of them a savepoint; last_login.
    with django_assert_num_queries(10):
        visitor.get(url)


def test_to_connect_once_more_changes_nothing(visitor, log_in, heard):
    receivers.connect()
    log_in("pat")
    assert len(heard) == 1


def test_a_project_without_djangos_users_in_its_requests(visitor, accounts, caplog):
    accounts.MIDDLEWARE = [path for path in accounts.MIDDLEWARE if "OIDCUser" in path or "Session" in path]
    assert visitor.log_in().status_code == 302
    assert visitor.client.post("/oidc/logout/").status_code == 302
    assert caplog.messages == []
