"""What the admins' page lists: logins, logouts and failures, as the package's signals tell of them."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone


class Event(NamedTuple):
    at: datetime
    what: str
    provider: str
    who: str


_events: deque[Event] = deque(maxlen=20)  # of this process; a real site would write to a log or a table


def activity():
    """The latest first."""
    return list(reversed(_events))


def note_login(sender, user, **kwargs):
    _note("logged in", sender, user)


def note_logout(sender, user, **kwargs):
    _note("logged out", sender, user)


def note_failure(sender, error, **kwargs):
    _events.append(Event(timezone.now(), error.code, sender, ""))


def _note(what, provider, user):
    _events.append(Event(timezone.now(), what, provider, user.get("name", user["sub"])))
