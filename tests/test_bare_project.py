from __future__ import annotations

import subprocess
import sys


def test_a_login_needs_neither_a_database_nor_a_session():  # L3, U6, O1: DATABASES = {}, sync and ASGI
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.bare.login"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["logged in and out"]), done.stderr
