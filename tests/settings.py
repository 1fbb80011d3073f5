"""The settings of the test suite: sessions and a database are there, and the core must not need them."""

from __future__ import annotations

from pathlib import Path

BASE_DIR = Path(__file__).parent / "no_such_folder"  # no secrets.toml of a developer's is ever picked up
SECRET_KEY = "tests-only-secret-key-of-the-django-project"
DEBUG = False
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
ROOT_URLCONF = "tests.urls"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django_multi_oidc.accounts.admin_config.OIDCAdminConfig",
    "django_multi_oidc",
    "django_multi_oidc.accounts",
    "tests.stand_ins.allauth",
    "tests.stand_ins.social_auth",
]
# The middleware of these two is in the settings of the tests that use them alone.
SILENCED_SYSTEM_CHECKS = [
    "admin.E402",
    "admin.E403",
    "admin.E404",
    "admin.E408",
    "admin.E409",
    "multi_oidc_accounts.E001",
    "multi_oidc_accounts.W002",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django_multi_oidc.middleware.OIDCUserMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}  # Django 6.1 asks for it
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request", "tests.site.ask_a_database"]
        },
    }
]
