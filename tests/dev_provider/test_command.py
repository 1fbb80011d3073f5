from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import requests
import tomli
from django.core.management import CommandError, call_command

from django_multi_oidc.dev_provider.people import DEFAULT_ORGANISATIONS
from django_multi_oidc.management.commands import oidc_dev_provider
from django_multi_oidc.providers import configuration
from tests.real_site import ctrl_c_works

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "django", "oidc_dev_provider", "--settings", "tests.settings"]


def run(*options: str, cwd: Path, use: Callable[[str], None]) -> tuple[str, str]:
    """The command as a process of its own; ``use`` gets what it printed, then Ctrl-C is pressed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": ""}
    with (
        ctrl_c_works(),
        subprocess.Popen(
            [*COMMAND, "--port", "0", *options],
            cwd=cwd,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as process,
    ):
        try:
            text = "".join(takewhile(lambda line: line != "# Ready.\n", process.stdout))
            use(text)
        finally:
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=10)
    assert process.returncode == 0, errors
    return text + "# Ready.\n" + rest, errors


def test_it_serves_what_its_secrets_file_says_until_ctrl_c(tmp_path: Path) -> None:  # D8
    def use(printed: str) -> None:
        auth = tomli.loads(printed)["auth"]
        assert auth["redirect_uri"] == "https://app.example:8443/sso/oauth2callback"
        for name in ("alpha", "beta"):
            metadata = requests.get(auth[name]["server_metadata_url"], timeout=5).json()
            assert metadata["issuer"].endswith(f"/{name}")
        assert "nobody here is real" in requests.get(metadata["issuer"][: -len("beta")], timeout=5).text

    site = ("--site", "https://app.example:8443/", "--prefix", "/sso/")
    printed, errors = run(*site, cwd=tmp_path, use=use)
    assert errors == ""
    assert tomli.loads(printed).keys() == {"auth"}  # the whole of it can be redirected into a file
    assert "#   pat@alpha.example      Pat Admin (Admin)\n" in printed
    assert "Beta Foods: http://localhost:" in printed
    assert printed.endswith("# Stopped.\n")
    assert list(tmp_path.iterdir()) == []


def test_write_and_a_second_run_that_leaves_the_file_alone(tmp_path: Path) -> None:  # D8
    path = tmp_path / "my.toml"
    people = tmp_path / "people.toml"
    people.write_text('[gamma]\n[[gamma.people]]\nkey = "ann"\nname = "Ann"\n')
    options = ("--write", "my.toml", "--people", str(people))
    printed, _ = run(*options, cwd=tmp_path, use=lambda _: None)
    written = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert tomli.loads(written)["auth"].keys() == {"redirect_uri", "cookie_secret", "gamma"}
    assert f"# Wrote {path}\n" in printed
    assert "#   -                      Ann\n" in printed
    assert tomli.loads(printed) == {}

    printed, _ = run(*options, cwd=tmp_path, use=lambda _: None)
    assert path.read_text() == written
    assert f"# {path} is there already and was left alone. It should say:\n" in printed
    assert tomli.loads(printed)["auth"].keys() == {"redirect_uri", "cookie_secret", "gamma"}


@pytest.mark.parametrize(
    ("setting", "variable", "expected"),
    [
        (None, None, "secrets.toml"),
        (None, "environment.toml", "environment.toml"),
        ("setting.toml", "environment.toml", "setting.toml"),
    ],
)
def test_without_a_path_it_is_written_where_the_site_looks(
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    setting: str | None,
    variable: str | None,
    expected: str,
) -> None:  # C6
    settings.BASE_DIR = tmp_path
    settings.MULTI_OIDC_SECRETS_FILE = setting
    monkeypatch.setenv("MULTI_OIDC_SECRETS_FILE", variable or "")
    printed = run_here("--write")
    assert [path.name for path in tmp_path.iterdir()] == [expected]
    assert f"# Wrote {tmp_path / expected}\n" in printed
    # The site takes it as it is.
    assert list(configuration().providers) == ["alpha", "beta"]


def test_the_file_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "secrets.toml"
    with pytest.raises(CommandError) as caught:
        call_command("oidc_dev_provider", "--port", "0", "--write", str(path), stdout=io.StringIO())
    assert str(caught.value) == f"{path} cannot be written: No such file or directory"


def run_here(*options: str) -> str:
    """The command in this process, stopped as soon as it is ready; what it printed."""
    out = io.StringIO()
    command = oidc_dev_provider.Command()
    command.stop = threading.Event()
    command.stop.set()
    call_command(command, "--port", "0", *options, stdout=out)
    return out.getvalue()


def test_it_can_be_stopped_without_a_signal(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    first, second = (run_here("--write", str(path)) for _ in range(2))
    assert first.endswith("# Ready.\n#\n# Stopped.\n")
    assert "[auth.alpha]" not in first
    assert "[auth.alpha]" in second


def test_a_taken_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CommandError) as caught:
            call_command("oidc_dev_provider", "--port", str(port))
    assert str(caught.value) == f"Port {port} is in use already on 127.0.0.1. Choose another with --port."


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:  # D8
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        process = subprocess.run(
            [*COMMAND, "--port", port],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert process.returncode == 1
    assert process.stdout == ""
    assert process.stderr == (
        f"CommandError: Port {port} is in use already on 127.0.0.1. Choose another with --port.\n"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--port", "65536"], "--port 65536 is not a port: 0 to 65535"),
        (["--port", "-1"], "--port -1 is not a port: 0 to 65535"),
        (["--people", "/none.toml"], "/none.toml: cannot be read: No such file or directory"),
    ],
)
def test_wrong_options(options: list[str], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("oidc_dev_provider", *options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "site",
    [
        "localhost:8000",
        "ftp://localhost",
        "http://",
        "http://a/?b",
        "http://a/#b",
        "http://a b",
        "http://u@a",
        "",
    ],
)
def test_what_is_no_site(site: str) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("oidc_dev_provider", "--site", site)
    assert str(caught.value) == f"--site {site!r} is not the address of a site, such as http://localhost:8000"


@pytest.mark.parametrize(
    ("site", "prefix", "expected"),
    [
        ("http://localhost:8000", "", "http://localhost:8000/oauth2callback"),
        ("http://localhost:8000/", "/", "http://localhost:8000/oauth2callback"),
        ("https://a.example/mounted/", "accounts/", "https://a.example/mounted/accounts/oauth2callback"),
    ],
)
def test_redirect_uri(site: str, prefix: str, expected: str) -> None:
    assert oidc_dev_provider.redirect_uri(site, prefix) == expected


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        (
            "http://localhost:8000/sso/oauth2callback",
            {
                "alpha": "http://localhost:8000/sso/oidc/backchannel-logout/alpha/",
                "beta": "http://localhost:8000/sso/oidc/backchannel-logout/beta/",
            },
        ),
        ("https://app.example:8443/oauth2callback", {}),
    ],
)
def test_backchannel_logout_uris(callback: str, expected: dict[str, str]) -> None:
    assert oidc_dev_provider.backchannel_logout_uris(callback, DEFAULT_ORGANISATIONS) == expected


def test_the_site_is_registered_for_logouts(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = []
    monkeypatch.setattr(
        oidc_dev_provider.Command,
        "report",
        lambda self, provider, path: clients.append(provider.organisations["beta"].client),
    )
    run_here("--site", "http://localhost:8001", "--prefix", "sso")
    (client,) = clients
    assert client.post_logout_redirect_uris == ("http://localhost:8001/sso/oidc/logged-out/",)
    assert client.backchannel_logout_uri == "http://localhost:8001/sso/oidc/backchannel-logout/beta/"


def test_a_terminal_that_knows_no_arabic() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    command = oidc_dev_provider.Command(stdout=out)
    command.say("ليلى\n\u05e0\u05dc\u05d9")
    out.seek(0)
    assert out.read() == "# \\u0644\\u064a\\u0644\\u0649\n# \\u05e0\\u05dc\\u05d9\n"


def test_it_needs_no_checks() -> None:  # C8a
    assert oidc_dev_provider.Command.requires_system_checks == []
