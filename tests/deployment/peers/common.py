"""What the settings of all have in common. The database and the provider come by the environment."""

from __future__ import annotations

import os

OP = os.environ["PEERS_ISSUER"]
CLIENT_ID, CLIENT_SECRET = os.environ["PEERS_CLIENT_ID"], os.environ["PEERS_CLIENT_SECRET"]
MOVED = "MULTI_OIDC_SECRETS_FILE" in os.environ  # our apps stand beside theirs

SECRET_KEY = "the-secret-key-of-a-project-with-peers-0123456789"
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "tests.deployment.peers.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["PEERS_DATABASE"]}}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
LOGIN_REDIRECT_URL = "/who/"
PLAIN_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
]
PLAIN_MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
OUR_APPS = ["django_multi_oidc", "django_multi_oidc.accounts"] if MOVED else []
OUR_MIDDLEWARE = [
    "django_multi_oidc.middleware.OIDCUserMiddleware",
    "django_multi_oidc.accounts.middleware.OIDCAccountMiddleware",
]
OUR_MIDDLEWARE = OUR_MIDDLEWARE if MOVED else []
OUR_BACKENDS = ["django_multi_oidc.accounts.backends.OIDCAccountBackend"]
