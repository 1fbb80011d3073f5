"""Machines do not share a clock."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

SKEW_SECONDS = 30
"""By which another machine's clock may differ from ours: a provider's, and another server's of the site."""
MAX_AGE_DIGITS = 9
"""Of a ``max_age`` in seconds: over 30 years."""


def is_recent(claims: Mapping[str, Any], max_age: int) -> bool:
    """Whether the provider has asked the person for a proof within ``max_age`` seconds (Core 1.0 section 2).

    By ``auth_time`` alone: a provider issues a new ID token (``iat``) to whoever holds its session. Clocks may
    differ as much as they may at the login, or the login that has just passed would be asked for again.
    """
    auth_time = claims.get("auth_time")
    if not isinstance(auth_time, int | float):
        return False
    return -SKEW_SECONDS <= time.time() - auth_time <= max_age + SKEW_SECONDS
