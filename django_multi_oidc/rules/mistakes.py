"""What is wrong with a rule, for a message."""

from __future__ import annotations

from typing import NamedTuple


class RuleMistake(NamedTuple):
    """What is wrong with a rule, for a message: which key, what about it, and the mend."""

    key: str
    what: str
    mend: str


class InvalidEntryError(ValueError):
    """An entry of a rule that says nothing; its two arguments are what is wrong, and the mend."""
