"""Our own pages, with the headers that each of them sends itself: Django 5.2 has no middleware for a CSP."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.views.decorators.debug import sensitive_variables

from . import cookie_header, redirects, visitor
from .conf import conf
from .exceptions import AccountNotAllowed, LoginError, LoginNotRecent, LoginRefused, RevocationUnknown
from .login_params import LoginParams
from .login_urls import chooser_url, login_url
from .providers import Provider, configuration
from .signals import oidc_login_failed
from .users import Identity, Untold, failure_of, quiet

logger = logging.getLogger(__name__)

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def chooser(request: HttpRequest, next_url: str, asked: LoginParams) -> HttpResponse:
    """A button for each provider, or for those that the login names; where there are none, why."""
    settings = configuration()
    choices = [
        (provider, login_url(provider.name, next=next_url, params=asked.params)) for provider in asked.choices
    ]
    without = " For a login without an account anywhere: python manage.py oidc_dev_provider --write"
    notice = settings.notice and settings.notice + (without if conf.DEBUG else "")
    context = {"choices": choices, "notice": notice}
    return _page(request, "login.html", context, status=200 if choices else 503)


def error(
    request: HttpRequest,
    failure: LoginError,
    provider: Provider | None,
    next_url: str,
    params: Mapping[str, str],
) -> HttpResponse:
    """The end of a login that did not succeed: what happened, who can mend it, and another try.

    ``params`` are the login's own, for the other try.
    """
    reference = secrets.token_hex(4)
    name = provider.name if provider else ""
    still = visitor.identity_if_known(request)
    _log(failure, name, reference)
    oidc_login_failed.send_robust(sender=name, request=request, error=failure, reference=reference)
    context = {
        "failure": failure,
        "own_message": Untold(getattr(failure, "own_message", "")),
        "provider": provider,
        "reference": reference,
        "account": getattr(failure, "account", ""),
        "still": still.account if still else "",
        "home": redirects.after_login(""),
        "try_again": _try_again(failure, provider, next_url, params),
        "detail": _detail(failure, provider) if conf.DEBUG else "",
    }
    return _page(request, "error.html", context, status=failure.status)


def unavailable(
    request: HttpRequest, failure: RevocationUnknown, *, logging_out: bool = False
) -> HttpResponse:
    """Who is there cannot be said now. Not "nobody": that would send them to a login that changes nothing.

    ``logging_out``: they wanted to be out in all browsers, and are in none.
    """
    reference = secrets.token_hex(4)
    logger.warning("page not available: %s, reference %s: %s", failure.code, reference, failure.detail)
    context = {
        "failure": failure,
        "reference": reference,
        "home": redirects.after_login(""),
        "detail": failure if conf.DEBUG else "",
        "logging_out": logging_out,
    }
    return _page(request, "unavailable.html", context, status=failure.status, posts=logging_out)


def loop(request: HttpRequest, identity: Identity, next_url: str) -> HttpResponse:
    """A page keeps asking for a login that has just succeeded: say who is logged in, instead of going round."""
    user = getattr(request, "user", None)
    context = _account(identity, next_url) | {
        "next": next_url,
        "home": redirects.after_login(""),
        "is_user_known": user is not None and user.is_authenticated,
    }
    return _page(request, "loop.html", context, status=409, posts=True, of_a_gate=True)


def forbidden(
    request: HttpRequest,
    identity: Identity,
    next_url: str,
    *,
    switch: str,
    providers: Collection[str] = (),
    sent: bool = False,
    reason: str = "",
    missing: str = "",
) -> HttpResponse:
    """Logged in, but not allowed: name the account, and offer another one.

    ``switch`` is the URL of a login with another account; ``providers`` are the ones whose people may see the
    page, empty for all; ``sent``: they tried to do something, and not only to see it; ``reason`` is for a developer in
    front of it; ``missing`` names the rule that does not match, for everybody.
    """
    context = _account(identity, next_url, providers) | {
        "switch": switch,
        "missing": missing,
        "posted": sent,
        "home": redirects.after_login(""),
        "detail": reason if conf.DEBUG and not missing else "",
    }
    return _page(request, "forbidden.html", context, status=403, posts=True, of_a_gate=True)


def not_saved(request: HttpRequest, identity: Identity | None, *, login: str) -> HttpResponse:
    """Something was sent by somebody who has to log in (again) for it; a redirect would lose it silently."""
    account = identity.account if identity else ""
    context = {"login": login, "account": account}
    return _page(request, "not_saved.html", context, status=401, of_a_gate=True)


def logout(request: HttpRequest, identity: Identity | None) -> HttpResponse:
    """Ask before logging out, so that no image or link of another site can do it."""
    provider = configuration().providers[identity.provider] if identity else None
    context = {
        "account": identity.account if identity else "",
        "provider": provider,
        "revocation": configuration().revocation,
    }
    return _page(request, "logout.html", context, posts=identity is not None)


def logging_out(request: HttpRequest, provider: Provider, *, url: str) -> HttpResponse:
    """Logged out here, and on the way to ``url`` at the provider; empty: that there is no way there."""
    context = {"provider": provider, "url": url, "home": redirects.after_logout()}
    response = _page(request, "logging_out.html", context)
    if url:
        response["Refresh"] = f"0; url={url}"
    return response


def _detail(failure: LoginError, provider: Provider | None) -> str:
    """What the log says, for a developer in front of the page."""
    at_home = provider is not None and provider.server_metadata_url.startswith("http://")
    question = (
        ". Is manage.py oidc_dev_provider running?"
        if at_home and failure.code == "provider_unavailable"
        else ""
    )
    return f"{failure}{question}"


def _try_again(
    failure: LoginError, provider: Provider | None, next_url: str, params: Mapping[str, str]
) -> str:
    name = provider.name if provider else None
    return login_url(name, next=next_url, params={**params, **_another_way(failure, params)})


def _another_way(failure: LoginError, params: Mapping[str, str]) -> dict[str, str | None]:
    """What may make the next try end otherwise."""
    if isinstance(failure, AccountNotAllowed | LoginRefused):
        return {"prompt": "select_account", "login_hint": None}
    if isinstance(failure, LoginNotRecent):  # some providers ignore max_age and heed this
        return {"prompt": "login"}
    # Nobody may be asked: no second try ends otherwise.
    return {"prompt": None} if params.get("prompt") == "none" else {}


def _account(identity: Identity, next_url: str, among: Collection[str] = ()) -> dict[str, Any]:
    """The account in use, and others: with providers of ``among`` (empty: all) alone."""
    providers = configuration().providers
    usable = [provider for name, provider in providers.items() if not among or name in among]
    other = {"prompt": "select_account"}
    return {
        "account": identity.account,
        "provider": providers[identity.provider],
        "usable": usable,
        "mine": providers[identity.provider] in usable,
        "switch": login_url(identity.provider, next=next_url, params=other),
        "several": len(usable) > 1,
        "choose": chooser_url(next=next_url, params=other, providers=among),
    }


@sensitive_variables()  # a project's template may fail
def _page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    posts: bool = False,
    of_a_gate: bool = False,
) -> HttpResponse:
    """``of_a_gate``: whether it is shown depends on who is there, which somebody may have asked for in vain."""
    with quiet(request):
        response = render(request, f"django_multi_oidc/{template}", dict(context), status=status)
    if not of_a_gate:
        user = getattr(request, "oidc_user", None)
        response.excused_failure = failure_of(user) if user is not None else None  # type: ignore[attr-defined]  # of the middleware
    targets = _form_targets() if posts else "'self'"
    response["Content-Security-Policy"] = f"{POLICY}; form-action {targets}"
    response["X-Frame-Options"] = "DENY"
    # Under no-referrer Chromium posts with "Origin: null", which Django's CSRF check refuses.
    response["Referrer-Policy"] = "same-origin" if posts else "no-referrer"
    cookie_header.never_store(response)
    # Sets the cookie that belongs to the form's token, where the project's middleware will not.
    CsrfViewMiddleware(lambda _: response).process_response(request, response)
    return response


def _form_targets() -> str:
    """form-action holds for where the form's answer redirects to as well (CSP level 3 section 6.4.1)."""
    after = urlsplit(redirects.after_logout())
    scheme = f"{after.scheme}://" if after.scheme else ""
    return f"'self' {scheme}{after.netloc}" if after.netloc else "'self'"


def _log(failure: LoginError, provider: str, reference: str) -> None:
    level = logging.INFO if failure.mender == "visitor" else logging.WARNING
    logger.log(
        level,
        "login failed: %s at stage %s, provider %r, reference %s: %s",
        failure.code,
        failure.stage,
        provider,
        reference,
        failure.detail or "no detail",
        extra={"code": failure.code, "stage": failure.stage, "reference": reference},
    )
