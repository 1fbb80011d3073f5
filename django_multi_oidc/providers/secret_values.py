"""Values that stand for a secret and are none."""

from __future__ import annotations

import re
from collections.abc import Iterator

PLACEHOLDER = re.compile(
    r"x{3,}|\.{2,}|…|<.*>|\{.*\}|\*+|change[-_ ]?(me|this|it)\W*|your[-_ ].*|replace[-_ ]?(me|this|with).*"
    r"|todo|placeholder|dummy|example|(my[-_ ])?(cookie|client)[-_ ](secret|id)",
    re.IGNORECASE | re.DOTALL,
)
VARIABLE = re.compile(r"\$\{?\w+\}?|%\(\w+\)s|env:\w+", re.IGNORECASE)
SHORTEST = 32
FEWEST_CHARACTERS = 8
"""Different ones: a random string of 32 hexadecimal digits has fewer once in millions."""


def is_placeholder(value: str) -> bool:
    """True for what examples say where a value of one's own belongs."""
    return PLACEHOLDER.fullmatch(value.strip()) is not None


def weakness(cookie_secret: str) -> str:
    """Why it can be guessed, or an empty string. The value itself is never said."""
    return next((problem for is_so, problem in _weaknesses(cookie_secret) if is_so), "")


def _weaknesses(value: str) -> Iterator[tuple[bool, str]]:
    """Whether the secret has the weakness, and how it is called: the one that tells most first."""
    yield is_placeholder(value), "is a placeholder."
    yield value.startswith("["), "looks like a list in one string."
    yield (
        VARIABLE.fullmatch(value) is not None,
        'is the name of a variable, not its value: cookie_secret = { env = "…" }.',
    )
    yield value != value.strip(), "begins or ends with a space or a new line."
    yield len(value) < SHORTEST, f"has only {len(value)} characters; {SHORTEST} are the least."
    regular = len(set(value)) < FEWEST_CHARACTERS or _repeats_itself(value)
    yield regular, "is long, but too regular to be random."


def _repeats_itself(value: str) -> bool:
    """True when it is a short piece over and over, the last one perhaps cut."""
    return any(value.startswith(value[period:]) for period in range(1, len(value) // 2 + 1))
