"""Rules that nobody can ask, and rules that can never match."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's names

from ..exceptions import ConfigurationError
from ..providers import Provider
from ..providers.addresses import ENTRA_HOSTS
from ..rules import ClaimsEntry, EmailEntry, FunctionEntry, Rule
from ..wording import quoted
from .known import known_configuration


def check_rule_functions(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{known_configuration().source}: provider {quoted(provider.name)}: {problem}",
            hint="The dotted path of a function that takes the claims and returns True or False.",
            id="django_multi_oidc.E016",
        )
        for provider in known_configuration().providers.values()
        for rule in provider.rules.every
        for entry in rule.entries
        if isinstance(entry, FunctionEntry) and (problem := _problem_of(entry))
    ]


def _problem_of(entry: FunctionEntry) -> str:
    try:
        entry.resolve()
    except ConfigurationError as error:
        return str(error)
    return ""


def check_rules_that_never_match(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Warning(f"{where} has {entry}, which can never match: {why}", hint=mend, id="django_multi_oidc.W007")
        for provider in known_configuration().providers.values()
        for where, entry, why, mend in _never(provider)
    ]


def _never(provider: Provider) -> Iterator[tuple[str, str, str, str]]:
    """Where the entry stands, its text, why it never matches, and the mend."""
    for rule in provider.rules.every:
        where = _where(provider, rule)
        for entry in rule.entries:
            if isinstance(entry, EmailEntry):
                yield from ((where, entry.text, *slip) for slip in _never_as_address(provider, rule, entry))
            elif isinstance(entry, ClaimsEntry):
                yield from ((where, entry.text, *slip) for slip in _never_as_claims(provider, entry))


def _never_as_address(provider: Provider, rule: Rule, entry: EmailEntry) -> Iterator[tuple[str, str]]:
    host = urlsplit(provider.server_metadata_url).hostname or ""
    if host in ENTRA_HOSTS and not provider.trust_email:
        yield (
            f"{host} never sends email_verified.",
            'Name the person by a claim: { oid = "…" }, { roles = ["…"] } or { groups = ["…"] }. Or set '
            "trust_email = true, where this tenant gives nobody an address that is not theirs.",
        )
    elif not _may_be_let_in(provider.rules.allow, entry):
        yield ("allow does not let it in.", "Add it to allow, or take it out here.")


def _may_be_let_in(allow: Rule | None, entry: EmailEntry) -> bool:
    """False only where ``allow`` is made of addresses, none of which can be one of the entry's; its own can."""
    if allow is None:
        return True
    return any(not isinstance(each, EmailEntry) or _overlap(each, entry) for each in allow.entries)


def _overlap(one: EmailEntry, other: EmailEntry) -> bool:
    same_person = one.local_part == other.local_part or "" in (one.local_part, other.local_part)
    return one.domain == other.domain and same_person


def _never_as_claims(provider: Provider, entry: ClaimsEntry) -> Iterator[tuple[str, str]]:
    for test in entry.tests:
        if test.name == "tid" and provider.tenants and provider.tenants.isdisjoint(test.values):
            yield (
                "the tenant is not one of tenants.",
                f"{quoted('tid')} is one of: {', '.join(sorted(provider.tenants))}",
            )


def _where(provider: Provider, rule: Rule) -> str:
    return f"{known_configuration().source}: {rule.key} of the provider {quoted(provider.name)}"
