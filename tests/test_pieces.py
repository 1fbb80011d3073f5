from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc import pieces

LETTERS = string.ascii_letters + string.digits + "-_:."


def jar_of(text, size):
    parts = pieces.split(text, size)
    return {name: [part] for name, part in zip(pieces.names("id", len(parts)), parts, strict=True)}


def test_a_short_text_is_one_piece_as_it_is():  # K5
    assert pieces.split("x" * 20, 20) == ["x" * 20]


def test_a_longer_one_says_in_each_piece_what_belongs_together():  # K5
    first, second = pieces.split("a" * 21, 30 - 9)[0], pieces.split("a" * 22, 21)
    assert first == "a" * 21
    assert [len(piece) for piece in second] == [21, 21, 13]
    assert {piece[:11] for piece in second} == {second[0][:11]}
    assert second[0].startswith("3~")


@given(text=st.text(LETTERS, min_size=1, max_size=400), size=st.integers(60, 500))
def test_what_was_split_is_joined(text, size):  # K5
    jar = jar_of(text, size)
    assert all(len(value) <= size for [value] in jar.values())
    assert pieces.join("id", lambda name: jar.get(name, [])) == text


@given(
    texts=st.lists(st.text(LETTERS, min_size=80, max_size=300), min_size=2, max_size=3, unique=True),
    data=st.data(),
)
def test_a_mixture_is_one_of_the_texts_or_none(texts, data):  # K5
    jars = [jar_of(text, 60) for text in texts]
    names = sorted(set().union(*jars))
    jar = {name: data.draw(st.sampled_from([found.get(name, []) for found in jars])) for name in names}
    try:
        joined = pieces.join("id", lambda name: jar.get(name, []))
    except pieces.PiecesError as error:
        joined = str(error)
    assert joined in {*texts, "", "one of its pieces is missing", "its pieces are those of several logins"}


@pytest.mark.parametrize(
    "value", ["1~12345678~x", "10~12345678~x", "2~1234567~x", "2~1234567+~x", "x2~12345678~x"]
)
def test_what_is_no_piece_is_a_text(value):
    assert pieces.join("id", lambda name: [value] if name == "id" else ["y"]) == value


def test_names():
    assert pieces.names("id", 1) == ["id"]
    assert pieces.names("id", 3) == ["id", "id_1", "id_2"]
    assert pieces.names("id")[-1] == "id_8"
