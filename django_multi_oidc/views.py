"""Login, callback, logout: parse, call one function, return."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import TooManyFieldsSent
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from . import (
    backchannel,
    callback,
    cookie_header,
    login_flow,
    login_params,
    login_state,
    logout_flow,
    loops,
    navigation,
    pages,
    redirects,
    refusals,
    visitor,
)
from .exceptions import (
    LoginError,
    NotANavigation,
    RevocationUnknown,
    StateExpired,
    StateSpent,
    StateUnknown,
    UnknownProvider,
)
from .login_params import NONE, LoginParams
from .login_state import LoginState
from .providers import Provider, configuration
from .shortcuts import logout

logger = logging.getLogger(__name__)


class OIDCView(View):
    """A view of ours: outside Django's LoginRequiredMiddleware, never stored, and every LoginError is a page."""

    http_method_names = ["get"]  # no HEAD: a link checker must neither begin nor spend a login
    provider: Provider | None = None
    next_url = ""
    params: Mapping[str, str] = NONE
    """What the login asks the provider beside its table."""

    @method_decorator(login_not_required)
    @method_decorator(transaction.non_atomic_requests)  # nobody waits for a database, up or down
    @sensitive_variables()  # covers every frame below: Django's error mails quote local variables
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, in any case."""
        try:
            response = super().dispatch(request, *args, **kwargs)
        except LoginError as failure:
            response = self.failed(request, failure)
        except TooManyFieldsSent:
            callback.forget(request)  # or Django's error mail would read it, and fail
            response = self.failed(request, LoginError("there are more parameters than Django reads"))
        cookie_header.never_store(response)
        return response

    def failed(self, request: HttpRequest, failure: LoginError) -> HttpResponse:
        """The error page, with the way to try again."""
        return pages.error(request, failure, self.provider, self.next_url, self.params)


class LoginView(OIDCView):
    """``/oidc/login/`` and ``/oidc/login/<name>/``: choose a provider, and go there."""

    def get(self, request: HttpRequest, name: str | None = None) -> HttpResponse:
        """Redirect to the provider's authorization endpoint (OpenID Connect Core 1.0 section 3.1.2.1)."""
        if not navigation.is_navigation(request):
            raise NotANavigation("a prefetch, or a request for a part of a page")
        self.next_url = redirects.safe_next(request, request.GET.get("next"))
        asked = login_params.of(request)
        self.params = asked.params
        self.provider = _named(name) if name and configuration().providers else _only_one(asked)
        if self.provider is None:
            return self.choose(request, asked)
        if moved := navigation.elsewhere(request):
            return HttpResponseRedirect(moved)
        return login_flow.begin(request, self.provider, self.next_url, asked)

    def choose(self, request: HttpRequest, asked: LoginParams) -> HttpResponse:
        """The page with a button for each provider, unless a page asks in a loop."""
        if identity := loops.goes_round(request, self.next_url, asked):
            return pages.loop(request, identity, self.next_url)
        return pages.chooser(request, self.next_url, asked)


class RefusedView(OIDCView):
    """``/oidc/refused/``: where htmx sends the window of somebody who may not do what they tried."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Why not, and what they can do."""
        try:
            return refusals.from_url(request)
        except RevocationUnknown as failure:
            return pages.unavailable(request, failure)


class CallbackView(OIDCView):
    """``/oauth2callback``: one for all providers; which one it is about, the login state knows.

    ``/oauth2callback/<name>`` is for the provider of that name alone, where its table says so.
    """

    login: LoginState | None = None
    code = ""

    def get(self, request: HttpRequest, name: str | None = None) -> HttpResponse:
        """Swap the code for an identity (OpenID Connect Core 1.0 section 3.1.3)."""
        answer = callback.take(request)
        self.code = answer.code
        try:
            self.login = login = _login_of(request, answer.state)
            self.next_url, self.params = login.next, login.params
            self.provider = _named(login.provider)
            login_flow.check_callback(self.provider, name)
            login_state.claim(login)
        except (StateUnknown, StateExpired, StateSpent):
            if login_flow.made_the_identity(request, answer):
                return HttpResponseRedirect(redirects.after_login(""))
            raise
        return login_flow.finish(request, self.provider, login, answer)

    def failed(self, request: HttpRequest, failure: LoginError) -> HttpResponse:
        """The error page; a login that failed is over, and the identity already there stays."""
        login = self.login
        if login is None:
            return super().failed(request, failure)
        failure.hide(login.state, login.nonce, login.code_verifier, self.code)
        response = super().failed(request, failure)
        login_state.delete(response, login.state)
        return response


@method_decorator(csrf_protect, name="dispatch")
class LogoutView(OIDCView):
    """``/oidc/logout/``: ask, then forget. Checks CSRF itself, whatever the project's middleware."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """A page with a button."""
        return pages.logout(request, visitor.owner_even_in_an_outage(request))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Forget the identity, and go to the site's root; ``everywhere`` in the form: in all browsers."""
        try:
            everywhere = configuration().revocation and bool(request.POST.get("everywhere"))
            return logout(request, everywhere=everywhere)
        except RevocationUnknown as failure:  # and nobody has been logged out anywhere
            return pages.unavailable(request, failure, logging_out=True)


class LoggedOutView(OIDCView):
    """``/oidc/logged-out/``: a logout at the provider too begins here, and comes back here."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Go to the provider, or home from it."""
        return logout_flow.go_on(request)


@login_not_required
@transaction.non_atomic_requests
@csrf_exempt  # no browser sends it: the token says who does
@require_POST
@sensitive_post_parameters()
@sensitive_variables()
@cache_control(no_store=True)
def backchannel_logout(request: HttpRequest, name: str) -> HttpResponse:
    """``/oidc/backchannel-logout/<name>/``: the provider ends logins (Back-Channel Logout 1.0 section 2.5)."""
    settings = configuration()
    if not settings.revocation or name not in settings.providers:
        raise Http404("no provider of this name may end logins here")
    try:
        backchannel.receive(request, settings.providers[name])
    except TooManyFieldsSent:
        return JsonResponse({"error": "invalid_request", "error_description": "too_many_fields"}, status=400)
    except LoginError as failure:
        logger.warning("provider %r: a logout was not taken: %s", name, failure)
        return JsonResponse({"error": "invalid_request", "error_description": failure.code}, status=400)
    return HttpResponse()


@login_not_required
@require_safe
@cache_control(public=True, max_age=3600)
def stylesheet(request: HttpRequest) -> HttpResponse:
    """The pages' style, served from here: an error page must not depend on how a project serves static files."""
    return HttpResponse(_style(), content_type="text/css; charset=utf-8")


@cache
def _style() -> bytes:
    return (files("django_multi_oidc") / "assets" / "style.css").read_bytes()


def _named(name: str) -> Provider:
    providers = configuration().providers
    if name not in providers:
        raise UnknownProvider(f"there are: {', '.join(providers) or 'none'}")
    return providers[name]


def _only_one(asked: LoginParams) -> Provider | None:
    choices = asked.choices
    return choices[0] if len(choices) == 1 else None


def _login_of(request: HttpRequest, state: str) -> LoginState:
    if not state:
        raise StateUnknown("the answer has no state")
    return login_state.read(request, state)
