"""A worker of the tests' site in a process of its own: ``python -m tests.worker PORT SECRETS_FILE CACHE_FOLDER``."""

from __future__ import annotations

import sys

import django
from django.test import override_settings

from tests.live_site import LiveSite

if __name__ == "__main__":
    port, secrets_file, cache_folder = sys.argv[1:]
    django.setup()
    cache = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": cache_folder}
    with override_settings(MULTI_OIDC_SECRETS_FILE=secrets_file, CACHES={"default": cache}):
        LiveSite(int(port)).serve()
