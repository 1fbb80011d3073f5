"""Where our pages stand in the project's URLs, and where a login and a logout lead."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's names
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, reverse

from ..conf import conf
from ..providers.callback_path import callback_path_mistakes
from ..wording import quoted
from .known import known_configuration
from .project import ACCOUNT_MIDDLEWARE, DJANGOS_GATE, GATE_MIDDLEWARE, position


def check_callback(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The prefix of a mounted site is known here only where FORCE_SCRIPT_NAME fixes it."""
    if not conf.ROOT_URLCONF:
        return []
    try:
        mistakes = callback_path_mistakes(
            known_configuration(), prefix_known=conf.FORCE_SCRIPT_NAME is not None
        )
        reverse("multi_oidc:callback")
    except NoReverseMatch:
        return [
            Error(
                "The URLs of django_multi_oidc are not included in the URLconf.",
                hint='Add to urlpatterns: path("", include("django_multi_oidc.urls"))',
                id="django_multi_oidc.E004",
            )
        ]
    return [Error(mistake.headline, hint=mistake.mend, id="django_multi_oidc.E005") for mistake in mistakes]


def check_login_url(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Django's own gates ask ``request.user``, who stays anonymous unless ``accounts`` derives it."""
    if _is_user_derived() or not _leads_to_our_login(conf.LOGIN_URL):
        return []
    return [
        Warning(
            f"LOGIN_URL is {quoted(conf.LOGIN_URL)}, our login: people would come back logged in, and "
            "Django's login_required and LoginRequiredMiddleware would send them there again.",
            hint=_own_gate(),
            id="django_multi_oidc.W002",
        )
    ]


def _is_user_derived() -> bool:
    is_installed = apps.is_installed("django_multi_oidc.accounts")
    return is_installed and position(conf.MIDDLEWARE, ACCOUNT_MIDDLEWARE) is not None


def _own_gate() -> str:
    if position(conf.MIDDLEWARE, DJANGOS_GATE) is not None:
        return f'In MIDDLEWARE, write "{GATE_MIDDLEWARE}" in place of "{DJANGOS_GATE}".'
    return "Guard views with django_multi_oidc.decorators.oidc_login_required, which this login answers."


def _leads_to_our_login(url: str) -> bool:
    try:
        return conf.ROOT_URLCONF is not None and resolve_url(url).startswith(reverse("multi_oidc:login"))
    except NoReverseMatch:
        return False


def check_redirects(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Where a login and a logout end: every page of ours leads there, the error page too."""
    chosen = {"LOGIN_REDIRECT_URL": conf.LOGIN_REDIRECT_URL, "LOGOUT_REDIRECT_URL": conf.LOGOUT_REDIRECT_URL}
    return [
        Error(
            f"{name} is {quoted(url)}, which {problem}.",
            hint="Give it the path of a page of the site, or a URL's name.",
            id="django_multi_oidc.E015",
        )
        for name, url in chosen.items()
        if conf.ROOT_URLCONF and url and (problem := _redirect_problem(url))
    ]


def _redirect_problem(url: str) -> str:
    try:
        resolve_url(url)
    except NoReverseMatch:
        return "is no URL's name"
    return "is our login: people would go round in circles" if _leads_to_our_login(url) else ""
