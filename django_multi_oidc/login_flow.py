"""The two halves of a login: to the provider, and back from it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from . import (
    cookie_header,
    cookies,
    lifetimes,
    login_state,
    logout_state,
    loops,
    on_login,
    pages,
    redirects,
    revocation,
    sessions,
    signing,
    visitor,
)
from .backend_loading import backend_of
from .callback import Answer
from .exceptions import AccountNotAllowed, CallbackMismatch, ConfigurationError, IDTokenInvalid, LoginEnded
from .kept_claims import kept
from .login_params import LoginParams
from .login_state import LoginState
from .providers import Provider, callback_path_problem, configuration
from .signals import oidc_logged_in
from .users import Identity, account_of, attach_identity, read_only

logger = logging.getLogger(__name__)


def begin(request: HttpRequest, provider: Provider, next_url: str, asked: LoginParams) -> HttpResponse:
    """Go to the provider (OpenID Connect Core 1.0 section 3.1.2.1); or say why not, where a page asks in a loop.

    Raises LoginError, and ConfigurationError where `redirect_uri` does not lead back here.
    """
    _check_the_way_back()
    identity = loops.goes_round(request, next_url, asked)
    if identity and identity.provider == provider.name:
        return pages.loop(request, identity, next_url)
    login = login_state.begin(provider.name, next_url, asked.params)
    url = backend_of(provider).authorization_url(
        state=login.state,
        nonce=login.nonce,
        code_verifier=login.code_verifier,
        params={**_hint(request, provider, asked), **asked.params},
    )
    response = HttpResponseRedirect(url)
    login_state.write(request, response, login)
    return response


def _hint(request: HttpRequest, provider: Provider, asked: LoginParams) -> dict[str, str]:
    """Who is to prove once more who they are (step-up). Known here: in our own URL it would be logged."""
    identity = visitor.identity(request) if asked.is_step_up else None
    return {"login_hint": identity.hint} if identity and identity.provider == provider.name else {}


def finish(request: HttpRequest, provider: Provider, login: LoginState, answer: Answer) -> HttpResponse:
    """Swap the code for an identity (OpenID Connect Core 1.0 section 3.1.3), and go to the page asked for.

    Raises LoginError, and then nothing has changed.
    """
    backend = backend_of(provider)
    backend.check_issuer(answer.iss, required=not answer.error)
    answer.raise_error()
    # Before the call: who is logged out at the provider meanwhile is not logged in by it.
    began = revocation.now()
    verified = backend.fetch_claims(
        code=answer.code,
        nonce=login.nonce,
        code_verifier=login.code_verifier,
        max_age=login.params.get("max_age"),
    )
    claims, before = _welcome(request, provider, verified), cookies.owner(request)
    identity = _identity(provider, answer, claims, began, loops.asked_for(login.next, login.params, before))
    response = HttpResponseRedirect(redirects.after_login(redirects.safe_next(request, login.next)))
    login_state.delete(response, login.state)
    _log_in(request, response, identity, before)
    return response


def check_callback(provider: Provider, name: str | None) -> None:
    """Raise CallbackMismatch unless ``provider`` was to answer here: ``name`` is the URL's, None at the shared one.

    An answer of A that is carried to B's callback, or to the shared one, is a mix-up (RFC 9700 section 4.4).
    """
    own = provider.name if provider.own_callback else None
    if name != own:
        raise CallbackMismatch(
            f"answered at {_callback(name)}, and provider {provider.name!r} was sent to {_callback(own)}"
        )


def _callback(name: str | None) -> str:
    return "the shared callback" if name is None else f"the callback of {name[:40]!r}"


def made_the_identity(request: HttpRequest, answer: Answer) -> bool:
    """The Back button: the very callback that the visitor is logged in by, state and code."""
    identity = visitor.identity(request)
    is_the_one = identity is not None and identity.login_id == _login_id(answer)
    return is_the_one and visitor.is_admitted(request)


def _login_id(answer: Answer) -> str:
    """Random per login. With the code in it: who goes back and picks another account is no repetition."""
    return signing.digest(f"{answer.state} {answer.code}")


def _check_the_way_back() -> None:
    """The system check does not know the prefix that a server mounts the site under; here it is known."""
    if problem := callback_path_problem(configuration()):
        raise ConfigurationError(problem)


def _welcome(request: HttpRequest, provider: Provider, verified: dict[str, Any]) -> Mapping[str, Any]:
    """The claims that are kept of somebody who may log in here, read-only."""
    account = account_of(verified)
    if not provider.allows_tenant(verified):
        raise AccountNotAllowed('"tid" is not one of the provider\'s tenants', account=account)
    claims = on_login.ask(request, provider.name, verified)
    # Of what is kept, read-only: a function that lets somebody in now has to do so at the next request as well.
    keeps: Mapping[str, Any] = read_only(kept(provider, claims, added=claims.keys() - verified.keys()))
    missing = _warn_of_incomplete(provider, keeps)
    if not provider.allows(keeps):
        detail = "no entry of the provider's allow rule matches"
        raise AccountNotAllowed(f"{detail}; not all there: {missing}" if missing else detail, account=account)
    return keeps


def _identity(
    provider: Provider, answer: Answer, claims: Mapping[str, Any], began: float, asked_for: str
) -> Identity:
    return Identity(
        provider=provider.name,
        fingerprint=provider.fingerprint,
        login_id=_login_id(answer),
        login_at=round(began, 6),
        next_digest=asked_for,
        claims=claims,
        issued_at=began,
    )


def _warn_of_incomplete(provider: Provider, claims: Mapping[str, Any]) -> str:
    """Names of the claims that rules look at in vain, for the log."""
    missing = ", ".join(map(repr, sorted(provider.rules.incomplete_in(claims))))
    if missing:
        logger.warning(
            "provider %r has not sent all of %s: rules that look at it match nobody", provider.name, missing
        )
    return missing


def _log_in(
    request: HttpRequest, response: HttpResponse, identity: Identity, before: Identity | None
) -> None:
    if lifetimes.seconds_left(configuration().providers[identity.provider], identity) < 1:
        raise IDTokenInvalid('"exp" has passed, and follow_token_expiry leaves no time')
    # The cookie first: if the identity does not fit, the session stays what it was.
    growth = cookies.write(request, response, identity) - logout_state.forget(request, response)
    room = login_state.make_room(request, response, growth + cookie_header.RESERVE)
    if room < 0:
        raise cookies.too_large(
            identity, f"{-room} bytes too many for one header; {cookie_header.largest(request)}"
        )
    _check_response(response, identity)
    if revocation.is_ended(identity):
        raise LoginEnded("the person's logins were ended since the callback came")
    on_login.announce(request, identity)
    sessions.renew(request, identity, before=before)
    if before is not None and before.login_id != identity.login_id:
        revocation.end_login(before)
    user = attach_identity(request, identity)
    oidc_logged_in.send_robust(sender=identity.provider, request=request, user=user)


def _check_response(response: HttpResponse, identity: Identity) -> None:
    """The page to go to is given up before the login is."""
    if cookie_header.excess(response) > 0:
        response["Location"] = redirects.after_login("")
    excess = cookie_header.excess(response)
    if excess > 0:
        limit = configuration().response_header_bytes
        raise cookies.too_large(
            identity,
            f"{excess} bytes too many for a response's headers, of which response_header_bytes allows {limit}",
        )
