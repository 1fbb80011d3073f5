"""The relying party of an organisation, and where it may be sent back to or called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .people import Organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The one relying party that an organisation knows."""

    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""


def client_of(
    organisation: Organisation,
    *,
    redirect_uris: tuple[str, ...],
    post_logout_redirect_uris: tuple[str, ...],
    backchannel_logout_uri: str,
) -> Client:
    """The organisation's client; constants, for they guard nothing but a toy on loopback."""
    return Client(
        client_id=organisation.client_id or f"dev-provider-{organisation.name}",
        client_secret=organisation.client_secret or f"published-for-development-{organisation.name}",
        redirect_uris=redirect_uris,
        post_logout_redirect_uris=post_logout_redirect_uris,
        backchannel_logout_uri=backchannel_logout_uri,
    )


def derived_post_logout_redirect_uris(redirect_uris: Iterable[str]) -> tuple[str, ...]:
    """Where django-multi-oidc lets people land after a logout, beside each callback of its own."""
    sites = (
        re.match(r"(https?://[^/?#]+(?:/[^?#]*)?)/oauth2callback(?![^/?#])", uri) for uri in redirect_uris
    )
    return tuple(dict.fromkeys(f"{site[1]}/oidc/logged-out/" for site in sites if site))


def is_on_loopback(uri: str) -> bool:
    """Whether a URI names this machine and nothing else, however it is parsed: no user, no backslash."""
    return (
        re.fullmatch(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(/[^\s\\#]*)?", uri) is not None
    )
