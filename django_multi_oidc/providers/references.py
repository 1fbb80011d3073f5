"""References: ``{ env = "…" }`` or ``{ file = "…" }`` where a string belongs. They are replaced before parsing.

So a value from elsewhere passes every check that a literal passes.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..wording import quoted, type_name
from . import elsewhere
from .elsewhere import Problem
from .keys import KNOWN_KEYS, LITERAL_KEYS, NAMED_KEYS, PROVIDER_KEYS, SHARED_KEYS
from .mistakes import nearest
from .table import UNRESOLVED, Table

WAYS = ("env", "file")
MEANT = dict.fromkeys(("env", "environment", "environ", "env_var", "variable"), "env") | dict.fromkeys(
    ("file", "filename", "path"), "file"
)
"""What people call the two ways."""
OF_PROVIDER = frozenset(PROVIDER_KEYS) - LITERAL_KEYS


def is_reference(value: Any) -> bool:
    """A table with one of the two keys, right or misspelled, whatever else it has."""
    return isinstance(value, Mapping) and any(_meant(key) for key in value)


def _meant(key: str) -> str:
    return MEANT.get(nearest(key, MEANT), "")


@dataclass(frozen=True, slots=True)
class References:
    """Replaces the references of an ``[auth]`` table, and keeps the ``files`` that they name."""

    directory: Path
    """Where a path begins that is not absolute."""
    files: list[Path] = field(default_factory=list)

    def resolve(self, auth: Table) -> Table:
        """The same table, its providers' tables included, with values; UNRESOLVED after a mistake."""
        own = self._table(auth, OF_PROVIDER.union(SHARED_KEYS)).data
        tables = {
            name: self._table(
                replace(auth, name=f"auth.{name}", data=value), OF_PROVIDER.union(NAMED_KEYS)
            ).data
            for name, value in own.items()
            if isinstance(value, Mapping) and name not in KNOWN_KEYS
        }
        return replace(auth, data={**own, **tables})

    def _table(self, table: Table, keys: Set[str]) -> Table:
        data = {
            key: self._value(table, key, value) if key in keys else value for key, value in table.data.items()
        }
        return replace(table, data=data)

    def _value(self, table: Table, key: str, value: Any) -> Any:
        if key == "client_kwargs":
            return self._params(table, value) if isinstance(value, Mapping) else value
        if isinstance(value, list):
            items = [self._text(table, key, item) for item in value]
            return UNRESOLVED if UNRESOLVED in items else items
        return self._text(table, key, value)

    def _params(self, table: Table, given: Mapping[str, Any]) -> dict[str, Any]:
        """Without those that are not resolved: no parameter is required. ``claims`` is a table of its own."""
        params = {
            key: value if key == "claims" else self._text(table, f"client_kwargs.{key}", value)
            for key, value in given.items()
        }
        return {key: value for key, value in params.items() if value is not UNRESOLVED}

    def _text(self, table: Table, key: str, value: Any) -> Any:
        if not is_reference(value):
            return value
        problem = _misshape(key, value)
        if problem is None:
            way, name = next(iter(value.items()))
            taken = self._taken(way, name)
            if isinstance(taken, str):
                return taken
            shown = elsewhere.variable(name) if way == "env" else elsewhere.file(name)
            problem = Problem(f"{key} is to come from {shown}, which {taken.what}", taken.mend)
        table.wrong(*problem)
        return UNRESOLVED

    def _taken(self, way: str, name: str) -> str | Problem:
        if way == "env":
            return elsewhere.from_environment(name)
        if not elsewhere.is_path(name):
            return Problem("has no path.", "Write the path of a file.")
        self.files.append(self.directory / name)
        return elsewhere.from_file(self.directory, name)


def _misshape(key: str, reference: Mapping[str, Any]) -> Problem | None:
    """What is wrong with the reference itself, whatever it names."""
    mend = f'One of the two, and nothing beside: {key} = {{ env = "NAME" }} or {{ file = "/path" }}'
    unknown = next((word for word in reference if word not in WAYS), None)
    if unknown is not None:
        question = f" Did you mean {quoted(_meant(unknown))}?" if _meant(unknown) else ""
        return Problem(f"{key} has an unknown key {quoted(unknown)}.{question}", mend)
    if len(reference) > 1:
        return Problem(f"{key} has both env and file.", mend)
    way, name = next(iter(reference.items()))
    if not isinstance(name, str):
        return Problem(f"{key}.{way} must be a string, not {type_name(name)}.", mend)
    if not name.strip():
        return Problem(f"{key}.{way} is empty.", mend)
    return None
