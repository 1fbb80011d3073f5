"""Logins that are not ours: by Django's own ``login()``, in a session that an identity may have used."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from . import sessions, visitor


def hand_on_nothing(*, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Receiver of Django's ``user_logged_in``: ``login()`` keeps what was in the session before."""
    if request is not None:
        sessions.keep_only_djangos(request, visitor.session_owner(request))
