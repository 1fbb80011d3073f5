"""Pages for some: whether anybody can ever see them, and whether everybody can see the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from inspect import unwrap
from typing import Any, cast

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's names
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, Resolver404, URLPattern, URLResolver, get_resolver, resolve

from .. import redirects
from ..conf import conf
from ..decorators import GateDecorator
from ..gates import Gate
from ..mixins import GatedView, gates_of, is_mixin
from ..rules import ADMIN
from ..wording import quoted
from .known import known_configuration
from .project import GATE_MIDDLEWARE, position


def check_gates(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Without providers there is nobody to see a page; that is W001's to say."""
    settings = known_configuration()
    if not settings.providers or not conf.ROOT_URLCONF:
        return []
    return [message for pattern in _patterns(get_resolver()) for message in _messages(pattern)]


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern)
        else:
            yield pattern


def _messages(pattern: URLPattern) -> Iterator[CheckMessage]:
    where = pattern.lookup_str
    if isinstance(pattern.callback, GateDecorator):
        yield _cannot_say(
            f"The view of {quoted(str(pattern.pattern))}", "it is a decorator of ours, and decorates nothing"
        )
        return
    try:
        gates = _gates_of(pattern.callback)
    except (TypeError, ValueError, ImproperlyConfigured) as error:
        yield _cannot_say(where, str(error))
        return
    yield from _messages_of_mixins(where, getattr(pattern.callback, "view_class", object))
    for place, gate in enumerate(gates):
        if gate not in gates[:place]:
            yield from _messages_of(where, gate)


def _cannot_say(where: str, why: str) -> CheckMessage:
    return Error(
        f"{where} cannot say who may see it: {why}.",
        hint="Until then it answers everybody with an error.",
        id="django_multi_oidc.E020",
    )


def _gates_of(view: Any) -> list[Gate]:
    made = _made(view)
    return [*getattr(view, "oidc_gates", ()), *(gates_of(made) if made else ())]


def _made(view: Any) -> GatedView | None:
    """The object that a class-based view with our mixins makes of a request."""
    view_class = getattr(view, "view_class", object)
    if not issubclass(view_class, GatedView):
        return None
    with suppress(Exception):  # an __init__ may ask for what is not there yet, a database for example
        return cast(GatedView, view_class(**view.view_initkwargs))
    return None


def _messages_of_mixins(where: str, view_class: type) -> Iterator[CheckMessage]:
    """A base before a mixin of ours, with a ``dispatch`` that does not go on to it, or not at once."""
    bases = view_class.__mro__
    ours = [place for place, base in enumerate(bases) if is_mixin(base)]
    for base in bases[: ours[-1]] if ours else ():
        if "dispatch" in vars(base) and not is_mixin(base) and not _is_ours_and_goes_on(base):
            mixin = bases[ours[-1]].__name__
            yield Error(
                f"{where} has the base {base.__name__} before {mixin}, and its dispatch() runs before "
                f"{mixin} is asked, or without it.",
                hint=f"Write {mixin} before {base.__name__} among the bases.",
                id="django_multi_oidc.E018",
            )


def _is_ours_and_goes_on(base: type) -> bool:
    """A view or mixin of the project's own on top of ours, whose ``dispatch`` speaks of another one's."""
    code = getattr(unwrap(vars(base)["dispatch"]), "__code__", None)
    return issubclass(base, GatedView) and code is not None and "dispatch" in code.co_names


def _messages_of(where: str, gate: Gate) -> Iterator[CheckMessage]:
    providers = known_configuration().providers
    unknown = [name for name in gate.providers if name not in providers]
    if unknown:
        yield Error(
            f"{where} is for people of the provider {quoted(unknown[0])}, which is not there.",
            hint=f"Providers: {', '.join(providers)}. Nobody but people of the others can see the page.",
            id="django_multi_oidc.E019",
        )
    elif gate.role and not any(
        gate.role in providers[name].rules.roles for name in gate.providers or providers
    ):
        yield Warning(
            f"{where} wants the role {quoted(gate.role)}, which no rule gives: nobody can see the page.",
            hint=f"{_known_roles()} A provider's table gives one:\n{_example_of(gate.role)}",
            id="django_multi_oidc.W008",
        )


def _known_roles() -> str:
    known = sorted(
        {role for provider in known_configuration().providers.values() for role in provider.rules.roles}
    )
    return f"Roles: {', '.join(known)}." if known else "No provider has roles."


def _example_of(role: str) -> str:
    return (
        'admins = ["pat@example.org"]'
        if role == ADMIN
        else f'roles = {{ {quoted(role)} = ["pat@example.org"] }}'
    )


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
