"""System checks. docs/checks.md has every id, what it means and how to mend it.

No check reads from the network or imports the backend class: they run at every management command.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, Warning  # noqa: A004 - Django's names
from django.shortcuts import resolve_url
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from . import cache_backends
from .conf import conf
from .providers import Configuration, configuration, configuration_mistakes
from .providers.callback_path import callback_path_mistakes
from .providers.source import shown
from .wording import quoted, type_name

USER_MIDDLEWARE = "django_multi_oidc.middleware.OIDCUserMiddleware"
SESSION_MIDDLEWARE = "django.contrib.sessions.middleware.SessionMiddleware"
CACHE_MIDDLEWARE = "django.middleware.cache.UpdateCacheMiddleware"
OUR_BACKENDS = "django_multi_oidc.backends."
DOTTED_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
COOKIE_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 6265 section 4.1.1
MASKED = re.compile("api|auth|token|key|secret|pass|signature", re.IGNORECASE)


def register_checks() -> None:
    """Called by the app's ``ready``."""
    for check in (check_configuration, check_secrets_file, check_cookie_secret):
        checks.register(check, Tags.security)
    for check in (check_callback, check_login_url, check_redirects):
        checks.register(check, Tags.urls)
    for check in (
        check_middleware,
        check_cache_middleware,
        check_templates,
        check_apps,
        check_settings,
        check_backends,
    ):
        checks.register(check)
    for check in (check_revocation_cache, check_secrets_file_deployed, check_plain_http, check_permissions):
        checks.register(check, Tags.security, deploy=True)


def _configuration() -> Configuration:
    """The configuration, or an empty one where it is wrong: that is ``check_configuration``'s to say."""
    return Configuration() if configuration_mistakes() else configuration()


def check_configuration(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(mistake.headline, hint=mistake.mend, id="django_multi_oidc.E001")
        for mistake in configuration_mistakes()
    ]


NO_FILE_HINT = (
    "Write the file, or set MULTI_OIDC_SECRETS_FILE. Until then nobody can log in.\n"
    "For a login without an account anywhere: python manage.py oidc_dev_provider --write"
)


