"""How messages write the values and types that people gave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def quoted(value: str) -> str:
    """The value in quotes as TOML writes it, cut to 80 characters."""
    return json.dumps(value if len(value) <= 80 else value[:79] + "…", ensure_ascii=False)


def type_name(value: Any) -> str:
    """What TOML calls the type of a value, with its article."""
    for types, name in TYPE_NAMES:
        if isinstance(value, types):
            return name
    return "a date or time" if hasattr(value, "isoformat") else f"a {type(value).__name__}"


TYPE_NAMES: tuple[tuple[type, str], ...] = (
    (str, "a string"),
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number with a fraction"),
    (list, "a list"),
    (Mapping, "a table"),
)


def whole(text: str, most: int) -> str:
    """A stranger's text for the log, up to ``most`` characters; of a longer one its length, and no piece.

    Half of a secret that a provider wants in our log could not be found there again, and taken out.
    """
    return repr(text) if len(text) <= most else f"of {len(text)} characters"
