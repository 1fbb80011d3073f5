"""How a mistake in the configuration is worded: file, table, key, and the mend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake. ``mend`` may have several lines. Neither text ever holds a secret."""

    source: str
    what: str
    mend: str

    @property
    def headline(self) -> str:
        return f"{self.source}: {self.what}"

    def __str__(self) -> str:
        return "\n  ".join([self.headline, *self.mend.splitlines()])


def as_text(mistakes: Iterable[Mistake]) -> str:
    """All mistakes, a block each."""
    return "\n".join(str(mistake) for mistake in mistakes)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that ``word`` was probably meant to be, or an empty string."""
    plain = word.lower().replace("-", "_").strip()
    return next(iter(get_close_matches(plain, list(known), n=1, cutoff=0.75)), "")


def listing(words: Iterable[str]) -> str:
    return ", ".join(words)
