"""``survivors.toml``: the mutants that no test can or need notice, and why."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import tomli

from tests.mutation.mutants import Mutant


class Explained:
    def __init__(self, changes: dict[str, set[str]]) -> None:
        self._changes = changes  # by module

    @classmethod
    def read(cls, file: Path) -> Explained:
        changes: dict[str, set[str]] = {}
        for entry in tomli.loads(file.read_text())["survivor"]:
            assert entry["reason"].strip(), entry
            known = changes.setdefault(entry["module"], set())
            known |= {_plain(change) for change in entry["changes"]}
        return cls(changes)

    def has(self, mutant: Mutant) -> bool:
        return _plain(mutant.change) in self._changes.get(mutant.module, ())

    def stale(self, module: str, survivors: Iterable[Mutant]) -> list[str]:
        """The explanations of a module that none of its survivors needs."""
        return sorted(self._changes.get(module, set()) - {_plain(mutant.change) for mutant in survivors})


def _plain(change: str) -> str:
    return "\n".join(line.strip() for line in change.strip().splitlines())
