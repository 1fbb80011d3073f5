"""``revocation`` and ``revocation_outage``: whether logins can be ended, and what then happens without the cache."""

from __future__ import annotations

from typing import Literal, cast

from .table import Table

OUTAGES = ("refuse", "allow")


def revocation(table: Table) -> tuple[bool, Literal["refuse", "allow"]]:
    """The two values of [auth]."""
    on = table.flag("revocation")
    outage = table.choice("revocation_outage", OUTAGES)
    if outage and not on and table.data.get("revocation", False) is False:
        table.wrong("has revocation_outage, and revocation is off.", "revocation = true")
    return on, cast(Literal["refuse", "allow"], outage or "refuse")
