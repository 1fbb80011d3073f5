"""The verbs a view needs: `login`, `logout` and, for async views, `alogout`."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.encoding import iri_to_uri

from . import cookies, logout_state, redirects, sessions, signing
from .exceptions import ConfigurationError
from .providers import configuration
from .signals import oidc_logged_out
from .users import Identity, OIDCUser, attach


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


def logout(request: HttpRequest) -> HttpResponseRedirect:
    """Forget the identity in this browser, empty Django's session where there is one, and go to the site's root."""
    sessions.flush(request)
    return _logged_out(request)


async def alogout(request: HttpRequest) -> HttpResponseRedirect:
    """`logout` for async views."""
    await sessions.aflush(request)
    return _logged_out(request)


def login_url(provider: str | None = None, *, next: str | None = None, prompt: str | None = None) -> str:
    """The URL that `login` redirects to, for a link. Without a secrets file it is the page that says so."""
    settings = configuration()
    name = provider or (settings.default.name if settings.default else None)
    if name is None or not settings.providers:
        return chooser_url(next=next, prompt=prompt)
    if name not in settings.providers:
        known = ", ".join(settings.providers)
        raise ConfigurationError(f"login(): no provider {name!r} in {settings.source}. There are: {known}.")
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


def _logged_out(request: HttpRequest) -> HttpResponseRedirect:
    identity = cookies.identity_of_visitor(request)
    response = _on_the_way_out(identity)
    user: OIDCUser | None = getattr(request, "oidc_user", None)
    if user:
        oidc_logged_out.send_robust(sender=user.provider, request=request, user=user)
        attach(request, lambda _: None)
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
    return next((name for name in names if isinstance(name, str) and name), "")
