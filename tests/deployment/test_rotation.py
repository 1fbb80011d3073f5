"""`cookie_secret` changes over a rolling deploy: two servers take turns, and only one has been restarted."""

from __future__ import annotations

import pytest

from tests.deployment.deployed import deployed
from tests.real_site import Person

OLD = "the-old-secret-of-the-tests-0123456789-abcdefgh"
NEW = "the-new-secret-of-the-tests-9876543210-hgfedcba"


@pytest.fixture(params=[(OLD, [OLD, NEW]), ([OLD, NEW], [NEW, OLD])], ids=["add", "promote"])
def rolling_site(request, op, redis, tmp_path):
    with deployed(tmp_path, op, redis, cookie_secrets=request.param) as url:
        yield url


def test_nobody_notices_a_rolling_deploy(rolling_site):  # K4, S5
    for _ in range(10):
        with Person(rolling_site) as person:
            login = person.open("/oidc/login/alpha/?next=/ask/")
            answers = [login, *(person.open("/ask/") for _ in range(20))]
        ways = [answer.headers.get("X-Answered-By") for answer in login.history]
        assert len(set(ways) - {None}) == 2  # begun at one, finished at the other
        assert {answer.status_code for answer in answers} == {200}
        assert {answer.json().get("email") for answer in answers} == {"pat@alpha.example"}
        assert len({answer.headers["X-Answered-By"] for answer in answers}) == 2