def check_secrets_file(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    notice = _configuration().notice
    return [Warning(notice, hint=NO_FILE_HINT, id="django_multi_oidc.W001")] if notice else []


def check_secrets_file_deployed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    notice = _configuration().notice
    return [Error(notice, hint=NO_FILE_HINT, id="django_multi_oidc.E002")] if notice else []


def check_plain_http(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Also on loopback: a deployed site that logs in at a development provider lets anybody in."""
    settings = _configuration()
    places = {"[auth] redirect_uri": settings.redirect_uri} | {
        f"server_metadata_url of the provider {quoted(name)}": provider.server_metadata_url
        for name, provider in settings.providers.items()
    }
    return [
        Error(
            f"{settings.source}: {place} is plain http.",
            hint="A deployed site needs https:// there.",
            id="django_multi_oidc.E003",
        )
        for place, url in places.items()
        if urlsplit(url).scheme == "http"
    ]


def check_permissions(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """POSIX alone: elsewhere a mode does not say who may read. A group may: the site's user has one."""
    if os.name != "posix":
        return []
    return [
        Warning(
            f"{shown(path)} can be read by every user of the machine.",
            hint=f'{PERMISSIONS_HINT}\nchmod 640 "{path.absolute()}"',
            id="django_multi_oidc.W005",
        )
        for path in _configuration().files
        if _is_readable_by_others(path)
    ]


PERMISSIONS_HINT = (
    "It holds secrets. Mode 600 where the site's user owns it, 640 where one of that user's groups does:"
)


def _is_readable_by_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False  # removed since it was read


def check_callback(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The prefix of a mounted site is known here only where FORCE_SCRIPT_NAME fixes it."""
    if not conf.ROOT_URLCONF:
        return []
    try:
        mistakes = callback_path_mistakes(_configuration(), prefix_known=conf.FORCE_SCRIPT_NAME is not None)
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
    if apps.is_installed("django_multi_oidc.accounts") or not _leads_to_our_login(conf.LOGIN_URL):
        return []
    return [
        Warning(
            f"LOGIN_URL is {quoted(conf.LOGIN_URL)}, our login: people would come back logged in, and "
            "Django's login_required and LoginRequiredMiddleware would send them there again.",
            hint="Guard views with django_multi_oidc.decorators.oidc_login_required, which this login answers.",
            id="django_multi_oidc.W002",
        )
    ]


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


def check_middleware(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    ours = _position(conf.MIDDLEWARE, USER_MIDDLEWARE)
    if ours is None:
        return [
            Error(
                f'"{USER_MIDDLEWARE}" is not in MIDDLEWARE, so no request has an oidc_user.',
                hint="Add it to MIDDLEWARE, after Django's SessionMiddleware where that is used.",
                id="django_multi_oidc.E006",
            )
        ]
    session = _position(conf.MIDDLEWARE, SESSION_MIDDLEWARE)
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
    ours = _position(conf.MIDDLEWARE, USER_MIDDLEWARE)
    cache = _position(conf.MIDDLEWARE, CACHE_MIDDLEWARE)
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


def _position(middleware: Sequence[str], wanted: str) -> int | None:
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


def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*_backend_setting(), *_cache_setting(), *_cookie_name_setting()]


def _backend_setting() -> Iterable[CheckMessage]:
    # Its shape alone: importing it costs a tenth of a second, at each command.
    value: Any = conf.MULTI_OIDC_BACKEND
    if not isinstance(value, str) or not DOTTED_PATH.fullmatch(value):
        yield Error(
            f"MULTI_OIDC_BACKEND is {_shown(value)}, which is no dotted path.",
            hint='The path of a class, as a string: "project.backends.ProviderBackend"',
            id="django_multi_oidc.E011",
        )


def _cache_setting() -> Iterable[CheckMessage]:
    if conf.MULTI_OIDC_CACHE not in list(conf.CACHES):
        yield Error(
            f"MULTI_OIDC_CACHE is {_shown(conf.MULTI_OIDC_CACHE)}, which is not in CACHES.",
            hint=f"CACHES has: {', '.join(conf.CACHES)}",
            id="django_multi_oidc.E012",
        )


def _cookie_name_setting() -> Iterable[CheckMessage]:
    value: Any = conf.MULTI_OIDC_COOKIE_NAME
    if not isinstance(value, str) or not COOKIE_NAME.fullmatch(value):
        hint = "Letters, digits and -_. are fine in the name of a cookie."
    elif value.lower().startswith(("__host-", "__secure-")):
        hint = 'Leave the prefix out: "__Host-" is put in front when redirect_uri is https.'
    elif value in (conf.SESSION_COOKIE_NAME, conf.CSRF_COOKIE_NAME):
        hint = "That is one of Django's own cookies: choose another name."
    else:
        yield from _cookie_name_masked(value)
        return
    yield Error(f"MULTI_OIDC_COOKIE_NAME is {_shown(value)}.", hint=hint, id="django_multi_oidc.E013")


def _cookie_name_masked(name: str) -> Iterable[CheckMessage]:
    if not MASKED.search(name):
        yield Warning(
            f"MULTI_OIDC_COOKIE_NAME is {quoted(name)}: Django's error reports would show its value.",
            hint='They mask a cookie that has "auth" in its name.',
            id="django_multi_oidc.W003",
        )


def _shown(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else type_name(value)


def check_cookie_secret(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """No hole by itself, since keys are derived per purpose: a warning, and never a reason to stop."""
    settings = _configuration()
    if not settings.cookie_secrets or conf.SECRET_KEY not in settings.cookie_secrets:
        return []
    return [
        Warning(
            f"{settings.source}: [auth] cookie_secret is Django's SECRET_KEY.",
            hint="Give it a value of its own: then one can be changed, or become known, without the other.",
            id="django_multi_oidc.W004",
        )
    ]


def check_revocation_cache(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Which cache is right depends on the number of processes, which Django cannot know: a warning."""
    problem = cache_backends.problem() if _configuration().revocation else ""
    if not problem:
        return []
    return [
        Warning(
            f"revocation is on, and the cache {quoted(conf.MULTI_OIDC_CACHE)} {problem}.",
            hint="Let MULTI_OIDC_CACHE name a cache that all processes share and that throws nothing away, such as "
            "Redis without eviction; files and databases with a MAX_ENTRIES of 10,000 or more in their OPTIONS.",
            id="django_multi_oidc.W006",
        )
    ]
