from __future__ import annotations

import re
import time

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View

from django_multi_oidc.decorators import (
    oidc_admin_required,
    oidc_login_required,
    oidc_recent_login,
    oidc_role_required,
    oidc_user_passes_test,
)
from django_multi_oidc.gates import Gate
from tests import site
from tests.conftest import CLAIMS

pytestmark = pytest.mark.usefixtures("secrets")


@pytest.fixture(params=["sync", "async"])
def get(request, make_identity, cookie_of):
    """Gets a page, in either mode, as Pat (or as whoever the claims say) or as nobody."""

    def get_page(path, *, method="get", provider="alpha", nobody=False, **claims):
        headers = {} if nobody else {"cookie": cookie_of(make_identity(provider, claims=CLAIMS | claims))}
        if request.param == "sync":
            return getattr(Client(), method)(path, headers=headers)
        return async_to_sync(getattr(AsyncClient(), method))(path.replace("/", "/a", 1), headers=headers)

    return get_page


def test_who_is_logged_in_sees_the_page(get):  # A1
    assert get("/members/").content == b"hello Pat Admin"
    assert get("/members/")["Vary"] == "Cookie"


def test_nobody_is_sent_to_log_in_and_back_to_this_very_page(get):  # A1
    response = get("/members/?page=2&q=%C3%A9", nobody=True)
    assert response.status_code == 302
    assert re.fullmatch(
        r"/oidc/login/\?next=%2Fa?members%2F%3Fpage%3D2%26q%3D%25C3%25A9", response["Location"]
    )
    assert response["Vary"] == "Cookie"


def test_what_nobody_posts_is_not_lost_silently(get):  # A1
    response = get("/members/", method="post", nobody=True)
    assert response.status_code == 401
    assert "Nothing was saved" in response.content.decode()
    assert 'href="/oidc/login/"' in response.content.decode()


def test_an_admin_sees_the_admins_page(get):  # A1, A2
    assert get("/admins/").content == b"the admins' page"


@pytest.mark.parametrize(
    "somebody",
    [
        {"email": "kim@alpha.example"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"provider": "beta"},
    ],
)
def test_others_get_a_page_that_names_their_account(get, somebody):  # A1, A2
    response = get("/admins/", **somebody)
    text = response.content.decode()
    assert response.status_code == 403
    assert "This page is not for this account" in text
    assert somebody.get("email", "pat@alpha.example") in text
    assert "Use another account" in text
    assert "Use another login provider" in text
    assert '<form class="oidc-logout" method="post" action="/oidc/logout/">' in text
    assert response["Referrer-Policy"] == "same-origin"  # S6: under no-referrer Chromium posts "Origin: null"
    assert response["Cache-Control"] == "private, no-store"


def test_another_account_comes_back_to_this_page(get):  # A1, L2
    text = get("/admins/?a=b", email="kim@alpha.example").content.decode()
    assert re.search(
        r'href="/oidc/login/alpha/\?next=%2Fa?admins%2F%3Fa%3Db&amp;params=[^"]+">Use another account', text
    )


def test_with_one_provider_no_other_is_offered(get, secrets, settings):  # A1
    del secrets["beta"]
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    assert "Use another login provider" not in get("/admins/", email="kim@alpha.example").content.decode()


def test_nobody_is_sent_to_log_in_for_the_admins_page(get):  # A1
    assert get("/admins/", nobody=True).status_code == 302


def test_a_role_is_asked_for_by_name(make_identity, cookie_of):  # A1, A2
    kim = cookie_of(make_identity("beta", claims=CLAIMS | {"email": "kim@beta.example"}))
    assert Client().get("/editors/", headers={"cookie": kim}).content == b"the editors' page"
    pat = cookie_of(make_identity("alpha"))
    assert Client().get("/editors/", headers={"cookie": pat}).status_code == 403


def test_a_rule_that_is_removed_acts_at_once(get, secrets, settings):  # A2
    assert get("/admins/").status_code == 200
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "alpha": {**secrets["alpha"], "admins": []}}}
    assert get("/admins/").status_code == 403


