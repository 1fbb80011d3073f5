"""The verbs a view needs: `login`, `logout` and, for async views, `alogout`."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from . import cookies, redirects, sessions, signing
from .exceptions import ConfigurationError
from .providers import configuration
from .signals import oidc_logged_out
from .users import OIDCUser, attach


def login(
    request: HttpRequest, provider: str | None = None, *, next: str | None = None, prompt: str | None = None
) -> HttpResponseRedirect:
    """Send the visitor to log in: at the named provider, else at the default one, else to choose one.

    ``next`` is the page to come back to, else where a login leads on this site. ``prompt`` is the OpenID
    Connect parameter for this one login (Core 1.0 section 3.1.2.1), carried signed. Touches neither
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
    """The URL that `login` redirects to, for a link."""
    settings = configuration()
    if provider is not None and provider not in settings.providers:
        known = ", ".join(settings.providers) or "none at all"
        raise ConfigurationError(
            f"login(): no provider {provider!r} in {settings.source}. There are: {known}."
        )
    name = provider or (settings.default.name if settings.default else None)
    path = reverse("multi_oidc:login", args=[name] if name else [])
    signed = signing.dumps(prompt, "login-prompt") if prompt and settings.providers else None
    query = {"next": next, "prompt": signed}
    given = urlencode({key: value for key, value in query.items() if value})
    return f"{path}?{given}" if given else path


def _logged_out(request: HttpRequest) -> HttpResponseRedirect:
    response = HttpResponseRedirect(redirects.after_logout())
    user: OIDCUser | None = getattr(request, "oidc_user", None)
    if user:
        oidc_logged_out.send_robust(sender=user.provider, request=request, user=user)
        attach(request, lambda _: None)
    cookies.delete(response)
    return response
