"""From a provider's table to its rules, and all that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ..wording import quoted, type_name
from .emails import parse_email
from .entries import ClaimsEntry, ClaimTest, EmailEntry
from .functions import FunctionEntry
from .mistakes import InvalidEntryError, RuleMistake
from .model import Rule, Rules

ADMIN = "admin"
SCALARS = (str, int, float)
DOTTED_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


def parse_rules(table: Mapping[str, Any]) -> tuple[Rules, list[RuleMistake]]:
    """The rules that a provider's table holds, and everything that is wrong with them.

    Looks at the keys ``allow``, ``admins``, ``roles`` and ``trust_email`` alone.
    """
    mistakes: list[RuleMistake] = []
    trust_email = table.get("trust_email") is True
    lists = dict(_role_lists(table, mistakes))
    roles = {
        name: _parse_rule(key, value, trust_email=trust_email, mistakes=mistakes)
        for name, (key, value) in lists.items()
    }
    allow = None
    if "allow" in table:
        allow = _parse_rule("allow", table["allow"], trust_email=trust_email, mistakes=mistakes)
    return Rules(allow=allow, roles=MappingProxyType(roles)), mistakes


def _role_lists(
    table: Mapping[str, Any], mistakes: list[RuleMistake]
) -> Iterator[tuple[str, tuple[str, Any]]]:
    """(role, (key, unparsed rule)) of each role; the key ``admins`` is the role ``admin``."""
    if "admins" in table:
        yield ADMIN, ("admins", table["admins"])
    roles = table.get("roles", {})
    if not isinstance(roles, Mapping):
        mistakes.append(RuleMistake("roles", f"must be a table, not {type_name(roles)}.", ROLES_MEND))
        return
    for name, value in roles.items():
        mistake = _role_name_mistake(name, table)
        if mistake:
            mistakes.append(mistake)
        else:
            yield name, (f"roles.{name}", value)


ROLES_MEND = 'Each role is a key of it, with a rule as its value:\nroles = { editor = ["kim@example.org"] }'


def _role_name_mistake(name: str, table: Mapping[str, Any]) -> RuleMistake | None:
    if name == ADMIN and "admins" in table:
        return RuleMistake(
            "roles.admin", 'and "admins" are two rules for one role.', "Put all entries into one of the two."
        )
    if name == "admins":
        return RuleMistake(
            "roles.admins",
            'is not the role of admins, which is called "admin".',
            'Call it admin, or write the key "admins" beside the table of roles.',
        )
    if not name or name != name.strip() or not name.isprintable():
        return RuleMistake(
            "roles",
            f"has a role with the name {quoted(name)}.",
            "A role's name is not empty, neither begins nor ends with a space, and is printable.",
        )
    return None


def _parse_rule(key: str, value: Any, *, trust_email: bool, mistakes: list[RuleMistake]) -> Rule:
    if isinstance(value, Mapping) and "function" in value:
        return Rule(tuple(_functions(key, value, mistakes)), key)
    if not isinstance(value, list):
        mistakes.append(RuleMistake(key, f"must be a list, not {type_name(value)}.", _list_mend(key, value)))
        return Rule((), key)
    entries = []
    for entry in value:
        try:
            entries.append(_parse_entry(entry, trust_email=trust_email))
        except InvalidEntryError as error:
            mistakes.append(RuleMistake(key, *error.args))
    return Rule(tuple(entries), key)


def _functions(key: str, table: Mapping[str, Any], mistakes: list[RuleMistake]) -> Iterator[FunctionEntry]:
    """The one function, where it can be one. It is imported at the first question: apps load after the settings."""
    path = table["function"]
    if len(table) > 1:
        others = ", ".join(quoted(name) for name in table if name != "function")
        what = f"has a function, and beside it {others}."
    elif not isinstance(path, str):
        what = f"has {type_name(path)} as its function."
    elif not DOTTED_PATH.fullmatch(path):
        what = f"has the function {quoted(path)}, which is no dotted path."
    else:
        yield FunctionEntry(path, key)
        return
    mend = 'The dotted path of a function of the project, and nothing else:\n{ function = "shop.rules.is_editor" }'
    mistakes.append(RuleMistake(key, what, mend))


def _list_mend(key: str, value: Any) -> str:
    example = quoted(value) if isinstance(value, str) and value else '"pat@example.org"'
    return f"Put it into brackets:\n{key.rpartition('.')[2]} = [{example}]"


def _parse_entry(entry: Any, *, trust_email: bool) -> EmailEntry | ClaimsEntry:
    if isinstance(entry, str):
        return parse_email(entry, trust_email=trust_email)
    if isinstance(entry, Mapping):
        return _parse_claims(entry)
    raise InvalidEntryError(
        f"has {type_name(entry)} as an entry.",
        'An entry is an e-mail address, "*@" and a domain, or a table of claims:\n'
        '["pat@example.org", "*@example.com", { groups = ["staff"] }]',
    )


def _parse_claims(entry: Mapping[str, Any]) -> ClaimsEntry:
    return ClaimsEntry(tuple(_claim_tests(entry, ())))


def _claim_tests(table: Mapping[str, Any], outer: tuple[str, ...]) -> Iterator[ClaimTest]:
    """One test per claim. TOML makes nested tables of an unquoted dotted key: they are a path, too."""
    if not table:
        raise InvalidEntryError("has an empty table.", 'Name a claim and its values: { groups = ["staff"] }')
    for key, value in table.items():
        path = (*outer, *(key.split(".") if not outer else (key,)))
        _check_claim_name(key, path)
        if isinstance(value, Mapping):
            yield from _claim_tests(value, path)
        else:
            yield ClaimTest(".".join(path), path, _claim_values(".".join(path), value))


def _check_claim_name(key: str, path: tuple[str, ...]) -> None:
    if path == ("email",):
        raise InvalidEntryError(
            'has a table with the claim "email", which would count without being verified.',
            'Write the address as a string of its own: ["pat@example.org"]',
        )
    if not key:
        raise InvalidEntryError("has a table with a claim without a name.", "Name the claim.")


def _claim_values(name: str, value: Any) -> tuple[str | int | float, ...]:
    values = value if isinstance(value, list) else [value]
    for item in values:
        if not isinstance(item, SCALARS):
            raise InvalidEntryError(
                f"has a table in which the claim {quoted(name)} is compared with {type_name(item)}.",
                "Compare it with a string, a number or true or false, or with a list of these.",
            )
    return tuple(values)
