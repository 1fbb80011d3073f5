"""Claims for people to read."""

from __future__ import annotations

import json
from datetime import datetime, timezone

MEANINGS = {
    "is_logged_in": "always there, even when nobody is",
    "name": "good to greet people by",
    "preferred_username": "often chosen by its owner: to show, not to trust",
    "iss": "who vouches for you",
    "sub": "your account there; with iss, the only name that never changes",
    "aud": "whom the ID token was made for: this site",
    "exp": "when the ID token ends; the login here lasts 30 days",
    "iat": "when the ID token was made",
    "auth_time": "when you logged in at the provider",
    "nonce": "ties the ID token to this very login",
    "sid": "your session at the provider: a logout there names it",
    "groups": "rules may ask for one of them",
    "email": "counts in rules only while it is verified",
    "email_verified": "whether the provider knows that the address is yours",
}
MOST = 5  # of a list's values that a row shows
TIMES = ("exp", "iat", "auth_time")


def described(user):
    """A row for each claim, and all of them as JSON."""
    claims = user.to_dict()
    rows = [(name, _shown(name, value), MEANINGS.get(name, "")) for name, value in claims.items()]
    return {"rows": rows, "json": json.dumps(claims, indent=2, ensure_ascii=False)}


def _shown(name, value):
    if name in TIMES:
        return f"{datetime.fromtimestamp(value, timezone.utc):%d %b %Y, %H:%M} UTC"
    if isinstance(value, list) and len(value) > MOST:
        return f"{json.dumps(value[:MOST], ensure_ascii=False)} and {len(value) - MOST} more"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
