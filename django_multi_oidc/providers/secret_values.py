"""Values that stand for a secret and are none."""

from __future__ import annotations

import re

PLACEHOLDER = re.compile(
    r"x{3,}|\.{2,}|…|<.*>|\{.*\}|\*+|change[-_ ]?(me|this|it)\W*|your[-_ ].*|replace[-_ ]?(me|this|with).*"
    r"|todo|placeholder|dummy|example|(my[-_ ])?(cookie|client)[-_ ](secret|id)",
    re.IGNORECASE | re.DOTALL,
)
SHORTEST = 32
FEWEST_CHARACTERS = 8
"""Different ones: a random string of 32 hexadecimal digits has fewer once in millions."""


def is_placeholder(value: str) -> bool:
    """True for what examples say where a value of one's own belongs."""
    return PLACEHOLDER.fullmatch(value.strip()) is not None


def weakness(cookie_secret: str) -> str:
    """Why it can be guessed, or an empty string. The value itself is never said."""
    if is_placeholder(cookie_secret):
        return "is a placeholder."
    if len(cookie_secret) < SHORTEST:
        return f"has only {len(cookie_secret)} characters; {SHORTEST} are the least."
    if len(set(cookie_secret)) < FEWEST_CHARACTERS or _repeats_itself(cookie_secret):
        return "is long, but too regular to be random."
    return ""


def _repeats_itself(value: str) -> bool:
    """True when it is a short piece over and over, the last one perhaps cut."""
    return any(value.startswith(value[period:]) for period in range(1, len(value) // 2 + 1))
