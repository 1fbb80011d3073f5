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


class Login(NamedTuple):
    """Somebody who has logged in: what it takes to end that."""

    provider: str
    sub: str
    who: str


_logins: dict[Login, None] = {}  # in their order
_events: deque[Event] = deque(maxlen=20)  # of this process; a real site would write to a log or a table


def activity():
    """The latest first."""
    return list(reversed(_events))


def logins():
    """Who has logged in since the site started, and was not ended since; the latest first."""
    return list(reversed(_logins))


def note_login(sender, user, **kwargs):
    login = Login(sender, user["sub"], name_of(user))
    _logins.pop(login, None)
    _logins[login] = None
    _note("logged in", sender, login.who)


def note_end(sender, sub, **kwargs):
    """An admin has ended somebody's logins, the provider has, or they have everywhere themselves."""
    ended = [login for login in _logins if (login.provider, login.sub) == (sender, sub)]
    for login in ended:
        del _logins[login]
    _note("ended", sender, ended[0].who if ended else "")


def note_logout(sender, user, **kwargs):
    _note("logged out", sender, name_of(user))


def note_failure(sender, error, **kwargs):
    _note(error.code, sender, "")


def name_of(user):
    return user.get("name", user["sub"])


def _note(what, provider, who):
    _events.append(Event(timezone.now(), what, provider, who))
