"""C8, C8a, S3, L8, D6: the system checks. Each message is compared whole."""

from __future__ import annotations

import re
import socket
import sys
from importlib import import_module
from pathlib import Path

import pytest
from django.core.checks import Error, Warning, run_checks  # noqa: A004 - Django's names
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include
from django.urls import path as url

from django_multi_oidc import checks
from django_multi_oidc.middleware import OIDCUserMiddleware

ROOT = Path(__file__).parent.parent
COOKIE_SECRET = "Zt3-vT0hqN8mX_wR5kYb2JcLdE7uGfAoQs6pHi1nBVx"
CHECKS = [
    *(ROOT / "django_multi_oidc/checks").glob("*.py"),
    *(ROOT / "django_multi_oidc/accounts").glob("*checks.py"),
]
SOURCE = "".join(path.read_text() for path in CHECKS)
OURS = "django_multi_oidc.middleware.OIDCUserMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"


def view(request, name=""):
    return HttpResponse()


class Site:
    """A URLconf with our names; what stands behind them does not matter here."""

    urlpatterns = [
        url(
            "",
            include(
                (
                    [
                        url("oauth2callback", view, name="callback"),
                        url("oidc/login/", view, name="login"),
                        url("oidc/login/<name>/", view, name="login"),
                    ],
                    "multi_oidc",
                )
            ),
        )
    ]


class EmptySite:
    urlpatterns: list = []


class SubclassedMiddleware(OIDCUserMiddleware):
    pass


def factory(get_response):
    return get_response


@pytest.fixture(autouse=True)
def _site(settings):
    settings.ROOT_URLCONF = Site


@pytest.fixture
def auth(settings):
    """Sets the configuration: an [auth] table with one provider, and changes to it."""

    def set_auth(provider=None, **shared):
        google = {
            "client_id": "the-id",
            "client_secret": "the-secret",
            "server_metadata_url": "https://accounts.google.com/.well-known/openid-configuration",
        }
        settings.MULTI_OIDC_SECRETS = {
            "auth": {
                "redirect_uri": "https://example.org/oauth2callback",
                "cookie_secret": COOKIE_SECRET,
                "google": {**google, **(provider or {})},
                **shared,
            }
        }

    set_auth()
    return set_auth


def ours(*, deploy: bool = False) -> list:
    """What our checks say, as Django runs them."""
    found = run_checks(include_deployment_checks=deploy)
    return [message for message in found if message.id.startswith("django_multi_oidc.")]


def test_a_right_project_is_silent(auth):  # C8
    assert ours(deploy=True) == []


def test_a_mistake_is_an_error_with_the_mend_as_hint(auth):  # C8
    auth({"client_id": "xxx", "label": 3})
    assert ours() == [
        Error(
            "MULTI_OIDC_SECRETS: [auth.google] label must be a string, not a whole number.",
            hint='Put it into quotes: label = "…"',
            id="django_multi_oidc.E001",
        ),
        Error(
            "MULTI_OIDC_SECRETS: [auth.google] client_id is a placeholder.",
            hint='Your provider gives it to you when you register this site there:\nclient_id = "…"',
            id="django_multi_oidc.E001",
        ),
    ]
    with pytest.raises(SystemCheckError):
        call_command("check")


NO_FILE = (
    "No login provider is configured: BASE_DIR has neither secrets.toml nor .streamlit/secrets.toml. "
    "See docs/configuration.md of django-multi-oidc."
)
NO_FILE_HINT = (
    "Write the file, or set MULTI_OIDC_SECRETS_FILE. Until then nobody can log in.\n"
    "For a login without an account anywhere: python manage.py oidc_dev_provider --write"
)


def test_no_file_is_one_warning_and_every_command_works(settings, capsys):  # C8a
    assert ours() == [Warning(NO_FILE, hint=NO_FILE_HINT, id="django_multi_oidc.W001")]
    call_command("check")
    assert "W001" in capsys.readouterr().err


