"""A1, A4, D6: the system checks of pages for some."""

from __future__ import annotations

from functools import cached_property

import pytest
from django.core.checks import Error, Warning, run_checks  # noqa: A004 - Django's names
from django.test import Client
from django.urls import include, path
from django.utils.datastructures import MultiValueDictKeyError
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from django_multi_oidc.decorators import (
    oidc_admin_required,
    oidc_login_required,
    oidc_recent_login,
    oidc_role_required,
    oidc_user_passes_test,
)
from django_multi_oidc.mixins import GatedView
from tests import site

pytestmark = pytest.mark.usefixtures("secrets")

GATE = "django_multi_oidc.middleware.OIDCLoginRequiredMiddleware"
OURS = "django_multi_oidc.middleware.OIDCUserMiddleware"


@pytest.fixture
def check(settings):
    """What our checks say of a site with these views; each message but its hint, or with it."""

    def run(*views, root=site.home):
        class Site:
            urlpatterns = [
                path("", root),
                path("", include("django_multi_oidc.urls")),
                path("below/", include([path(f"{number}/", view) for number, view in enumerate(views)])),
            ]

        settings.ROOT_URLCONF = Site
        return [message for message in run_checks() if message.id.startswith("django_multi_oidc.")]

    return run


def role_is_missing(where, role, hint):
    return Warning(
        f"{where} wants the role {role}, which no rule gives: nobody can see the page.",
        hint=hint,
        id="django_multi_oidc.W008",
    )


def provider_is_missing(where, name):
    return Error(
        f"{where} is for people of the provider {name}, which is not there.",
        hint="Providers: alpha, beta. Nobody but people of the others can see the page.",
        id="django_multi_oidc.E019",
    )


def test_pages_that_somebody_can_see(check):
    assert check(site.home, *(view for pair in site.PAGES_FOR_SOME.values() for view in pair)) == []


def test_a_role_that_no_rule_gives(check):
    hint = 'Roles: admin, editor. A provider\'s table gives one:\nroles = { "edtor" = ["pat@example.org"] }'
    assert check(oidc_role_required("edtor")(site.show)) == [
        role_is_missing("tests.site.show", '"edtor"', hint)
    ]


def test_a_role_that_only_another_providers_people_have(check):
    hint = 'Roles: admin, editor. A provider\'s table gives one:\nroles = { "editor" = ["pat@example.org"] }'
    assert check(oidc_role_required("editor", providers="alpha")(site.show)) == [
        role_is_missing("tests.site.show", '"editor"', hint)
    ]


def test_a_site_without_admins(check, secrets, settings):
    del secrets["alpha"]["admins"], secrets["beta"]["roles"]
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    hint = 'No provider has roles. A provider\'s table gives one:\nadmins = ["pat@example.org"]'
    assert check(oidc_admin_required(site.show)) == [role_is_missing("tests.site.show", '"admin"', hint)]


def test_a_provider_that_is_not_there(check):
    for decorator in (
        oidc_login_required(providers="gamma"),
        oidc_recent_login(60, providers=["alpha", "gamma"]),
    ):
        assert check(decorator(site.show)) == [provider_is_missing("tests.site.show", '"gamma"')]


def test_a_gate_behind_other_decorators_is_seen(check):
    view = never_cache(oidc_recent_login(60)(oidc_login_required(providers="gamma")(site.ashow)))
    assert check(view) == [provider_is_missing("tests.site.ashow", '"gamma"')]


def test_class_based_views(check):
    page = type("Page", (site.OIDCRoleRequiredMixin, site.Show), {"oidc_role": "edtor", "__module__": "shop"})
    [message] = check(page.as_view())
    assert message.msg == 'shop.Page wants the role "edtor", which no rule gives: nobody can see the page.'
    assert check(page.as_view(oidc_role="editor")) == []
    page = type(
        "Page", (site.OIDCLoginRequiredMixin, site.Show), {"oidc_providers": ["gamma"], "__module__": "shop"}
    )
    assert check(page.as_view()) == [provider_is_missing("shop.Page", '"gamma"')]
    page = method_decorator(oidc_login_required(providers="gamma"), name="dispatch")(
        type("Page", (site.Show,), {"__module__": "shop"})
    )
    assert check(page.as_view()) == [provider_is_missing("shop.Page", '"gamma"')]


def test_without_providers_there_is_nothing_to_say(check, settings):  # C8a
    del settings.MULTI_OIDC_SECRETS
    assert [message.id for message in check(oidc_role_required("edtor")(site.show))] == [
        "django_multi_oidc.W001"
    ]


def test_a_project_without_web_pages(settings):
    settings.ROOT_URLCONF = None
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, GATE]
    assert [
        message for message in run_checks(tags=["urls"]) if message.id.startswith("django_multi_oidc.")
    ] == []


