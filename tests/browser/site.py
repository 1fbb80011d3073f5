"""The demo site in a process of its own, with a secrets file of the tests'."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.conftest import COOKIE_SECRET
from tests.real_site import ROOT, answers, environment, eventually


class Site:
    """Listens on loopback at ``port``; browsers know it as ``url``. No tables, no file. A context manager."""

    def __init__(self, folder, port, url, tables, settings="demo_project.settings"):
        self.url, self._port, self._settings = url, port, settings
        self._secrets, self._log = folder / "secrets.toml", folder / "log"
        if tables:
            self._write(tables)

    def _write(self, tables):
        auth = {"redirect_uri": f"{self.url}/oauth2callback", "cookie_secret": COOKIE_SECRET}
        sections = {"auth": auth, **{f"auth.{name}": table for name, table in tables.items()}}
        self._secrets.write_text("\n".join(map(toml, sections, sections.values())), encoding="utf-8")

    def __enter__(self):
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-W",
                    "error",
                    "manage.py",
                    "runserver",
                    "--noreload",
                    f"localhost:{self._port}",
                ],
                cwd=ROOT,
                env=environment(self._settings) | {"MULTI_OIDC_SECRETS_FILE": str(self._secrets)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            eventually(lambda: answers(f"http://localhost:{self._port}/oidc/style.css"))
        except AssertionError:
            self.__exit__()
            raise AssertionError(self._log.read_text(encoding="utf-8")) from None
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(timeout=10)


def toml(name, table):
    """A table of strings and lists of strings, which TOML writes like JSON."""
    return "\n".join([f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items()), ""])
