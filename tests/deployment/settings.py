"""The tests' site as one is deployed: several processes, which share Redis."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403  # and what a deployed site has

ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ["REDIS"],
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django_multi_oidc": {"handlers": ["console"], "level": "INFO"}},
}