@pytest.mark.parametrize("place", [0, None])
def test_the_gate_may_stand_anywhere(check, settings, client, place):  # A4: it asks behind all middleware
    middleware = list(settings.MIDDLEWARE)
    middleware.insert(len(middleware) if place is None else place, GATE)
    settings.MIDDLEWARE = middleware
    assert check(root=site.public) == []
    assert client.get("/below/").status_code == 404
    settings.ROOT_URLCONF = "tests.urls"
    assert client.get("/untouched/")["Location"] == "/oidc/login/?next=%2Funtouched%2F"
    assert client.get("/untouched/")["Vary"] == "Cookie"


def test_a_gate_without_a_user(check, settings):  # A4
    settings.MIDDLEWARE = [GATE]
    assert [message.id for message in check(root=site.public)] == ["django_multi_oidc.E006"]


def test_a_logout_leads_to_a_public_page(check, settings):  # A4, L8
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, GATE]

    def warning(where):
        return Warning(
            f'A logout leads to "{where}", which needs a login: people would be asked to log in again at once.',
            hint="Mark that view with login_not_required, of django.contrib.auth.decorators, or let "
            "LOGOUT_REDIRECT_URL name a page that is public.",
            id="django_multi_oidc.W009",
        )

    assert check() == [warning("/")]
    settings.LOGOUT_REDIRECT_URL = "/below/0/"
    assert check(site.home) == [warning("/below/0/")]
    assert check(site.public) == []
    for elsewhere in ("https://example.org/", "/nosuch/"):
        settings.LOGOUT_REDIRECT_URL = elsewhere
        assert check() == []
    settings.LOGOUT_REDIRECT_URL = "nosuch"
    assert [message.id for message in check()] == ["django_multi_oidc.E015"]


def test_djangos_gate_in_front_of_our_login(check, settings):  # L8
    settings.LOGIN_URL = "multi_oidc:login"
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    [message] = check()
    assert message.id == "django_multi_oidc.W002"
    assert message.hint == (
        f'In MIDDLEWARE, write "{GATE}" in place of "django.contrib.auth.middleware.LoginRequiredMiddleware".'
    )


@pytest.mark.parametrize(
    ("mixin", "attributes", "error"),
    [
        (site.OIDCRoleRequiredMixin, {}, 'Page needs an attribute: oidc_role = "editor"'),
        (site.OIDCRecentLoginMixin, {}, "Page needs an attribute: oidc_max_age = 300"),
        (
            site.OIDCLoginRequiredMixin,
            {"oidc_providers": []},
            "providers are one or more names, as in [auth.<name>], not []",
        ),
        (
            site.OIDCRecentLoginMixin,
            {"oidc_max_age": 5},
            "max_age is 5 seconds: less than 30 cannot be told from the difference between two machines' clocks",
        ),
    ],
)
def test_a_view_that_cannot_say_who_may_see_it(check, mixin, attributes, error):
    page = type("Page", (mixin, site.Show), {**attributes, "__module__": "shop"})
    assert check(page.as_view()) == [
        Error(
            f"shop.Page cannot say who may see it: {error}.",
            hint="Until then it answers everybody with an error.",
            id="django_multi_oidc.E020",
        )
    ]


def broken(**attributes):
    """A view for admins by mixins, in a module of the shop's."""
    return type("Page", (site.OIDCRoleRequiredMixin, site.Show), {"__module__": "shop", **attributes})


def of_the_request(view):
    return view.request.GET["role"]


@pytest.mark.parametrize("kind", [property, cached_property])
def test_what_a_view_says_of_each_request_is_not_asked_before(check, make_identity, cookie_of, client, kind):
    view = broken(oidc_role=kind(of_the_request))
    if kind is cached_property:
        view.oidc_role.__set_name__(view, "oidc_role")
    assert check(view.as_view()) == []
    headers = {"cookie": cookie_of(make_identity())}
    assert client.get("/below/0/?role=admin", headers=headers).content == b"the page"
    assert client.get("/below/0/?role=editor", headers=headers).status_code == 403
    with pytest.raises(MultiValueDictKeyError):
        client.get("/below/0/", headers=headers)
    assert check(broken(oidc_role="admin", oidc_providers=property(of_the_request)).as_view()) == []


def test_an_attribute_error_of_a_property_is_its_own(check, make_identity, cookie_of, client):
    check(broken(oidc_role=property(lambda view: view.nosuch)).as_view())
    with pytest.raises(AttributeError, match="has no attribute 'nosuch'"):
        client.get("/below/0/", headers={"cookie": cookie_of(make_identity())})


