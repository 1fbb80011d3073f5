"""Who may log in, and who has which role: the rules ``allow``, ``admins`` and ``roles`` of a provider.

A rule is a list, and one matching entry is enough:

* a string is an e-mail address, or ``*@domain`` for all addresses of exactly that domain. It counts
  only when the provider vouches for the address (``email_verified``, OpenID Connect Core 1.0
  section 5.1);
* a table matches when every claim that it names has one of the values that it lists.

Pure: knows no request, no provider and no Django. Matching never raises, whatever the claims hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from .wording import quoted, type_name

ADMIN = "admin"
SCALARS = (str, int, float)
REGULAR_EXPRESSION = re.compile(r"^\^|\$$|\.\*|\.\+|[\\()\[\]|]")
UNWANTED = re.compile(r"[\s<>,;\x00-\x1f\x7f]")
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


class RuleMistake(NamedTuple):
    """What is wrong with a rule, for a message: which key, what about it, and the mend."""

    key: str
    what: str
    mend: str


class InvalidEntryError(ValueError):
    """An entry of a rule that says nothing; its two arguments are what is wrong, and the mend."""


# Matching.


@dataclass(frozen=True, slots=True)
class EmailEntry:
    """``pat@example.org``, or ``*@example.org`` with an empty ``local_part``; lower-cased ASCII."""

    local_part: str
    domain: str
    trust_email: bool

    @property
    def claim_names(self) -> frozenset[str]:
        return frozenset({"email", "email_verified"})

    def matches(self, claims: Mapping[str, Any]) -> bool:
        local_part, domain = _split_email(claims.get("email"))
        return (
            local_part != ""
            and domain == self.domain
            and self.local_part in ("", local_part)
            and _is_vouched_for(claims, trust_email=self.trust_email)
        )


def _split_email(email: Any) -> tuple[str, str]:
    """The address in lower case, at its last "@"; two empty strings for what may never match.

    Only ASCII: Unicode has characters that become ASCII letters in lower case, such as the Kelvin
    sign, and others that only look like them.
    """
    if not isinstance(email, str) or not email.isascii():
        return "", ""
    local_part, _, domain = email.lower().rpartition("@")
    return local_part, domain


def _is_vouched_for(claims: Mapping[str, Any], *, trust_email: bool) -> bool:
    """True when the address is the person's own according to the provider.

    ``trust_email`` stands in for a statement that is missing or spelled as a string, never for a no.
    """
    verified = claims.get("email_verified")
    return verified is True or (trust_email and verified in (None, "true"))


@dataclass(frozen=True, slots=True)
class ClaimTest:
    """A claim that must have one of ``values``: the claim named ``name``, else the one at ``path``."""

    name: str
    path: tuple[str, ...]
    values: tuple[str | int | float, ...]

    def matches(self, claims: Mapping[str, Any]) -> bool:
        claim = claims[self.name] if self.name in claims else _follow(claims, self.path)
        found = claim if isinstance(claim, list | tuple) else (claim,)
        return any(_same(item, value) for item in found for value in self.values)


def _follow(claims: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if not isinstance(claims, Mapping) or step not in claims:
            return None
        claims = claims[step]
    return claims


def _same(left: Any, right: Any) -> bool:
    """Equal and of one type: Python's ``True == 1`` would let a flag pass for a number."""
    return type(left) is type(right) and bool(left == right)


@dataclass(frozen=True, slots=True)
class ClaimsEntry:
    """A table of a rule: all its tests must match."""

    tests: tuple[ClaimTest, ...]

    @property
    def claim_names(self) -> frozenset[str]:
        return frozenset(name for test in self.tests for name in (test.name, test.path[0]))

    def matches(self, claims: Mapping[str, Any]) -> bool:
        return all(test.matches(claims) for test in self.tests)


