"""What is said about a file that is not TOML. The parser knows where; we know what people mean."""

from __future__ import annotations

import re

from tomli import TOMLDecodeError

from .keys import KNOWN_KEYS, SECRETS
from .mistakes import Mistake

SHOWN_KEYS = set(KNOWN_KEYS) - SECRETS
HEADER = re.compile(r"\s*\[[^=\"']*")
ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")


def syntax_mistake(source: str, error: TOMLDecodeError) -> Mistake:
    """Line and column, the line with a caret under the column, and the mend."""
    reason = re.sub(r"\s*['\"(].*", " …", error.msg, flags=re.DOTALL)  # what it quotes may be a secret
    what = f"line {error.lineno}, column {error.colno} is not TOML: {reason}."
    return Mistake(source, what, "\n".join([*_excerpt(error), _mend(error)]))


def _excerpt(error: TOMLDecodeError) -> list[str]:
    line = error.doc.split("\n")[error.lineno - 1]
    shown = _without_secrets(line, error)
    if not shown.strip():
        return []
    if error.colno > len(shown) + 1:
        return [f"{shown.strip()}…"]
    indent = len(shown) - len(shown.lstrip())
    caret = " " * (error.colno - 1 - indent) + "^"
    return [shown.strip() + ("…" if shown != line else ""), caret]


def _without_secrets(line: str, error: TOMLDecodeError) -> str:
    """As much of the line as surely holds no secret.

    That is a header, or a key of ours that is no secret with its value: to the second equals sign
    at most, since the guide's page runs several keys into one line, and not past the word "secret".
    """
    assignment = ASSIGNMENT.match(line)
    if assignment is None:
        header = HEADER.match(line)
        return header[0] if header else ""
    if assignment[1] in SECRETS:
        return assignment[0]
    return _first_assignment(line) if assignment[1] in SHOWN_KEYS else ""


def _first_assignment(line: str) -> str:
    start = line.index("=") + 1
    end = re.search(r"=|(?<=secret)", line[start:], re.IGNORECASE)
    return line if end is None else line[: start + end.start()]


def _mend(error: TOMLDecodeError) -> str:
    at = error.doc[error.pos :]
    return next(mend for reason, met, mend in MENDS if re.match(reason, error.msg) and re.match(met, at))


MENDS = (
    # what the parser says, what stands where it stopped, and the mend
    (
        "",
        r"\(",
        "TOML has no parentheses. Remove both, and write the value on the line of its key:\n"
        'server_metadata_url = "https://accounts.google.com/.well-known/openid-configuration"',
    ),
    ("", r"[\u2018-\u201f\u00ab\u00bb]", 'Use straight quotes: "…"'),
    ("", "(?i:true|false|yes|no|on|off)\\b", "Write true or false, in lower case."),
    ("Cannot overwrite", "", "The key stands twice in its table: keep one."),
    ("Cannot declare", "", "The table stands twice in the file: make it one."),
    ("Unescaped|Invalid hex", "", "Write a backslash twice, or put the text into 'single quotes'."),
    ("Expected newline", "", "Write each table's [name] and each key on a line of its own."),
    ("Expected '='", "", 'After a key stands an equals sign: key = "value"'),
    ("Unclosed array", "", "The entries of a list stand in quotes, with commas between them."),
    ("Invalid value", "", 'Text stands in quotes: key = "value"'),
    ("Illegal character|Unterminated", "", "The quote at the end of the text is missing."),
    ("", "", "The rules of TOML: https://toml.io/"),
)
