"""The development provider: every organisation's realm, on loopback, in threads."""

from __future__ import annotations

import errno
import socket
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, NamedTuple

from . import index_page, pages
from .backchannel import LogoutAnswer
from .client import Client, client_of, derived_post_logout_redirect_uris, is_on_loopback
from .listener import Listener
from .messages import Request, Response
from .people import DEFAULT_ORGANISATIONS, Organisation, Person
from .realm import Realm
from .secrets_file import secrets_file

LOOPBACK = ("localhost", "127.0.0.1", "::1")
DEFAULT_REDIRECT_URI = "http://localhost:8000/oauth2callback"
REMEMBERED_REQUESTS = 10_000
Address = tuple[socket.AddressFamily, str]


class PortInUseError(OSError):
    """Something listens on the port already."""


class Seen(NamedTuple):
    """A request that came in; equal to the tuple ``(method, path)``."""

    method: str
    path: str


class DevProvider:
    """An OpenID provider for each organisation, on loopback; a context manager.

    ``port=0`` takes a free one. ``people``, when given, take the place of every organisation's own.
    ``post_logout_redirect_uris`` are derived from ``redirect_uris`` when not given, and
    ``backchannel_logout_uris`` are by organisation.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "localhost",
        organisations: Iterable[Organisation] = DEFAULT_ORGANISATIONS,
        people: Iterable[Person] | None = None,
        redirect_uris: Iterable[str] = (DEFAULT_REDIRECT_URI,),
        post_logout_redirect_uris: Iterable[str] | None = None,
        backchannel_logout_uris: Mapping[str, str] | None = None,
    ) -> None:
        """Raises ValueError when the host or a back-channel logout URI is not loopback."""
        if host not in LOOPBACK:
            raise ValueError(
                f"{host!r} is not loopback. The development provider serves {', '.join(LOOPBACK)}."
            )
        self.host = host
        self.port = port
        self.requests: list[Seen] = []
        self.logout_answers: list[LogoutAnswer] = []
        self.organisations: dict[str, Realm] = {}
        self._specifications = with_people(organisations, people)
        self._redirect_uris = tuple(redirect_uris)
        self._given_post_logout_redirect_uris = (
            None if post_logout_redirect_uris is None else tuple(post_logout_redirect_uris)
        )
        self._backchannel_logout_uris: dict[str, str] = {}
        for name, uri in (backchannel_logout_uris or {}).items():
            self.register_backchannel_logout_uri(name, uri)
        self._refusals: deque[tuple[str, str]] = deque()
        self._listeners: list[Listener] = []
        self._down = False

    # Start and stop

    def __enter__(self) -> DevProvider:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, and answer in threads. Raises PortInUseError."""
        self._listeners = listen(self.port)
        self.port = self._listeners[0].port
        for specification in self._specifications:
            self.organisations[specification.name] = Realm(
                specification,
                url=self.url,
                client=self._client(specification),
                refusals=self._refusals,
                logout_answers=self.logout_answers,
            )
        for listener in self._listeners:
            listener.start(self.respond, {authority(host, self.port) for host in LOOPBACK})

    def stop(self) -> None:
        """Close every connection, and wait for the threads."""
        while self._listeners:
            self._listeners.pop().stop()

    @property
    def url(self) -> str:
        """Where the index page is; issuers are below. The port is known once started."""
        return f"http://{authority(self.host, self.port)}"

    # Scripting

    def auto_login(self, key: str | None) -> None:
        """Log this person in without the page, at every organisation that knows them; None: the page again.

        Raises ValueError when none does.
        """
        if key is not None:
            self._realms_of(key)
        for realm in self.organisations.values():
            realm.auto_person = realm.person(key) if key else None

    def add_claims(self, key: str, claims: Mapping[str, Any] | None) -> None:
        """Put these claims over the person's own from now on, whatever the scope; None: no longer.

        Raises ValueError when no organisation knows the person.
        """
        for realm in self._realms_of(key):
            realm.extra_claims[key] = dict(claims or {})

    def end_session(self, key: str) -> None:
        """End the person's sessions, at every organisation, and tell its client of each.

        Raises ValueError when no organisation knows the person.
        """
        for realm in self._realms_of(key):
            realm.end_all_sessions_of(key)

    def _realms_of(self, key: str) -> list[Realm]:
        realms = self.organisations.values()
        if found := [realm for realm in realms if realm.person(key)]:
            return found
        known = sorted({person.key for realm in realms for person in realm.organisation.people})
        raise ValueError(f"nobody is called {key!r}; there are: {', '.join(known)}")

    def logout_token(
        self, organisation: str, *, sub: str | None = None, sid: str | None = None, **changes: Any
    ) -> str:
        """A signed logout token for the organisation's client; a change to None takes a claim out."""
        return self.organisations[organisation].logout_token(sub=sub, sid=sid, **changes)

    def deny_next_login(self, error: str = "access_denied", description: str = "") -> None:
        """End the next login, at any organisation, with this error. Called twice: the next two."""
        self._refusals.append((error, description))

    def ignore_max_age(self, ignored: bool = True) -> None:
        """Let people in by their session however old it is, as some providers do; at every organisation."""
        for realm in self.organisations.values():
            realm.ignores_max_age = ignored

    def hide_auth_time(self, hidden: bool = True) -> None:
        """Send no ``auth_time``, as some providers do; at every organisation."""
        for realm in self.organisations.values():
            realm.hides_auth_time = hidden

    def rotate_keys(self) -> None:
        """New signing keys for every organisation; the old ones are gone."""
        for realm in self.organisations.values():
            realm.rotate_keys()

    def go_down(self) -> None:
        """Answer 503 to everything."""
        self._down = True

    def come_back(self) -> None:
        self._down = False

    def register_redirect_uri(self, redirect_uri: str) -> None:
        """Allow one more redirect URI, at every organisation; for servers whose port is known late."""
        self._redirect_uris += (redirect_uri,)
        for realm in self.organisations.values():
            realm.client = self._client(realm.organisation)

    def register_backchannel_logout_uri(self, organisation: str, uri: str) -> None:
        """Tell this address when a session at the organisation ends.

        Raises ValueError when it is not on loopback: nobody may make us call another machine.
        """
        known = {each.name: each for each in self._specifications}
        if organisation not in known:
            raise ValueError(f"no organisation is called {organisation!r}; there are: {', '.join(known)}")
        if not is_on_loopback(uri):
            raise ValueError(f"{uri!r} is not on loopback, such as http://localhost:8000/logout")
        self._backchannel_logout_uris[organisation] = uri
        if organisation in self.organisations:
            self.organisations[organisation].client = self._client(known[organisation])

    def _client(self, organisation: Organisation) -> Client:
        after_logout = self._given_post_logout_redirect_uris
        if after_logout is None:
            after_logout = derived_post_logout_redirect_uris(self._redirect_uris)
        return client_of(
            organisation,
            redirect_uris=self._redirect_uris,
            post_logout_redirect_uris=after_logout,
            backchannel_logout_uri=self._backchannel_logout_uris.get(organisation.name, ""),
        )

    def secrets_file(self) -> str:
        """A ready ``secrets.toml`` for the first redirect URI; its ``cookie_secret`` is new each time."""
        return secrets_file(self.organisations.values(), self._redirect_uris[0])

    # Answers

    def respond(self, request: Request) -> Response:
        self.requests.append(Seen(request.method, request.path))
        del self.requests[:-REMEMBERED_REQUESTS]
        if self._down:
            return Response(status=503, body=b"Down on purpose")
        if request.path == "/style.css":
            return pages.stylesheet()
        if request.path == "/":
            return self._index()
        realm = self.organisations.get(request.path[1:].partition("/")[0])
        return realm.respond(request) if realm else pages.message(404, "Nothing here", "See the start page.")

    def _index(self) -> Response:
        return index_page.index(self.organisations.values(), self.secrets_file())


def with_people(organisations: Iterable[Organisation], people: Iterable[Person] | None) -> list[Organisation]:
    if people is None:
        return list(organisations)
    people = tuple(people)
    return [replace(organisation, people=people) for organisation in organisations]


def authority(host: str, port: int) -> str:
    host = f"[{host}]" if ":" in host else host
    return host if port == 80 else f"{host}:{port}"


def listen(port: int, other: Address = (socket.AF_INET6, "::1"), attempts: int = 20) -> list[Listener]:
    """Both loopback addresses, on one port: "localhost" may mean either. Raises PortInUseError."""
    first = bind((socket.AF_INET, "127.0.0.1"), port)
    try:
        return [first, bind(other, first.port)]
    except PortInUseError:
        first.server_close()
        if port or attempts == 1:
            raise
        return listen(0, other, attempts - 1)
    except OSError:  # no IPv6 here
        return [first]


def bind(address: Address, port: int) -> Listener:
    try:
        return Listener(*address, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(error.errno, f"Port {port} is in use already on {address[1]}") from None
        raise
