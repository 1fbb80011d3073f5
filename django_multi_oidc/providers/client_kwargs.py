"""``client_kwargs``: the parameters that a provider's table adds to the authorization request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..wording import quoted, type_name
from .claims_request import parse_claims_request
from .keys import OWN_PARAMS, PROVIDER_KEYS
from .mistakes import listing
from .table import Table

DEFAULTS = {"scope": "openid profile email", "prompt": "select_account"}


def authorization_params(table: Table) -> Mapping[str, str]:
    """Read-only, with the defaults filled in. An empty value sends none (RFC 6749 section 3.1)."""
    given = table.data.get("client_kwargs", {})
    if not isinstance(given, Mapping):
        table.wrong(
            f"client_kwargs must be a table, not {type_name(given)}.",
            'client_kwargs = { prompt = "login" }',
        )
        given = {}
    params = DEFAULTS | {key: _param(table, key, value) for key, value in given.items()}
    params["scope"] = _scope(table, params["scope"])
    return MappingProxyType({key: value for key, value in params.items() if value})


def _param(table: Table, key: str, value: Any) -> str:
    if key in OWN_PARAMS:
        table.wrong(
            f"client_kwargs must not have {quoted(key)}: the login sets it itself.",
            f"Remove it. The same holds for {listing(OWN_PARAMS)}.",
        )
    elif key == "claims":
        return _claims(table, value)
    elif key in PROVIDER_KEYS:
        table.wrong(
            f"client_kwargs must not have {quoted(key)}, which is no parameter of a request.",
            f"Move it out of client_kwargs, into [{table.name}] itself.",
        )
    elif key == "max_age" and not re.fullmatch(r"[0-9]{0,9}", str(value)):
        table.wrong("client_kwargs has a max_age that is no number of seconds.", "max_age = 300")
    elif isinstance(value, str):
        return value
    elif isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    else:
        table.wrong(
            f"client_kwargs has {type_name(value)} as {quoted(key)}.",
            f"A parameter is a string, or a whole number. {_string_mend(key, value)}",
        )
    return DEFAULTS.get(key, "")


def _claims(table: Table, value: Any) -> str:
    """As JSON, the way it is sent."""
    try:
        text = value if isinstance(value, str) else json.dumps(value)
        parse_claims_request(text)
    except (TypeError, ValueError) as error:
        what = error if type(error) is ValueError else "it has a value that JSON does not know"
        table.wrong(
            f"client_kwargs has claims that nobody can ask for: {what}.",
            "A table, or the same as JSON:\nclaims = { id_token = { acr = { essential = true } } }",
        )
        return ""
    return text


def _string_mend(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return f'For the word: {key} = "{str(value).lower()}"'
    if isinstance(value, list):
        return f'Several values are one string with spaces between: {key} = "… …"'
    return f'Put it into quotes: {key} = "…"'


def _scope(table: Table, scope: str) -> str:
    scopes = scope.split()
    if "openid" not in scopes:
        mended = " ".join(dict.fromkeys(["openid", *scope.replace(",", " ").split()]))
        table.wrong(
            'client_kwargs has a scope without "openid", so there would be no ID token.',
            f"Spaces stand between scopes: client_kwargs = {{ scope = {quoted(mended)} }}",
        )
    return " ".join(scopes)
