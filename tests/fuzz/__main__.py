"""``python -m tests.fuzz --seconds 3600 [TARGET …]``: the targets under atheris, one after the other.

An input that finds something is kept in ``corpus/<target>/``: mend what it found, and commit it. What merely
led to new code is kept out of git, in ``artefacts/fuzz/<target>/``, and the next run starts from there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.names import NAMES

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).parent / "corpus"
WORK = ROOT / "artefacts" / "fuzz"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600, help="for all targets together; 3600")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(NAMES)}; all")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(NAMES):
        parser.error(f"no target: {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    if find_spec("atheris") is None:
        parser.error("no atheris here: pip install -e '.[test,fuzz]', with a Python from 3.11 to 3.13")
    chosen = options.targets or NAMES
    failed = [target for target in chosen if not _fuzz(target, options.seconds / len(chosen))]
    print(f"{len(chosen)} targets; an input was found for: {', '.join(failed) or 'none of them'}")
    return 1 if failed else 0


def _fuzz(target: str, seconds: float) -> bool:
    folder, kept = WORK / target, CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    kept.mkdir(parents=True, exist_ok=True)
    flags = [f"-max_total_time={max(1, round(seconds))}", f"-artifact_prefix={kept}/", "-timeout=20"]
    flags += ["-max_len=4096", "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=1"]
    command = [sys.executable, "-m", "tests.fuzz.under_atheris", target, str(folder), *flags]
    done = subprocess.run(
        command, check=False, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    runs = next(
        (line.split()[-1] for line in done.stdout.splitlines() if "number_of_executed_units" in line), "?"
    )
    print(f"{target}: {runs} inputs, {'FAILED' if done.returncode else 'nothing found'}", flush=True)
    if done.returncode:
        print(done.stdout.partition("===")[2], flush=True)  # before it: what is instrumented
    if not any(kept.iterdir()):
        kept.rmdir()
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
