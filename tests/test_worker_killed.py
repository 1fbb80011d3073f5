"""S5: nothing of a login is in a process that may be killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.conftest import COOKIE_SECRET
from tests.hostile_provider import CLIENT_ID, CLIENT_SECRET, HostileProvider, silent
from tests.real_site import Person, answers, environment, eventually, free_port


class Worker:
    """One that is started, killed and started again on the same port."""

    def __init__(self, folder, op):
        self.port = free_port()
        self.site = f"http://localhost:{self.port}"
        self.folder = folder
        (folder / "secrets.toml").write_text(
            f'[auth]\nredirect_uri = "{self.site}/oauth2callback"\ncookie_secret = "{COOKIE_SECRET}"\n'
            f'[auth.op]\nclient_id = "{CLIENT_ID}"\nclient_secret = "{CLIENT_SECRET}"\n'
            f'server_metadata_url = "{op.metadata_url}"\n'
        )

    @contextmanager
    def running(self):
        arguments = [str(self.port), str(self.folder / "secrets.toml"), str(self.folder / "cache")]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.worker", *arguments], env=environment("tests.settings")
        )
        try:
            eventually(lambda: answers(f"{self.site}/oidc/login/"))
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def op():
    with HostileProvider() as provider:
        yield provider


def begin(person, op):
    """The address that the provider sends the person back to."""
    begun = person.get(f"{person.site}/oidc/login/op/", allow_redirects=False, timeout=10)
    assert begun.status_code == 302, begun.text
    query = parse_qs(urlsplit(begun.headers["Location"]).query)
    op.claims["nonce"] = query["nonce"][0]
    return f"{query['redirect_uri'][0]}?state={query['state'][0]}&code=the-code"


def test_a_worker_that_is_killed_costs_one_try(tmp_path, op):  # S5
    worker = Worker(tmp_path, op)
    with worker.running() as process:
        person = Person(worker.site)
        back = begin(person, op)
        op.answers["/token"] = lambda handler: (os.kill(process.pid, signal.SIGKILL), silent(handler))
        with pytest.raises(requests.ConnectionError):
            person.get(back, timeout=10)
    del op.answers["/token"]
    with worker.running():
        again = person.get(back, timeout=10)
        assert again.status_code == 400
        assert "This login is already over. Start a new one." in re.sub(r"<[^>]*>", "", again.text)
        assert op.paths()["/token"] == 1  # the state was spent, and not for one process alone
        assert person.get(begin(person, op), timeout=10, allow_redirects=False).status_code == 302
        assert "multi_oidc_auth" in person.cookies


def test_another_worker_finishes_what_a_dead_one_began(tmp_path, op):  # S5
    worker = Worker(tmp_path, op)
    person = Person(worker.site)
    with worker.running():
        back = begin(person, op)
    with worker.running():
        assert person.get(back, timeout=10, allow_redirects=False).status_code == 302
        assert "multi_oidc_auth" in person.cookies
