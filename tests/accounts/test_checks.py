"""A3, A5, D6: every misuse is told of."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.admin import AdminSite
from django.core.checks import Error, Warning, run_checks  # noqa: A004 - Django's names
from django.urls import clear_url_caches, path

from django_multi_oidc.accounts import checks, user_model
from tests.accounts import models, urls
from tests.accounts.conftest import MIDDLEWARE, MODEL_BACKEND, OUR_BACKEND

ACCOUNT = "django_multi_oidc.accounts.middleware.OIDCAccountMiddleware"
USER = "django_multi_oidc.middleware.OIDCUserMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
GATE = "django.contrib.auth.middleware.LoginRequiredMiddleware"
WITHOUT = [path for path in MIDDLEWARE if path != ACCOUNT]


@pytest.fixture
def found(secrets):
    def run():
        return [message for message in run_checks() if message.id.startswith("multi_oidc_accounts.")]

    return run


def test_a_right_project_is_silent(found, accounts):
    accounts.MULTI_OIDC_ACCOUNTS_GROUPS = {"Editors": "editor"}
    accounts.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE = "editor"
    accounts.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": ["alpha.example"]}
    accounts.MULTI_OIDC_ACCOUNTS_MAKE_USER = "tests.accounts.making.make_user"
    accounts.MULTI_OIDC_ACCOUNTS_ADMIN_MAX_AGE = 3600
    assert found() == []


def test_a_missing_middleware(found, accounts):
    accounts.MIDDLEWARE = WITHOUT
    assert found() == [
        Error(
            f'"{ACCOUNT}" is not in MIDDLEWARE, so request.user knows nothing of the identity.',
            hint=f'Add it behind "{AUTHENTICATION}" and "{USER}".',
            id="multi_oidc_accounts.E001",
        )
    ]


@pytest.mark.parametrize("needed", [AUTHENTICATION, USER])
def test_one_that_it_needs_stands_behind_or_nowhere(found, accounts, needed):
    others = [path for path in MIDDLEWARE if path != needed]
    hint = f'The order is: SessionMiddleware, "{AUTHENTICATION}", "{USER}", "{ACCOUNT}".'
    for middleware, problem in (([*others, needed], "stands behind"), (others, "is missing before")):
        accounts.MIDDLEWARE = middleware
        assert found() == [
            Error(
                f'"{needed}" {problem} "{ACCOUNT}" in MIDDLEWARE.', hint=hint, id="multi_oidc_accounts.E002"
            )
        ]


def test_djangos_gate_may_stand_anywhere(found, accounts):
    """It looks at the user when the view is known, and all middleware has seen the request."""
    at = MIDDLEWARE.index(ACCOUNT)
    for middleware in ([*MIDDLEWARE[:at], GATE, *MIDDLEWARE[at:]], [*MIDDLEWARE, GATE]):
        accounts.MIDDLEWARE = middleware
        assert found() == []


@pytest.mark.parametrize("name", ["RemoteUserMiddleware", "PersistentRemoteUserMiddleware"])
def test_a_user_of_a_header_beside_ours(found, accounts, name):
    path = f"django.contrib.auth.middleware.{name}"
    accounts.MIDDLEWARE = [*MIDDLEWARE, path]
    assert found() == [
        Error(
            f'"{path}" takes the user from a header: there would be two people in one request.',
            hint="Remove it: who is there, the identity says.",
            id="multi_oidc_accounts.E003",
        )
    ]


@pytest.mark.parametrize(
    "backends",
    [["tests.accounts.making.nothing"], ["no.such.Backend"], ["tests.accounts.making.TokenBackend"]],
)
def test_no_backend_knows_permissions(found, accounts, backends):
    accounts.AUTHENTICATION_BACKENDS = backends
    assert found() == [
        Warning(
            "No backend in AUTHENTICATION_BACKENDS knows Django's permissions: has_perm() is always False.",
            hint=f'Add "{OUR_BACKEND}", which logs nobody in.',
            id="multi_oidc_accounts.W001",
        )
    ]


@pytest.mark.parametrize("backends", [[OUR_BACKEND], [OUR_BACKEND, MODEL_BACKEND], [MODEL_BACKEND]])
def test_passwords_that_somebody_asked_for(found, accounts, backends):
    accounts.AUTHENTICATION_BACKENDS = backends
    assert found() == []


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ("EmailUser", "people are known by email, which is no name of ours to give"),
        ("NumberedUser", "people are known by number, which is no name of ours to give"),
        ("ShortUser", "username is shorter than 21 characters"),
        ("WantingUser", "it wants email, birthday, nick"),
    ],
)
def test_a_user_model_of_which_we_can_make_nobody(accounts, monkeypatch, model, problem):
    monkeypatch.setattr(checks, "get_user_model", lambda: getattr(models, model))
    message = Error(
        f"auth.User: {problem}, so no user can be made of an identity alone.",
        hint="MULTI_OIDC_ACCOUNTS_MAKE_USER names a function that makes one of the claims; or make none, with "
        'MULTI_OIDC_ACCOUNTS_CREATE_USERS = "never".',
        id="multi_oidc_accounts.E004",
    )
    assert checks.check_user_model(None) == [message]
    accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS = "never"
    assert checks.check_user_model(None) == []
    del accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS
    accounts.MULTI_OIDC_ACCOUNTS_MAKE_USER = "tests.accounts.making.make_user"
    assert checks.check_user_model(None) == []


@pytest.mark.parametrize("model", ["PlainUser", "UniqueUser", "DefaultUser"])
def test_one_of_which_we_can(monkeypatch, model):
    monkeypatch.setattr(checks, "get_user_model", lambda: getattr(models, model))
    assert checks.check_user_model(None) == []


LIST = "One of: always, invited, never"
FUNCTION = 'The path of a function: "shop.accounts.make_user"'
ROLE = 'The name of a role, such as "admin", or None'
GROUPS = 'Groups, each with a role: {"Editors": "editor"}'
DOMAINS = 'Providers, each with a list of domains: {"google": ["example.org"]}'
AGE = "Seconds, such as 8 * 60 * 60, or None"


@pytest.mark.parametrize(
    ("name", "value", "problem", "hint"),
    [
        ("CREATE_USERS", "sometimes", '"sometimes"', LIST),
        ("CREATE_USERS", None, "None", LIST),
        ("MAKE_USER", "no.such", "\"no.such\", which cannot be imported: No module named 'no'", FUNCTION),
        ("MAKE_USER", "tests.accounts.conftest.OUR_BACKEND", '"tests.accounts.conftest.OUR_BACKEND", which is no function', FUNCTION),
        ("STAFF_ROLE", 3, "3", ROLE),
        ("SUPERUSER_ROLE", ["a"], "['a']", ROLE),
        ("GROUPS", ["Editors"], "['Editors']", GROUPS),
        ("GROUPS", {"Editors": ["editor"]}, "{'Editors': ['editor']}", GROUPS),
        ("LINK_BY_EMAIL", ["a.example"], "['a.example']", DOMAINS),
        ("LINK_BY_EMAIL", {"alpha": "a.example"}, "{'alpha': 'a.example'}", DOMAINS),
        ("ADMIN_MAX_AGE", "1h", '"1h": max_age is a whole number of seconds, not \'1h\'', AGE),
        ("ADMIN_MAX_AGE", 5, "5: max_age is 5 seconds: less than 30 cannot be told from the difference between two machines' clocks", AGE),
    ],
)  # fmt: skip
def test_a_value_that_is_none(found, accounts, name, value, problem, hint):
    setattr(accounts, f"MULTI_OIDC_ACCOUNTS_{name}", value)
    message = Error(f"MULTI_OIDC_ACCOUNTS_{name} is {problem}.", hint=hint, id="multi_oidc_accounts.E005")
    assert [each for each in found() if each.id == "multi_oidc_accounts.E005"] == [message]


def link_error(problem, hint):
    return Error(f"MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL {problem}.", hint=hint, id="multi_oidc_accounts.E006")


def test_a_link_by_an_unknown_provider(found, accounts):
    accounts.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"gogle": ["a.example"]}
    assert found() == [link_error('names "gogle"', "Providers: alpha, beta")]


def test_a_link_by_a_provider_that_verifies_nothing(found, accounts, secrets, settings):
    accounts.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": ["a.example"]}
    secrets["alpha"]["server_metadata_url"] = (
        "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0/.well-known/openid-configuration"
    )
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    hint = "login.microsoftonline.com never sends email_verified: nobody is linked. Link by subject: manage.py oidc_link."
    assert found() == [link_error('names "alpha", which verifies no address', hint)]
    secrets["alpha"]["trust_email"] = True
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    assert found() == []


@pytest.mark.parametrize(
    ("domain", "shown"), [("@a.example", '"@a.example"'), ("*.example", '"*.example"'), (" a", '" a"'), (None, "None"), ("", '""')]
)  # fmt: skip
def test_a_link_by_what_is_no_domain(found, accounts, domain, shown):
    accounts.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": [domain]}
    error = link_error(f'has {shown} for "alpha", which is no domain', 'Such as "example.org"')
    assert found() == [error]


def test_a_link_by_no_domain_at_all(found, accounts):
    accounts.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": []}
    assert found() == [link_error('has "" for "alpha", which is no domain', 'Such as "example.org"')]


def test_a_link_where_nobody_has_an_address(found, accounts, monkeypatch):
    accounts.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": ["a.example"]}
    monkeypatch.setattr(user_model, "get_user_model", lambda: models.PlainUser)
    assert found() == [link_error("is of no use: auth.User has no field for addresses", "Empty it.")]


def test_invited_by_nobody(found, accounts):
    accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS = "invited"
    hint = 'Whom may an invited address be verified by? {"google": ["example.org"]}'
    assert found() == [link_error("is empty, and only invited people may log in: nobody can", hint)]


def test_never_and_a_link(found, accounts):
    accounts.MULTI_OIDC_ACCOUNTS_CREATE_USERS = "never"
    accounts.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": ["a.example"]}
    hint = 'MULTI_OIDC_ACCOUNTS_CREATE_USERS = "invited" links, and makes nobody.'
    assert found() == [link_error('is not looked at: MULTI_OIDC_ACCOUNTS_CREATE_USERS is "never"', hint)]


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("STAFF_ROLE", "boss", "no identity opens Django's admin"),
        ("SUPERUSER_ROLE", "boss", "no identity is a superuser"),
        ("GROUPS", {"Bosses": "boss", "Editors": "editor"}, 'nobody gets into the group "Bosses"'),
    ],
)
def test_a_role_that_no_rule_gives(found, accounts, name, value, result):
    setattr(accounts, f"MULTI_OIDC_ACCOUNTS_{name}", value)
    assert found() == [
        Warning(
            f'MULTI_OIDC_ACCOUNTS_{name} names the role "boss", which no rule gives: {result}.',
            hint="Roles in the secrets file: admin, editor.",
            id="multi_oidc_accounts.W003",
        )
    ]


def test_without_any_role(found, secrets, settings):
    del secrets["alpha"]["admins"], secrets["beta"]["roles"]
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    [message] = found()
    assert message.hint == "Roles in the secrets file: none."
    settings.MULTI_OIDC_ACCOUNTS_STAFF_ROLE = None
    assert found() == []


def test_a_wrong_secrets_file_is_somebody_elses_to_say(found, settings):
    settings.MULTI_OIDC_SECRETS = {"auth": {}}
    settings.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL = {"alpha": ["a.example"]}
    assert found() == []


def test_djangos_own_admin_site(found, monkeypatch):
    site = AdminSite("shop")  # known to Django for as long as it is there
    assert found() == []  # nobody can go there
    monkeypatch.setattr(urls, "urlpatterns", [*urls.urlpatterns, path("shop/", site.urls)])
    clear_url_caches()
    assert found() == [
        Warning(
            'The admin site "shop" has Django\'s login page, with no button for any provider, and tells people who are '
            "no staff to log in once more.",
            hint='In INSTALLED_APPS, write "django_multi_oidc.accounts.admin_config.OIDCAdminConfig" in place of '
            '"django.contrib.admin"; a site of your own inherits from '
            '"django_multi_oidc.accounts.admin_site.OIDCAdminSiteMixin".',
            id="multi_oidc_accounts.W004",
        )
    ]
    clear_url_caches()
    del site


def test_an_admin_site_of_a_project_without_pages(found, accounts):
    accounts.ROOT_URLCONF = "tests.accounts.making"
    clear_url_caches()
    site = AdminSite("shop")
    assert checks.check_admin_site(None) == []
    del site
    clear_url_caches()


def test_no_admin_at_all(monkeypatch):
    monkeypatch.setattr(apps, "is_installed", lambda name: False)
    assert checks.check_admin_site(None) == []
