"""The discovery document and the keys of a provider (OpenID Connect Discovery 1.0): fetched and checked.

``copies`` keeps them, as they came. What is kept is checked again by whoever reads it from the shared cache.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from . import copies, http
from .copies import Asker, Source
from .endpoints import refusal, table, without_query
from .exceptions import DiscoveryInvalid, ProviderAnswerInvalid
from .issuer import SUFFIX, publishes
from .jws import JWK
from .providers import Provider

# How long a copy is kept: what Cache-Control says, within these bounds.
DEFAULT_LIFETIME = 3600.0
MIN_LIFETIME = 300.0
MAX_LIFETIME = 86400.0
# Characters of an endpoint: the authorization endpoint goes into a Location header, for which servers have 4 KiB.
MAX_URL = 2048
# Providers publish a dozen keys at most. 4,400 for ES512 with one "kid", which fit into an answer, would cost
# a worker three seconds for each token; a hundred cost 0.07 s.
MAX_KEYS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMetadata:
    """What of a discovery document is used here, by its own names (Discovery 1.0 section 3, RFC 9207)."""

    issuer: str  # with TENANT in it for Entra's multi-tenant endpoints
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    id_token_signing_alg_values_supported: tuple[str, ...]
    userinfo_signing_alg_values_supported: tuple[str, ...]
    token_endpoint_auth_methods_supported: tuple[str, ...]
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...]
    authorization_response_iss_parameter_supported: bool


def get_metadata(provider: Provider) -> ProviderMetadata:
    """The provider's discovery document.

    Raises DiscoveryInvalid, ProviderUnavailable, ProviderTimeout, ProviderAnswerInvalid.
    """
    return copies.current(_metadata_source(provider))


def get_keys(provider: Provider) -> tuple[JWK, ...]:
    """The provider's published keys (RFC 7517), as they came. Raises as ``get_metadata`` does."""
    return copies.current(_keys_source(provider))


def refetch_keys(provider: Provider, *, seen: tuple[JWK, ...], asker: Asker = "login") -> tuple[JWK, ...]:
    """Newer keys than ``seen``, which did not fit; or ``seen`` where asking again is too soon.

    Raises as ``get_metadata`` does: a provider that is down, and not the token, ends such a login.
    """
    return copies.newer(_keys_source(provider), seen=seen, asker=asker)


def clear() -> None:
    """Forget every copy of this process; for tests."""
    copies.clear()


def lifetime(headers: Mapping[str, str]) -> float:
    """Seconds for which an answer may be kept (RFC 9111 section 5.2.2.1), within our bounds."""
    match = re.search(r"(?:^|[\s,])max-age=\"?(\d{1,9})\b", headers.get("Cache-Control", ""), re.IGNORECASE)
    seconds = float(match[1]) if match else DEFAULT_LIFETIME
    return min(max(seconds, MIN_LIFETIME), MAX_LIFETIME)


# The keys


def _keys_source(provider: Provider) -> Source[tuple[JWK, ...]]:
    jwks_uri = get_metadata(provider).jwks_uri
    return Source(
        kind="keys",
        provider=provider,
        url=jwks_uri,
        fetch=lambda: _fetch_keys(provider, jwks_uri),
        check=lambda document: parse_keys(document, urlsplit(jwks_uri).netloc),
    )


def _fetch_keys(provider: Provider, jwks_uri: str) -> tuple[Any, float]:
    answer = http.get(provider, jwks_uri, stage="discovery")
    if answer.status != 200:
        detail = f"the keys: {answer.host} answered {answer.status}"
        raise ProviderAnswerInvalid(detail, stage="discovery")
    return answer.json(), lifetime(answer.headers)


def parse_keys(document: Mapping[str, Any], host: str) -> tuple[JWK, ...]:
    """The keys of a key set (RFC 7517 section 5). Raises ProviderAnswerInvalid."""
    keys = document.get("keys")
    if not isinstance(keys, list):
        raise ProviderAnswerInvalid(f'the keys: {host} sent no list "keys"', stage="discovery")
    if len(keys) > MAX_KEYS:
        detail = f"the keys: {host} sent {len(keys)} of them; at most {MAX_KEYS} are read"
        raise ProviderAnswerInvalid(detail, stage="discovery")
    return tuple(key for key in keys if isinstance(key, dict))


# The document


def _metadata_source(provider: Provider) -> Source[ProviderMetadata]:
    return Source(
        kind="discovery document",
        provider=provider,
        url=provider.server_metadata_url,
        fetch=lambda: _fetch_metadata(provider),
        check=lambda document: parse_metadata(document, provider),
    )


def _fetch_metadata(provider: Provider) -> tuple[Any, float]:
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
    return answer.json(), lifetime(answer.headers)


def _into_table(provider: Provider) -> str:
    return f" into server_metadata_url of {table(provider)}"


def parse_metadata(document: Mapping[str, Any], provider: Provider) -> ProviderMetadata:
    """``document``, types and issuer checked (Discovery 1.0 section 4.3). Raises DiscoveryInvalid."""
    # Some write null for what they do not have.
    document = {name: value for name, value in document.items() if value is not None}
    reader = _Reader(document, provider)
    return ProviderMetadata(
        issuer=reader.issuer(),
        authorization_endpoint=reader.url("authorization_endpoint", by_browser=True),
        token_endpoint=reader.url("token_endpoint"),
        jwks_uri=reader.url("jwks_uri"),
        userinfo_endpoint=reader.url("userinfo_endpoint") if "userinfo_endpoint" in document else None,
        end_session_endpoint=reader.url_for_logout("end_session_endpoint"),
        # The defaults are those of the specifications where a provider keeps silent.
        id_token_signing_alg_values_supported=reader.names("id_token_signing_alg_values_supported", "RS256"),
        userinfo_signing_alg_values_supported=reader.names("userinfo_signing_alg_values_supported"),
        token_endpoint_auth_methods_supported=reader.names(
            "token_endpoint_auth_methods_supported", "client_secret_basic"
        ),
        token_endpoint_auth_signing_alg_values_supported=reader.names(
            "token_endpoint_auth_signing_alg_values_supported"
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
        if len(value) > MAX_URL:
            self._fail(f"has a bad {name}: more than {MAX_URL} characters")
        if reason := refusal(self._provider, value, by_browser=by_browser):
            self._fail(f"has a bad {name}: {without_query(value)!r} {reason}")
        return value

    def url_for_logout(self, name: str) -> str | None:
        """None also where it is bad: no login needs it."""
        value = self._document.get(name)
        if not isinstance(value, str) or len(value) > MAX_URL:
            return None
        return None if refusal(self._provider, value, by_browser=True) else value

    def names(self, name: str, default: str = "") -> tuple[str, ...]:
        value = self._document.get(name, [default] if default else [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._fail(f"has a bad {name}: not a list of strings")
        return tuple(value)

    def flag(self, name: str) -> bool:
        value = self._document.get(name, False)
        if not isinstance(value, bool):
            self._fail(f"has a bad {name}: neither true nor false")
        return value

    def _string(self, name: str) -> str:
        value = self._document.get(name)
        if not isinstance(value, str) or not value:
            self._fail(f"has no {name}, or one that is not a string")
        return value

    def _fail(self, what: str) -> NoReturn:
        raise DiscoveryInvalid(f"{without_query(self._provider.server_metadata_url)!r} {what}")