def test_a_role_that_setup_finds(check, make_identity, cookie_of, client):
    def setup(self, request):
        self.oidc_role = "admin"
        site.Show.setup(self, request)

    assert check(broken(setup=setup).as_view()) == []
    headers = {"cookie": cookie_of(make_identity())}
    assert client.get("/below/0/", headers=headers).content == b"the page"


def test_a_view_that_cannot_be_made_yet(check):  # of a database that is not there, for example
    def fails(self):
        return 1 / 0

    assert check(broken(__init__=fails).as_view()) == []


class Speaks:
    """A test that is no function, and has no hash."""

    __hash__ = None

    def __call__(self, user):
        return user.get("locale") == "fi"


def test_a_test_without_a_hash(check):
    view = oidc_user_passes_test(Speaks())(
        oidc_role_required("edtor")(oidc_role_required("edtor")(site.show))
    )
    assert [message.id for message in check(view)] == ["django_multi_oidc.W008"]


def test_a_decorator_without_a_view(check):
    bare = oidc_user_passes_test(site.show)  # as @oidc_user_passes_test without its test
    assert check(bare) == [
        Error(
            'The view of "0/" cannot say who may see it: it is a decorator of ours, and decorates nothing.',
            hint="Until then it answers everybody with an error.",
            id="django_multi_oidc.E020",
        )
    ]
    with pytest.raises(TypeError, match=r"^this decorates a view, not <WSGIRequest"):
        Client().get("/below/0/")


class Older(View):
    """As Django REST framework's APIView: it calls no other dispatch."""

    def dispatch(self, request):
        return site.show(request)


def test_a_mixin_that_is_never_asked(check, client):
    page = type("Page", (Older, site.OIDCAdminRequiredMixin), {"__module__": "shop"})
    assert check(page.as_view()) == [
        Error(
            "shop.Page has the base Older before OIDCAdminRequiredMixin, and its dispatch() runs before "
            "OIDCAdminRequiredMixin is asked, or without it.",
            hint="Write OIDCAdminRequiredMixin before Older among the bases.",
            id="django_multi_oidc.E018",
        )
    ]
    assert client.get("/below/0/").content == b"the page"
    mine = (site.OIDCAdminRequiredMixin, site.Show)
    for page in (
        type("Page", (site.OIDCAdminRequiredMixin, Older), {}),
        type("Page", (site.OIDCFinnishMixin, Older), {}),
        type("Page", (site.Show, site.OIDCAdminRequiredMixin), {}),
        type("Page", mine, {"dispatch": dispatch_too}),
        type("Child", (type("Page", mine, {"dispatch": dispatch_too}),), {}),
        type("Child", (method_decorator(never_cache, name="dispatch")(type("Page", mine, {})),), {}),
    ):
        assert check(page.as_view()) == []
        assert client.get("/below/0/").status_code == 302


def dispatch_too(view, request):
    return site.OIDCAdminRequiredMixin.dispatch(view, request)


def test_a_mixin_on_the_other_side_of_such_a_base(check, client, make_identity, cookie_of):
    bases = (site.OIDCLoginRequiredMixin, Older, site.OIDCAdminRequiredMixin)
    [message] = check(type("Page", bases, {"__module__": "shop"}).as_view())
    assert message.msg == (
        "shop.Page has the base Older before OIDCAdminRequiredMixin, and its dispatch() runs before "
        "OIDCAdminRequiredMixin is asked, or without it."
    )
    assert (
        client.get("/below/0/", headers={"cookie": cookie_of(make_identity("beta"))}).content == b"the page"
    )


def test_a_base_of_the_projects_own_that_does_not_go_on(check):
    shortcut = type(
        "Shortcut", (site.OIDCLoginRequiredMixin,), {"dispatch": lambda view, request: site.show(request)}
    )
    bases = (shortcut, site.OIDCAdminRequiredMixin, site.Show)
    [message] = check(type("Page", bases, {"__module__": "shop"}).as_view())
    assert message.id == "django_multi_oidc.E018"


class GoesOn(View):
    def dispatch(self, request):
        return super().dispatch(request)


def test_a_base_that_goes_on_runs_first_all_the_same(check):
    page = type("Page", (GoesOn, site.OIDCAdminRequiredMixin), {"__module__": "shop"})
    assert [message.id for message in check(page.as_view())] == ["django_multi_oidc.E018"]


def test_a_setup_that_sets_something_else(check):
    def setup(view, request):
        view.of_its_own = site.Show.setup(view, request)

    own = {"oidc_providers": "gamma", "setup": setup, "__module__": "shop"}
    page = type("Page", (site.OIDCLoginRequiredMixin, site.Show), own)
    assert check(page.as_view()) == [provider_is_missing("shop.Page", '"gamma"')]


def test_a_view_of_what_the_mixins_share_alone(check):
    assert check(type("Page", (GatedView, site.Show), {}).as_view()) == []
