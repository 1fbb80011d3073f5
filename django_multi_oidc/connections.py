"""Kept connections to each provider, with a deadline that a peer which drips cannot outlive."""

from __future__ import annotations

import io
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.connection import allowed_gai_family, create_connection

from .providers import Provider

IDLE_SECONDS = 60.0  # a connection unused for longer may be dead without our having been told
POOL_SIZE = 40  # connections kept for each host: as many as the threads that a worker commonly has


@dataclass(slots=True)
class _Exchange:
    """A request and its answer, a proxy's answer before it included."""

    deadline: float
    silence: float
    streams: list[_Raw] = field(default_factory=list)

    def seconds_left(self) -> float:
        """For the next step. Raises TimeoutError at the deadline."""
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return min(seconds, self.silence)


_exchange: ContextVar[_Exchange] = ContextVar("exchange")


@contextmanager
def until(deadline: float, *, silence: float) -> Iterator[None]:
    """Inside, every read ends with a TimeoutError at ``deadline``, a value of ``time.monotonic()``.

    Connecting to all addresses of a host ends there as well; to one of them, and waiting for the next byte,
    take ``silence`` seconds at most.
    """
    exchange = _Exchange(deadline, silence)
    reset = _exchange.set(exchange)
    try:
        yield
    except BaseException:
        # A proxy's refusal is closed by nobody before Python 3.12, and a socket is open as long as its streams.
        for stream in exchange.streams:
            stream.close()
        raise
    finally:
        exchange.streams.clear()  # each of them knows its exchange: no cycle for each call
        _exchange.reset(reset)


def clear() -> None:
    """Close every kept connection; for tests."""
    for kept in _kept.values():
        kept.session.close()
    _kept.clear()


class Client:
    """One provider's kept connections. Threads share it."""

    def __init__(self, provider: Provider) -> None:
        self.session = _session(provider)
        self.used_at = time.monotonic()

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None, data: Mapping[str, str] | None
    ) -> requests.Response:
        now = time.monotonic()
        if now - self.used_at > IDLE_SECONDS:
            self.session.close()
        self.used_at = now
        return self.session.request(
            method,
            url,
            headers=headers,
            data=data,
            allow_redirects=False,
            stream=True,
            timeout=_exchange.get().silence,
        )


# The process is in the key: a forked child must not write into its parent's TLS streams.
_kept: dict[tuple[object, ...], Client] = {}


def client(provider: Provider) -> Client:
    key = (os.getpid(), *provider.route)
    found = _kept.get(key)
    return found if found is not None else _kept.setdefault(key, Client(provider))


def _session(provider: Provider) -> requests.Session:
    session = requests.Session()
    session.verify = provider.ca_bundle or True
    if provider.proxy:
        session.proxies = {"http": provider.proxy, "https": provider.proxy}
    session.trust_env = False  # a ~/.netrc entry would replace the Authorization header
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # logins of many people share it
    session.headers.update(
        # No compression asked for: answers are small, and what is not unpacked cannot be a bomb.
        {"User-Agent": "django-multi-oidc", "Accept": "application/json", "Accept-Encoding": "identity"}
    )
    session.mount("http://", _Adapter(pool_maxsize=POOL_SIZE))
    session.mount("https://", _Adapter(pool_maxsize=POOL_SIZE))
    return session


class _Raw(io.RawIOBase):
    """A socket's bytes until the deadline: a peer that drips is cut off, in the headers as in the body."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw, self._sock, self._exchange = raw, sock, _exchange.get()
        self._exchange.streams.append(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._exchange.seconds_left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Raw(self.fp.detach(), sock))


class _WithDeadline(HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        """Each address of the host has its time, and all of them, with the TLS handshake, have the deadline."""
        found = socket.getaddrinfo(self._dns_host, self.port, allowed_gai_family(), socket.SOCK_STREAM)
        for *_, address in found[:-1]:
            with suppress(OSError):
                return self._connected(address)
        return self._connected(found[-1][-1])

    def _connected(self, address: Any) -> socket.socket:
        exchange = _exchange.get()
        connected = create_connection(
            address[:2], exchange.seconds_left(), socket_options=self.socket_options
        )
        connected.settimeout(max(0.001, min(exchange.deadline - time.monotonic(), exchange.silence)))
        return connected


class _HTTPSConnection(_WithDeadline, HTTPSConnection):
    pass


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _WithDeadline


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager
