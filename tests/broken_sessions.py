"""A session store that is down, named by SESSION_ENGINE."""

from __future__ import annotations

from django.contrib.sessions.backends.signed_cookies import SessionStore as Working


class SessionStore(Working):
    def cycle_key(self):
        raise ConnectionError("nobody listens")
