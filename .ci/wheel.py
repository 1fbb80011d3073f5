"""Run by an interpreter that has the built wheel and nothing of the clone: is everything in it, nothing else?"""

from __future__ import annotations

import sys
from importlib.metadata import files, requires
from pathlib import Path

import django_multi_oidc

PACKAGE = Path(__file__).parents[1] / "django_multi_oidc"


def shipped() -> set[str]:
    return {str(file) for file in files("django-multi-oidc") or [] if ".dist-info" not in str(file)}


def wanted() -> set[str]:
    inside = (path.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*") if path.is_file())
    return {str(path) for path in inside if "__pycache__" not in path.parts}


if __name__ == "__main__":
    here = Path(django_multi_oidc.__file__).parent
    if here == PACKAGE:
        sys.exit(f"{here} is the clone's, not the wheel's")
    code = {name for name in shipped() if "__pycache__" not in name}
    missing, surplus = sorted(wanted() - code), sorted(code - wanted())
    print(
        f"{len(code)} files; dependencies: {[name for name in requires('django-multi-oidc') if 'extra' not in name]}"
    )
    sys.exit(f"missing in the wheel: {missing}; only in the wheel: {surplus}" if missing or surplus else 0)
