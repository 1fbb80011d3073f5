"""How this machine reaches a provider: for how long, through what, and whom it trusts on the way."""

from __future__ import annotations

import ssl
from pathlib import Path

from ..wording import quoted
from . import addresses
from .model import TIMEOUT
from .table import Table

LONGEST = 60  # seconds; the default of web servers that give a worker up is 30


def timeout(table: Table) -> float:
    """Seconds for one call."""
    value = table.data.get("timeout", TIMEOUT)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and 1 <= value <= LONGEST:
        return float(value)
    table.wrong(f"timeout must be a number of seconds from 1 to {LONGEST}.", "timeout = 10")
    return TIMEOUT


def ca_bundle(table: Table) -> str:
    """Absolute path of a file with certificates in PEM that can be read now; "" where it is absent."""
    path = table.text("ca_bundle")
    if not path:
        return ""
    if not Path(path).is_absolute():
        table.wrong(f"ca_bundle is no absolute path: {quoted(path)}.", 'ca_bundle = "/etc/ssl/company.pem"')
        return ""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except (OSError, ValueError):  # an SSLError is an OSError
        table.wrong(
            f"ca_bundle names no file of certificates: {quoted(path)}.",
            "It has to be there, readable for this process, and have certificates in PEM.",
        )
    return path


def proxy(table: Table) -> str:
    """Its address, which may hold a user and a password and is never quoted; "" where it is absent."""
    url = table.text("proxy")
    parts = addresses.split(url)
    if url and (parts is None or parts.path not in ("", "/") or parts.query or parts.fragment):
        table.wrong(
            "proxy is no address of a proxy.",
            'It is http:// or https://, a host and a port: proxy = "http://proxy.example.org:3128"',
        )
    return url
