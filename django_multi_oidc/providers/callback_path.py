"""Whether ``redirect_uri`` leads to the callback view: seen where the URLconf is known."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from django.urls import reverse

from ..wording import quoted
from .mistakes import Mistake
from .model import Configuration


def callback_path_problem(configuration: Configuration) -> str | None:
    """What is wrong with the path of ``redirect_uri``, in full, or None.

    For a request: the prefix that the site is mounted under is known then. Raises NoReverseMatch
    where the URLs are not included.
    """
    mistake = callback_path_mistake(configuration)
    return None if mistake is None else str(mistake)


def callback_path_mistake(configuration: Configuration, *, prefix_known: bool = True) -> Mistake | None:
    """As ``callback_path_problem``. Unless ``prefix_known``, the path may have one in front."""
    if not configuration.providers:
        return None
    path, callback = (
        unquote(urlsplit(configuration.redirect_uri).path),
        unquote(reverse("multi_oidc:callback")),
    )
    if path == callback or (not prefix_known and path.endswith(callback)):
        return None
    mended = urlsplit(configuration.redirect_uri)._replace(path=reverse("multi_oidc:callback")).geturl()
    return Mistake(
        configuration.source,
        f"[auth] redirect_uri leads to {quoted(path)}, and the callback view is at {quoted(callback)}.",
        f"Write it like this, and register the same with each provider:\nredirect_uri = {quoted(mended)}",
    )