def test_no_file_is_an_error_when_deployed(settings):  # C8a
    assert Error(NO_FILE, hint=NO_FILE_HINT, id="django_multi_oidc.E002") in ours(deploy=True)
    with pytest.raises(SystemCheckError):
        call_command("check", deploy=True)


def test_a_missing_file_that_a_setting_names(settings):  # C8a
    settings.MULTI_OIDC_SECRETS_FILE = "config/login.toml"
    notice = (
        'No login provider is configured: the setting MULTI_OIDC_SECRETS_FILE names "config/login.toml", '
        "which is not there. See docs/configuration.md of django-multi-oidc."
    )
    assert ours() == [Warning(notice, hint=NO_FILE_HINT, id="django_multi_oidc.W001")]
    assert Error(notice, hint=NO_FILE_HINT, id="django_multi_oidc.E002") in ours(deploy=True)


@pytest.mark.parametrize("host", ["http://localhost:9000", "http://keycloak:8080", "HTTP://127.0.0.1"])
def test_a_plain_http_provider_is_not_deployed(auth, host):  # S3
    auth({"server_metadata_url": f"{host}/x", "allow_plain_http": True})
    assert ours() == []
    assert ours(deploy=True) == [
        Error(
            'MULTI_OIDC_SECRETS: server_metadata_url of the provider "google" is plain http.',
            hint="A deployed site needs https:// there.",
            id="django_multi_oidc.E003",
        )
    ]


def test_a_plain_http_redirect_uri_is_not_deployed(auth):  # S3
    auth(redirect_uri="http://localhost:8000/oauth2callback")
    assert ours() == []
    assert ours(deploy=True) == [
        Error(
            "MULTI_OIDC_SECRETS: [auth] redirect_uri is plain http.",
            hint="A deployed site needs https:// there.",
            id="django_multi_oidc.E003",
        )
    ]


def test_urls_not_included(auth, settings):  # C8
    settings.ROOT_URLCONF = EmptySite
    assert ours() == [
        Error(
            "The URLs of django_multi_oidc are not included in the URLconf.",
            hint='Add to urlpatterns: path("", include("django_multi_oidc.urls"))',
            id="django_multi_oidc.E004",
        )
    ]


def test_urls_not_included_without_a_file(settings):  # C8, C8a
    settings.ROOT_URLCONF = EmptySite
    assert {message.id for message in ours()} == {"django_multi_oidc.W001", "django_multi_oidc.E004"}


def test_a_project_without_urls(auth, settings):
    settings.ROOT_URLCONF = None
    assert ours() == []


def test_the_callback_path(auth):  # C8
    auth(redirect_uri="https://example.org/oidc/callback")
    assert ours() == [
        Error(
            'MULTI_OIDC_SECRETS: [auth] redirect_uri leads to "/oidc/callback", and the callback view is at '
            '"/oauth2callback".',
            hint="Write it like this, and register the same with each provider:\n"
            'redirect_uri = "https://example.org/oauth2callback"',
            id="django_multi_oidc.E005",
        )
    ]


def test_a_prefix_that_only_the_web_server_knows(auth, settings):  # C8
    auth(redirect_uri="https://example.org/app/oauth2callback")
    assert ours() == []
    settings.FORCE_SCRIPT_NAME = "/other"
    assert [message.id for message in ours()] == ["django_multi_oidc.E005"]


def test_the_middleware_is_missing(auth, settings):  # D6
    settings.MIDDLEWARE = [SESSIONS, "tests.test_checks.factory", "no.such.Middleware"]
    assert ours() == [
        Error(
            f'"{OURS}" is not in MIDDLEWARE, so no request has an oidc_user.',
            hint="Add it to MIDDLEWARE, after Django's SessionMiddleware where that is used.",
            id="django_multi_oidc.E006",
        )
    ]


def test_the_middleware_is_in_front_of_sessions(auth, settings):  # D6
    settings.MIDDLEWARE = [OURS, SESSIONS]
    assert ours() == [
        Error(
            f'"{OURS}" stands before "{SESSIONS}" in MIDDLEWARE.',
            hint="Move it behind SessionMiddleware: it needs request.session.",
            id="django_multi_oidc.E007",
        )
    ]


