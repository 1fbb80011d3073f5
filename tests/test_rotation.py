"""`cookie_secret` changes over a rolling deploy: two workers at a time, each with the file of its day."""

from __future__ import annotations

import itertools

import pytest

OLD = "the-old-secret-of-the-tests-0123456789-abcdefgh"
NEW = "the-new-secret-of-the-tests-9876543210-hgfedcba"
DEPLOYS = [
    pytest.param(OLD, [OLD, NEW], id="add"),
    pytest.param([OLD, NEW], [NEW, OLD], id="promote"),
]


@pytest.fixture
def worker(settings, live_secrets):
    """Makes the next request meet a worker that has this `cookie_secret`."""

    def meet(cookie_secret):
        settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "cookie_secret": cookie_secret}}

    return meet


@pytest.mark.parametrize(("before", "after"), DEPLOYS)
def test_a_login_may_meet_another_worker_at_each_step(visitor, worker, before, after):  # K4, S5
    for meets in itertools.product([before, after], repeat=3):
        begins, finishes, reads = meets
        worker(begins)
        url = visitor.begin()
        worker(finishes)
        assert visitor.get(visitor.at_provider(url)).status_code == 302, meets
        worker(reads)
        assert visitor.user()["email"] == "pat@alpha.example", meets
        visitor.client.cookies.clear()


def test_nobody_is_logged_out_while_a_secret_is_changed(visitor, someone_else, worker):  # K4
    worker(OLD)
    visitor.log_in()
    worker([OLD, NEW])
    assert visitor.user()["is_logged_in"]
    worker([NEW, OLD])
    someone_else.log_in()
    assert visitor.user()["is_logged_in"]
    worker([OLD, NEW])  # a machine that the deploy has not reached
    assert someone_else.user()["is_logged_in"]
    worker(NEW)
    assert someone_else.user()["is_logged_in"]
    assert not visitor.user()["is_logged_in"]  # whose identity is older than the change: docs say to wait
