"""Print the lowest version that pyproject.toml allows of every dependency, as a constraints file for pip."""

from __future__ import annotations

import sys
from pathlib import Path

import tomli
from packaging.requirements import Requirement

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest(text: str) -> str:
    requirement = Requirement(text)
    bounds = [bound.version for bound in requirement.specifier if bound.operator in (">=", "~=", "==")]
    if len(bounds) != 1:
        sys.exit(f"{PYPROJECT.name}: {text!r} names no lowest version. Write it as name>=version.")
    return f"{requirement.name}=={bounds[0]}"


if __name__ == "__main__":
    project = tomli.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    print(*map(lowest, project["dependencies"]), sep="\n")