UPDATE_CACHE = "django.middleware.cache.UpdateCacheMiddleware"


def test_a_cache_behind_us_would_mix_people_up(auth, settings):  # U6
    settings.MIDDLEWARE = [OURS, UPDATE_CACHE]
    assert ours() == [
        Error(
            f'"{UPDATE_CACHE}" stands behind "{OURS}" in MIDDLEWARE: '
            "one person could get a page that was made for another.",
            hint="Move it in front, to the top of MIDDLEWARE as Django's documentation has it.",
            id="django_multi_oidc.E014",
        )
    ]
    settings.MIDDLEWARE = [UPDATE_CACHE, OURS]
    assert ours() == []


@pytest.mark.parametrize("name", ["LOGIN_REDIRECT_URL", "LOGOUT_REDIRECT_URL"])
@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("nosuchname", "is no URL's name"),
        ("/oidc/login/alpha/", "is our login: people would go round in circles"),
        ("multi_oidc:login", "is our login: people would go round in circles"),
    ],
)
def test_where_a_login_ends_has_to_be_somewhere(auth, settings, name, url, problem):  # L6, O1
    setattr(settings, name, url)
    assert ours() == [
        Error(
            f'{name} is "{url}", which {problem}.',
            hint="Give it the path of a page of the site, or a URL's name.",
            id="django_multi_oidc.E015",
        )
    ]


@pytest.mark.parametrize("url", ["/start/", "https://www.example.org/"])
def test_where_a_login_may_end(auth, settings, url):  # L6
    settings.LOGIN_REDIRECT_URL = settings.LOGOUT_REDIRECT_URL = url
    assert ours() == []


@pytest.mark.parametrize("middleware", [[OURS], [SESSIONS, "tests.test_checks.SubclassedMiddleware"]])
def test_a_right_middleware(auth, settings, middleware):  # D6
    settings.MIDDLEWARE = middleware
    assert ours() == []


@pytest.mark.parametrize(
    "templates", [[], [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": False}]]
)
def test_templates_that_are_not_found(auth, settings, templates):  # D6
    settings.TEMPLATES = templates
    assert ours() == [
        Error(
            "No template engine finds the pages of django_multi_oidc.",
            hint='TEMPLATES needs a DjangoTemplates engine with "APP_DIRS": True, or with the '
            "app_directories loader.",
            id="django_multi_oidc.E008",
        )
    ]


def test_templates_of_the_loader(auth, settings):  # D6
    loaders = ["django.template.loaders.app_directories.Loader"]
    settings.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"loaders": loaders}}
    ]
    assert ours() == []


def test_apps_of_djangos_that_are_needed(auth):  # D6
    # Called by itself: the checks of django.contrib.auth, once bound, want its models.
    with override_settings(INSTALLED_APPS=["django_multi_oidc"]):
        assert checks.check_apps(None) == [
            Error(
                f'"{name}" is not in INSTALLED_APPS.',
                hint="mozilla-django-oidc, which does the talking at a login, needs it; it needs no table.",
                id="django_multi_oidc.E009",
            )
            for name in ("django.contrib.auth", "django.contrib.contenttypes")
        ]


@pytest.mark.parametrize("path", ["django_multi_oidc.backends.ProviderBackend", "project.backends.Ours"])
def test_a_providers_backend_is_registered(auth, settings, path):  # D6
    settings.MULTI_OIDC_BACKEND = path
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", path]
    assert ours() == [
        Error(
            f'AUTHENTICATION_BACKENDS lists "{path}", which serves one login of one provider.',
            hint="Remove it: never register a provider's backend there.",
            id="django_multi_oidc.E010",
        )
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [("Backend", '"Backend"'), ("a..b", '"a..b"'), ("", '""'), (7, "a whole number"), (None, "a NoneType")],
)
def test_a_backend_that_is_no_dotted_path(auth, settings, value, shown):  # D6
    settings.MULTI_OIDC_BACKEND = value
    assert ours() == [
        Error(
            f"MULTI_OIDC_BACKEND is {shown}, which is no dotted path.",
            hint='The path of a class, as a string: "project.backends.ProviderBackend"',
            id="django_multi_oidc.E011",
        )
    ]


