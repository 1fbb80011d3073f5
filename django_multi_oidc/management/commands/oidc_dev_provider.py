"""manage.py oidc_dev_provider: OpenID providers on this machine, to log in without an account anywhere."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_multi_oidc.conf import conf
from django_multi_oidc.dev_provider.client import is_on_loopback
from django_multi_oidc.dev_provider.people import DEFAULT_ORGANISATIONS, Organisation, Person
from django_multi_oidc.dev_provider.people_file import PeopleFileError, load_people
from django_multi_oidc.dev_provider.realm import Realm
from django_multi_oidc.dev_provider.server import DevProvider, PortInUseError


class Command(BaseCommand):
    help = (
        "Serves OpenID providers for development, on loopback only, and prints the secrets.toml for them. "
        "All that is printed is TOML, so that it can be redirected into a file."
    )
    requires_system_checks: list[str] = []
    # Set by whoever runs this command in a thread; a person presses Ctrl-C.
    stop = threading.Event()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=int, default=9400, help="Where to listen; 0 takes a free port (9400)."
        )
        parser.add_argument(
            "--site", default="http://localhost:8000", help="Your site (http://localhost:8000)."
        )
        parser.add_argument(
            "--prefix", default="", help="Where your urls.py includes ours, if not at the root."
        )
        parser.add_argument("--people", type=Path, metavar="FILE", help="Organisations and people, as TOML.")
        parser.add_argument(
            "--write",
            type=Path,
            nargs="?",
            const=Path(),
            metavar="FILE",
            help="Write the secrets file, where the site looks for it; never over an existing one.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        organisations = people_of(options["people"])
        callback = redirect_uri(options["site"], options["prefix"])
        provider = DevProvider(
            port=checked_port(options["port"]),
            organisations=organisations,
            redirect_uris=[callback],
            backchannel_logout_uris=backchannel_logout_uris(callback, organisations),
        )
        try:
            with contextlib.suppress(KeyboardInterrupt), provider:
                self.report(provider, options["write"])
                self.stop.wait()
        except PortInUseError as error:
            raise CommandError(f"{error.strerror}. Choose another with --port.") from None
        self.say("", "Stopped.")

    def report(self, provider: DevProvider, path: Path | None) -> None:
        self.say(f"OpenID providers for development: {provider.url}/", "Ctrl-C stops them.", "")
        for realm in provider.organisations.values():
            self.say(*people_lines(realm), "")
        if path is None or not self.write(sites_path(path), provider.secrets_file()):
            self.print(provider.secrets_file())
        self.say("Ready.")

    def write(self, path: Path, text: str) -> bool:
        """Whether the file was written; one that is there stays as it is."""
        try:
            write_new(path, text)
        except FileExistsError:
            self.say(f"{path.absolute()} is there already and was left alone. It should say:", "")
            return False
        except OSError as error:
            raise CommandError(f"{path.absolute()} cannot be written: {error.strerror}") from None
        self.say(f"Wrote {path.absolute()}")
        return True

    def say(self, *lines: str) -> None:
        parts = (part for line in lines for part in line.splitlines() or [""])
        self.print("\n".join(f"# {part}".rstrip() for part in parts))

    def print(self, text: str) -> None:
        """A redirected stdout may know fewer characters than the names have (Windows)."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        self.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self.stdout.flush()


def checked_port(port: int) -> int:
    if not 0 <= port <= 65535:
        raise CommandError(f"--port {port} is not a port: 0 to 65535")
    return port


def people_of(path: Path | None) -> tuple[Organisation, ...]:
    if path is None:
        return DEFAULT_ORGANISATIONS
    try:
        return load_people(path)
    except PeopleFileError as error:
        raise CommandError(str(error)) from None


def redirect_uri(site: str, prefix: str) -> str:
    """The callback's URL at the site, below the prefix of the include."""
    if not re.fullmatch(r"https?://[^\s/?#@\\]+(/[^\s?#\\]*)?", site):
        raise CommandError(f"--site {site!r} is not the address of a site, such as http://localhost:8000")
    return "/".join(part for part in (site.rstrip("/"), prefix.strip("/"), "oauth2callback") if part)


def backchannel_logout_uris(callback: str, organisations: Iterable[Organisation]) -> dict[str, str]:
    """Where the site hears of logouts; nowhere on another machine, which the provider never calls."""
    base = f"{callback.removesuffix('/oauth2callback')}/oidc/backchannel-logout"
    uris = {organisation.name: f"{base}/{organisation.name}/" for organisation in organisations}
    return {name: uri for name, uri in uris.items() if is_on_loopback(uri)}


def people_lines(realm: Realm) -> list[str]:
    people = realm.organisation.people
    return [f"{realm.label}: {realm.issuer}", *(person_line(person) for person in people)]


def person_line(person: Person) -> str:
    remark = f" ({person.remark})" if person.remark else ""
    return f"  {person.email or '-':22} {person.name}{remark}"


def sites_path(path: Path) -> Path:
    """The path given; without one, the file that the site reads."""
    if path != Path():
        return path
    named = conf.MULTI_OIDC_SECRETS_FILE or conf.secrets_file_from_environment or "secrets.toml"
    return (conf.BASE_DIR or Path()) / named


def write_new(path: Path, text: str) -> None:
    """Readable by its owner only. Raises FileExistsError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
