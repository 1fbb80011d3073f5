from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc.dev_provider.people import Organisation, Person
from django_multi_oidc.dev_provider.people_file import PeopleFileError, load_people, organisations

FILE = """
[gamma]
label = "Gamma Radio"
algorithm = "ES256"
claims_in = "userinfo"
client_id = "my-client"
client_secret = "my-secret"

[[gamma.people]]
key = "ann"
name = "Ann Åse"
email = "ann@gamma.example"
email_verified = false
groups = ["admins"]
remark = "Boss"
sub = "00u1"
claims = { locale = "nb", address = { country = "NO" } }

[delta]
[[delta.people]]
key = "bo"
name = "Bo"
"""


def test_the_file(tmp_path: Path) -> None:  # D8
    path = tmp_path / "people.toml"
    path.write_text(FILE, encoding="utf-8")
    ann = Person(
        key="ann",
        name="Ann Åse",
        email="ann@gamma.example",
        email_verified=False,
        groups=("admins",),
        remark="Boss",
        sub="00u1",
        claims={"locale": "nb", "address": {"country": "NO"}},
    )
    assert load_people(path) == (
        Organisation(
            name="gamma",
            label="Gamma Radio",
            algorithm="ES256",
            claims_in_id_token=False,
            client_id="my-client",
            client_secret="my-secret",
            people=(ann,),
        ),
        Organisation(name="delta", people=(Person(key="bo", name="Bo"),)),
    )


PERSON_KEYS = "key, name, email, email_verified, groups, remark, sub, claims"
ORGANISATION_KEYS = "label, people, algorithm, claims_in, client_id, client_secret"
BO = '[[a.people]]\nkey = "bo"\nname = "Bo"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no organisation. Begin one with [alpha], and each person with [[alpha.people]]"),
        ("a = 1", "[a] must be a table"),
        ("[a]", f'[a] has no "people". Known keys: {ORGANISATION_KEYS}'),
        ("[a]\npeople = []", f'[a] has no "people". Known keys: {ORGANISATION_KEYS}'),
        ("[a]\npeople = [1]", "[[a.people]] number 1 must be a table"),
        ("[a]\npeople = true", "[a]: \"people\" must be a list, not True"),
        (
            BO + '[[a.people]]\nkey = "x"',
            f'[[a.people]] number 2 has no "name". Known keys: {PERSON_KEYS}',
        ),
        (BO + "nmae = 1", f'[[a.people]] number 1 has an unknown key "nmae". Did you mean "name"? '
                          f"Known keys: {PERSON_KEYS}"),
        (BO + "zzz = 1", f'[[a.people]] number 1 has an unknown key "zzz". Known keys: {PERSON_KEYS}'),
        (BO + "email = 1", '[[a.people]] number 1: "email" must be a string, not 1'),
        (
            BO + 'email_verified = "no"',
            "[[a.people]] number 1: \"email_verified\" must be true or false, not 'no'",
        ),
        (BO + 'groups = "x"', "[[a.people]] number 1: \"groups\" must be a list, not 'x'"),
        (BO + "groups = [1]", "[[a.people]] number 1: groups must be strings"),
        (BO + "claims = 1", '[[a.people]] number 1: "claims" must be a table, not 1'),
        (
            BO + "claims = { born = 1990-01-01 }",
            "[[a.people]] number 1: claims must be JSON, which has no dates; quote them",
        ),
        (BO + BO, "[a] has two people called 'bo'"),
        (BO + '[[a.people]]\nkey = "x"\nname = "X"\nsub = "bo"', "[a] has two people called 'bo'"),
        ('[a]\nalgorithm = "HS256"\n' + BO, "[a]: \"algorithm\" must be RS256 or ES256, not 'HS256'"),
        ('[a]\nclaims_in = "both"\n' + BO, "[a]: \"claims_in\" must be id_token or userinfo, not 'both'"),
        (
            BO.replace("a.people", '"a/b".people'),
            "[a/b]: the name stands in URLs; letters, digits, _ and - only",
        ),
        ("[a", "Expected ']' at the end of a table declaration (at end of document)"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "people.toml"
    path.write_text(text)
    with pytest.raises(PeopleFileError) as caught:
        load_people(path)
    assert str(caught.value) == f"{path}: {message}"


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(PeopleFileError) as caught:
        load_people(tmp_path / "none.toml")
    assert str(caught.value) == f"{tmp_path}/none.toml: cannot be read: No such file or directory"


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "people.toml"
    path.write_bytes(b"[\xff]")
    with pytest.raises(PeopleFileError, match="can't decode byte 0xff in position 1"):
        load_people(path)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["people", "key", "name", "groups", "claims", "x"]), inner, max_size=4
        )
    ),
)


@given(st.dictionaries(st.sampled_from(["a", "b", "/"]), VALUES, max_size=2))
def test_whatever_the_file_says_it_is_people_or_a_message(tables: dict[str, object]) -> None:
    try:
        assert all(organisation.people for organisation in organisations(tables))
    except ValueError:
        return
