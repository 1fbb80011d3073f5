"""docs/security.md, made from the cases: ``python -m tests.conformance.table --write``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from tests.conformance.case import Accepted, Case, Nobody, Outcome, Refused, Section, Unchanged
from tests.conformance.modules import NOT_APPLICABLE
from tests.conformance.outcomes import PAGES, STATUSES
from tests.conformance.sections import CASES, SECTIONS
from tests.markdown import ROOT

PAGE = ROOT / "docs" / "security.md"

INTRODUCTION = """\
# What is refused, and what is accepted

Each line is a test. A provider that lies, or a browser that does, is put before the real views, over HTTP, and the
test looks at what the person sees, at what the log says, and at who is logged in afterwards. A login that is refused is
tried twice, once by nobody and once by somebody who is logged in already, and who has to stay so. All that is logged
meanwhile, by whomever, and Django's error mails are searched for codes, states, tokens, secrets, cookies and claims.
In {count} cases {refused} logins and cookies are refused and {accepted} accepted.

The sources are the specifications, and the test modules of the OpenID Foundation for relying parties
(`oidcc-client-test…`), whose names are theirs; "ours" where there is none. The cases are our own: this is no
certification, and the Foundation's suite did not run. Who attacks and what is not stopped is in the
[threat model](threat_model.md).

To run one: `pytest tests/conformance -k issuer-mismatch`. This page is made by
`python -m tests.conformance.table --write`; do not edit it.

## What a person reads

The page of a login that failed has this sentence, a way to try again, and a reference that stands in
[the log](signals.md) as well, beside the code and what the tables below have in their last column
(`op.example` stands for the provider, `…` for what differs from one time to the next). Who can mend it:
[When a login fails](errors.md).
"""


def page() -> str:
    return "\n".join([_introduction(), _sentences(), *map(_section, SECTIONS), _modules()])


def _introduction() -> str:
    accepted = sum(isinstance(case.outcome, Accepted) for case in CASES)
    refused = sum(isinstance(case.outcome, (Refused, Nobody)) for case in CASES)
    return INTRODUCTION.format(count=len(CASES), refused=refused, accepted=accepted)


def _sentences() -> str:
    rows = ((f"`{code}`", str(STATUSES[code]), sentence) for code, sentence in PAGES.items())
    return _table(("error", "status", "the page says"), rows)


def _section(section: Section) -> str:
    rows = (_row(case) for case in section.cases)
    return f"## {section.title}\n\n{_table(('case', 'from', 'what happens', 'ends', 'the log says'), rows)}"


def _row(case: Case) -> tuple[str, ...]:
    return case.name, _source(case.source), case.what, *_ends(case.outcome)


def _source(source: str) -> str:
    return f"`{source}`" if source.startswith("oidcc-") else source


def _ends(outcome: Outcome) -> tuple[str, str]:
    if isinstance(outcome, Refused):
        return f"refused, {STATUSES[outcome.code]}: `{outcome.code}`", outcome.detail
    if isinstance(outcome, Nobody):
        return "nobody is logged in", outcome.detail and f"identity cookie not accepted: {outcome.detail}"
    if isinstance(outcome, Unchanged):
        return f"nothing changes, {outcome.status}", ""
    return f"logged in, at `{outcome.lands_on}`", ""


def _modules() -> str:
    rows = ((f"`{name}`", reason) for name, reason in NOT_APPLICABLE.items())
    return f"## Modules of the Foundation that do not apply\n\n{_table(('module', 'why'), rows)}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(_lines(head, rows)) + "\n"


def _lines(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, tuple("---" for _ in head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|').replace('<', '&lt;') for cell in cells)} |"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
