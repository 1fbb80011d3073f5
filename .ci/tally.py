"""Say how many tests a pytest run had, and fail if none ran or one was skipped: tally.py JUNIT_XML."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def main(report: Path) -> int:
    cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314  # pytest wrote it a moment ago
    skipped = [case for case in cases if case.find("skipped") is not None]
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    for case in skipped:
        print(f"SKIPPED {case.get('classname')}::{case.get('name')}: {case.find('skipped').get('message')}")
    if not cases:
        print("no test ran")
    report.with_suffix(".count").write_text(
        f"{len(cases) - len(skipped) - len(failed)} {len(failed)} {len(skipped)}\n"
    )
    return int(bool(skipped or failed or not cases))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
