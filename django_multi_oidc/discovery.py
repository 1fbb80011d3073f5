"""The discovery document and the keys of a provider (OpenID Connect Discovery 1.0), kept by this process."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, NoReturn, TypeVar

from . import http
from .endpoints import refusal, table, without_query
from .exceptions import DiscoveryInvalid, LoginError, ProviderAnswerInvalid
from .issuer import SUFFIX, publishes
from .jws import JWK
from .providers import Provider

# How long a copy is kept: what Cache-Control says, within these bounds.
DEFAULT_LIFETIME = 3600.0
MIN_LIFETIME = 300.0
MAX_LIFETIME = 86400.0
# Keys are fetched before their time when a token fits none of them, and no more often than this:
# long enough that tokens of strangers cannot make us hammer the provider, short enough for a developer
# who restarts one twice. Only such fetches count, so that the first rotation is never waited for.
REFETCH_SECONDS = 10.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMetadata:
    """What of a discovery document is used here, by its own names (Discovery 1.0 section 3, RFC 9207)."""

    issuer: str  # with TENANT in it for Entra's multi-tenant endpoints
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    id_token_signing_alg_values_supported: tuple[str, ...]
    userinfo_signing_alg_values_supported: tuple[str, ...]
    token_endpoint_auth_methods_supported: tuple[str, ...]
    authorization_response_iss_parameter_supported: bool


def get_metadata(provider: Provider) -> ProviderMetadata:
    """The provider's discovery document, fetched at most once at a time.

    Raises DiscoveryInvalid, ProviderUnavailable, ProviderTimeout, ProviderAnswerInvalid.
    """
    copy: _Copy[ProviderMetadata] = _copy("metadata", provider, provider.server_metadata_url)
    return copy.get(lambda: _fetch_metadata(provider))


def get_keys(provider: Provider) -> tuple[JWK, ...]:
    """The provider's published keys (RFC 7517), as they came. Raises as ``get_metadata`` does."""
    copy, fetch = _keys_of(provider)
    return copy.get(fetch)


def refetch_keys(provider: Provider, *, seen: tuple[JWK, ...]) -> tuple[JWK, ...]:
    """Newer keys than ``seen``, which did not fit; or ``seen`` where asking again is too soon."""
    copy, fetch = _keys_of(provider)
    return copy.newer_than(seen, fetch)


def clear() -> None:
    """Forget every copy; for tests."""
    _copies.clear()


# Copies


Fetch = Callable[[], "tuple[T, float]"]  # the thing, and for how many seconds it may be kept


class _Copy(Generic[T]):
    """One thing of a provider's. Whoever finds it missing fetches it; who comes meanwhile waits for that.

    No lock is held while the network is waited for.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._value: T | None = None
        self._fetched_at = self._expires_at = self._refetched_at = float("-inf")
        self._flight: Future[T] | None = None

    def get(self, fetch: Fetch[T]) -> T:
        if self._value is not None and self._fetched_at <= time.time() < self._expires_at:
            return self._value
        return self._load(fetch)

    def newer_than(self, seen: T, fetch: Fetch[T]) -> T:
        with self._lock:
            if self._flight is None:
                if self._value is not None and self._value is not seen:
                    return self._value  # somebody else was faster
                if 0 <= time.time() - self._refetched_at < REFETCH_SECONDS:
                    return seen
                self._refetched_at = time.time()
        return self._load(fetch)

    def _load(self, fetch: Fetch[T]) -> T:
        with self._lock:
            waiting_for = self._flight
            if waiting_for is None:
                flight = self._flight = Future()
        return self._fly(flight, fetch) if waiting_for is None else _landed(waiting_for)

    def _fly(self, flight: Future[T], fetch: Fetch[T]) -> T:
        try:
            value, lifetime = fetch()
        except BaseException as error:
            self._flight = None
            flight.set_exception(error)
            raise
        now = time.time()
        with self._lock:
            self._value, self._fetched_at, self._expires_at = value, now, now + lifetime
            self._flight = None
        flight.set_result(value)
        return value


def _landed(flight: Future[T]) -> T:
    """What another thread's fetch brought; an error as a copy, for one must not rise in two threads."""
    try:
        return flight.result()
    except LoginError as error:
        raise type(error)(error.detail, stage=error.stage) from None


# The process is in the key: a fetch that was under way at a fork never ends in the child.
_copies: dict[tuple[object, ...], _Copy[Any]] = {}


def _copy(kind: str, provider: Provider, url: str) -> _Copy[Any]:
    key = (os.getpid(), kind, url, provider.server_metadata_url, provider.allow_plain_http)
    return _copies.get(key) or _copies.setdefault(key, _Copy())


