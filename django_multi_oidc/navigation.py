"""What a request for a login is: a person going somewhere, and on which host."""

from __future__ import annotations

import logging
from urllib.parse import SplitResult, urlsplit

from django.http import HttpRequest

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
