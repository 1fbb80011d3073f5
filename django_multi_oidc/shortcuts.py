"""The verbs a view needs: `login`, `logout` and, for async views, `alogout`."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.encoding import iri_to_uri

from . import cache_backends, cookies, logout_state, redirects, revocation, sessions, signing, visitor
from .conf import conf
from .exceptions import ConfigurationError
from .providers import Provider, configuration
from .signals import oidc_logged_out, oidc_revoked
from .users import Identity, attach_identity

logger = logging.getLogger(__name__)

MAX_HINT = 200  # characters; it stands in a cookie and in a URL


def login(
    request: HttpRequest, provider: str | None = None, *, next: str | None = None, prompt: str | None = None
) -> HttpResponseRedirect:
    """Send the visitor to log in: at the named provider, else at the default one, else to choose one.

    ``next`` is the page to come back to, of at most 1,024 bytes, else where a login leads on this site.
    ``prompt`` is the OpenID Connect parameter for this one login (Core 1.0 section 3.1.2.1), carried
    signed; "" sends none. Touches neither
    network nor database, so it serves sync and async views alike. Raises ConfigurationError for a
    provider that the secrets file does not have.
    """
    return HttpResponseRedirect(login_url(provider, next=next, prompt=prompt))


def logout(request: HttpRequest, *, everywhere: bool = False) -> HttpResponseRedirect:
    """Forget the identity in this browser, empty Django's session where there is one, and go to the site's root.

    ``everywhere``: end the person's logins in all browsers. That needs ``revocation = true``, else
    ConfigurationError; raises RevocationUnknown, and then nobody is logged out, where the cache is down.
    """
    identity = _end(request, everywhere)
    sessions.flush(request)
    return _logged_out(request, identity)


async def alogout(request: HttpRequest, *, everywhere: bool = False) -> HttpResponseRedirect:
    """`logout` for async views."""
    identity = await sync_to_async(_end)(request, everywhere)
    await sessions.aflush(request)
    return _logged_out(request, identity)


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
    found = _named("end_access()", provider)
    if cache_backends.is_local():
        logger.warning("end_access(): the cache %r %s", conf.MULTI_OIDC_CACHE, cache_backends.LOCAL)
    if everybody:
        revocation.end_everybody(found)
    else:
        revocation.end_person(found, sub=sub, email=email)
    oidc_revoked.send_robust(sender=provider, sub=sub, sid="", email=email, everybody=everybody)


def _end(request: HttpRequest, everywhere: bool) -> Identity | None:
    """End the visitor's login in the cache; who they were. Whose login was ended before may not end others."""
    if everywhere:
        _need_revocation("logout(everywhere=True)")
    identity = visitor.read(request) if everywhere else visitor.identity_even_in_an_outage(request)
    if identity is not None and everywhere:
        provider, sub = configuration().providers[identity.provider], identity.claims["sub"]
        revocation.end_person(provider, sub=sub)
        oidc_revoked.send_robust(sender=provider.name, sub=sub, sid="", email="", everybody=False)
    if (signed := cookies.signed(request)) is not None:
        revocation.end_login(signed)
    return identity


def _need_revocation(what: str) -> None:
    settings = configuration()
    if not settings.revocation:
        raise ConfigurationError(f"{what}: {settings.source} needs revocation = true in [auth].")


def _named(what: str, name: str) -> Provider:
    settings = configuration()
    if name not in settings.providers:
        known = ", ".join(settings.providers)
        raise ConfigurationError(f"{what}: no provider {name!r} in {settings.source}. There are: {known}.")
    return settings.providers[name]


def login_url(provider: str | None = None, *, next: str | None = None, prompt: str | None = None) -> str:
    """The URL that `login` redirects to, for a link. Without a secrets file it is the page that says so."""
    settings = configuration()
    name = provider or (settings.default.name if settings.default else None)
    if name is None or not settings.providers:
        return chooser_url(next=next, prompt=prompt)
    _named("login()", name)
    return _with_query(reverse("multi_oidc:login", args=[name]), next, prompt)


def chooser_url(*, next: str | None = None, prompt: str | None = None) -> str:
    """The URL of the page with a button for each provider."""
    return _with_query(reverse("multi_oidc:login"), next, prompt)


def _with_query(path: str, next_url: str | None, prompt: str | None) -> str:
    query = {}
    # The login view would drop a longer one, and some servers refuse a URL with it.
    if next_url and len(iri_to_uri(next_url)) <= redirects.MAX_NEXT_BYTES:
        query["next"] = next_url
    if prompt is not None and configuration().providers:
        query["prompt"] = signing.dumps(prompt, "login-prompt")
    return f"{path}?{urlencode(query)}" if query else path


def _logged_out(request: HttpRequest, identity: Identity | None) -> HttpResponseRedirect:
    response = _on_the_way_out(identity)
    if identity is not None:
        user = attach_identity(request, identity)
        oidc_logged_out.send_robust(sender=user.provider, request=request, user=user)
    attach_identity(request, None)
    cookies.delete(request, response)
    return response


def _on_the_way_out(identity: Identity | None) -> HttpResponseRedirect:
    """Home, or by way of the provider where its table says so."""
    if identity is None or not configuration().providers[identity.provider].provider_logout:
        return HttpResponseRedirect(redirects.after_logout())
    response = HttpResponseRedirect(reverse("multi_oidc:logged_out"))
    logout_state.write(response, logout_state.begin(identity.provider, _logout_hint(identity)))
    return response


def _logout_hint(identity: Identity) -> str:
    """RP-Initiated Logout 1.0 section 2. Entra's is a claim of its own."""
    names = (identity.claims.get(name) for name in ("login_hint", "preferred_username", "email"))
    return next((name for name in names if isinstance(name, str) and 0 < len(name) <= MAX_HINT), "")
