"""Who is logged in, by browser: one session each, behind a cookie below the organisation's own path."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from .messages import Request
from .people import Person
from .store import ExpiringStore

SESSION_LIFETIME = 8 * 60 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Somebody who picked themselves, when (seconds since the epoch), and in which session."""

    person: Person
    auth_time: int
    sid: str


class Sessions:
    """The sessions at one organisation. It has one client, so the session's ``sid`` is that client's, too."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._logins: ExpiringStore[Login] = ExpiringStore(lifetime=SESSION_LIFETIME)

    def key(self, request: Request) -> str:
        """What this browser calls its session; "" when it has none."""
        return request.cookie(f"multi_oidc_dev_provider_{self._name}")

    def of(self, request: Request) -> Login | None:
        return self._logins.get(self.key(request))

    def log_in(self, request: Request, person: Person) -> tuple[Login, str]:
        """The login, and the cookie for it. The same person again stays in the same session.

        Somebody else begins a new one, and the old one lives on, as with any account chooser.
        """
        now, before = int(time.time()), self.of(request)
        if before and before.person.key == person.key:
            key, sid = self.key(request), before.sid
        else:
            key, sid = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
        login = Login(person=person, auth_time=now, sid=sid)
        self._logins.put(key, login)
        # The path keeps the cookie from the other sites on localhost: cookies know no ports.
        cookie = f"multi_oidc_dev_provider_{self._name}={key}; Path=/{self._name}; HttpOnly; SameSite=Lax"
        return login, cookie

    def end(self, key: str) -> list[Login]:
        """End the session, if it is one. Its cookie may stay: it means nobody from now on."""
        login = self._logins.pop(key)
        return [login] if login else []

    def end_all_of(self, person: str) -> list[Login]:
        return self._logins.pop_where(lambda login: login.person.key == person)
