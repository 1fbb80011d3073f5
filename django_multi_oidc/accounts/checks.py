"""System checks of this app. docs/checks.md has every id."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.core import checks
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's names
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models import NOT_PROVIDED
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from ..checks.project import ACCOUNT_MIDDLEWARE, USER_MIDDLEWARE, position
from ..conf import conf
from . import making
from .backends import OUR_BACKEND
from .setting_checks import check_links_by_email, check_roles, check_settings

AUTHENTICATION_MIDDLEWARE = "django.contrib.auth.middleware.AuthenticationMiddleware"
BY_HEADER = "django.contrib.auth.middleware.RemoteUserMiddleware"
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
ANSWERS_OF_BACKENDS = ("has_perm", "get_all_permissions", "get_group_permissions", "get_user_permissions")
ADMIN_CONFIG = "django_multi_oidc.accounts.admin_config.OIDCAdminConfig"
ADMIN_SITE_MIXIN = "django_multi_oidc.accounts.admin_site.OIDCAdminSiteMixin"


def connect() -> None:
    """Called by the app's ``ready``."""
    for check in (
        check_middleware,
        check_other_middleware,
        check_backends,
        check_user_model,
        check_settings,
        check_links_by_email,
        check_roles,
        check_admin_site,
    ):
        checks.register(check, "multi_oidc_accounts")


def check_middleware(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    ours = position(conf.MIDDLEWARE, ACCOUNT_MIDDLEWARE)
    if ours is None:
        return [
            Error(
                f'"{ACCOUNT_MIDDLEWARE}" is not in MIDDLEWARE, so request.user knows nothing of the identity.',
                hint=f'Add it behind "{AUTHENTICATION_MIDDLEWARE}" and "{USER_MIDDLEWARE}".',
                id="multi_oidc_accounts.E001",
            )
        ]
    return [
        Error(
            f'"{needed}" {problem} "{ACCOUNT_MIDDLEWARE}" in MIDDLEWARE.',
            hint=f'The order is: SessionMiddleware, "{AUTHENTICATION_MIDDLEWARE}", "{USER_MIDDLEWARE}", '
            f'"{ACCOUNT_MIDDLEWARE}".',
            id="multi_oidc_accounts.E002",
        )
        for needed in (AUTHENTICATION_MIDDLEWARE, USER_MIDDLEWARE)
        if (problem := _order_problem(needed, ours))
    ]


def _order_problem(needed: str, ours: int) -> str:
    at = position(conf.MIDDLEWARE, needed)
    if at is None:
        return "is missing before"
    return "stands behind" if at > ours else ""


def check_other_middleware(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whoever sets another user after us."""
    at = position(conf.MIDDLEWARE, BY_HEADER)
    if at is None:
        return []
    return [
        Error(
            f'"{conf.MIDDLEWARE[at]}" takes the user from a header: there would be two people in one request.',
            hint="Remove it: who is there, the identity says.",
            id="multi_oidc_accounts.E003",
        )
    ]


def check_backends(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    listed = conf.AUTHENTICATION_BACKENDS
    if not any(_gives_permissions(path) for path in listed):
        return [
            Warning(
                "No backend in AUTHENTICATION_BACKENDS knows Django's permissions: has_perm() is always False.",
                hint=f'Add "{OUR_BACKEND}", which logs nobody in.',
                id="multi_oidc_accounts.W001",
            )
        ]
    if MODEL_BACKEND in listed and not conf.has_own_authentication_backends:
        return [
            Warning(
                "Passwords let people in, past the providers: AUTHENTICATION_BACKENDS is Django's own, ModelBackend.",
                hint=f'AUTHENTICATION_BACKENDS = ["{OUR_BACKEND}"]. To keep passwords, for a way in when no '
                f'provider answers, list "{MODEL_BACKEND}" there yourself.',
                id="multi_oidc_accounts.W002",
            )
        ]
    return []


def _gives_permissions(path: str) -> bool:
    try:
        backend = import_string(path)
    except ImportError:
        return False  # Django says so itself
    own = [getattr(backend, name, None) for name in ANSWERS_OF_BACKENDS]
    inherited = [getattr(BaseBackend, name) for name in ANSWERS_OF_BACKENDS]
    return any(answer not in (None, base) for answer, base in zip(own, inherited, strict=True))


def check_user_model(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    problem = "" if conf.MULTI_OIDC_ACCOUNTS_MAKE_USER else _model_problem()
    if not problem or conf.MULTI_OIDC_ACCOUNTS_CREATE_USERS != "always":
        return []
    return [
        Error(
            f"{conf.AUTH_USER_MODEL}: {problem}, so no user can be made of an identity alone.",
            hint="MULTI_OIDC_ACCOUNTS_MAKE_USER names a function that makes one of the claims; or make none, with "
            'MULTI_OIDC_ACCOUNTS_CREATE_USERS = "never".',
            id="multi_oidc_accounts.E004",
        )
    ]


def _model_problem() -> str:
    model: Any = get_user_model()
    name, email = model._meta.get_field(model.USERNAME_FIELD), model.get_email_field_name()
    if name.name == email or not isinstance(name, models.CharField) or isinstance(name, models.EmailField):
        return f"people are known by {name.name}, which is no name of ours to give"
    if (name.max_length or making.NAME_LENGTH) < making.NAME_LENGTH:
        return f"{name.name} is shorter than {making.NAME_LENGTH} characters"
    missing = [field.name for field in model._meta.concrete_fields if _is_wanting(field, name.name)]
    return f"it wants {', '.join(missing)}" if missing else ""


def _is_wanting(field: Any, user_name: str) -> bool:
    """Whether a row without a value of the project's own for it is no row, or only one such row may be there."""
    has_default = field.has_default() or field.db_default is not NOT_PROVIDED
    if field.primary_key or field.name in (user_name, "password") or has_default or field.null:
        return False
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return False
    return bool(field.unique) or field.name in _required() or not field.empty_strings_allowed


def _required() -> set[str]:
    """Fields that the model itself says a person has to fill in; an address, a provider may have."""
    model: Any = get_user_model()
    return set(model.REQUIRED_FIELDS) - {model.get_email_field_name()}


def check_admin_site(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not apps.is_installed("django.contrib.admin"):
        return []
    # By name: the modules are of use only where the admin is installed.
    sites, mixin = import_string("django.contrib.admin.sites.all_sites"), import_string(ADMIN_SITE_MIXIN)
    return [
        Warning(
            f'The admin site "{name}" has Django\'s login page, with no button for any provider, and tells people who '
            "are no staff to log in once more.",
            hint=f'In INSTALLED_APPS, write "{ADMIN_CONFIG}" in place of "django.contrib.admin"; a site of your own '
            f'inherits from "{ADMIN_SITE_MIXIN}".',
            id="multi_oidc_accounts.W004",
        )
        for name in sorted(site.name for site in sites if not isinstance(site, mixin))
        if _is_routed(name)
    ]


def _is_routed(name: str) -> bool:
    try:
        reverse(f"{name}:index")
    except (NoReverseMatch, ImproperlyConfigured):
        return False
    return True