@dataclass(frozen=True, slots=True)
class Rule:
    """A list of entries, of which one must match; an empty one matches nobody."""

    entries: tuple[EmailEntry | ClaimsEntry, ...]

    @property
    def claim_names(self) -> frozenset[str]:
        return frozenset[str]().union(*(entry.claim_names for entry in self.entries))

    def matches(self, claims: Mapping[str, Any]) -> bool:
        return any(entry.matches(claims) for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of one provider. ``allow`` is None where everybody may log in whom it vouches for."""

    allow: Rule | None = None
    roles: Mapping[str, Rule] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    claim_names: frozenset[str] = field(init=False)
    """The top-level claims that any of the rules looks at."""

    def __post_init__(self) -> None:
        rules = [*self.roles.values(), *([self.allow] if self.allow else [])]
        names = frozenset[str]().union(*(rule.claim_names for rule in rules))
        object.__setattr__(self, "claim_names", names)  # frozen, and computed once

    def allows(self, claims: Mapping[str, Any]) -> bool:
        return self.allow is None or self.allow.matches(claims)

    def mention(self, claim: str, value: Any) -> bool:
        """Whether a rule compares the claim with this very value: a list cut to such values gives the same roles."""
        return any(_same(value, wanted) for test in self._tests(claim) for wanted in test.values)

    def look_at(self, claim: str) -> bool:
        """Whether a rule compares the claim, by its name or path, with anything."""
        return any(self._tests(claim))

    def _tests(self, claim: str) -> Iterator[ClaimTest]:
        for rule in (*self.roles.values(), *([self.allow] if self.allow else [])):
            for entry in rule.entries:
                if isinstance(entry, ClaimsEntry):
                    yield from (test for test in entry.tests if test.name == claim)

    def roles_of(self, claims: Mapping[str, Any]) -> frozenset[str]:
        return frozenset(name for name, rule in self.roles.items() if rule.matches(claims))


# Parsing.


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
    if not isinstance(value, list):
        mistakes.append(RuleMistake(key, f"must be a list, not {type_name(value)}.", _list_mend(key, value)))
        return Rule(())
    entries = []
    for entry in value:
        try:
            entries.append(_parse_entry(entry, trust_email=trust_email))
        except InvalidEntryError as error:
            mistakes.append(RuleMistake(key, *error.args))
    return Rule(tuple(entries))


def _list_mend(key: str, value: Any) -> str:
    example = quoted(value) if isinstance(value, str) and value else '"pat@example.org"'
    return f"Put it into brackets:\n{key.rpartition('.')[2]} = [{example}]"


def _parse_entry(entry: Any, *, trust_email: bool) -> EmailEntry | ClaimsEntry:
    if isinstance(entry, str):
        return _parse_email(entry, trust_email=trust_email)
    if isinstance(entry, Mapping):
        return _parse_claims(entry)
    raise InvalidEntryError(
        f"has {type_name(entry)} as an entry.",
        'An entry is an e-mail address, "*@" and a domain, or a table of claims:\n'
        '["pat@example.org", "*@example.com", { groups = ["staff"] }]',
    )


def _parse_email(entry: str, *, trust_email: bool) -> EmailEntry:
    mend = _email_mend(entry)
    if mend:
        raise InvalidEntryError(
            f'has the entry {quoted(entry)}: no e-mail address, and not "*@" and a domain.', mend
        )
    local_part, _, domain = entry.lower().partition("@")
    return EmailEntry("" if local_part == "*" else local_part, domain, trust_email)


def _email_mend(entry: str) -> str:
    """How to mend the entry; empty when it is right."""
    return next((mend for wrong, mend in _email_slips(entry) if wrong), "")


def _email_slips(entry: str) -> Iterator[tuple[bool, str]]:
    """Whether the entry has the slip, and the mend for it: the one that tells most first."""
    local_part, at, domain = entry.partition("@")
    bare = entry.removeprefix("*").removeprefix(".")
    yield not entry.isascii(), 'Only ASCII is compared; write a domain with other letters in its "xn--" form.'
    yield entry == "*", "Remove the key to let in everybody whom the provider vouches for."
    yield (
        REGULAR_EXPRESSION.search(entry) is not None,
        'Regular expressions are not known here. All addresses of a domain: "*@example.org"',
    )
    yield "@" in domain, "Write one address per entry, each in quotes, with commas between the entries."
    yield (
        UNWANTED.search(entry) is not None,
        "Write the bare address, without spaces, names, brackets and commas.",
    )
    yield DOMAIN.fullmatch(bare) is not None, f'All addresses of this domain: "*@{bare}"'
    yield at == "", NEITHER_MEND
    yield domain == "", 'The domain is missing: "pat@example.org"'
    yield local_part == "", f'All addresses of this domain: "*{entry}"'
    yield (
        "*" in domain or (local_part != "*" and "*" in local_part),
        'A star stands only for everything before the "@"; each subdomain needs an entry of its own.',
    )


NEITHER_MEND = 'All addresses of a domain: "*@example.org"\nThe value of a claim: { groups = ["staff"] }'


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
