"""Every case of the table, over HTTP: what the person sees, what the log says, and who is logged in afterwards."""

from __future__ import annotations

import logging
import re

import pytest

from django_multi_oidc import connections, discovery
from tests.conformance.case import Accepted, Nobody, Refused, Unchanged
from tests.conformance.outcomes import PAGES, STAGES, STATUSES
from tests.conformance.sections import CASES
from tests.conformance.world import Issuer, World, text_of
from tests.conftest import COOKIE_SECRET
from tests.live_site import LiveSite
from tests.real_site import free_port
from tests.secrecy import assert_untold, everything_told, mailed

OURS = "django_multi_oidc"
HONEST = "honest-sub"


@pytest.fixture(scope="module")
def site():
    port = free_port()
    with LiveSite(port):
        yield f"http://localhost:{port}"


@pytest.fixture
def world(site, settings, caplog):
    caplog.set_level(logging.INFO, OURS)
    discovery.clear()
    with Issuer("ann") as op, Issuer("honest") as honest:
        world = World(site, op, honest, settings, COOKIE_SECRET)
        with everything_told(html=False) as records:
            yield world
        assert_untold("\n".join([*records.lines, *mailed()]), world.known())  # S7
        connections.clear()
    discovery.clear()


def cases(kind):
    chosen = [case for case in CASES if isinstance(case.outcome, kind)]
    return pytest.mark.parametrize("case", chosen, ids=lambda case: case.name)


def run(case, world):
    """The case, and the login that it leaves to us; the last answer."""
    answer = case.act(world)
    return world.log_in() if answer is None else answer


def records_of(caplog):
    return [record for record in caplog.records if record.name.startswith(OURS)]


@cases(Refused)
@pytest.mark.parametrize("before", ["anonymous", "logged in"])
def test_refused(case, before, world, caplog):
    if before == "logged in":
        assert world.log_in("honest").status_code == 200
    caplog.clear()
    page = run(case, world)
    text, outcome = text_of(page), case.outcome
    assert page.status_code == STATUSES[outcome.code], text
    assert PAGES[outcome.code] in text
    assert "Traceback" not in text
    assert bool(mailed()) is (page.status_code >= 500)
    assert "no-store" in page.headers["Cache-Control"]
    reference = re.search(r"give this reference: ([0-9a-f]{8}) ", text)
    [record] = [one for one in records_of(caplog) if getattr(one, "reference", "") == reference[1]]
    stage = outcome.stage or STAGES[outcome.code]
    said = re.sub(r"provider '\w*', reference \w+", "provider, reference", record.getMessage())
    detail = world.named(outcome.detail)
    expected = f"login failed: {outcome.code} at stage {stage}, provider, reference: {detail}"
    assert re.fullmatch(".*".join(map(re.escape, expected.split("…"))), said), (said, expected)
    assert world.browser.user().get("sub") == (HONEST if before == "logged in" else None)


@cases(Accepted)
def test_accepted(case, world, caplog):
    page = run(case, world)
    assert page.status_code == case.outcome.status, text_of(page)
    assert page.url == f"{world.site}{case.outcome.lands_on}"
    expected = {"sub": "ann-sub", "is_logged_in": True, **case.outcome.claims}
    user = world.browser.user()
    assert {name: user.get(name) for name in expected} == expected
    failures = [record for record in records_of(caplog) if record.getMessage().startswith("login failed")]
    assert len(failures) == case.outcome.refusals


@cases(Nobody)
def test_nobody(case, world, caplog):
    answer = case.act(world)
    assert answer.status_code == 200
    assert answer.json()["is_logged_in"] is False
    assert "sub" not in answer.json()
    said = [record.getMessage() for record in records_of(caplog) if "identity cookie" in record.getMessage()]
    assert said == ([f"identity cookie not accepted: {case.outcome.detail}"] if case.outcome.detail else [])


@cases(Unchanged)
def test_unchanged(case, world):
    assert world.log_in("honest").status_code == 200
    answer = case.act(world)
    assert answer.status_code == case.outcome.status
    assert case.outcome.page in text_of(answer)
    assert "Traceback" not in answer.text
    assert world.browser.user()["sub"] == HONEST
