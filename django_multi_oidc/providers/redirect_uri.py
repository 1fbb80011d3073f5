"""``redirect_uri``: the one that all providers share, and one that is a provider's own."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..wording import quoted
from . import addresses
from .table import MISSING_MENDS, Table


def shared_redirect_uri(table: Table) -> str:
    """That of ``[auth]``; "" where it is absent."""
    redirect_uri = table.text("redirect_uri")
    mistake = _mistake(redirect_uri) if redirect_uri else None
    if mistake:
        table.wrong(*mistake)
    return redirect_uri


def own_redirect_uri(table: Table, shared: str) -> str:
    """That of ``[auth.<name>]`` (RFC 9700 section 4.4.2.2); "" where the provider uses the shared one."""
    redirect_uri = table.text("redirect_uri")
    mistake = (_mistake(redirect_uri) or _own_mistake(redirect_uri, shared)) if redirect_uri else None
    if mistake:
        table.wrong(*mistake)
    return redirect_uri


def _mistake(redirect_uri: str) -> tuple[str, str] | None:
    """RFC 6749 section 3.1.2 (absolute, no fragment); RFC 8252 section 8.3 (plain http on loopback)."""
    if "@" in redirect_uri:
        return f"redirect_uri {addresses.AT}", addresses.AT_MEND
    if addresses.braces(redirect_uri):
        brace = addresses.braces(redirect_uri)
        return f"redirect_uri has {brace} in it.", f"Write the value itself in place of {brace}."
    parts = addresses.split(redirect_uri)
    if parts is None or addresses.has_foreign_characters(redirect_uri):
        return f"redirect_uri is no absolute address: {quoted(redirect_uri)}.", MISSING_MENDS["redirect_uri"]
    if "?" in redirect_uri or "#" in redirect_uri:
        return f"redirect_uri goes on after the path: {quoted(redirect_uri)}.", "Remove all from ? or # on."
    if addresses.is_plain_http_abroad(redirect_uri):
        return (
            f"redirect_uri is plain http, and not on this machine: {quoted(redirect_uri)}.",
            "Anybody on the way could take over logins. Write https://, and register that with each\n"
            "provider; plain http is for localhost, *.localhost, 127.0.0.1 and [::1].",
        )
    return None


def _own_mistake(own: str, shared: str) -> tuple[str, str] | None:
    if own == shared:
        return (
            "redirect_uri is that of [auth].",
            "Remove it here; or, for a callback of the provider's own, add its name: "
            f"redirect_uri = {quoted(f'{shared}/<name>')}",
        )
    if shared and addresses.split(shared) and _place(own) != _place(shared):
        return (
            f"redirect_uri is at {quoted(_place(own))}, and that of [auth] at {quoted(_place(shared))}.",
            "Cookies are kept for one scheme and host: write the same in both.",
        )
    return None


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"
