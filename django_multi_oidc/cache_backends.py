"""What Django's own cache backends do to entries that are to be kept, and met by every process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .conf import conf

FEWEST = 10_000  # entries
LOCAL = "is each process's own: a login that one ends goes on at the others"
CULLED = "throws entries away beyond a few hundred"


def problem() -> str:
    """Why the shared cache cannot hold the marks of ended logins; empty where nothing is known against it."""
    cache: Mapping[str, Any] = conf.CACHES.get(conf.MULTI_OIDC_CACHE, {})
    backend = str(cache.get("BACKEND", "")).removeprefix("django.core.cache.backends.")
    if backend in ("filebased.FileBasedCache", "db.DatabaseCache"):
        return "" if cache.get("OPTIONS", {}).get("MAX_ENTRIES", 0) >= FEWEST else CULLED
    return {"locmem.LocMemCache": LOCAL, "dummy.DummyCache": "keeps nothing: nobody can be logged in"}.get(
        backend, ""
    )


def is_local() -> bool:
    """Whether no other process sees what this one writes."""
    return problem() == LOCAL
