"""What the demo adds to the provider's own secrets file: who is an editor, and how logins end."""

from __future__ import annotations

ROLES = """\
[auth.alpha.roles]
editor = ["kim@alpha.example", "layla@alpha.example"]

[auth.beta.roles]
editor = ["*@beta.example"]
"""
ADDED = {
    "[auth]": "revocation = true\nresponse_header_bytes = 16384\n",
    "[auth.alpha]": 'client_kwargs = { scope = "openid profile email groups" }\n',
    "[auth.beta]": "provider_logout = true\n",
}


def completed(secrets: str) -> str:
    """The secrets file of the demo: logins can be ended, Beta's people log out there too, Alpha tells its groups."""
    for table, lines in ADDED.items():
        secrets = secrets.replace(f"{table}\n", f"{table}\n{lines}", 1)
    return f"{secrets}\n{ROLES}"
