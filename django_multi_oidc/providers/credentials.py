"""What a client proves itself with at the token endpoint: a secret, a private key, or nothing."""

from __future__ import annotations

import re
from typing import Literal

from .keys import CREDENTIALS
from .secret_values import is_placeholder
from .table import MISSING_MENDS, Table

AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
KEY_MEND = 'The PEM text, BEGIN and END lines included, between """ and """.'
PEM = re.compile(r"\s*-----BEGIN ((RSA |EC )?PRIVATE KEY)-----\s.*\s-----END \1-----\s*", re.DOTALL)


def required_keys(table: Table) -> tuple[str, ...]:
    """The keys that the table needs, by its token_endpoint_auth_method."""
    proof = {"private_key_jwt": ("client_private_key",), "none": ()}
    method = table.data.get("token_endpoint_auth_method")
    others = tuple(key for key in CREDENTIALS if key != "client_secret")
    if table.is_unresolved("token_endpoint_auth_method"):
        return others
    if isinstance(method, str) and method in proof:
        return (*others, *proof[method])
    return CREDENTIALS


def auth_method(table: Table) -> str | None:
    """The configured method; notes whatever else the table has that the method has no use for."""
    method = table.choice("token_endpoint_auth_method", AUTH_METHODS)
    if table.is_unresolved("token_endpoint_auth_method"):
        return None
    keys = [key for key in ("client_private_key", "client_private_key_id") if key in table.data]
    if keys and method != "private_key_jwt":
        table.wrong(
            f"has {keys[0]}, which nothing uses.",
            'To sign with it: token_endpoint_auth_method = "private_key_jwt"',
        )
    if "client_secret" in table.data and method in ("private_key_jwt", "none"):
        table.wrong(
            f'has a client_secret, which token_endpoint_auth_method = "{method}" has no use for.',
            "Remove one of the two.",
        )
    return method


def own_value(table: Table, key: Literal["client_id", "client_secret"]) -> str:
    """What the provider gave; a placeholder is a mistake."""
    value = table.text(key)
    if value and is_placeholder(value):
        table.wrong(f"{key} is a placeholder.", MISSING_MENDS[key])
    return value


def private_key(table: Table) -> str:
    """A PEM text by its looks; whether it is a key is seen when it signs."""
    pem = table.text("client_private_key")
    if pem and "ENCRYPTED" in pem:
        table.wrong("client_private_key is encrypted.", "Decrypt it: openssl pkey -in key.pem")
    elif pem and not PEM.fullmatch(pem):
        table.wrong("client_private_key is no private key in PEM.", KEY_MEND)
    return pem
