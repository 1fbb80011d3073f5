"""The site with accounts: Django's own admin, login and permissions, on top of the identity."""

from __future__ import annotations

from itertools import count

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from django_multi_oidc.accounts.models import OIDCIdentity
from django_multi_oidc.users import read_only

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_multi_oidc.middleware.OIDCUserMiddleware",
    "django_multi_oidc.accounts.middleware.OIDCAccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]
OUR_BACKEND = "django_multi_oidc.accounts.backends.OIDCAccountBackend"
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def accounts(settings, db):
    """The project's settings, with a password backend for who needs one when no provider answers."""
    settings.ROOT_URLCONF = "tests.accounts.urls"
    settings.MIDDLEWARE = MIDDLEWARE
    settings.AUTHENTICATION_BACKENDS = [OUR_BACKEND, MODEL_BACKEND]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STATIC_URL = "/static/"
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": CONTEXT_PROCESSORS},
        }
    ]
    return settings


@pytest.fixture
def rules(live_secrets, settings):
    """Changes a provider's table, as an edit of the secrets file does while the site runs."""

    def change(provider="alpha", **keys):
        table = live_secrets[provider]
        for name, value in keys.items():
            if value is None:
                table.pop(name, None)
            else:
                table[name] = value
        settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}

    return change


@pytest.fixture
def log_in(visitor, op):
    """Logs in a person of the development provider; the user whose it is."""

    def go(person="pat", provider="alpha", browser=visitor):
        op.auto_login(person)
        response = browser.log_in(f"/oidc/login/{provider}/")
        assert response.status_code == 302, response.content
        return OIDCIdentity.objects.order_by("-login_at").first().user

    return go


@pytest.fixture
def root(accounts):
    """Somebody with a password, for when no provider answers."""
    return get_user_model().objects.create_superuser("root", "root@site.example", "the password")


@pytest.fixture
def editors(accounts):
    return Group.objects.create(name="Editors")


@pytest.fixture
def revocation(live_secrets, settings):
    live_secrets["revocation"] = True
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}


@pytest.fixture
def identity(make_identity):
    """Makes an identity of a subject, with these claims beside it; each is a newer login than the one before."""
    times = count(1_800_000_000)

    def make(sub="pat-sub", provider="alpha", **changes):
        login_at = changes.pop("login_at", None)
        claims = {"iss": f"http://localhost:9/{provider}", "sub": sub, **changes}
        return make_identity(provider, claims=read_only(claims), login_at=login_at or float(next(times)))

    return make
