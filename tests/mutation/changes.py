"""What has changed, as git has it."""

from __future__ import annotations

import subprocess
from pathlib import Path

HOURS = 12


def changed_files(root: Path) -> set[str]:
    """Since the branch left main, or on main in its last twelve hours; with what is not committed yet."""
    base = _base(root)
    if not base:
        return set(_git(root, "ls-files").split())
    untracked = _git(root, "ls-files", "--others", "--exclude-standard")
    return {*_git(root, "diff", "--name-only", base).split(), *untracked.split()}


def commit(root: Path) -> str:
    return _git(root, "rev-parse", "HEAD")


def _base(root: Path) -> str:
    for main in ("origin/main", "main"):
        base = _git(root, "merge-base", "HEAD", main)
        if base not in ("", commit(root)):
            return base
    before = int(_git(root, "log", "-1", "--format=%ct") or 0) - HOURS * 60 * 60
    return _git(root, "rev-list", "-1", f"--before={before}", "HEAD")


def _git(root: Path, *arguments: str) -> str:
    """What git answers; nothing where it cannot."""
    done = subprocess.run(["git", *arguments], check=False, cwd=root, text=True, capture_output=True)
    return done.stdout.strip() if done.returncode == 0 else ""
