"""A project with a user model of its own, which the environment names."""

from __future__ import annotations

import os

USER_MODEL = os.environ["CUSTOM_USER"]
SECRET_KEY = "tests-only"
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "tests.accounts.custom_urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django_multi_oidc",
    "django_multi_oidc.accounts",
    "tests.accounts.custom_app.CustomConfig",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_multi_oidc.middleware.OIDCUserMiddleware",
    "django_multi_oidc.accounts.middleware.OIDCAccountMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = f"custom.{USER_MODEL}"
AUTHENTICATION_BACKENDS = ["django_multi_oidc.accounts.backends.OIDCAccountBackend"]
if USER_MODEL != "PlainUser":
    MULTI_OIDC_ACCOUNTS_GROUPS = {"Editors": "editor"}
if USER_MODEL == "EmailUser":
    MULTI_OIDC_ACCOUNTS_MAKE_USER = "tests.accounts.custom_urls.make_user"
