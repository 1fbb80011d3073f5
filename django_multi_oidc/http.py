"""The one outgoing client: pooled, with deadlines and a size limit, https only, no redirect followed.

Nothing that leaves this module quotes a body, a query, a header or a token.
"""

from __future__ import annotations

import io
import ipaddress
import os
import re
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from .exceptions import (
    LoginError,
    ProviderAnswerInvalid,
    ProviderTimeout,
    ProviderUnavailable,
    Stage,
)
from .providers import Provider
from .strict_json import parse_object

CONNECT_SECONDS = 5.0  # for each address of the host
READ_SECONDS = 5.0  # of silence
TOTAL_SECONDS = 10.0  # from the request to the last byte of the answer, however it drips, a retry included
IDLE_SECONDS = 60.0  # a connection unused for longer may be dead without our having been told
POOL_SIZE = 40  # connections kept for each host: as many as the threads that a worker commonly has
MAX_BYTES = 1024 * 1024  # of an answer, after decompression
CHUNK_BYTES = 16 * 1024  # small: an older urllib3 decompresses a whole chunk at once

_NETWORK_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    HTTPException,
    OSError,
    UnicodeError,  # a host name that IDNA cannot encode
)

_deadline: ContextVar[float] = ContextVar("deadline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider answered. ``json`` raises ProviderAnswerInvalid."""

    host: str
    stage: Stage
    status: int
    headers: Mapping[str, str] = field(repr=False)  # by name, in any case
    body: bytes = field(repr=False)

    def json(self) -> dict[str, Any]:
        try:
            return parse_object(self.body)
        except ValueError as error:
            detail = f"{self.host} answered {self.status}, but {error}"
            raise ProviderAnswerInvalid(detail, stage=self.stage) from None


def get(provider: Provider, url: str, *, stage: Stage, headers: Mapping[str, str] | None = None) -> Answer:
    """GET ``url``; once more on a fresh connection where the kept one turned out to be dead.

    Raises ProviderTimeout, ProviderUnavailable (5xx and 429 too), ProviderAnswerInvalid (3xx too).
    """
    deadline = time.monotonic() + TOTAL_SECONDS
    with suppress(_HungUp):
        return _call(provider, "GET", url, stage=stage, deadline=deadline, headers=headers)
    _client(provider).session.close()
    return _call(provider, "GET", url, stage=stage, deadline=deadline, headers=headers)


def post(
    provider: Provider, url: str, *, stage: Stage, data: Mapping[str, str], headers: Mapping[str, str]
) -> Answer:
    """POST the form ``data``; never repeated, since a code may be spent. Raises as ``get`` does."""
    deadline = time.monotonic() + TOTAL_SECONDS
    return _call(provider, "POST", url, stage=stage, deadline=deadline, headers=headers, data=data)


def clear() -> None:
    """Close every kept connection; for tests."""
    for client in _clients.values():
        client.session.close()
    _clients.clear()


# Which addresses may be asked


def refusal(provider: Provider, url: str, *, by_browser: bool = False) -> str:
    """Why ``url`` may not be used (requirement S3), or "" when it may.

    ``by_browser``: the browser goes there, not this machine.
    """
    parts = _split(url)
    if parts is None:
        return "is no absolute URL of printable ASCII with a host, and with neither user name nor fragment"
    home = urlsplit(provider.server_metadata_url)
    if not by_browser and is_this_machine(parts.hostname) and not is_this_machine(home.hostname):
        return f"points at this machine, and {home.hostname} is not this machine"
    if parts.scheme == "https" or _plain_http_allowed(provider, parts, home):
        return ""
    return f"is not https. For development only: allow_plain_http = true in {table(provider)}"


def is_this_machine(host: str | None) -> bool:
    """Whether ``host`` leads to this machine without asking DNS, in any spelling that the resolver takes."""
    name = (host or "").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and (address.is_loopback or address.is_unspecified)


def table(provider: Provider) -> str:
    """The provider's table in the secrets file, for messages."""
    return "[auth]" if provider.name == "default" else f"[auth.{provider.name}]"


def without_query(url: str) -> str:
    """``url`` for a message: its query may hold what is nobody's business."""
    return url.partition("?")[0][:200]


def _split(url: str) -> SplitResult | None:
    # Whatever Python's two URL parsers could read differently stays out: white space, backslash, user info.
    if not re.fullmatch(r"https?://[!-~]+", url) or "\\" in url or "#" in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError when out of range
    except ValueError:
        return None
    return parts if parts.hostname and "@" not in parts.netloc else None


def _plain_http_allowed(provider: Provider, parts: SplitResult, home: SplitResult) -> bool:
    return provider.allow_plain_http or (
        home.scheme == "http" and is_this_machine(home.hostname) and is_this_machine(parts.hostname)
    )


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return _old_spelling(name)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _old_spelling(name: str) -> ipaddress.IPv4Address | None:
    """``127.1``, ``2130706433`` and ``0x7f.1`` are 127.0.0.1 to the system's resolver."""
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except (OSError, UnicodeError):
        return None


# One call


class Redirected(ProviderAnswerInvalid):
    """The provider answered with a redirect: followed, it would carry code and secret to another place."""


class _HungUp(ProviderUnavailable):
    """The connection ended before an answer began: on a kept connection, a sign that it was dead."""


def _call(
    provider: Provider,
    method: str,
    url: str,
    *,
    stage: Stage,
    deadline: float,
    headers: Mapping[str, str] | None,
    data: Mapping[str, str] | None = None,
) -> Answer:
    if reason := refusal(provider, url):
        raise ProviderUnavailable(f"{without_query(url)!r} {reason}", stage=stage)
    answer = _exchange(provider, method, url, stage=stage, deadline=deadline, headers=headers, data=data)
    _check_status(answer)
    return answer


def _exchange(
    provider: Provider, method: str, url: str, *, stage: Stage, deadline: float, **request: Any
) -> Answer:
    host = urlsplit(url).netloc
    reset = _deadline.set(deadline)
    try:
        response = _client(provider).request(method, url, **request)
        with closing(response):
            body = _read(response.raw)
    except _NETWORK_ERRORS as error:
        raise _translated(error, host, stage) from error
    except _TooLargeError:
        raise ProviderAnswerInvalid(f"{host} sent more than {MAX_BYTES} bytes", stage=stage) from None
    finally:
        _deadline.reset(reset)
    return Answer(host=host, stage=stage, status=response.status_code, headers=response.headers, body=body)


class _TooLargeError(Exception):
    pass


def _read(raw: urllib3.response.BaseHTTPResponse) -> bytes:
    """The body, decompressed, read in small pieces so that no bomb is ever unpacked past the limit."""
    body = bytearray()
    while piece := raw.read(CHUNK_BYTES, decode_content=True):
        body += piece
        if len(body) > MAX_BYTES:
            raise _TooLargeError
    return bytes(body)


def _check_status(answer: Answer) -> None:
    if 300 <= answer.status < 400:
        detail = f"{answer.host} answered {answer.status}, a redirect; no redirect is followed"
        raise Redirected(detail, stage=answer.stage)
    if answer.status == 429 or answer.status >= 500:
        raise ProviderUnavailable(f"{answer.host} answered {answer.status}", stage=answer.stage)


def _translated(error: Exception, host: str, stage: Stage) -> LoginError:
    cause = _innermost(error)
    if _is_timeout(error, cause):
        return ProviderTimeout(f"{host} did not answer in time", stage=stage)
    if isinstance(error, urllib3.exceptions.DecodeError):
        return ProviderAnswerInvalid(f"{host} sent an answer that cannot be decompressed", stage=stage)
    kind = _HungUp if isinstance(cause, (ConnectionResetError, BrokenPipeError)) else ProviderUnavailable
    return kind(f"{host} {_what_happened(cause)}", stage=stage)


def _is_timeout(error: Exception, cause: BaseException) -> bool:
    return isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)) or isinstance(
        cause, TimeoutError
    )


