"""The one lazy door to ``backends``: requests, PyJWT and cryptography load at the first login, not at start."""

from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string

from .conf import conf
from .providers import Provider


def backend_of(provider: Provider) -> Any:
    """What speaks to the provider: an instance of MULTI_OIDC_BACKEND."""
    return import_string(conf.MULTI_OIDC_BACKEND)(provider)
