"""System checks of this app's settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's names

from ..checks.known import known_configuration
from ..checks.setting_values import import_problem
from ..conf import conf
from ..gates import age_gate
from ..providers.addresses import ENTRA_HOSTS
from ..wording import quoted
from . import user_model

DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
CREATE_USERS = ("always", "invited", "never")


def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(f"{name} is {problem}.", hint=hint, id="multi_oidc_accounts.E005")
        for name, problem, hint in _wrong_values()
    ]


def _wrong_values() -> Iterator[tuple[str, str, str]]:
    create: Any = conf.MULTI_OIDC_ACCOUNTS_CREATE_USERS
    if create not in CREATE_USERS:
        yield "MULTI_OIDC_ACCOUNTS_CREATE_USERS", _shown(create), f"One of: {', '.join(CREATE_USERS)}"
    path: Any = conf.MULTI_OIDC_ACCOUNTS_MAKE_USER
    if path is not None and (problem := import_problem(path)):
        hint = 'The path of a function: "shop.accounts.make_user"'
        yield "MULTI_OIDC_ACCOUNTS_MAKE_USER", f"{_shown(path)}, {problem}", hint
    for name in ("STAFF_ROLE", "SUPERUSER_ROLE"):
        role: Any = getattr(conf, f"MULTI_OIDC_ACCOUNTS_{name}")
        if role is not None and not isinstance(role, str):
            yield f"MULTI_OIDC_ACCOUNTS_{name}", _shown(role), 'The name of a role, such as "admin", or None'
    groups: Any = conf.MULTI_OIDC_ACCOUNTS_GROUPS
    if not _is_mapping_of(groups, str):
        yield (
            "MULTI_OIDC_ACCOUNTS_GROUPS",
            _shown(groups),
            'Groups, each with a role: {"Editors": "editor"}',
        )
    domains: Any = conf.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL
    if not _is_mapping_of(domains, (list, tuple)):
        hint = 'Providers, each with a list of domains: {"google": ["example.org"]}'
        yield "MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL", _shown(domains), hint
    if problem := _age_problem(conf.MULTI_OIDC_ACCOUNTS_ADMIN_MAX_AGE):
        yield "MULTI_OIDC_ACCOUNTS_ADMIN_MAX_AGE", problem, "Seconds, such as 8 * 60 * 60, or None"


def _is_mapping_of(value: Any, kind: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and isinstance(item, kind) for name, item in value.items()
    )


def _age_problem(max_age: Any) -> str:
    if max_age is None:
        return ""
    try:
        age_gate(max_age, None)
    except (TypeError, ValueError) as error:
        return f"{_shown(max_age)}: {error}"
    return ""


def _shown(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else repr(value)[:100]


def check_links_by_email(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    settings, links = known_configuration(), conf.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL
    if not _is_mapping_of(links, (list, tuple)):
        return []
    found: list[CheckMessage] = []
    if links and user_model.field(get_user_model().get_email_field_name()) is None:
        found.append(
            _link_error(f"is of no use: {conf.AUTH_USER_MODEL} has no field for addresses", "Empty it.")
        )
    for name, domains in links.items():
        found += [
            _link_error(
                f"has {_shown(domain)} for {quoted(name)}, which is no domain", 'Such as "example.org"'
            )
            for domain in domains or [""]
            if not isinstance(domain, str) or not DOMAIN.fullmatch(domain)
        ]
        provider = settings.providers.get(name)
        host = urlsplit(provider.server_metadata_url).hostname if provider else ""
        if settings.providers and provider is None:
            found.append(_link_error(f"names {quoted(name)}", f"Providers: {', '.join(settings.providers)}"))
        elif provider and host in ENTRA_HOSTS and not provider.trust_email:
            hint = (
                f"{host} never sends email_verified: nobody is linked. Link by subject: manage.py oidc_link."
            )
            found.append(_link_error(f"names {quoted(name)}, which verifies no address", hint))
    policy = conf.MULTI_OIDC_ACCOUNTS_CREATE_USERS
    if policy == "invited" and not links:
        hint = 'Whom may an invited address be verified by? {"google": ["example.org"]}'
        found.append(_link_error("is empty, and only invited people may log in: nobody can", hint))
    if policy == "never" and links:
        hint = 'MULTI_OIDC_ACCOUNTS_CREATE_USERS = "invited" links, and makes nobody.'
        found.append(_link_error('is not looked at: MULTI_OIDC_ACCOUNTS_CREATE_USERS is "never"', hint))
    return found


def _link_error(problem: str, hint: str) -> CheckMessage:
    return Error(f"MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL {problem}.", hint=hint, id="multi_oidc_accounts.E006")


def check_roles(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A role that no rule gives makes nobody anything; the default one only matters where there is an admin."""
    providers = known_configuration().providers.values()
    given = {role for provider in providers for role in provider.rules.roles}
    if not providers:
        return []
    return [
        Warning(
            f"{setting} names the role {quoted(role)}, which no rule gives: {result}.",
            hint=f"Roles in the secrets file: {', '.join(sorted(given)) or 'none'}.",
            id="multi_oidc_accounts.W003",
        )
        for setting, role, result in _named_roles()
        if isinstance(role, str) and role not in given
    ]


def _named_roles() -> Iterator[tuple[str, str, str]]:
    staff, superuser = conf.MULTI_OIDC_ACCOUNTS_STAFF_ROLE, conf.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE
    if staff and apps.is_installed("django.contrib.admin"):
        yield "MULTI_OIDC_ACCOUNTS_STAFF_ROLE", staff, "no identity opens Django's admin"
    if superuser:
        yield "MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE", superuser, "no identity is a superuser"
    groups = conf.MULTI_OIDC_ACCOUNTS_GROUPS
    if _is_mapping_of(groups, str):
        for group, role in groups.items():
            yield "MULTI_OIDC_ACCOUNTS_GROUPS", role, f"nobody gets into the group {quoted(group)}"
