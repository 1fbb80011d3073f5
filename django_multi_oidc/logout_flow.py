"""Logging out at the provider too (OpenID Connect RP-Initiated Logout 1.0): there, and back from it.

The visitor is logged out here before any of it, so a provider that is down keeps nobody logged in here. A page
of ours stands between: a redirect to the provider, as the answer to the logout button's form, would need the
provider's origin in the ``form-action`` of every page that has such a button.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.crypto import constant_time_compare

from . import logout_state, pages, redirects
from .backend_loading import backend_of
from .exceptions import LoginError
from .logout_state import LogoutState
from .providers import Provider, configuration

logger = logging.getLogger(__name__)


def go_on(request: HttpRequest) -> HttpResponse:
    """The next step of the logout under way: to the provider, or home. Without one, home."""
    leaving = logout_state.read(request)
    provider = configuration().providers.get(leaving.provider) if leaving else None
    if leaving is None or provider is None:
        return HttpResponseRedirect(redirects.after_logout())
    if leaving.sent:
        return _back(leaving, request.GET.get("state"))
    return _to_provider(request, provider, leaving)


def _to_provider(request: HttpRequest, provider: Provider, leaving: LogoutState) -> HttpResponse:
    """Section 2: a page that goes on by itself."""
    try:
        url = backend_of(provider).logout_url(state=leaving.state, logout_hint=leaving.hint)
    except LoginError as failure:
        logger.warning("no logout at provider %r: %s", provider.name, failure)
        response = pages.logging_out(request, provider, url="")
        logout_state.delete(response)
        return response
    response = pages.logging_out(request, provider, url=url)
    logout_state.write(response, replace(leaving, sent=True))
    return response


def _back(leaving: LogoutState, state: str | None) -> HttpResponse:
    """Section 3: an answer to another browser's logout ends nothing here."""
    response = HttpResponseRedirect(redirects.after_logout())
    if state is None or constant_time_compare(state, leaving.state):
        logout_state.delete(response)
    else:
        logger.info("an answer to a logout that was not begun in this browser")
    return response
