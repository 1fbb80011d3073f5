"""Machines do not share a clock."""

from __future__ import annotations

SKEW_SECONDS = 30
"""By which another machine's clock may differ from ours: a provider's, and another server's of the site."""
