"""JSON from strangers (RFC 8259), read without the leniencies that two parsers could differ on."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

# Claims nest three or four levels in practice. The limit keeps whatever walks them later
# (freezing, packing into the cookie) far from Python's own recursion limit.
MAX_DEPTH = 32
MAX_DIGITS = 100  # of a whole number; Python's own limit is newer than the oldest Python we run on


def parse_object(data: bytes) -> dict[str, Any]:
    """The JSON object in ``data``.

    Raises ValueError, whose text says what is wrong and quotes nothing of ``data``: no UTF-8, no JSON,
    no object, a member named twice, NaN or an infinite number, a lone surrogate, nesting past MAX_DEPTH.
    """
    value = _loads(_text(data))
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    _check_depth(value)
    _check_encodable(value)
    return value


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")  # RFC 8259 section 8.1: a parser may ignore a byte order mark
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None


def _loads(text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except json.JSONDecodeError:  # its ``doc`` is the whole answer: not to be chained
        raise ValueError("it is not JSON") from None
    except RecursionError:
        raise ValueError(f"it nests deeper than {MAX_DEPTH} levels") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("it names a member twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it contains {name}, which is not JSON")


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError("it contains a number out of range")
    return number


def _whole(literal: str) -> int:
    if len(literal) > MAX_DIGITS:
        raise ValueError("it contains a number out of range")
    return int(literal)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise ValueError(f"it nests deeper than {MAX_DEPTH} levels")


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _check_encodable(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it contains half of a surrogate pair") from None