@pytest.mark.parametrize(("value", "shown"), [("shared", '"shared"'), (["default"], "a list")])
def test_a_cache_that_is_not_there(auth, settings, value, shown):  # D6
    settings.MULTI_OIDC_CACHE = value
    assert ours() == [
        Error(
            f"MULTI_OIDC_CACHE is {shown}, which is not in CACHES.",
            hint="CACHES has: default",
            id="django_multi_oidc.E012",
        )
    ]


CHARACTERS = "Letters, digits and -_. are fine in the name of a cookie."
PREFIX = 'Leave the prefix out: "__Host-" is put in front when redirect_uri is https.'
DJANGOS = "That is one of Django's own cookies: choose another name."


@pytest.mark.parametrize(
    ("value", "shown", "hint"),
    [
        ("my auth", '"my auth"', CHARACTERS),
        ("auth;", '"auth;"', CHARACTERS),
        ("", '""', CHARACTERS),
        ("\u00e4uth", '"\u00e4uth"', CHARACTERS),
        (3, "a whole number", CHARACTERS),
        ("__Host-auth", '"__Host-auth"', PREFIX),
        ("__secure-auth", '"__secure-auth"', PREFIX),
        ("sessionid", '"sessionid"', DJANGOS),
        ("csrftoken", '"csrftoken"', DJANGOS),
    ],
)
def test_a_name_that_the_cookie_cannot_have(auth, settings, value, shown, hint):  # D6
    settings.MULTI_OIDC_COOKIE_NAME = value
    assert ours() == [Error(f"MULTI_OIDC_COOKIE_NAME is {shown}.", hint=hint, id="django_multi_oidc.E013")]


def test_a_cookie_that_error_reports_would_show(auth, settings):  # S7
    settings.MULTI_OIDC_COOKIE_NAME = "who"
    assert ours() == [
        Warning(
            'MULTI_OIDC_COOKIE_NAME is "who": Django\'s error reports would show its value.',
            hint='They mask a cookie that has "auth" in its name.',
            id="django_multi_oidc.W003",
        )
    ]


def test_the_cookie_secret_is_djangos(auth, settings):
    settings.SECRET_KEY = COOKIE_SECRET
    assert ours() == [
        Warning(
            "MULTI_OIDC_SECRETS: [auth] cookie_secret is Django's SECRET_KEY.",
            hint="Give it a value of its own: then one can be changed, or become known, without the other.",
            id="django_multi_oidc.W004",
        )
    ]


LOCAL = "is each process's own: a login that one ends goes on at the others"
NOTHING = "keeps nothing: nobody can be logged in"
CULLED = "throws entries away beyond a few hundred"


@pytest.mark.parametrize(
    ("backend", "options", "what"),
    [
        ("locmem.LocMemCache", {}, LOCAL),
        ("locmem.LocMemCache", {"MAX_ENTRIES": 10**6}, LOCAL),
        ("dummy.DummyCache", {}, NOTHING),
        ("filebased.FileBasedCache", {}, CULLED),
        ("filebased.FileBasedCache", {"MAX_ENTRIES": 9_999}, CULLED),
        ("filebased.FileBasedCache", {"MAX_ENTRIES": 10_000}, None),
        ("db.DatabaseCache", {}, CULLED),
        ("db.DatabaseCache", {"MAX_ENTRIES": 10**6}, None),
        ("redis.RedisCache", {}, None),
    ],
)
def test_a_cache_that_forgets_who_was_ended(auth, settings, backend, options, what):  # O4
    path = f"django.core.cache.backends.{backend}"
    settings.CACHES = {"default": {}, "marks": {"BACKEND": path, "LOCATION": "x", "OPTIONS": options}}
    settings.MULTI_OIDC_CACHE = "marks"
    assert checks.check_revocation_cache(None) == []
    auth(revocation=True)
    warning = Warning(
        f'revocation is on, and the cache "marks" {what}.',
        hint="Let MULTI_OIDC_CACHE name a cache that all processes share and that throws nothing away, such as "
        "Redis without eviction; files and databases with a MAX_ENTRIES of 10,000 or more in their OPTIONS.",
        id="django_multi_oidc.W006",
    )
    assert checks.check_revocation_cache(None) == ([warning] if what else [])
    settings.MULTI_OIDC_CACHE = "elsewhere"
    assert checks.check_revocation_cache(None) == []  # E012 says so


