"""manage.py demo: the site, and two OpenID providers for it, on this machine."""

from __future__ import annotations

import argparse
import errno
import io
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

from demo_project.rules import completed
from django_multi_oidc.dev_provider.people import Person
from django_multi_oidc.dev_provider.realm import Realm
from django_multi_oidc.dev_provider.server import DevProvider


class Command(BaseCommand):
    help = "Starts the demo site and two OpenID providers to log in at, all of it on this machine."
    requires_system_checks: list[str] = []  # runserver has them run

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--port", type=port_number, default=8000, help="The site's port (8000).")
        parser.add_argument("--provider-port", type=port_number, default=9400, help="The providers' (9400).")
        parser.add_argument(
            "--admin", action="store_true", help="With Django's own users and admin, and a database."
        )

    def handle(self, *, port: int, provider_port: int, admin: bool, **options: Any) -> None:
        # runserver starts this command a second time, and again whenever a file changes, to be the site.
        if os.environ.get(DJANGO_AUTORELOAD_ENV) == "true":
            return serve(port)
        with one_line_if_taken(port, "--port"):
            socket.create_server(("127.0.0.1", port)).close()
        site = f"http://localhost:{port}"
        provider = DevProvider(port=provider_port, redirect_uris=[f"{site}/oauth2callback"])
        for name in ("alpha", "beta"):
            provider.register_backchannel_logout_uri(name, f"{site}/oidc/backchannel-logout/{name}/")
        with one_line_if_taken(provider_port, "--provider-port"):
            provider.start()
        try:
            return self.serve_with(provider, port, admin=admin)
        finally:
            provider.stop()

    def serve_with(self, provider: DevProvider, port: int, *, admin: bool) -> None:
        with TemporaryDirectory(prefix="multi-oidc-demo-") as folder:
            secrets = Path(folder) / "secrets.toml"
            secrets.write_text(completed(provider.secrets_file()), encoding="utf-8")
            secrets.chmod(0o600)
            os.environ["MULTI_OIDC_SECRETS_FILE"] = str(secrets)
            os.environ["DEMO_CACHE"] = str(Path(folder) / "cache")
            if admin:
                make_database(Path(folder) / "demo.sqlite3")
            self.say(greeting(port, provider, secrets, admin=admin))
            serve(port)

    def say(self, text: str) -> None:
        """A terminal may know fewer characters than the names have."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        self.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self.stdout.flush()


def port_number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 1 to 65535")
    return int(text)


def make_database(path: Path) -> None:
    """Let the site that runserver starts, which reads its settings then, have a database; this process has none."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "demo_project.with_accounts", "DEMO_DATABASE": str(path)}
    migrate = [sys.executable, sys.argv[0], "migrate", "--verbosity", "0"]
    subprocess.run(migrate, check=True)  # noqa: S603  # this very program


def serve(port: int) -> None:
    """Run the site until Ctrl-C. What is wrong still goes to stderr; Django's greeting would hide ours."""
    call_command("runserver", f"localhost:{port}", stdout=io.StringIO())


@contextmanager
def one_line_if_taken(port: int, option: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = "is in use already" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        raise CommandError(f"Port {port} {what}. Choose another with {option}.") from None


def greeting(port: int, provider: DevProvider, secrets: Path, *, admin: bool) -> str:
    organisations = "\n".join(people_of(realm) for realm in provider.organisations.values())
    at_admin = (
        f"\nDjango's own admin is at http://localhost:{port}/admin/, for whom the file calls admins."
        if admin
        else ""
    )
    return f"""
The demo is at http://localhost:{port}/ (Ctrl-C ends it).{at_admin}

Log in there as any of these people. Nobody has a password, and nothing leaves this machine.

{organisations}
Who may do what stands in {secrets}
Change it while the demo runs, and the site follows.
"""


def people_of(realm: Realm) -> str:
    lines = [f"  {person.email:20}  {person.name}{remark(person)}" for person in realm.organisation.people]
    return "\n".join([realm.label, *lines, ""])


def remark(person: Person) -> str:
    return f" ({person.remark})" if person.remark else ""
