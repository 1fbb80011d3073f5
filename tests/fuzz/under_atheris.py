"""``python -m tests.fuzz.under_atheris TARGET SEED_FOLDER [libFuzzer's arguments]``: one target, until told to stop."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import atheris

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"


def main(target: str, folder: str, *arguments: str) -> None:
    with atheris.instrument_imports(include=["django_multi_oidc"]):
        import django

        django.setup()
        from tests.fuzz.seeds import seeds
        from tests.fuzz.site import attacked_site
        from tests.fuzz.targets import TARGETS

    from django.test.utils import setup_test_environment

    logging.disable(logging.CRITICAL)
    setup_test_environment()
    with attacked_site():
        for number, seed in enumerate(seeds(target)):
            (Path(folder) / f"seed-{number}").write_bytes(seed)
        atheris.Setup([sys.argv[0], *arguments, folder], TARGETS[target])
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
