"""Workers, each in a copy of the tree that it may break."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.mutation.mutants import Mutant
from tests.mutation.worker import OUTPUT

COPIED = ("django_multi_oidc", "tests", "pyproject.toml", "demo_project", "manage.py", "docs", "README.md")
IGNORED = shutil.ignore_patterns("node_modules", "corpus", "__pycache__", ".*")


class Worker:
    """A copy, and the process in it that tries one mutant after the other."""

    def __init__(self, root: Path, folder: Path, file: str) -> None:
        folder.mkdir()
        self.output = folder / OUTPUT
        for name in COPIED:
            here, there = root / name, folder / name
            shutil.copytree(here, there, ignore=IGNORED) if here.is_dir() else shutil.copy(here, there)
        # The copy before the installed package, which is the tree itself.
        environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.worker", file],
            cwd=folder,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, **job: Any) -> str:
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


class Pool:
    def __init__(self, root: Path, file: str, processes: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mutation-")
        self._workers = [
            Worker(root, Path(self._folder.name) / str(number), file) for number in range(processes)
        ]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in self._workers:
            worker.close()
        self._folder.cleanup()

    def survivors(
        self, mutants: Sequence[Mutant], own: list[str], more: list[str], end: float
    ) -> tuple[list[Mutant], int]:
        """Those that neither the module's own tests nor the others noticed; how many were not tried."""
        limits = [(tests, self._limit(tests)) for tests in (own, more) if tests]
        todo: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
        for mutant in mutants:
            todo.put(mutant)
        found: list[Mutant] = []
        threads = [
            threading.Thread(target=_work, args=(worker, todo, found, limits, end))
            for worker in self._workers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(found, key=lambda mutant: mutant.line), todo.qsize()

    def _limit(self, tests: list[str]) -> float:
        """Seconds after which a mutant is taken to hang. The first run, in every copy, also compiles the tests."""
        took = []
        for worker in self._workers:
            began = time.monotonic()
            outcome = worker.ask(tests=tests, seconds=600)
            if outcome != "survived":
                tail = worker.output.read_text()[-3000:]
                raise SystemExit(
                    f"{' '.join(tests)}: {outcome or 'no answer'} before anything was broken\n{tail}"
                )
            took.append(time.monotonic() - began)
        return 10 + 5 * max(took)


def _work(
    worker: Worker,
    todo: queue.SimpleQueue[Mutant],
    found: list[Mutant],
    limits: list[tuple[list[str], float]],
    end: float,
) -> None:
    while time.monotonic() < end:
        try:
            mutant = todo.get_nowait()
        except queue.Empty:
            return
        outcomes = (worker.ask(source=mutant.source, tests=tests, seconds=limit) for tests, limit in limits)
        if all(outcome == "survived" for outcome in outcomes):
            found.append(mutant)
