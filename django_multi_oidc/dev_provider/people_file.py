"""Organisations and people from a TOML file, every mistake in it worded."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import tomli

from .keys import Algorithm
from .people import Organisation, Person

PERSON = {
    "key": str,
    "name": str,
    "email": str,
    "email_verified": bool,
    "groups": list,
    "remark": str,
    "sub": str,
    "claims": dict,
}
ORGANISATION = {
    "label": str,
    "people": list,
    "algorithm": str,
    "claims_in": str,
    "client_id": str,
    "client_secret": str,
}
CHOICES = {"algorithm": get_args(Algorithm), "claims_in": ("id_token", "userinfo")}
KINDS = {str: "a string", bool: "true or false", list: "a list", dict: "a table"}


class PeopleFileError(ValueError):
    """The file is not there, is no TOML, or says something that it may not."""


def load_people(path: Path) -> tuple[Organisation, ...]:
    """The organisations of the file, in its order. Raises PeopleFileError."""
    try:
        tables = tomli.loads(path.read_text(encoding="utf-8"))
        return organisations(tables)
    except OSError as error:
        raise PeopleFileError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise PeopleFileError(f"{path}: {error}") from None


def organisations(tables: Mapping[str, Any]) -> tuple[Organisation, ...]:
    if not tables:
        raise ValueError("no organisation. Begin one with [alpha], and each person with [[alpha.people]]")
    return tuple(organisation(name, table) for name, table in tables.items())


def organisation(name: str, table: Any) -> Organisation:
    where = f"[{name}]"
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise ValueError(f"{where}: the name stands in URLs; letters, digits, _ and - only")
    check(where, table, ORGANISATION, required=("people",))
    people = tuple(person(f"[[{name}.people]] number {n}", each) for n, each in enumerate(table["people"], 1))
    check_people(where, people)
    rest = {key: value for key, value in table.items() if key not in {"people", "claims_in"}}
    in_id_token = table.get("claims_in", "id_token") == "id_token"
    return Organisation(name=name, people=people, claims_in_id_token=in_id_token, **rest)


def check_people(where: str, people: tuple[Person, ...]) -> None:
    for names in ([each.key for each in people], [each.subject for each in people]):
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{where} has two people called {', '.join(map(repr, sorted(twice)))}")


def person(where: str, table: Any) -> Person:
    check(where, table, PERSON, required=("key", "name"))
    groups = table.get("groups", [])
    if not all(isinstance(group, str) for group in groups):
        raise ValueError(f"{where}: groups must be strings")
    check_claims(where, table.get("claims", {}))
    return Person(**{**table, "groups": tuple(groups)})


def check_claims(where: str, claims: Mapping[str, Any]) -> None:
    try:
        json.dumps(claims)
    except TypeError:
        raise ValueError(f"{where}: claims must be JSON, which has no dates; quote them") from None


def check(where: str, table: Any, kinds: Mapping[str, type], *, required: tuple[str, ...]) -> None:
    """Keys and types of one table."""
    if not isinstance(table, dict):
        raise ValueError(f"{where} must be a table")
    for key in required:
        if not table.get(key):
            raise ValueError(f'{where} has no "{key}". Known keys: {", ".join(kinds)}')
    for key, value in table.items():
        check_key(where, key, value, kinds)


def check_key(where: str, key: str, value: Any, kinds: Mapping[str, type]) -> None:
    if key not in kinds:
        near = difflib.get_close_matches(key, kinds, n=1)
        meant = f' Did you mean "{near[0]}"?' if near else ""
        raise ValueError(f'{where} has an unknown key "{key}".{meant} Known keys: {", ".join(kinds)}')
    if not isinstance(value, kinds[key]):
        raise ValueError(f'{where}: "{key}" must be {KINDS[kinds[key]]}, not {value!r}')
    if key in CHOICES and value not in CHOICES[key]:
        raise ValueError(f'{where}: "{key}" must be {" or ".join(CHOICES[key])}, not {value!r}')
