"""``python -m tests.mutation [MODULE …]``: break each line, and see a test fail.

All modules of ``MODULES`` without arguments; with ``--changed`` those that git says have changed. Fails on a survivor
that ``survivors.toml`` does not explain, and on an explanation that explains nothing any more.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from tests.mutation.changes import changed_files, commit
from tests.mutation.mutants import check_operators, mutants
from tests.mutation.pool import Pool
from tests.mutation.survivors import Explained

ROOT = Path(__file__).parents[2]
PACKAGE = "django_multi_oidc"
# Module -> the tests that are to notice; what its own let pass, those behind the bar see as well.
MODULES = {
    "backends": "backends | login_flow views backchannel logout_flow",
    "callback": "callback | views secrecy",
    "clocks": "clocks | id_token gates",
    "cookies": "cookies | views middleware secrecy",
    "discovery": "discovery | backends",
    "id_token": "id_token | backends",
    "issuer": "issuer | id_token discovery backends",
    "jws": "jws client_auth | id_token",
    "kept_claims": "kept_claims | login_flow",
    "lifetimes": "lifetimes | login_flow",
    "login_state": "login_state rotation | views",
    "logout_token": "logout_token | backchannel",
    "on_login": "on_login",
    "pieces": "pieces cookies | cookie_mixtures",
    "revocation": "revocation visitor | backchannel",
    "gates": "gates | refusals decorators mixins",
    "login_params": "login_params | login_flow shortcuts",
    "refusals": "refusals | middleware",
    "rules/emails": "rules | providers",
    "rules/entries": "rules | kept_claims",
    "rules/functions": "rules",
    "rules/incomplete": "rules",
    "rules/model": "rules kept_claims | users",
    "rules/parsing": "rules | providers",
    "signing": "signing rotation | cookies login_state shared_cache",
    "strict_json": "strict_json | jws",
    "token_checks": "id_token logout_token | backends",
    "visitor": "visitor middleware | cookies login_flow views",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(MODULES)}; all")
    parser.add_argument(
        "--changed", action="store_true", help="since the branch began; on main, in its last twelve hours"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=float("inf"),
        help="for all modules together; what is left then is no failure",
    )
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if unknown := set(options.modules) - MODULES.keys():
        parser.error(f"no module: {', '.join(unknown)}; there are: {', '.join(MODULES)}")
    chosen = options.modules or list(MODULES)
    if options.changed:
        changed = changed_files(ROOT)
        chosen = [name for name in chosen if f"{PACKAGE}/{name}.py" in changed]
    if not chosen:
        print("none of the modules has changed: nothing to break")
        return 0
    check_operators()
    # What there is no time for differs from one commit to the next.
    random.Random(commit(ROOT)).shuffle(chosen)
    end = time.monotonic() + options.seconds
    explained = Explained.read(Path(__file__).with_name("survivors.toml"))
    failed = [name for name in chosen if not _is_guarded(name, explained, options.processes, end)]
    print(f"tests are missing for: {', '.join(failed)}" if failed else "every survivor is explained")
    return 1 if failed else 0


def _file(module: str) -> Path:
    return ROOT / PACKAGE / f"{module}.py"


def _is_guarded(module: str, explained: Explained, processes: int, end: float) -> bool:
    """Whether each mutant of the module that was tried was noticed, or is explained."""
    began = time.monotonic()
    if began > end:
        print(f"{module}: no time left", flush=True)
        return True
    made = mutants(module, _file(module).read_text())
    random.Random(commit(ROOT)).shuffle(made)
    own, _, more = MODULES[module].partition("|")
    with Pool(ROOT, f"{PACKAGE}/{module}.py", processes) as pool:
        survivors, left = pool.survivors(made, _tests(own), _tests(more), end)
    unexplained = [mutant for mutant in survivors if not explained.has(mutant)]
    stale = explained.stale(module, survivors) if not left else []
    print(
        f"{module}: {len(made)} mutants, {len(survivors)} survived, {len(unexplained)} unexplained"
        f"{f', {left} left when the time was over' if left else ''}; {time.monotonic() - began:.0f} s"
    )
    for mutant in unexplained:
        print(f"\n{mutant}")
    for change in stale:
        print(f"\nno survivor, and explained in survivors.toml:\n{change}")
    return not unexplained and not stale


def _tests(names: str) -> list[str]:
    return [f"tests/test_{name}.py" for name in names.split()]


if __name__ == "__main__":
    sys.exit(main())
