"""Whether each ``redirect_uri`` leads to the callback view: seen where the URLconf is known."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from django.urls import reverse

from ..wording import quoted
from .mistakes import Mistake, as_text
from .model import Configuration


def callback_path_problem(configuration: Configuration) -> str | None:
    """What is wrong with the paths of ``redirect_uri``, in full, or None.

    For a request: the prefix that the site is mounted under is known then. Raises NoReverseMatch
    where the URLs are not included.
    """
    return as_text(callback_path_mistakes(configuration)) or None


def callback_path_mistakes(configuration: Configuration, *, prefix_known: bool = True) -> list[Mistake]:
    """As ``callback_path_problem``. Unless ``prefix_known``, the paths may have one in front."""
    return [
        _mistake(configuration.source, table, redirect_uri, callback)
        for table, redirect_uri, callback in _callbacks(configuration)
        if not _leads_to(callback, redirect_uri, prefix_known=prefix_known)
    ]


def _callbacks(configuration: Configuration) -> Iterator[tuple[str, str, str]]:
    """Table, ``redirect_uri``, and the path that it should have: the shared one, then the providers' own."""
    if configuration.providers:
        yield "auth", configuration.redirect_uri, reverse("multi_oidc:callback")
    for name, provider in configuration.providers.items():
        if provider.own_callback:
            yield f"auth.{name}", provider.redirect_uri, reverse("multi_oidc:callback", args=[name])


def _leads_to(callback: str, redirect_uri: str, *, prefix_known: bool) -> bool:
    path, callback = unquote(urlsplit(redirect_uri).path), unquote(callback)
    return path == callback or (not prefix_known and path.endswith(callback))


def _mistake(source: str, table: str, redirect_uri: str, callback: str) -> Mistake:
    parts = urlsplit(redirect_uri)
    mended = parts._replace(path=callback).geturl()
    whom = "each provider" if table == "auth" else "the provider"
    return Mistake(
        source,
        f"[{table}] redirect_uri leads to {quoted(unquote(parts.path))}, and the callback view is at "
        f"{quoted(unquote(callback))}.",
        f"Write it like this, and register the same with {whom}:\nredirect_uri = {quoted(mended)}",
    )
