"""The keys that hold for every provider when they stand in ``[auth]``, unless its own table says otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .model import LIFETIME, LONGEST_LIFETIME
from .table import Table

SECONDS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}
SHORTEST = SECONDS["m"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """See the fields of the same names of `Provider`."""

    lifetime: int = LIFETIME
    idle_timeout: int | None = None
    follow_token_expiry: bool = False
    provider_logout: bool = False


def inherited(table: Table, outer: Inherited | None = None) -> Inherited:
    """What the table says, and for the rest what ``outer``, that of ``[auth]``, does."""
    default = outer or Inherited()
    return Inherited(
        lifetime=_duration(table, "lifetime") or default.lifetime,
        idle_timeout=_duration(table, "idle_timeout") or default.idle_timeout,
        follow_token_expiry=_flag(table, "follow_token_expiry", default.follow_token_expiry),
        provider_logout=_flag(table, "provider_logout", default.provider_logout),
    )


def _flag(table: Table, key: str, default: bool) -> bool:
    return table.flag(key) if key in table.data else default


def _duration(table: Table, key: str) -> int | None:
    """In seconds; None where it is absent or wrong."""
    if key not in table.data or table.is_unresolved(key):
        return None
    seconds = _seconds(table.data[key])
    if seconds is not None and SHORTEST <= seconds <= LONGEST_LIFETIME:
        return seconds
    table.wrong(
        f"{key} must be a time from one minute to {LONGEST_LIFETIME // SECONDS['d']} days.",
        f'A whole number and its unit, s, m, h or d, without a space; a bare number is in seconds: {key} = "8h"',
    )
    return None


def _seconds(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    # A number of seconds may come from the environment, as text.
    match = re.fullmatch(r"([0-9]{1,9})([smhd]?)", value) if isinstance(value, str) else None
    return int(match[1]) * SECONDS[match[2] or "s"] if match else None
