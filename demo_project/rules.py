"""Who is an editor when the demo starts."""

from __future__ import annotations

ROLES = """\
[auth.alpha.roles]
editor = ["kim@alpha.example", "layla@alpha.example"]

[auth.beta.roles]
editor = ["*@beta.example"]
"""
