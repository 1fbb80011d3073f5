from __future__ import annotations

from importlib import import_module

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import AsyncClient

from django_multi_oidc import sessions

ENGINES = ["django.contrib.sessions.backends.db", "django.contrib.sessions.backends.signed_cookies"]


@pytest.fixture(params=ENGINES, ids=["db", "signed_cookies"], autouse=True)
def engine(request, settings, db):
    settings.SESSION_ENGINE = request.param
    return request.param


def write(visitor, note):
    assert visitor.get(f"/write-session/?note={note}").content == b"written"


def session(visitor):
    return dict(visitor.client.session)


def log_in(visitor, op, person):
    op.auto_login(person)
    assert visitor.log_in().status_code == 302


def test_no_session_is_made_by_a_login(visitor):  # L6
    visitor.log_in()
    assert django_settings.SESSION_COOKIE_NAME not in visitor.cookies


def test_an_anonymous_session_with_content_is_kept_under_a_new_key(visitor, op):  # L6
    write(visitor, "basket")
    key = visitor.cookies["sessionid"]
    log_in(visitor, op, "pat")
    assert session(visitor)["note"] == "basket"
    assert visitor.cookies["sessionid"] != key


def test_a_login_again_by_the_same_person_keeps_the_session(visitor, op):  # L6
    log_in(visitor, op, "pat")
    write(visitor, "pats")
    log_in(visitor, op, "pat")
    assert session(visitor)["note"] == "pats"


def test_a_session_is_never_handed_on_to_another_person(visitor, op):  # L6
    write(visitor, "basket")
    log_in(visitor, op, "pat")
    log_in(visitor, op, "kim")
    assert "note" not in session(visitor)


def test_nor_is_one_that_was_written_while_logged_in(visitor, op):  # L6
    log_in(visitor, op, "pat")
    write(visitor, "pats")
    log_in(visitor, op, "kim")
    assert "note" not in session(visitor)


def test_nor_is_one_that_was_written_by_an_async_view(visitor, op):  # L6
    write(visitor, "basket")
    log_in(visitor, op, "pat")
    store = visitor.client.session
    del store[sessions.OWNER]
    store.save()
    visitor.client.cookies["sessionid"] = store.session_key
    client = AsyncClient()
    client.cookies.update(visitor.client.cookies)
    assert async_to_sync(client.get)("/awrite-session/").content == b"written"
    visitor.client.cookies.update(client.cookies)
    log_in(visitor, op, "kim")
    assert "note" not in session(visitor)


def test_nor_after_the_identity_is_gone(visitor, op):  # L6
    log_in(visitor, op, "pat")
    write(visitor, "pats")
    del visitor.client.cookies["multi_oidc_auth"]
    log_in(visitor, op, "kim")
    assert "note" not in session(visitor)


def test_nor_what_outer_middleware_wrote_after_us(visitor, op):  # L6
    log_in(visitor, op, "pat")
    write(visitor, "pats")
    store = visitor.client.session
    del store[sessions.OWNER]
    store.save()
    visitor.client.cookies["sessionid"] = store.session_key
    log_in(visitor, op, "kim")
    assert "note" not in session(visitor)


def test_an_identity_that_does_not_fit_leaves_the_session_alone(
    visitor, op, live_secrets, settings
):  # L7, K5
    live_secrets["alpha"] |= {"client_kwargs": {"scope": "openid profile email groups"}}
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    write(visitor, "basket")
    before = visitor.cookies["sessionid"]
    op.auto_login("max")
    visitor.client.cookies["preferences"] = "x" * 2000
    assert visitor.log_in().status_code == 502
    assert visitor.cookies["sessionid"] == before


def test_a_session_that_was_emptied_is_not_stamped(visitor, op):  # L6
    log_in(visitor, op, "pat")
    write(visitor, "pats")
    assert visitor.get("/flush-session/").content == b"flushed"
    assert "sessionid" not in visitor.cookies


def test_the_same_subject_at_another_provider_is_another_person(visitor, op):  # L6
    log_in(visitor, op, "pat")
    write(visitor, "alphas")
    assert visitor.log_in("/oidc/login/beta/").status_code == 302
    assert "note" not in session(visitor)


def test_the_owner_is_no_claim(visitor, op):  # S7
    log_in(visitor, op, "pat")
    write(visitor, "pats")
    owner = session(visitor)[sessions.OWNER]
    assert len(owner) == 22
    assert "pat" not in owner


def test_a_failed_login_leaves_the_session_alone(visitor, op):  # L7
    log_in(visitor, op, "pat")
    write(visitor, "pats")
    op.deny_next_login()
    assert visitor.log_in().status_code == 403
    assert session(visitor)["note"] == "pats"


