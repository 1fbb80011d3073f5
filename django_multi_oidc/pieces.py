"""One text over several cookies, for what browsers do not keep in one.

The text is signed as a whole before it gets here; count and tag in each piece say, before any signature is
looked at, which pieces belong together.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .signing import digest

HEAD = re.compile(r"([2-9])~([A-Za-z0-9_-]{8})~")  # "~" is in no text that `signing` makes
HEAD_CHARACTERS = len("2~12345678~")


class PiecesError(Exception):
    """Why there is no text; says nothing of what the pieces hold."""


def names(name: str, count: int = 9) -> list[str]:
    """What the first ``count`` cookies are called."""
    return [name, *(f"{name}_{place}" for place in range(1, count))]


def split(text: str, size: int) -> list[str]:
    """The text in pieces of at most ``size`` characters; it has to fit into nine of them."""
    if len(text) <= size:
        return [text]
    step = size - HEAD_CHARACTERS
    parts = [text[start : start + step] for start in range(0, len(text), step)]
    return [f"{len(parts)}~{digest(text)[:8]}~{part}" for part in parts]


def join(name: str, values: Callable[[str], list[str]]) -> str:
    """The text that `split` made into pieces; "" where there is none. ``values``: those of the cookies of a name.

    Raises PiecesError.
    """
    first = _only(values(name))
    head = HEAD.match(first)
    if head is None:
        return first
    rest = [_only(values(other)) for other in names(name, int(head[1]))[1:]]
    if not all(rest):
        raise PiecesError("one of its pieces is missing")
    if not all(piece.startswith(head[0]) for piece in rest):
        raise PiecesError("its pieces are those of several logins")
    return "".join(piece[HEAD_CHARACTERS:] for piece in (first, *rest))


def _only(found: list[str]) -> str:
    if len(found) > 1:
        raise PiecesError("its name stands more than once in the header")
    return next(iter(found), "")
