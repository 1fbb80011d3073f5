"""Runs tests against one mutant after the other, each in a fork of a process that has all libraries loaded.

Reads a job per line, ``{"source": …, "tests": […], "seconds": …}``, and answers "killed", "survived" or "timeout".
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import hypothesis
import pytest

LIBRARIES = (
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "django.test",
    "django.views",
    "jwt",
    "requests",
    "tomli",
)
LIBRARIES += ("django.template.backends.django", "django.db.backends.sqlite3.base", "mozilla_django_oidc")
ARGUMENTS = ("-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:cov")
ARGUMENTS += ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # what is loaded already asserts nothing
OUTPUT = "output.txt"  # of the last run, in the copy


def main(file: str) -> None:
    """``file``: the module that is mutated; the working directory is a copy that may be changed."""
    path = Path(file)
    original = path.read_text()
    hypothesis.settings.register_profile(
        "mutation",
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],  # what is found needs no shrinking
        database=None,
        derandomize=True,
        deadline=None,
    )
    hypothesis.settings.load_profile("mutation")
    for library in LIBRARIES:
        importlib.import_module(library)
    for line in sys.stdin:
        job = json.loads(line)
        # The file's age and size, by which Python knows a stale .pyc, may be those of the mutant before.
        sys.dont_write_bytecode = "source" in job
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            compiled.unlink()
        path.write_text(job.get("source", original))
        print(_outcome(job["tests"], job["seconds"]), flush=True)
        path.write_text(original)


def _outcome(tests: list[str], seconds: float) -> str:
    child = os.fork()
    if child == 0:
        _run(tests)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "survived" if status == 0 else "killed"
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout"


def _run(tests: list[str]) -> None:
    os.setsid()
    status = 1
    try:
        output = os.open(OUTPUT, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        for stream in (0, 1, 2):
            os.dup2(output, stream)
        status = int(pytest.main([*ARGUMENTS, *tests]))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1])
