"""Who waits for an answer, and where: a person going somewhere, a script; on which host, from which page."""

from __future__ import annotations

import logging
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from django.http import HttpRequest

from . import redirects
from .providers import configuration

logger = logging.getLogger(__name__)

# In the URL that a login was moved to: a proxy that hides the host must not send it round in circles.
MOVED = "moved"
DEFAULT_PORTS = {"http": 80, "https": 443}


def is_navigation(request: HttpRequest) -> bool:
    """False for a prefetch and for a script, image or frame that asks (Fetch Metadata Request Headers).

    A browser too old to say counts as a person.
    """
    purposes = " ".join(request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return (
        "prefetch" not in purposes.lower() and request.headers.get("Sec-Fetch-Dest", "document") == "document"
    )


Asker = Literal["person", "script", "htmx"]


def asker(request: HttpRequest) -> Asker:
    """Who reads the answer: a person at whom the browser shows it, a script that asked for data, or htmx.

    By HX-Request, by Fetch Metadata (Sec-Fetch-Mode), and where the browser sends none by X-Requested-With and
    Accept. Who says nothing of all this counts as a person.
    """
    if request.headers.get("HX-Request") == "true":
        return "htmx"
    mode = request.headers.get("Sec-Fetch-Mode")
    if mode is not None:
        return "person" if mode == "navigate" else "script"
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return "script"
    return "script" if _preferred_type(request) == "application/json" else "person"


def _preferred_type(request: HttpRequest) -> str | None:
    try:
        return request.get_preferred_type(["text/html", "application/json"])
    except (LookupError, ValueError):  # a parameter in an encoding that is none; the first of Django 5.2
        return None


def reads(request: HttpRequest) -> bool:
    """Whether the request only fetches: asked again after a login, it does the same (RFC 9110 section 9.2.1)."""
    return request.method in ("GET", "HEAD")


def page_of(request: HttpRequest) -> str:
    """The page that a person is on, or goes to, with this request; empty where it cannot be known.

    It is the page to come back to after a login: never what a script fetched, nor where a form was sent.
    """
    htmx = asker(request) == "htmx"
    goes_there = (htmx and "HX-Boosted" in request.headers) or asker(request) == "person"
    if reads(request) and goes_there:
        return redirects.safe_next(request, request.get_full_path())
    here = request.headers.get("HX-Current-URL" if htmx else "Referer", "")
    return redirects.safe_next(request, redirects.of_this_site(request, here))


def elsewhere(request: HttpRequest) -> str | None:
    """The same URL on the host of `redirect_uri`, when the request came to another one; cookies are per host."""
    target = urlsplit(configuration().redirect_uri)
    if MOVED in request.GET or _here(request) == _origin(target):
        return None
    if target.hostname == request.get_host().partition(":")[0]:
        logger.warning(
            "redirect_uri is at %s, this request came by another scheme or port: the login goes there",
            target.netloc,
        )
    query = request.GET.copy()
    query[MOVED] = "1"
    return f"{target.scheme}://{target.netloc}{request.path}?{query.urlencode()}"


def _here(request: HttpRequest) -> tuple[str, str | None, int | None] | None:
    try:
        return _origin(urlsplit(f"{request.scheme}://{request.get_host()}"))
    except ValueError:  # a port out of range, which ALLOWED_HOSTS does not look at
        return None


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or DEFAULT_PORTS.get(url.scheme)
