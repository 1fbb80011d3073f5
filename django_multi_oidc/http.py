"""The one outgoing client: pooled, with deadlines and a size limit, https only, no redirect followed.

Nothing that leaves this module quotes a body, a query, a header or a token.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from . import connections
from .endpoints import refusal, table, without_query
from .exceptions import (
    LoginError,
    ProviderAnswerInvalid,
    ProviderTimeout,
    ProviderUnavailable,
    Stage,
)
from .providers import Provider
from .strict_json import parse_object

MAX_BYTES = 1024 * 1024  # of an answer, after decompression
CHUNK_BYTES = 16 * 1024  # small: an older urllib3 decompresses a whole chunk at once

_NETWORK_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    HTTPException,
    OSError,
    ValueError,  # a host name that IDNA cannot encode; a chunk of -5 bytes; an address that cannot be parsed
)


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
    deadline = time.monotonic() + provider.timeout
    with suppress(_HungUp):
        return _call(provider, "GET", url, stage=stage, deadline=deadline, headers=headers)
    connections.client(provider).session.close()
    return _call(provider, "GET", url, stage=stage, deadline=deadline, headers=headers)


def post(
    provider: Provider, url: str, *, stage: Stage, data: Mapping[str, str], headers: Mapping[str, str]
) -> Answer:
    """POST the form ``data``; never repeated, since a code may be spent. Raises as ``get`` does."""
    deadline = time.monotonic() + provider.timeout
    return _call(provider, "POST", url, stage=stage, deadline=deadline, headers=headers, data=data)


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
    try:
        with connections.until(deadline, silence=provider.timeout / 2):
            response = connections.client(provider).request(method, url, **request)
            with closing(response):
                body = _read(response.raw)
    except _NETWORK_ERRORS as error:
        raise _translated(error, host, stage, provider) from error
    except _TooLargeError:
        raise ProviderAnswerInvalid(f"{host} sent more than {MAX_BYTES} bytes", stage=stage) from None
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


def _translated(error: Exception, host: str, stage: Stage, provider: Provider) -> LoginError:
    cause = _innermost(error)
    if _is_timeout(error, cause):
        return ProviderTimeout(f"{host} did not answer in time{_route_hint(provider)}", stage=stage)
    if isinstance(error, urllib3.exceptions.DecodeError):
        return ProviderAnswerInvalid(f"{host} sent an answer that cannot be decompressed", stage=stage)
    kind = _HungUp if isinstance(cause, (ConnectionResetError, BrokenPipeError)) else ProviderUnavailable
    return kind(f"{host} {_what_happened(cause)}{_route_hint(provider)}", stage=stage)


def _route_hint(provider: Provider) -> str:
    """People who need a proxy have it in the environment, where most programs look for it."""
    if provider.proxy:
        return ", or its proxy cannot reach it"
    if not {"https_proxy", "HTTPS_PROXY"} & os.environ.keys():
        return ""
    return f"; HTTPS_PROXY of the environment is not read: write proxy = … into {table(provider)}"


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
