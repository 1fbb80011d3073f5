"""Checks of the two addresses in the secrets file, ``redirect_uri`` and ``server_metadata_url``."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

MULTI_TENANT = {"common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"}
"""Entra's tenants that stand for all tenants; the GUID is that of ``consumers``."""
ENTRA_HOSTS = {
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.microsoft.com",
    "login.windows.net",
    "sts.windows.net",
}


def is_loopback(host: str | None) -> bool:
    """True for ``localhost``, ``*.localhost`` (RFC 6761 section 6.3), 127.0.0.0/8 and ::1."""
    if not host:
        return False
    name = host.lower()
    return name == "localhost" or name.endswith(".localhost") or _is_loopback_ip(name)


def _is_loopback_ip(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def split(url: str) -> SplitResult | None:
    """The parts of an absolute http(s) URL; None for anything else, however it is broken."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - the property raises on a port that is none
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname else None


AT = 'has an "@", as a user or password in front of the host has.'
"""What is said of such an address, which itself is then in no message."""
AT_MEND = 'Remove all from "://" to the "@"; in a path, write it as %40.'


def braces(url: str) -> str:
    """The first ``{word}`` that was to be replaced, or an empty string."""
    found = re.search(r"\{[^{}]*\}", url)
    return found[0] if found else ""


def has_foreign_characters(url: str) -> bool:
    """True for spaces, control characters and all else that RFC 3986 has no place for."""
    return re.fullmatch(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]*", url) is None


def is_plain_http_abroad(url: str) -> bool:
    """Plain http to another machine: anybody on the way can read and change it."""
    parts = split(url)
    return parts is not None and parts.scheme == "http" and not is_loopback(parts.hostname)


def is_multi_tenant_entra(url: str) -> bool:
    """Any organisation's administrator decides there which addresses its people have."""
    parts = split(url)
    return parts is not None and parts.hostname in ENTRA_HOSTS and _first_segment(parts) in MULTI_TENANT


def is_for_many_tenants(url: str) -> bool:
    """An address of Entra's kind that stands for tenants of which a list may be made, on any host."""
    parts = split(url)
    return parts is not None and _first_segment(parts) in {"common", "organizations"}


def _first_segment(parts: SplitResult) -> str:
    return unquote(parts.path).lstrip("/").partition("/")[0].lower()