def test_logout_flushes_it(visitor, op):  # O1
    log_in(visitor, op, "pat")
    write(visitor, "pats")
    visitor.client.post("/oidc/logout/")
    assert visitor.cookies == {}
    assert session(visitor) == {}


def test_logout_in_an_async_view_flushes_it(visitor, op):  # O1, L2
    log_in(visitor, op, "pat")
    write(visitor, "pats")
    client = AsyncClient()
    client.cookies.update(visitor.client.cookies)

    response = async_to_sync(client.get)("/aleave/")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert response.cookies["multi_oidc_auth"].value == ""
    assert response.cookies["sessionid"].value == ""


def test_a_password_users_session_is_kept_under_a_new_key(visitor, op, django_user_model, settings):  # L6
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.AuthenticationMiddleware"]
    visitor.client.force_login(django_user_model.objects.create_user("root"))
    log_in(visitor, op, "pat")
    assert SESSION_KEY in session(visitor)


@pytest.fixture
def root(settings, django_user_model):
    """Somebody with a password, where Django's own login is in use too."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.AuthenticationMiddleware"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return django_user_model.objects.create_user("root", password="the password")


def log_in_by_password(visitor):
    assert visitor.get("/password-login/").content == b"root"


@pytest.mark.parametrize("way_out", ["cookie", "logout elsewhere"])
def test_a_password_login_gets_nothing_of_an_identity_that_is_gone(visitor, op, root, way_out):  # L6
    log_in(visitor, op, "pat")
    write(visitor, "pats")
    if way_out == "cookie":
        del visitor.client.cookies["multi_oidc_auth"]
    else:
        visitor.client.cookies["multi_oidc_auth"] = "x"
    log_in_by_password(visitor)
    assert session(visitor).keys() == {SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY}


def test_one_beside_an_identity_keeps_the_session(visitor, op, root):  # L6
    log_in(visitor, op, "pat")
    write(visitor, "pats")
    log_in_by_password(visitor)
    assert session(visitor)["note"] == "pats"


def test_an_anonymous_visitors_session_is_djangos_to_keep(visitor, op, root):  # L6
    write(visitor, "basket")
    log_in_by_password(visitor)
    assert session(visitor)["note"] == "basket"


def test_a_login_with_no_request_or_no_session_is_nobodys(root, rf):  # L6
    user_logged_in.send(sender=type(root), user=root)
    user_logged_in.send(sender=type(root), user=root, request=rf.get("/"))


@pytest.mark.parametrize("path", ["/leave/", "/aleave/"])
def test_our_logout_ends_djangos_login_and_says_so(visitor, root, path):  # O1
    gone = []

    def note(user, **kwargs):
        gone.append(user)

    user_logged_out.connect(note)
    log_in_by_password(visitor)
    client = AsyncClient()
    client.cookies.update(visitor.client.cookies)
    response = async_to_sync(client.get)(path) if path == "/aleave/" else visitor.get(path)
    user_logged_out.disconnect(note)
    assert (response.status_code, gone) == (302, [root])
    assert response.cookies["sessionid"].value == ""


def test_csrf_tokens_are_rotated_where_the_browser_has_one(visitor):  # L6
    assert "csrftoken" not in visitor.cookies
    visitor.log_in()
    assert "csrftoken" not in visitor.cookies
    visitor.get("/oidc/logout/")
    token = visitor.cookies["csrftoken"]
    visitor.log_in()
    assert visitor.cookies["csrftoken"] != token


def test_an_empty_session_costs_no_query(visitor, engine, django_assert_num_queries):  # L6
    with django_assert_num_queries(0):
        visitor.log_in()
        visitor.client.post("/oidc/logout/")


def test_the_owner_is_written_down_at_the_login_itself(rf, make_identity):  # L6
    request = rf.get("/")
    request.session = import_module(django_settings.SESSION_ENGINE).SessionStore()
    request.session["note"] = "basket"
    sessions.renew(request, make_identity(), before=None)
    assert request.session[sessions.OWNER] == sessions._owner(make_identity())


def test_without_sessions_there_is_nothing_to_do(rf, make_identity):  # L3
    request = rf.get("/")
    sessions.renew(request, make_identity(), before=None)
    sessions.flush(request)
    assert not sessions.is_written(request)
    assert not hasattr(request, "session")


def test_old_sessions_rows_are_gone(visitor, op, engine):  # L6, O1
    write(visitor, "basket")
    log_in(visitor, op, "pat")
    write(visitor, "pats")
    visitor.client.post("/oidc/logout/")
    call_command("clearsessions")
    assert Session.objects.count() == 0
