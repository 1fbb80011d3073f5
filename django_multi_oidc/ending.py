"""The end of a login: of the visitor's own, and of other people's."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from . import cache_backends, cookies, logout_state, redirects, revocation, visitor
from .conf import conf
from .exceptions import ConfigurationError
from .login_urls import named
from .providers import configuration
from .signals import oidc_logged_out, oidc_revoked
from .users import Identity, attach_identity

logger = logging.getLogger(__name__)


@sensitive_variables()  # here and below: a receiver may fail
def end_access(provider: str, *, sub: str = "", email: str = "", everybody: bool = False) -> None:
    """End the logins of one person at a provider, or of everybody there, that have begun by now.

    The person by ``sub``, as the provider calls the account, or by e-mail address, verified or not. Whoever the
    rules still let in can log in again. Sends `oidc_revoked`. Raises ConfigurationError for a provider that the
    secrets file does not have and where ``revocation`` is off, ValueError unless exactly one of the three is
    given, RevocationUnknown, and then nothing is sure to have ended, where the cache is down.
    """
    if sum(map(bool, (sub, email, everybody))) != 1:
        raise ValueError('end_access(): give one of sub="…", email="…" and everybody=True')
    _need_revocation("end_access()")
    found = named("end_access()", provider)
    if cache_backends.is_local():
        logger.warning("end_access(): the cache %r %s", conf.MULTI_OIDC_CACHE, cache_backends.LOCAL)
    if everybody:
        revocation.end_everybody(found)
    else:
        revocation.end_person(found, sub=sub, email=email)
    oidc_revoked.send_robust(sender=provider, sub=sub, sid="", email=email, everybody=everybody)


@sensitive_variables()
def end(request: HttpRequest, everywhere: bool) -> Identity | None:
    """End the visitor's login in the cache; who they were. Whose login was ended before may not end others."""
    if everywhere:
        _need_revocation("logout(everywhere=True)")
    identity = visitor.owner(request) if everywhere else visitor.owner_even_in_an_outage(request)
    if identity is not None and everywhere:
        provider, sub = configuration().providers[identity.provider], identity.claims["sub"]
        revocation.end_person(provider, sub=sub)
        oidc_revoked.send_robust(sender=provider.name, sub=sub, sid="", email="", everybody=False)
    if (signed := cookies.signed(request)) is not None:
        revocation.end_login(signed)
    return identity


def logged_out(request: HttpRequest, identity: Identity | None) -> HttpResponseRedirect:
    response = _on_the_way_out(identity)
    _say_goodbye(request, identity)
    cookies.delete(request, response)
    return response


@sensitive_variables()
def forget(request: HttpRequest) -> None:
    """Nobody is there from now on, and the cookie goes with the response (`finish`): somebody else ends the login."""
    if cookies.signed(request) is None or is_forgotten(request):
        return
    _say_goodbye(request, end(request, everywhere=False))


def finish(request: HttpRequest, response: HttpResponseBase) -> None:
    """Delete the cookie of a login that `forget` has ended; called by our middleware."""
    if is_forgotten(request):
        cookies.delete(request, response)


def is_forgotten(request: HttpRequest) -> bool:
    """Whether this request has logged somebody out."""
    return getattr(request, "_oidc_forgotten", False)


def _say_goodbye(request: HttpRequest, identity: Identity | None) -> None:
    if identity is not None:
        user = attach_identity(request, identity)
        oidc_logged_out.send_robust(sender=user.provider, request=request, user=user)
    attach_identity(request, None)
    request._oidc_forgotten = True  # type: ignore[attr-defined]  # read above


def _on_the_way_out(identity: Identity | None) -> HttpResponseRedirect:
    """Home, or by way of the provider where its table says so."""
    if identity is None or not configuration().providers[identity.provider].provider_logout:
        return HttpResponseRedirect(redirects.after_logout())
    response = HttpResponseRedirect(reverse("multi_oidc:logged_out"))
    logout_state.write(response, logout_state.begin(identity.provider, identity.hint))
    return response


def _need_revocation(what: str) -> None:
    settings = configuration()
    if not settings.revocation:
        raise ConfigurationError(f"{what}: {settings.source} needs revocation = true in [auth].")
