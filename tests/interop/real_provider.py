"""panva's oidc-provider in a Node process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tests.real_site import free_port

HERE = Path(__file__).parent
NODE_AT_LEAST = 20
PASSWORD = "pw"
STARTS = 4
START_SECONDS = 20


@dataclass(frozen=True)
class Organisation:
    """One issuer and the client that the site has there."""

    name: str
    port: int
    client_secret: str

    @property
    def issuer(self):
        return f"http://localhost:{self.port}"

    @property
    def table(self):
        """Its ``[auth.<name>]``."""
        return {
            "client_id": f"{self.name}-site",
            "client_secret": self.client_secret,
            "server_metadata_url": f"{self.issuer}/.well-known/openid-configuration",
            "label": f"{self.name.capitalize()} Real",
            "admins": [f"pat@{self.name}.example"],
        }


class RealProvider:
    """Two issuers, ``alpha`` and ``beta``; server.mjs says how they differ. A context manager."""

    def __init__(self, redirect_uris):
        self.site_key = ec.generate_private_key(ec.SECP256R1())  # the site's own, where it signs
        self.redirect_uris = redirect_uris
        self.alpha = Organisation("alpha", free_port(), "alpha-secret-0123456789")
        self.beta = Organisation("beta", free_port(), "b%t+ secret/=&:0123456789")
        self._output = tempfile.NamedTemporaryFile()  # noqa: SIM115 - lives as long as this
        self._process = None

    def __enter__(self):
        install()
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self._output.close()

    def start(self):
        """On the same ports each time. Whatever keeps Node from listening (a port that somebody has for a moment,
        a machine under load), another process of it is tried before the tests hear of it.
        """
        for _ in range(STARTS):
            if self._started():
                return
        raise AssertionError(f"the provider did not start:\n{self._said()}")

    def _started(self):
        """Node prints "ready" when both issuers listen."""
        command = [node(), "server.mjs", str(self.alpha.port), str(self.beta.port), *self.redirect_uris]
        self._output.truncate(0)  # a file: a pipe can fill up, and reading one has no time limit
        with open(self._output.name, "ab") as output:
            self._process = subprocess.Popen(
                command, cwd=HERE, env=self._environment(), stdout=output, stderr=subprocess.STDOUT
            )
        end = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < end:
            if self._said().endswith("ready\n"):
                return True
            time.sleep(0.02)
        self._process.kill()
        self._process.wait()
        return False

    def _environment(self):
        public = ECAlgorithm.to_jwk(self.site_key.public_key(), as_dict=True)
        return {**os.environ, "SITE_KEY": json.dumps({**public, "use": "sig", "alg": "ES256"})}

    def told(self):
        """What came of telling the site of logouts, since it was last asked: event, client, status of a refusal."""
        lines = self._said().splitlines()
        self._output.truncate(0)
        return [line for line in lines if line.startswith("backchannel.")]

    def _said(self):
        return Path(self._output.name).read_text(errors="replace")

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def restart(self):
        """New keys: the old ones are gone."""
        self.stop()
        self.start()


def node():
    """Node's path: $NODE, else the one on PATH. An old one is an error, as the library needs Node 20."""
    path = os.environ.get("NODE") or shutil.which("node")
    assert path, "the interop tests need Node.js: see CONTRIBUTING.md"
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    assert int(version.lstrip("v").partition(".")[0]) >= NODE_AT_LEAST, f"Node {version} is too old"
    return path


def install():
    """What package-lock.json names, once."""
    if not (HERE / "node_modules" / "oidc-provider").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=HERE, check=True)
