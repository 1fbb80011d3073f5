"""Cookies by exact bytes, as the browser sent them, and as we send them back.

Django's own parser strips every kind of space round a name, so that a sibling host could plant
``U+2000__Host-…`` and be read as ``__Host-…``, which no browser would let it set.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers

from .providers import configuration
from .wording import whole

# Of a response's headers: those of middleware around ours and of the web server, a session's and a CSRF cookie
# among them.
OTHERS_BYTES = 700
# gunicorn refuses a header line over 8,190 bytes, nginx one over 8 KiB; the rest is for the name and the port.
MAX_BYTES = 7800
# Of which so many are kept free of any identity: for a next login's own cookie, or a new session's.
RESERVE = 500


def pairs(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """Name and value of every cookie, in the header's order, undecoded (RFC 6265 section 4.2.1)."""
    for part in raw(request).split(";"):
        name, equals, value = part.strip(" \t").partition("=")
        if equals:
            yield name, value


def raw(request: HttpRequest) -> str:
    """The ``Cookie`` header as it came; empty when there was none."""
    if isinstance(request, ASGIRequest):
        # HTTP/2 has a header for each cookie (RFC 9113 section 8.2.3), which Django 5.2 joins with commas.
        crumbs = [value for name, value in request.scope["headers"] if name == b"cookie"]
        return b"; ".join(crumbs).decode("latin-1")
    header: str = request.META.get("HTTP_COOKIE", "")
    return header


def values(request: HttpRequest, name: str) -> list[str]:
    """Every value that stands under exactly this name; an empty one counts as none."""
    if name not in raw(request):
        return []
    return [value for found, value in pairs(request) if found == name and value]


def size_of(name: str, value: str) -> int:
    """The bytes that a cookie takes of the header."""
    return len(name) + len(value) + 3  # "=", "; "


def excess(response: HttpResponseBase) -> int:
    """By how many bytes the response's headers are too large for the server in front; 0 or less: they fit."""
    headers = [
        *response.items(),
        *(("Set-Cookie", morsel.OutputString()) for morsel in response.cookies.values()),
    ]
    size = sum(len(f"{name}: {value}\r\n".encode()) for name, value in headers)
    return size + OTHERS_BYTES - configuration().response_header_bytes


def largest(request: HttpRequest) -> str:
    """How much of the header is taken, for the log: the largest cookies by name and size, a value never."""
    by_size = sorted(((size_of(name, value), name) for name, value in pairs(request)), reverse=True)
    named = ", ".join(f"{whole(name, 80)} ({size})" for size, name in by_size[:3])
    return f"cookies of {len(raw(request))} bytes, {MAX_BYTES} fit into a header; largest: {named}"


def write(response: HttpResponseBase, name: str, value: str, *, max_age: int, secure: bool) -> None:
    """Set a cookie of ours: for this host alone, unreadable to scripts, not sent along by other sites' forms."""
    response.set_cookie(name, value, max_age=max_age, path="/", secure=secure, httponly=True, samesite="Lax")
    never_store(response)


def delete(response: HttpResponseBase, name: str, *, secure: bool) -> None:
    """Delete a cookie of ours; the attributes must be those of `write`, or browsers refuse a ``__Host-`` name."""
    write(response, name, "", max_age=0, secure=secure)


def keep_private(response: HttpResponseBase) -> None:
    """Keep the response out of shared caches and, unless the view has said what may be kept, out of all.

    With ``no-store``, browsers show it from no cache after a logout, not even by their Back button.
    """
    if response.has_header("Cache-Control"):
        patch_cache_control(response, private=True)
    else:
        never_store(response)


def never_store(response: HttpResponseBase) -> None:
    """Keep the response out of every cache (RFC 9111 section 5.2.2.5)."""
    patch_cache_control(response, private=True, no_store=True)
    patch_vary_headers(response, ("Cookie",))
