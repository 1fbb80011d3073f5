"""What the demo adds to the provider's own secrets file: who is an editor, and how logins end."""

from __future__ import annotations

ROLES = """\
[auth.alpha.roles]
editor = ["kim@alpha.example", "layla@alpha.example"]

[auth.beta.roles]
editor = ["*@beta.example"]
"""


def completed(secrets: str) -> str:
    """The secrets file of the demo: logins can be ended, and whoever logs out of Beta's people does so there, too."""
    ended = secrets.replace("[auth]\n", "[auth]\nrevocation = true\n", 1)
    there = ended.replace("[auth.beta]\n", "[auth.beta]\nprovider_logout = true\n", 1)
    return f"{there}\n{ROLES}"