def _keys_of(provider: Provider) -> tuple[_Copy[tuple[JWK, ...]], Fetch[tuple[JWK, ...]]]:
    jwks_uri = get_metadata(provider).jwks_uri
    return _copy("keys", provider, jwks_uri), lambda: _fetch_keys(provider, jwks_uri)


def lifetime(headers: Mapping[str, str]) -> float:
    """Seconds for which an answer may be kept (RFC 9111 section 5.2.2.1), within our bounds."""
    match = re.search(r"(?:^|[\s,])max-age=\"?(\d{1,9})\b", headers.get("Cache-Control", ""), re.IGNORECASE)
    seconds = float(match[1]) if match else DEFAULT_LIFETIME
    return min(max(seconds, MIN_LIFETIME), MAX_LIFETIME)


# The keys


def _fetch_keys(provider: Provider, jwks_uri: str) -> tuple[tuple[JWK, ...], float]:
    answer = http.get(provider, jwks_uri, stage="discovery")
    if answer.status != 200:
        detail = f"the keys: {answer.host} answered {answer.status}"
        raise ProviderAnswerInvalid(detail, stage="discovery")
    keys = answer.json().get("keys")
    if not isinstance(keys, list):
        raise ProviderAnswerInvalid(f'the keys: {answer.host} sent no list "keys"', stage="discovery")
    return tuple(key for key in keys if isinstance(key, dict)), lifetime(answer.headers)


# The document


def _fetch_metadata(provider: Provider) -> tuple[ProviderMetadata, float]:
    url = without_query(provider.server_metadata_url)
    if reason := refusal(provider, provider.server_metadata_url):
        raise DiscoveryInvalid(f"{url!r} {reason}")
    try:
        answer = http.get(provider, provider.server_metadata_url, stage="discovery")
    except http.Redirected as error:
        raise DiscoveryInvalid(f"{error.detail}; put the final address{_into_table(provider)}") from None
    if answer.status != 200:
        raise DiscoveryInvalid(
            f"{url!r} answered {answer.status}; put the right address{_into_table(provider)}"
        )
    return parse_metadata(answer.json(), provider), lifetime(answer.headers)


def _into_table(provider: Provider) -> str:
    return f" into server_metadata_url of {table(provider)}"


def parse_metadata(document: Mapping[str, Any], provider: Provider) -> ProviderMetadata:
    """``document``, types and issuer checked (Discovery 1.0 section 4.3). Raises DiscoveryInvalid."""
    reader = _Reader(document, provider)
    return ProviderMetadata(
        issuer=reader.issuer(),
        authorization_endpoint=reader.url("authorization_endpoint", by_browser=True),
        token_endpoint=reader.url("token_endpoint"),
        jwks_uri=reader.url("jwks_uri"),
        userinfo_endpoint=reader.url("userinfo_endpoint") if "userinfo_endpoint" in document else None,
        # The defaults are those of the specifications where a provider keeps silent.
        id_token_signing_alg_values_supported=reader.names("id_token_signing_alg_values_supported", "RS256"),
        userinfo_signing_alg_values_supported=reader.names("userinfo_signing_alg_values_supported"),
        token_endpoint_auth_methods_supported=reader.names(
            "token_endpoint_auth_methods_supported", "client_secret_basic"
        ),
        authorization_response_iss_parameter_supported=reader.flag(
            "authorization_response_iss_parameter_supported"
        ),
    )


class _Reader:
    """Takes members out of a discovery document, one kind of value each."""

    def __init__(self, document: Mapping[str, Any], provider: Provider) -> None:
        self._document, self._provider = document, provider

    def issuer(self) -> str:
        issuer = self._string("issuer")
        if not publishes(self._provider.server_metadata_url, issuer):
            right = issuer[:200].removesuffix("/") + SUFFIX
            self._fail(
                f"says that its issuer is {issuer[:200]!r}, whose document would be at another URL. "
                f"If that is your provider: server_metadata_url = {right!r}"
            )
        return issuer

    def url(self, name: str, *, by_browser: bool = False) -> str:
        value = self._string(name)
        if reason := refusal(self._provider, value, by_browser=by_browser):
            self._fail(f"has a bad {name}: {without_query(value)!r} {reason}")
        return value

    def names(self, name: str, default: str = "") -> tuple[str, ...]:
        value = self._document.get(name, [default] if default else [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._fail(f"has a {name} that is not a list of strings")
        return tuple(value)

    def flag(self, name: str) -> bool:
        value = self._document.get(name, False)
        if not isinstance(value, bool):
            self._fail(f"has a {name} that is neither true nor false")
        return value

    def _string(self, name: str) -> str:
        value = self._document.get(name)
        if not isinstance(value, str) or not value:
            self._fail(f"has no {name}, or one that is not a string")
        return value

    def _fail(self, what: str) -> NoReturn:
        raise DiscoveryInvalid(f"{without_query(self._provider.server_metadata_url)!r} {what}")
