from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc.strict_json import MAX_DEPTH, parse_object


def nested(levels: int) -> bytes:
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is not JSON"),
        (b"<html>", "it is not JSON"),
        (b'{"a": 1} {}', "it is not JSON"),
        (b"[]", "it is not a JSON object"),
        (b'"text"', "it is not a JSON object"),
        (b"null", "it is not a JSON object"),
        (b'{"sub": "a", "sub": "b"}', "it names a member twice"),
        (b'{"a": [{"b": 1, "b": 1}]}', "it names a member twice"),
        (b'{"exp": NaN}', "it contains NaN, which is not JSON"),
        (b'{"exp": -Infinity}', "it contains -Infinity, which is not JSON"),
        (b'{"exp": 1e999}', "it contains a number out of range"),
        (b'{"exp": ' + b"1" * 5000 + b"}", "it contains a number out of range"),
        (b'{"exp": ' + b"1" * 101 + b"}", "it contains a number out of range"),
        (b'{"name": "\xff"}', "it is not UTF-8"),
        ('{"name": "é"}'.encode("latin-1"), "it is not UTF-8"),
        (b'{"name": "\\ud800"}', "it contains half of a surrogate pair"),
        (b'{"\\udfff": 1}', "it contains half of a surrogate pair"),
        (nested(MAX_DEPTH + 1), "it nests deeper than 32 levels"),
        (nested(100_000), "it nests deeper than 32 levels"),
        (b'{"a":' * 100_000, "it nests deeper than 32 levels"),
    ],
)
def test_what_is_refused(data, message):  # S1
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the message is compared exactly
        parse_object(data)
    assert str(caught.value) == message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"{}", {}),
        (b'\xef\xbb\xbf{"a": 1.5}', {"a": 1.5}),
        ('{"name": "\N{HEBREW LETTER ALEF}"}'.encode(), {"name": "\N{HEBREW LETTER ALEF}"}),
        (b'{"name": "\\ud83d\\ude00"}', {"name": "\N{GRINNING FACE}"}),
        (nested(2), {"a": []}),
        (b'{"a": ' + b"1" * 100 + b"}", {"a": int("1" * 100)}),
    ],
)
def test_what_is_read(data, value):
    assert parse_object(data) == value


def test_the_deepest_nesting_allowed():
    assert json.dumps(parse_object(nested(MAX_DEPTH))).count("[") == MAX_DEPTH - 1


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), values))
def test_every_object_comes_back(value):
    assert parse_object(json.dumps(value).encode()) == value


@given(st.binary())
def test_bytes_of_any_kind_are_an_object_or_a_value_error(data):
    try:
        assert isinstance(parse_object(data), dict)
    except ValueError as error:
        assert str(error).startswith("it ")  # noqa: PT017  most of them raise, some do not
