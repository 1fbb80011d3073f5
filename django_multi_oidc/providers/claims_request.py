"""The ``claims`` parameter of the authorization request (OpenID Connect Core 1.0 section 5.5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRequest:
    """What of it the answer has to keep to, or is asked for at the UserInfo endpoint."""

    acr: frozenset[str] | None = None
    """The values of which an essential "acr" must have one; empty: any; None: not essential."""
    auth_time: bool = False
    """Whether "auth_time" is essential."""
    sub: str | None = None
    """Who alone may be logged in."""
    userinfo: frozenset[str] = frozenset()
    """The names of the claims that the UserInfo endpoint is to tell."""


def parse_claims_request(text: str) -> ClaimsRequest:
    """The request in ``text``, a JSON object; "" asks for nothing. Raises ValueError, which says what is wrong."""
    request = _object(_parsed(text) if text else {}, "it")
    id_token = _member(request, "id_token")
    acr = _claim(id_token, "acr")
    acr_values = _values(acr, "acr")
    sub = _values(_claim(id_token, "sub"), "sub")
    if len(sub) > 1:
        raise ValueError('"sub" has several values')
    return ClaimsRequest(
        acr=acr_values if _essential(acr, "acr") else None,
        auth_time=_essential(_claim(id_token, "auth_time"), "auth_time"),
        sub=next(iter(sub), None),
        userinfo=frozenset(_member(request, "userinfo")),
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} is no JSON object")
    return value


def _member(request: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return _object(request.get(name) or {}, f'"{name}"')


def _claim(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """null asks for a claim in the default manner (section 5.5.1)."""
    return _object({} if claims.get(name) is None else claims[name], f'"{name}"')


def _essential(claim: Mapping[str, Any], name: str) -> bool:
    essential = claim.get("essential", False)
    if not isinstance(essential, bool):
        raise ValueError(f'"essential" of "{name}" is neither true nor false')
    return essential


def _values(claim: Mapping[str, Any], name: str) -> frozenset[str]:
    values = claim.get("values", [claim["value"]] if "value" in claim else [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f'the values of "{name}" are no strings')
    return frozenset(values)
