"""The values of our settings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's names
from django.utils.module_loading import import_string

from .. import cache_backends
from ..conf import conf
from ..wording import quoted, type_name
from .known import known_configuration

DOTTED_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
COOKIE_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 6265 section 4.1.1
MASKED = re.compile("api|auth|token|key|secret|pass|signature", re.IGNORECASE)


def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*_backend_setting(), *_cache_setting(), *_cookie_name_setting(), *_on_login_setting()]


def _on_login_setting() -> Iterable[CheckMessage]:
    value: Any = conf.MULTI_OIDC_ON_LOGIN
    if value is None:
        return
    problem = "which is no dotted path"
    if isinstance(value, str) and DOTTED_PATH.fullmatch(value):
        problem = import_problem(value)
    if problem:
        yield Error(
            f"MULTI_OIDC_ON_LOGIN is {_shown(value)}, {problem}.",
            hint='The path of a function, as a string: "shop.logins.on_login"',
            id="django_multi_oidc.E017",
        )


def import_problem(path: str) -> str:
    """Why a dotted path names no function; empty: it names one."""
    try:
        return "" if callable(import_string(path)) else "which is no function"
    except Exception as error:  # a module may fail in any way while it is imported
        return f"which cannot be imported: {error}"


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


def check_revocation_cache(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Which cache is right depends on the number of processes, which Django cannot know: a warning."""
    problem = cache_backends.problem() if known_configuration().revocation else ""
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
