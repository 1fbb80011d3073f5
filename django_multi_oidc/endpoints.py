"""Which addresses a provider may have us, or the browser, go to (requirement S3)."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import SplitResult, urlsplit

from .providers import Provider

# A name or an address, and a port. "%6cocalhost" is localhost to the client, and whose "x>[::1]" is, none agree on.
AUTHORITY = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?")


def refusal(provider: Provider, url: str, *, by_browser: bool = False) -> str:
    """Why ``url`` may not be used, or "" when it may.

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
    return parts if AUTHORITY.fullmatch(parts.netloc) else None


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
