"""``manage.py oidc_revoke``: end the logins of one person, or of everybody at a provider."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_multi_oidc import cache_backends
from django_multi_oidc.conf import conf
from django_multi_oidc.exceptions import ConfigurationError, RevocationUnknown
from django_multi_oidc.providers import configuration
from django_multi_oidc.shortcuts import end_access


class Command(BaseCommand):
    """Says what has ended; fails where nothing is sure to have."""

    help = (
        "End logins at one provider that have begun by now, in whatever browsers they are. Whoever the rules still "
        "let in can log in again. Needs revocation = true in the secrets file."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The provider, and one way to say whose logins."""
        parser.add_argument("provider", help="the name of its table: google for [auth.google]")
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--sub", default="", help="the account, as the provider calls it (the claim sub)")
        whose.add_argument("--email", default="", help="whoever has this address, verified or not")
        whose.add_argument("--everybody", action="store_true", help="all logins at this provider")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError."""
        if configuration().revocation and cache_backends.is_local():
            raise CommandError(
                f"The cache {conf.MULTI_OIDC_CACHE!r} {cache_backends.LOCAL}. Nothing has ended: let MULTI_OIDC_CACHE "
                "name one that all processes share."
            )
        whose = {name: options[name] for name in ("sub", "email", "everybody")}
        try:
            end_access(options["provider"], **whose)
        except ConfigurationError as error:
            raise CommandError(str(error)) from None
        except RevocationUnknown as error:
            raise CommandError(f"Nothing is sure to have ended: {error.detail}.") from None
        self.stdout.write(
            f"Ended at {options['provider']}: {_whose(**whose)} that began before now, if there were any."
        )


def _whose(sub: str, email: str, everybody: bool) -> str:
    return "all logins" if everybody else f"the logins of {sub or email}"
