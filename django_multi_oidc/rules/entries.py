"""What an entry of a rule matches. Matching never raises, whatever the claims hold."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..wording import quoted
from .incomplete import incomplete

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")  # TOML 1.0


@dataclass(frozen=True, slots=True)
class EmailEntry:
    """``pat@example.org``, or ``*@example.org`` with an empty ``local_part``; lower-cased ASCII."""

    local_part: str
    domain: str
    trust_email: bool

    @property
    def claim_names(self) -> frozenset[str]:
        return frozenset({"email", "email_verified"})

    @property
    def text(self) -> str:
        return quoted(f"{self.local_part or '*'}@{self.domain}")

    def matches(self, claims: Mapping[str, Any]) -> bool:
        return self._means(claims) and is_vouched_for(claims, trust_email=self.trust_email)

    def obstacles(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """Why the claims, which do not match, might have been meant to."""
        return (
            (f"the address is {self.text}, and not verified by the provider",) if self._means(claims) else ()
        )

    def _means(self, claims: Mapping[str, Any]) -> bool:
        local_part, domain = split_email(claims.get("email"))
        return local_part != "" and domain == self.domain and self.local_part in ("", local_part)


def split_email(email: Any) -> tuple[str, str]:
    """The address in lower case, at its last "@"; two empty strings for what may never match.

    Only ASCII: Unicode has characters that become ASCII letters in lower case, such as the Kelvin
    sign, and others that only look like them.
    """
    if not isinstance(email, str) or not email.isascii():
        return "", ""
    local_part, _, domain = email.lower().rpartition("@")
    return local_part, domain


def is_vouched_for(claims: Mapping[str, Any], *, trust_email: bool) -> bool:
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

    @property
    def text(self) -> str:
        values = ", ".join(_toml(value) for value in self.values)
        return f"{_key(self.name)} = {values if len(self.values) == 1 else f'[{values}]'}"

    def is_incomplete(self, claims: Mapping[str, Any]) -> bool:
        """Whether the provider has said that this is not all of it."""
        return not incomplete(claims).isdisjoint((self.name, self.path[0]))

    def matches(self, claims: Mapping[str, Any]) -> bool:
        claim = claims[self.name] if self.name in claims else _follow(claims, self.path)
        found = claim if isinstance(claim, list | tuple) else (claim,)
        known = not self.is_incomplete(claims)
        return known and any(same(item, value) for item in found for value in self.values)


def _follow(claims: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if not isinstance(claims, Mapping) or step not in claims:
            return None
        claims = claims[step]
    return claims


def _key(name: str) -> str:
    return name if BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _toml(value: str | int | float) -> str:
    """As it stands in the file; JSON writes these as TOML does."""
    return json.dumps(value, ensure_ascii=False)


def same(left: Any, right: Any) -> bool:
    """Equal and of one type: Python's ``True == 1`` would let a flag pass for a number."""
    return type(left) is type(right) and bool(left == right)


@dataclass(frozen=True, slots=True)
class ClaimsEntry:
    """A table of a rule: all its tests must match."""

    tests: tuple[ClaimTest, ...]

    @property
    def claim_names(self) -> frozenset[str]:
        return frozenset(name for test in self.tests for name in (test.name, test.path[0]))

    @property
    def text(self) -> str:
        return f"{{ {', '.join(test.text for test in self.tests)} }}"

    def matches(self, claims: Mapping[str, Any]) -> bool:
        return all(test.matches(claims) for test in self.tests)

    def obstacles(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """Why the claims, which do not match, might have been meant to."""
        return tuple(
            f"the provider has not sent all of the claim {quoted(test.name)}"
            for test in self.tests
            if test.is_incomplete(claims)
        )