@pytest.mark.parametrize("login_url", ["/oidc/login/", "/oidc/login/google/", "multi_oidc:login"])
def test_djangos_own_gates_would_loop(auth, settings, login_url):  # L8
    settings.LOGIN_URL = login_url
    assert ours() == [
        Warning(
            f'LOGIN_URL is "{login_url}", our login: people would come back logged in, and Django\'s '
            "login_required and LoginRequiredMiddleware would send them there again.",
            hint="Guard views with django_multi_oidc.decorators.oidc_login_required, which this login answers.",
            id="django_multi_oidc.W002",
        )
    ]


def test_djangos_own_gates_work_with_accounts(auth, settings):  # L8
    settings.LOGIN_URL = "/oidc/login/"
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django_multi_oidc.accounts.middleware.OIDCAccountMiddleware",
    ]
    assert ours() == []


@pytest.mark.parametrize(
    "login_url", ["/accounts/login/", "no-such-url", "https://login.example.org/oidc/login/"]
)
def test_djangos_own_gates_lead_elsewhere(auth, settings, login_url):  # L8
    settings.LOGIN_URL = login_url
    assert ours() == []


def test_checks_read_nothing_from_the_network_and_import_no_backend(auth, monkeypatch):
    def refuse(*args):
        raise AssertionError("a check opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for name in [name for name in sys.modules if name.startswith("django_multi_oidc.backends")]:
        monkeypatch.delitem(sys.modules, name)
    assert ours(deploy=True) == []
    assert "django_multi_oidc.backends" not in sys.modules


# Docs and registry.


def ids_in(text: str) -> list[str]:
    return re.findall(r'id="((?:django_multi_oidc|multi_oidc_accounts)\.[EW]\d{3})"', text)


def test_ids_are_unique():  # D6
    # W001 and E002 are one check in two strengths, so that each id stands once in the source.
    found = ids_in(SOURCE)
    assert found
    assert len(found) == len(set(found))


def test_every_id_is_documented():  # D6
    documented = re.findall(r"^\| `(\w+\.[EW]\d{3})` \|", (ROOT / "docs/checks.md").read_text(), re.M)
    assert sorted(documented) == sorted(ids_in(SOURCE))
    assert len(documented) == len(set(documented))


def test_every_check_is_registered():  # D6
    from django.core.checks.registry import registry

    written = {
        getattr(checks, name)
        for name in vars(checks)
        if name.startswith("check_") and callable(getattr(checks, name))
    }
    assert written
    assert written <= set(registry.get_checks(include_deployment_checks=True))
    assert import_module("django_multi_oidc.checks") is checks


def test_passwords_that_nobody_asked_for(auth):
    """Here, where the settings do not name it; other checks of accounts are in tests/accounts."""
    assert [message for message in run_checks() if message.id == "multi_oidc_accounts.W002"] == [
        Warning(
            "Passwords let people in, past the providers: AUTHENTICATION_BACKENDS is Django's own, ModelBackend.",
            hint='AUTHENTICATION_BACKENDS = ["django_multi_oidc.accounts.backends.OIDCAccountBackend"]. To keep '
            'passwords, for a way in when no provider answers, list "django.contrib.auth.backends.ModelBackend" '
            "there yourself.",
            id="multi_oidc_accounts.W002",
        )
    ]
