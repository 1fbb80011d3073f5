"""A deployed site with accounts; what differs from test to test stands in the environment."""

from __future__ import annotations

import json
import os

from tests.deployment.settings import *  # noqa: F403  # and what a site with accounts has

ROOT_URLCONF = "tests.accounts.urls"
STATIC_URL = "/static/"
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
AUTHENTICATION_BACKENDS = ["django_multi_oidc.accounts.backends.OIDCAccountBackend"]

globals().update(json.loads(os.environ["SETTINGS"]))
