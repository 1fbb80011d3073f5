"""The URLs of our login view: where to go, whereto to come back, and what to ask the provider."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.encoding import iri_to_uri

from . import login_params, redirects
from .exceptions import ConfigurationError
from .login_params import NONE
from .providers import Provider, configuration

Params = Mapping[str, str | int | None]


def login_url(
    provider: str | None = None,
    *,
    next: str | None = None,
    params: Params = NONE,
    providers: Collection[str] = (),
) -> str:
    """The URL of a login at the provider, else at the default one, else of the page to choose one.

    ``params`` are authorization parameters for this one login; ``providers`` the names to choose among, empty for
    all. Without a secrets file it is the page that says so. Raises ConfigurationError for a provider that the file
    does not have, TypeError or ValueError for parameters that no login can have.
    """
    name = provider or _only_one(providers)
    if name is None or not configuration().providers:
        return chooser_url(next=next, params=params, providers=providers)
    named("login()", name)
    return _with_query(reverse("multi_oidc:login", args=[name]), next, params, ())


def chooser_url(*, next: str | None = None, params: Params = NONE, providers: Collection[str] = ()) -> str:
    """The URL of the page with a button for each provider, or for each of ``providers``."""
    if configuration().providers:
        for name in providers:
            named("login()", name)
    return _with_query(reverse("multi_oidc:login"), next, params, providers)


def named(what: str, name: str) -> Provider:
    """The provider of that name. Raises ConfigurationError, which begins with ``what`` was called."""
    settings = configuration()
    if name not in settings.providers:
        known = ", ".join(settings.providers)
        raise ConfigurationError(f"{what}: no provider {name!r} in {settings.source}. There are: {known}.")
    return settings.providers[name]


def _only_one(providers: Collection[str]) -> str | None:
    if len(providers) == 1:
        return next(iter(providers))
    default = configuration().default
    return default.name if default and not providers else None


def _with_query(path: str, next_url: str | None, params: Params, providers: Collection[str]) -> str:
    query = {}
    # The login view would drop a longer one, and some servers refuse a URL with it.
    if next_url and len(iri_to_uri(next_url)) <= redirects.MAX_NEXT_BYTES:
        query["next"] = next_url
    asked = login_params.checked(params)
    if configuration().providers and (asked or providers):
        query[login_params.PARAMETER] = login_params.signed(asked, providers)
    return f"{path}?{urlencode(query)}" if query else path