def _innermost(error: BaseException) -> BaseException:
    """requests wraps urllib3, which wraps what the operating system said."""
    while isinstance(error.__context__, _NETWORK_ERRORS):
        error = error.__context__
    return error


def _what_happened(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"has a certificate that is not trusted ({cause.verify_message})"
    if isinstance(cause, socket.gaierror):
        return "is a name that DNS does not know"
    if isinstance(cause, ConnectionRefusedError):
        return "refused the connection"
    return f"could not be talked to ({type(cause).__name__})"


# Connections


class _Client:
    """One provider's kept connections. Threads share it."""

    def __init__(self) -> None:
        self.session = _session()
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
            timeout=(CONNECT_SECONDS, READ_SECONDS),
        )


# The process is in the key: a forked child must not write into its parent's TLS streams.
_clients: dict[tuple[int, str, bool], _Client] = {}


def _client(provider: Provider) -> _Client:
    key = (os.getpid(), provider.server_metadata_url, provider.allow_plain_http)
    client = _clients.get(key)
    return client if client is not None else _clients.setdefault(key, _Client())


def _session() -> requests.Session:
    session = requests.Session()
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
        self._raw, self._sock, self._deadline = raw, sock, _deadline.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        self._sock.settimeout(min(seconds, READ_SECONDS))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Raw(self.fp.detach(), sock))


class _HTTPConnection(HTTPConnection):
    response_class = _Response


class _HTTPSConnection(HTTPSConnection):
    response_class = _Response


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
