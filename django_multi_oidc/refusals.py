"""What somebody gets who may not see a page: the way to the login, or why there is none; as page, as JSON, by htmx."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.http import urlencode

from . import cookie_header, navigation, pages, redirects, signing, visitor
from .exceptions import RuleFailed
from .gates import Gate, Refusal, refusal_of
from .login_urls import login_url
from .providers import configuration
from .users import Identity, OIDCUser, attach_identity

logger = logging.getLogger(__name__)

# RFC 9110 section 15.5.2 wants it with each 401. No browser has a dialogue for it.
CHALLENGE = "Cookie"
# As in OpenID Connect Core 1.0 section 3.1.2.6, RFC 9470 section 3 and RFC 6749 section 4.1.2.1.
ERRORS = {Refusal.NOBODY: "login_required", Refusal.TOO_OLD: "insufficient_user_authentication"}
FORBIDDEN = "access_denied"
LINK_LIFETIME = 24 * 60 * 60  # seconds


def answer(request: HttpRequest, gate: Gate, refusal: Refusal, identity: Identity | None) -> HttpResponse:
    """The answer for ``identity`` (None: nobody), whom ``gate`` does not let through because of ``refusal``."""
    if identity is not None:
        _log(request, gate, refusal, identity)
    response = ANSWERS[navigation.asker(request)](request, gate, refusal, identity)
    cookie_header.never_store(response)  # whatever the view, or what is around it, has said of its own page
    if response.status_code == 401:
        response["WWW-Authenticate"] = CHALLENGE
    return response


def _to_person(request: HttpRequest, gate: Gate, refusal: Refusal, identity: Identity | None) -> HttpResponse:
    page = navigation.page_of(request)
    if refusal.a_login_mends_it and navigation.reads(request):
        return HttpResponseRedirect(_login_url(gate, refusal, identity, page))
    return _page(request, gate, refusal, identity, page, sent=not navigation.reads(request))


def _to_script(request: HttpRequest, gate: Gate, refusal: Refusal, identity: Identity | None) -> HttpResponse:
    return JsonResponse(
        {
            "error": ERRORS.get(refusal, FORBIDDEN),
            "error_description": refusal.value,
            "login_url": _login_url(gate, refusal, identity, navigation.page_of(request)),
            **({"max_age": gate.max_age} if refusal is Refusal.TOO_OLD else {}),
        },
        status=_status(refusal),
    )


def _to_htmx(request: HttpRequest, gate: Gate, refusal: Refusal, identity: Identity | None) -> HttpResponse:
    """htmx shows nothing of a refusal, and follows HX-Redirect whatever the status is."""
    page = navigation.page_of(request)
    response = HttpResponse(status=_status(refusal))
    if refusal.a_login_mends_it and navigation.reads(request):
        response["HX-Redirect"] = _login_url(gate, refusal, identity, page)
    else:
        response["HX-Redirect"] = _refused_url(
            gate, refusal, identity, page, sent=not navigation.reads(request)
        )
    return response


ANSWERS = {"person": _to_person, "script": _to_script, "htmx": _to_htmx}


def _status(refusal: Refusal) -> int:
    return 401 if refusal.a_login_mends_it else 403


def _login_url(gate: Gate, refusal: Refusal, identity: Identity | None, page: str) -> str:
    """Where the login is that lets the person in: with another account, or with the same and another proof."""
    params: dict[str, str | int | None] = {"max_age": gate.max_age}
    if not refusal.a_login_mends_it:
        params["prompt"] = "select_account"
    if refusal is Refusal.TOO_OLD and identity is not None:
        # The same person, whom the provider need not ask which account it shall be.
        return login_url(identity.provider, next=page, params={"prompt": "", **params})
    own = identity.provider if identity else None
    return login_url(
        own if not gate.providers or own in gate.providers else None,
        next=page,
        params=params,
        providers=gate.providers,
    )


def _page(
    request: HttpRequest, gate: Gate, refusal: Refusal, identity: Identity | None, page: str, *, sent: bool
) -> HttpResponse:
    """``sent``: they tried to do something, and not only to see it."""
    login = _login_url(gate, refusal, identity, page)
    if identity is None or refusal is Refusal.TOO_OLD:
        return pages.not_saved(request, identity, login=login)
    return pages.forbidden(
        request,
        identity,
        page,
        switch=login,
        providers=gate.providers,
        sent=sent,
        reason=_reason(gate, refusal),
        missing=_missing(request, gate, refusal),
    )


def _missing(request: HttpRequest, gate: Gate, refusal: Refusal) -> str:
    """Which rule is missing, where the gate explains it. It names no rule that is about others."""
    user: OIDCUser = request.oidc_user  # type: ignore[attr-defined]  # our middleware's
    return str(user.why(str(gate.role))) if gate.explained and refusal is Refusal.ROLE else ""


def _reason(gate: Gate, refusal: Refusal) -> str:
    """For the log, and for a developer in front of the page."""
    what = {
        Refusal.PROVIDER: f" than {', '.join(map(repr, gate.providers))}",
        Refusal.ROLE: f": {gate.role!r}",
        Refusal.TOO_OLD: f": max_age is {gate.max_age} seconds",
    }
    return f"{refusal.value}{what.get(refusal, '')}"


def _log(request: HttpRequest, gate: Gate, refusal: Refusal, identity: Identity) -> None:
    logger.info(
        "page refused: %r, provider %r: %s",
        request.path,
        identity.provider,
        _reason(gate, refusal),
        extra={"provider": identity.provider, "refusal": refusal.name.lower()},
    )


# Where htmx sends the whole window.


def _refused_url(gate: Gate, refusal: Refusal, identity: Identity | None, page: str, *, sent: bool) -> str:
    """Of the page that says what `_page` does. Signed: nobody else writes what it says."""
    login_id = identity.login_id if identity else None
    payload = [refusal.name, list(gate.providers), gate.role, gate.max_age, login_id, page, sent]
    return f"{reverse('multi_oidc:refused')}?{urlencode({'for': signing.dumps(payload, 'refusal')})}"


def from_url(request: HttpRequest) -> HttpResponse:
    """The page behind such a URL; without a good one, the start page. Raises RevocationUnknown."""
    try:
        payload: Any = signing.loads(request.GET.get("for", ""), "refusal", max_age=LINK_LIFETIME)
        name, providers, role, max_age, login_id, page, sent = payload
    except (signing.BadSignature, ValueError):  # ValueError: of another version of ours
        return HttpResponseRedirect(redirects.after_login(""))
    gate, refusal = Gate(providers=tuple(providers), role=role, max_age=max_age), Refusal[name]
    if not configuration().providers.keys() >= set(providers):  # a changed file
        return HttpResponseRedirect(redirects.after_login(page))
    identity = visitor.admitted(request)
    if identity is None and not refusal.a_login_mends_it:  # logged out since
        return HttpResponseRedirect(_login_url(gate, Refusal.NOBODY, None, page))
    if identity is not None and identity.login_id != login_id:  # logged in since, perhaps as somebody else
        return HttpResponseRedirect(redirects.after_login(page))
    if refusal is not Refusal.TEST and _still(request, gate, refusal, identity) is None:
        return HttpResponseRedirect(redirects.after_login(page))
    return _page(request, gate, refusal, identity, page, sent=sent)


def _still(request: HttpRequest, gate: Gate, refusal: Refusal, identity: Identity | None) -> Refusal | None:
    """Why they are refused now: the rules may have changed since."""
    try:
        return refusal_of(gate, attach_identity(request, identity))
    except RuleFailed:
        attach_identity(request, identity)  # whose question this was is answered: as before
        return refusal
