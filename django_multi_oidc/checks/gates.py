"""Pages for some: whether anybody can ever see them, and whether everybody can see the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's names
from django.urls import NoReverseMatch, Resolver404, URLPattern, URLResolver, get_resolver, resolve

from .. import redirects
from ..conf import conf
from ..gates import login_gate
from ..mixins import GatedView
from ..wording import quoted
from .known import known_configuration
from .project import GATE_MIDDLEWARE, USER_MIDDLEWARE, position


class Wanted(NamedTuple):
    """What a view of the URLconf wants; ``where`` is the view, as messages show it."""

    where: str
    providers: tuple[str, ...]
    role: str | None


def check_gate_middleware(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    gate, user = position(conf.MIDDLEWARE, GATE_MIDDLEWARE), position(conf.MIDDLEWARE, USER_MIDDLEWARE)
    if gate is None or user is None or user < gate:
        return []
    return [
        Error(
            f'"{GATE_MIDDLEWARE}" stands before "{USER_MIDDLEWARE}" in MIDDLEWARE.',
            hint="Move it behind: it asks request.oidc_user.",
            id="django_multi_oidc.E018",
        )
    ]


def check_gates(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Without providers there is nobody to see a page; that is W001's to say."""
    settings = known_configuration()
    if not settings.providers or not conf.ROOT_URLCONF:
        return []
    return [message for wanted in _wanted(get_resolver()) for message in _messages(wanted)]


def _messages(wanted: Wanted) -> Iterator[CheckMessage]:
    providers = known_configuration().providers
    unknown = [name for name in wanted.providers if name not in providers]
    if unknown:
        yield Error(
            f"{wanted.where} is for people of the provider {quoted(unknown[0])}, which is not there.",
            hint=f"Providers: {', '.join(providers)}. Nobody but people of the others can see the page.",
            id="django_multi_oidc.E019",
        )
        return
    rules = [
        provider.rules for name, provider in providers.items() if name in (wanted.providers or providers)
    ]
    if wanted.role and not any(wanted.role in each.roles for each in rules):
        known = sorted({role for provider in providers.values() for role in provider.rules.roles})
        yield Warning(
            f"{wanted.where} wants the role {quoted(wanted.role)}, which no rule gives: nobody can see the page.",
            hint=f"{_roles(known)} A provider's table gives one:\n"
            + (
                'admins = ["pat@example.org"]'
                if wanted.role == "admin"
                else f'roles = {{ {quoted(wanted.role)} = ["pat@example.org"] }}'
            ),
            id="django_multi_oidc.W008",
        )


def _roles(known: Iterable[str]) -> str:
    return f"Roles: {', '.join(known)}." if known else "No provider has roles."


def _wanted(resolver: URLResolver) -> Iterator[Wanted]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _wanted(pattern)
        else:
            yield from _wanted_by(pattern)


def _wanted_by(pattern: URLPattern) -> Iterator[Wanted]:
    view: Any = pattern.callback
    for gate in getattr(view, "oidc_gates", ()):
        yield Wanted(pattern.lookup_str, gate.providers, gate.role)
    view_class = getattr(view, "view_class", None)
    if view_class is not None and issubclass(view_class, GatedView):
        given = {name: getattr(view_class, name, None) for name in ("oidc_providers", "oidc_role")}
        given |= getattr(view, "view_initkwargs", {})
        # A wrong value is said at the first request, to everybody.
        yield Wanted(pattern.lookup_str, login_gate(given["oidc_providers"]).providers, given["oidc_role"])


def check_public_page_after_logout(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Who logs out would be at the provider's login at once, perhaps logged in again by its session."""
    if position(conf.MIDDLEWARE, GATE_MIDDLEWARE) is None or not conf.ROOT_URLCONF:
        return []
    try:
        path = redirects.after_logout()
        is_public = not getattr(resolve(path).func, "login_required", True)
    except (NoReverseMatch, Resolver404):  # the first is E015's to say; the second is no page of this site
        return []
    if is_public:
        return []
    return [
        Warning(
            f"A logout leads to {quoted(path)}, which needs a login: people would be asked to log in again at once.",
            hint="Mark that view with login_not_required, of django.contrib.auth.decorators, or let "
            "LOGOUT_REDIRECT_URL name a page that is public.",
            id="django_multi_oidc.W009",
        )
    ]
