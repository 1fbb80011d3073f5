"""The verbs a view needs: `login`, `logout` and, for async views, `alogout`; and `end_access`."""

from __future__ import annotations

from typing import Literal

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseRedirect

from . import ending, login_params, sessions
from .ending import end_access
from .login_urls import login_url

__all__ = ["alogout", "end_access", "login", "logout"]


def login(
    request: HttpRequest,
    provider: str | None = None,
    *,
    next: str | None = None,
    prompt: str | None = None,
    login_hint: str | None = None,
    max_age: int | Literal[""] | None = None,
    acr_values: str | None = None,
    **params: str | int,
) -> HttpResponseRedirect:
    """Send the visitor to log in: at the named provider, else at the default one, else to choose one.

    ``next`` is the page to come back to, of at most 1,024 bytes, else where a login leads on this site. All others
    are parameters of the authorization request for this one login (OpenID Connect Core 1.0 section 3.1.2.1),
    carried signed, in place of what ``client_kwargs`` has; "" sends none. ``max_age``, in seconds, is held against
    ``auth_time`` when the person comes back. Touches neither network nor database, so it serves sync and async
    views alike.

    Raises ConfigurationError for a provider that the secrets file does not have, TypeError or ValueError for
    parameters that no login can have.
    """
    known = {"prompt": prompt, "login_hint": login_hint, "max_age": max_age, "acr_values": acr_values}
    asked = login_params.of_a_view({**known, **params})
    return HttpResponseRedirect(login_url(provider, next=next, params=asked))


def logout(request: HttpRequest, *, everywhere: bool = False) -> HttpResponseRedirect:
    """Forget the identity in this browser, empty Django's session where there is one, and go to the site's root.

    ``everywhere``: end the person's logins in all browsers. That needs ``revocation = true``, else
    ConfigurationError; raises RevocationUnknown, and then nobody is logged out, where the cache is down.
    """
    response = ending.logged_out(request, ending.end(request, everywhere))
    sessions.flush(request)
    return response


async def alogout(request: HttpRequest, *, everywhere: bool = False) -> HttpResponseRedirect:
    """`logout` for async views."""
    identity = await sync_to_async(ending.end)(request, everywhere)
    response = await sync_to_async(ending.logged_out)(request, identity)
    await sessions.aflush(request)
    return response
