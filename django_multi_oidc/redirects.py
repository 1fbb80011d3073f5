"""Where to go after a login or a logout: never to another site, never back into a login."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit, urlunsplit

from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

from .conf import conf

# Longer ones would crowd the cookie header of every login under way.
MAX_NEXT_BYTES = 1024
DJANGO_DEFAULT = "/accounts/profile/"


def safe_next(request: HttpRequest, url: str | None) -> str:
    """The page to go to after the login as an ASCII URL, empty where it is none of this site's, ours, or too long."""
    url = iri_to_uri(url) or ""
    allowed = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    if not allowed or len(url) > MAX_NEXT_BYTES:
        return ""
    # A bare "//" has no host for Django's check to refuse, and a relative path would start at the callback.
    complete = urlsplit(url).netloc or re.match(r"/(?!/)", url)
    return url if complete and not _is_ours(url) else ""


def of_this_site(request: HttpRequest, url: str) -> str:
    """An absolute URL as a path with query and fragment; empty where it is another host's.

    The scheme does not matter: behind a proxy, the browser's may be another one than the request's.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or parts.netloc != request.get_host():
        return ""
    return urlunsplit(("", "", parts.path or "/", parts.query, parts.fragment))


def after_login(next_url: str) -> str:
    """``next_url``, else LOGIN_REDIRECT_URL where the project chose one, else the site's root."""
    if next_url:
        return next_url
    chosen = conf.LOGIN_REDIRECT_URL
    return resolve_url(chosen) if chosen and chosen != DJANGO_DEFAULT else get_script_prefix()


def after_logout() -> str:
    """LOGOUT_REDIRECT_URL where the project set one, else the site's root."""
    chosen = conf.LOGOUT_REDIRECT_URL
    return resolve_url(chosen) if chosen else get_script_prefix()


def _is_ours(url: str) -> bool:
    return any(_resolves_to_us(path) for path in _readings(urlsplit(url).path))


def _readings(path: str) -> Iterator[str]:
    """The path as each server, proxy or browser on the way may come to read it."""
    unescaped = path
    for _ in range(3):
        unescaped = unquote(unescaped)
        plain = re.sub(r"[\x00-\x20]", "", unescaped.replace("\\", "/"))
        merged = re.sub("/+", "/", plain)  # as servers have it
        for reading in (unescaped, plain, _without_dots(plain), _without_dots(merged)):
            bare = reading.rstrip("/")
            yield bare
            yield f"{bare}/"


def _without_dots(path: str) -> str:
    """As browsers have it (URL Standard section 4.4): an empty segment is one, which ".." takes away."""
    done: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del done[-1:]
        elif segment != ".":
            done.append(segment)
    return "/" + "/".join(done)


def _resolves_to_us(path: str) -> bool:
    prefix = get_script_prefix()
    if not path.startswith(prefix):
        return False
    try:
        return "multi_oidc" in resolve(f"/{path[len(prefix) :]}").app_names
    except Resolver404:
        return False
