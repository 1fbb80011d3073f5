"""The rules of one provider, parsed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from .entries import ClaimsEntry, ClaimTest, EmailEntry, same
from .functions import FunctionEntry
from .incomplete import MARKERS

Entry = EmailEntry | ClaimsEntry | FunctionEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why somebody has a role, or has not. Names rules of the file, and no claim's value."""

    role: str
    granted: bool
    key: str = ""
    """Where the rule stands in the provider's table, such as ``roles.editor``; empty where there is none."""
    entry: str = ""
    """The entry that matches, as it stands in the file; empty where none does."""
    notes: tuple[str, ...] = ()
    """What kept an entry from matching, where that can be said."""

    def __str__(self) -> str:
        if self.granted:
            return f"{self.role}: {self.key} has {self.entry}"
        rule = f"no entry of {self.key} matches" if self.key else "no rule gives it"
        why = "; ".join([rule, *self.notes] if self.key or not self.notes else self.notes)
        return f"not {self.role}: {why}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A list of entries, of which one must match; an empty one matches nobody."""

    entries: tuple[Entry, ...]
    key: str
    """Where it stands in the provider's table."""

    @property
    def claim_names(self) -> frozenset[str]:
        return frozenset[str]().union(*(entry.claim_names for entry in self.entries))

    def matches(self, claims: Mapping[str, Any]) -> bool:
        # A generator's frame, once over, does not say who called it: error mails would show the claims (S7).
        for entry in self.entries:  # noqa: SIM110 - hence no any()
            if entry.matches(claims):
                return True
        return False

    def reason(self, role: str, claims: Mapping[str, Any]) -> Reason:
        """Why the rule gives the role for these claims, or does not."""
        for entry in self.entries:
            if entry.matches(claims):
                return Reason(role=role, granted=True, key=self.key, entry=entry.text)
        notes = [note for entry in self.entries for note in entry.obstacles(claims)]
        return Reason(role=role, granted=False, key=self.key, notes=tuple(dict.fromkeys(notes)))


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of one provider. ``allow`` is None where everybody may log in whom it vouches for."""

    allow: Rule | None = None
    roles: Mapping[str, Rule] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    claim_names: frozenset[str] = field(init=False)
    """The top-level claims that any of the rules looks at."""
    kept_names: frozenset[str] = field(init=False)
    """What an identity has to keep for them: these, and what says that one of them is not all there."""

    def __post_init__(self) -> None:
        names = frozenset[str]().union(*(rule.claim_names for rule in self.every))
        # An address is no list; a table may look at one, and who knows what a function looks at.
        of_addresses = all(isinstance(entry, EmailEntry) for rule in self.every for entry in rule.entries)
        kept = names if of_addresses else names | MARKERS
        object.__setattr__(self, "claim_names", names)  # frozen, and computed once
        object.__setattr__(self, "kept_names", kept)

    @property
    def every(self) -> tuple[Rule, ...]:
        """All of them: of the roles, and ``allow``."""
        return *self.roles.values(), *([self.allow] if self.allow else [])

    def allows(self, claims: Mapping[str, Any]) -> bool:
        return self.allow is None or self.allow.matches(claims)

    def mention(self, claim: str, value: Any) -> bool:
        """Whether a rule compares the claim with this very value: a list cut to such values gives the same roles."""
        return any(same(value, wanted) for test in self._tests_of(claim) for wanted in test.values)

    def look_at(self, claim: str) -> bool:
        """Whether a rule compares the claim, by its name or path, with anything."""
        return any(self._tests_of(claim))

    def _tests_of(self, claim: str) -> Iterator[ClaimTest]:
        return (test for test in self._tests() if test.name == claim)

    def _tests(self) -> Iterator[ClaimTest]:
        for rule in self.every:
            for entry in rule.entries:
                if isinstance(entry, ClaimsEntry):
                    yield from entry.tests

    def incomplete_in(self, claims: Mapping[str, Any]) -> frozenset[str]:
        """Names of the claims that a rule looks at, and of which the provider has not sent all."""
        return frozenset(test.name for test in self._tests() if test.is_incomplete(claims))

    def gives(self, role: str, claims: Mapping[str, Any]) -> bool:
        """Whether a rule gives the role. Asks this rule alone."""
        rule = self.roles.get(role)
        return rule is not None and rule.matches(claims)

    def why(self, role: str, claims: Mapping[str, Any]) -> Reason:
        """Why the claims give the role, or do not."""
        rule = self.roles.get(role)
        return Reason(role=role, granted=False) if rule is None else rule.reason(role, claims)

    def roles_of(self, claims: Mapping[str, Any]) -> frozenset[str]:
        given = []
        for name, rule in self.roles.items():  # no generator, as in Rule.matches
            if rule.matches(claims):
                given.append(name)
        return frozenset(given)
