"""The MULTI_OIDC_* settings with their defaults, and the few of Django's settings that we read.

Read from Django's settings on each access, so that a test's ``override_settings`` holds at once.
No other module of the package imports ``django.conf.settings``.
"""
# ruff: noqa: N802 - a property bears the name of its setting

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

SECRETS_FILE_VARIABLE = "MULTI_OIDC_SECRETS_FILE"


class Settings:
    """One typed property per setting. A value of the wrong type is reported by the system checks."""

    @property
    def MULTI_OIDC_SECRETS(self) -> Mapping[str, Any] | None:
        """The content of the secrets file as a mapping, ``{"auth": {…}}``; None: read a file."""
        return getattr(settings, "MULTI_OIDC_SECRETS", None)

    @property
    def MULTI_OIDC_SECRETS_FILE(self) -> str | os.PathLike[str] | None:
        """Path of the secrets file, a relative one from ``BASE_DIR``; empty or None: not set."""
        return getattr(settings, "MULTI_OIDC_SECRETS_FILE", None) or None

    @property
    def MULTI_OIDC_COOKIE_NAME(self) -> str:
        """Name of the identity cookie, without ``__Host-``.

        Django's error reports mask a cookie whose name has "auth" in it.
        """
        return getattr(settings, "MULTI_OIDC_COOKIE_NAME", "multi_oidc_auth")

    @property
    def MULTI_OIDC_BACKEND(self) -> str:
        """Dotted path of the backend class, imported at the first login."""
        return getattr(settings, "MULTI_OIDC_BACKEND", "django_multi_oidc.backends.ProviderBackend")

    @property
    def MULTI_OIDC_CACHE(self) -> str:
        """Alias, in ``CACHES``, of the cache that the site's processes share: spent logins, and what
        providers publish.
        """
        return getattr(settings, "MULTI_OIDC_CACHE", "default")

    @property
    def MULTI_OIDC_ON_LOGIN(self) -> str | None:
        """Dotted path of a function that is asked at each login, with the verified claims; None: there is none."""
        return getattr(settings, "MULTI_OIDC_ON_LOGIN", None) or None

    # Of django_multi_oidc.accounts.

    @property
    def MULTI_OIDC_ACCOUNTS_CREATE_USERS(self) -> str:
        """For whom a user is made at the first login: "always" for all, "invited" and "never" for nobody."""
        return getattr(settings, "MULTI_OIDC_ACCOUNTS_CREATE_USERS", "always")

    @property
    def MULTI_OIDC_ACCOUNTS_MAKE_USER(self) -> str | None:
        """Dotted path of a function that makes a user, not saved yet, of the claims; None: `making` does."""
        return getattr(settings, "MULTI_OIDC_ACCOUNTS_MAKE_USER", None) or None

    @property
    def MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL(self) -> Mapping[str, Sequence[str]]:
        """Per provider the domains whose verified addresses may take over a user who is nobody's yet."""
        return getattr(settings, "MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL", {})

    @property
    def MULTI_OIDC_ACCOUNTS_STAFF_ROLE(self) -> str | None:
        """The role that makes ``is_staff``; None: none does."""
        return getattr(settings, "MULTI_OIDC_ACCOUNTS_STAFF_ROLE", "admin") or None

    @property
    def MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE(self) -> str | None:
        """The role that makes ``is_superuser``; None: none does."""
        return getattr(settings, "MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE", None) or None

    @property
    def MULTI_OIDC_ACCOUNTS_GROUPS(self) -> Mapping[str, str]:
        """The groups of Django that follow the rules, by name, each with the role that makes somebody a member."""
        return getattr(settings, "MULTI_OIDC_ACCOUNTS_GROUPS", {})

    @property
    def MULTI_OIDC_ACCOUNTS_ADMIN_MAX_AGE(self) -> int | None:
        """Seconds since the last proof at the provider that Django's admin wants; None: any login will do."""
        return getattr(settings, "MULTI_OIDC_ACCOUNTS_ADMIN_MAX_AGE", None)

    @property
    def secrets_file_from_environment(self) -> str | None:
        """The environment variable MULTI_OIDC_SECRETS_FILE; empty counts as not set."""
        return os.environ.get(SECRETS_FILE_VARIABLE) or None

    # Django's own.

    @property
    def DEBUG(self) -> bool:
        """Whether the developer sits in front of the page."""
        return bool(settings.DEBUG)

    @property
    def BASE_DIR(self) -> Path | None:
        """The project's folder where its settings define one, as startproject's do."""
        base_dir = getattr(settings, "BASE_DIR", None)
        return None if base_dir is None else Path(base_dir)

    @property
    def LOGIN_URL(self) -> str:
        """Where Django's own ``login_required`` sends people: a path, an address or a URL's name."""
        return str(settings.LOGIN_URL)

    @property
    def LOGIN_REDIRECT_URL(self) -> str | None:
        """Where a login without ``next`` lands: a path or a URL's name."""
        return _text(settings.LOGIN_REDIRECT_URL)

    @property
    def LOGOUT_REDIRECT_URL(self) -> str | None:
        """Where a logout lands, None: nothing set."""
        return _text(settings.LOGOUT_REDIRECT_URL)

    @property
    def FORCE_SCRIPT_NAME(self) -> str | None:
        """The prefix under which the site is mounted, where the project fixes one."""
        return settings.FORCE_SCRIPT_NAME

    @property
    def ROOT_URLCONF(self) -> str | None:
        """The root URLconf; a project without web pages may have none."""
        return getattr(settings, "ROOT_URLCONF", None)

    @property
    def SECRET_KEY(self) -> str | bytes:
        """Django's signing key: only compared with ``cookie_secret``, never used as one."""
        return settings.SECRET_KEY

    @property
    def MIDDLEWARE(self) -> Sequence[str]:
        return settings.MIDDLEWARE

    @property
    def AUTH_USER_MODEL(self) -> str:
        return settings.AUTH_USER_MODEL

    @property
    def AUTHENTICATION_BACKENDS(self) -> Sequence[str]:
        return settings.AUTHENTICATION_BACKENDS

    @property
    def has_own_authentication_backends(self) -> bool:
        """Whether the project itself says which backends are in use."""
        return bool(settings.is_overridden("AUTHENTICATION_BACKENDS"))  # type: ignore[misc]  # stubs lack it

    @property
    def CACHES(self) -> Mapping[str, Any]:
        return settings.CACHES

    @property
    def SESSION_COOKIE_NAME(self) -> str:
        return settings.SESSION_COOKIE_NAME

    @property
    def CSRF_COOKIE_NAME(self) -> str:
        return settings.CSRF_COOKIE_NAME


def _text(value: object) -> str | None:
    # Projects write reverse_lazy() here.
    return None if value is None else str(value)


conf = Settings()
