"""The least that a project can be: no database, no sessions, no middleware but ours."""

from __future__ import annotations

SECRET_KEY = "tests-only"
ALLOWED_HOSTS = ["localhost", "testserver"]
ROOT_URLCONF = "tests.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_multi_oidc"]
MIDDLEWARE = ["django_multi_oidc.middleware.OIDCUserMiddleware"]
DATABASES: dict = {}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
USE_TZ = True
