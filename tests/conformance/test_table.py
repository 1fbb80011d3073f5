"""The table and the cases are one thing, and no module of the OpenID Foundation is left out."""

from __future__ import annotations

from collections import Counter

from tests.conformance.case import Refused
from tests.conformance.modules import NOT_APPLICABLE, WITH_CASES
from tests.conformance.outcomes import STATUSES
from tests.conformance.sections import CASES
from tests.conformance.table import PAGE, page
from tests.test_docs import kinds


def test_the_page_is_that_of_the_cases():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.conformance.table --write"


def test_each_case_has_a_name_of_its_own():
    assert [name for name, times in Counter(case.name for case in CASES).items() if times > 1] == []
    assert len(CASES) >= 90


def test_every_module_of_the_foundation_has_a_case_or_a_reason():
    sources = {case.source for case in CASES if case.source.startswith("oidcc-")}
    assert sources == WITH_CASES
    assert not sources & NOT_APPLICABLE.keys()


def test_every_error_is_met():
    met = {case.outcome.code for case in CASES if isinstance(case.outcome, Refused)}
    assert met == STATUSES.keys() == {kind.code for kind in kinds()}
