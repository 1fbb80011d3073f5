"""The demo's settings with a database, for Django's own users and admin: `manage.py demo --admin`."""

from __future__ import annotations

import os

from . import settings as without_accounts
from .settings import *  # noqa: F403  # as Django's own projects split their settings

ROOT_URLCONF = "demo_project.urls_with_accounts"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DEMO_DATABASE"]}}
INSTALLED_APPS = [
    "django_multi_oidc.accounts.admin_config.OIDCAdminConfig",
    "django.contrib.sessions",
    "django.contrib.messages",
    *without_accounts.INSTALLED_APPS,
    "django_multi_oidc.accounts",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "demo_project.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_multi_oidc.middleware.OIDCUserMiddleware",
    "django_multi_oidc.accounts.middleware.OIDCAccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        **without_accounts.TEMPLATES[0],
        "OPTIONS": {
            "context_processors": [
                *without_accounts.TEMPLATES[0]["OPTIONS"]["context_processors"],
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTHENTICATION_BACKENDS = ["django_multi_oidc.accounts.backends.OIDCAccountBackend"]
MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE = "admin"
MULTI_OIDC_ACCOUNTS_ADMIN_MAX_AGE = 15 * 60