def test_a_decorated_view_keeps_its_kind_and_name():
    assert iscoroutinefunction(site.amembers)
    assert not iscoroutinefunction(site.members)
    assert site.members.__name__ == "members"


def test_class_based_views(rf, make_identity, cookie_of):  # A1
    class Page(View):
        @method_decorator(oidc_login_required)
        def get(self, request, number):
            return HttpResponse(number)

    from django_multi_oidc.middleware import OIDCUserMiddleware

    request = rf.get("/", headers={"cookie": cookie_of(make_identity())})
    assert OIDCUserMiddleware(lambda request: Page.as_view()(request, number=7))(request).content == b"7"


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_async_class_based_views(client, make_identity, cookie_of):  # A1
    get = async_to_sync(client().get) if client is AsyncClient else client().get
    assert get("/class/").status_code == 302
    assert get("/class/", headers={"cookie": cookie_of(make_identity())}).content == b"hello Pat Admin"


def test_a_class_itself_says_how():
    with pytest.raises(TypeError, match=r'as @method_decorator\(…, name="dispatch"\)'):
        oidc_login_required(site.AsyncPage)


def test_head_is_sent_to_log_in_too(get):  # A1
    assert get("/members/", method="head", nobody=True).status_code == 302


def test_a_page_too_long_to_come_back_to_is_left_out(get):  # L3
    assert get(f"/members/?q={'x' * 20_000}", nobody=True)["Location"] == "/oidc/login/"


def test_without_the_middleware_it_says_so(rf):
    with pytest.raises(ImproperlyConfigured, match=r"Add 'django_multi_oidc.middleware.OIDCUserMiddleware'"):
        oidc_admin_required(lambda request: HttpResponse())(rf.get("/"))


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (
            lambda: oidc_role_required(site.show),
            'write @oidc_role_required("editor"): the decorator needs to be told what it asks for',
        ),
        (
            lambda: oidc_recent_login(site.show),
            "write @oidc_recent_login(300): the decorator needs to be told what it asks for",
        ),
        (lambda: oidc_role_required(""), """a role is named by a string, such as "editor", not ''"""),
        (lambda: oidc_recent_login(None), "max_age is a whole number of seconds, not None"),
        (
            lambda: oidc_user_passes_test(None),
            "the test of a page is a function that takes the user, not None",
        ),
        (
            lambda: oidc_login_required(providers=[]),
            "providers are one or more names, as in [auth.<name>], not []",
        ),
        (lambda: oidc_login_required("alpha"), "this decorates a view, not 'alpha'"),
        (lambda: oidc_admin_required("alpha"), "this decorates a view, not 'alpha'"),
    ],
)
def test_a_decorator_that_is_told_nothing_says_so(use, message):
    with pytest.raises(TypeError) as caught:
        use()
    assert str(caught.value) == message


def test_a_view_tells_the_checks_what_it_wants():
    both = oidc_recent_login(300)(oidc_admin_required(site.show))
    assert both.oidc_gates == (Gate(max_age=300), Gate(role="admin"))
    assert site.show.__dict__ == {}


def test_a_class_based_view_tells_it_too():
    page = method_decorator(oidc_role_required("editor"), name="dispatch")(type("Page", (site.Show,), {}))
    assert page.as_view().oidc_gates == (Gate(role="editor"),)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_two_decorators_want_both(mode, make_identity, cookie_of, rf, settings):  # A1
    settings.ROOT_URLCONF = "tests.test_decorators"
    recent = CLAIMS | {"auth_time": time.time()}

    def status(provider, claims):
        cookie = cookie_of(make_identity(provider, claims=claims))
        return Client().get(f"/{mode}/both/", headers={"cookie": cookie}).status_code

    assert status("alpha", recent) == 200
    assert status("alpha", CLAIMS) == 302
    assert status("beta", recent) == 403


both = oidc_recent_login(300)
urlpatterns = [
    path("", include("django_multi_oidc.urls")),
    path("sync/both/", both(oidc_admin_required(site.show))),
    path("async/both/", both(oidc_admin_required(site.ashow))),
]
