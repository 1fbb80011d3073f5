"""Whether the project's middleware, apps and templates are what the app needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.module_loading import import_string

from ..conf import conf
from ..wording import quoted

USER_MIDDLEWARE = "django_multi_oidc.middleware.OIDCUserMiddleware"
GATE_MIDDLEWARE = "django_multi_oidc.middleware.OIDCLoginRequiredMiddleware"
ACCOUNT_MIDDLEWARE = "django_multi_oidc.accounts.middleware.OIDCAccountMiddleware"
DJANGOS_GATE = "django.contrib.auth.middleware.LoginRequiredMiddleware"
SESSION_MIDDLEWARE = "django.contrib.sessions.middleware.SessionMiddleware"
CACHE_MIDDLEWARE = "django.middleware.cache.UpdateCacheMiddleware"
OUR_BACKENDS = "django_multi_oidc.backends."


def check_middleware(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    ours = position(conf.MIDDLEWARE, USER_MIDDLEWARE)
    if ours is None:
        return [
            Error(
                f'"{USER_MIDDLEWARE}" is not in MIDDLEWARE, so no request has an oidc_user.',
                hint="Add it to MIDDLEWARE, after Django's SessionMiddleware where that is used.",
                id="django_multi_oidc.E006",
            )
        ]
    session = position(conf.MIDDLEWARE, SESSION_MIDDLEWARE)
    if session is None or session < ours:
        return []
    return [
        Error(
            f'"{USER_MIDDLEWARE}" stands before "{SESSION_MIDDLEWARE}" in MIDDLEWARE.',
            hint="Move it behind SessionMiddleware: it needs request.session.",
            id="django_multi_oidc.E007",
        )
    ]


def check_cache_middleware(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Django's site-wide cache stores a page before middleware outside of it has made the page vary."""
    ours = position(conf.MIDDLEWARE, USER_MIDDLEWARE)
    cache = position(conf.MIDDLEWARE, CACHE_MIDDLEWARE)
    if ours is None or cache is None or cache < ours:
        return []
    return [
        Error(
            f'"{conf.MIDDLEWARE[cache]}" stands behind "{USER_MIDDLEWARE}" in MIDDLEWARE: '
            "one person could get a page that was made for another.",
            hint="Move it in front, to the top of MIDDLEWARE as Django's documentation has it.",
            id="django_multi_oidc.E014",
        )
    ]


def position(middleware: Sequence[str], wanted: str) -> int | None:
    """Index of the wanted middleware or of a subclass. Imports only where the path itself is not there."""
    if wanted in middleware:
        return list(middleware).index(wanted)
    base = import_string(wanted)
    return next((at for at, path in enumerate(middleware) if _is_subclass(path, base)), None)


def _is_subclass(path: str, base: type) -> bool:
    try:
        candidate = import_string(path)
    except ImportError:
        return False  # Django says so itself when it loads the middleware
    return isinstance(candidate, type) and issubclass(candidate, base)


def check_templates(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        get_template("django_multi_oidc/login.html")
    except TemplateDoesNotExist:
        return [
            Error(
                "No template engine finds the pages of django_multi_oidc.",
                hint='TEMPLATES needs a DjangoTemplates engine with "APP_DIRS": True, or with the '
                "app_directories loader.",
                id="django_multi_oidc.E008",
            )
        ]
    return []


def check_apps(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            f'"{name}" is not in INSTALLED_APPS.',
            hint="mozilla-django-oidc, which does the talking at a login, needs it; it needs no table.",
            id="django_multi_oidc.E009",
        )
        for name in ("django.contrib.auth", "django.contrib.contenttypes")
        if not apps.is_installed(name)
    ]


def check_backends(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            f"AUTHENTICATION_BACKENDS lists {quoted(path)}, which serves one login of one provider.",
            hint="Remove it: never register a provider's backend there.",
            id="django_multi_oidc.E010",
        )
        for path in conf.AUTHENTICATION_BACKENDS
        if path.startswith(OUR_BACKENDS) or path == conf.MULTI_OIDC_BACKEND
    ]
