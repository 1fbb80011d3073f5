"""``manage.py oidc_link``: people who came by another package keep their user."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, connections, transaction
from django.db.models import Count
from django.utils.module_loading import import_string

from django_multi_oidc.accounts import adoption, adoption_report, user_model
from django_multi_oidc.accounts.adoption import Decision, Row
from django_multi_oidc.accounts.models import OIDCIdentity, key_of
from django_multi_oidc.backend_loading import backend_of
from django_multi_oidc.exceptions import ConfigurationError, IssuerMismatch, LoginError
from django_multi_oidc.issuer import TENANT
from django_multi_oidc.providers import Provider, configuration
from django_multi_oidc.wording import type_name

# The model of each package: label, name, what stands in INSTALLED_APPS for it, and who reads a row.
TABLES: dict[str, tuple[str, str, str, Callable[[Any], Row]]] = {
    "allauth": ("socialaccount", "SocialAccount", "allauth.socialaccount", adoption.of_allauth),
    "social-auth": ("social_django", "UserSocialAuth", "social_django", adoption.of_social_auth),
}
SUBJECTS = "username, field:NAME or function:DOTTED.PATH"


class Command(BaseCommand):
    """Reports what would be linked; writes with ``--apply``."""

    help = (
        "Link the users whom django-allauth, social-auth or mozilla-django-oidc has logged in to their accounts at a "
        "provider, so that they stay who they are. Without --apply it only says what it would do."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Where they came from, to which provider of ours, and what is known of it."""
        parser.add_argument("source", choices=[*TABLES, "mozilla"], help="the package they have logged in by")
        parser.add_argument(
            "--provider", required=True, help="the name of its table: google for [auth.google]"
        )
        parser.add_argument("--theirs", default="", help="what the package calls the provider (not mozilla)")
        parser.add_argument(
            "--issuer", default="", help="the iss of the provider's ID tokens; else it is asked"
        )
        parser.add_argument("--subject", default="", help=f"where mozilla's users have it: {SUBJECTS}")
        parser.add_argument(
            "--uid-is-subject",
            action="store_true",
            help="what is stored is the sub of the provider's ID tokens",
        )
        parser.add_argument("--with-password", action="store_true", help="mozilla: who has a password, too")
        parser.add_argument("--apply", action="store_true", help="write it, all or nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError."""
        source = options["source"]
        _check_options(source, options)
        provider = _provider(options["provider"])
        _check_table()
        name, rows = _rows(source, options)
        issuer = self._issuer(provider, options["issuer"])
        try:
            with transaction.atomic(using=user_model.database()):
                decisions = _decisions(source, name, rows, issuer, is_claimed=options["uid_is_subject"])
                if options["apply"]:
                    _link(decisions, issuer, provider)
        except IntegrityError:
            raise CommandError(
                "Somebody has logged in meanwhile. Nothing was written: run it again."
            ) from None
        self.stdout.write(f"{name or 'users'} of {source}, to provider {provider.name!r} ({issuer}):")
        for line in adoption_report.lines(source, decisions, is_applied=options["apply"]):
            self.stdout.write(line)

    def _issuer(self, provider: Provider, given: str) -> str:
        try:
            backend = backend_of(provider)
            if given:
                backend.check_issuer(given, required=False)
            issuer: str = given or backend.metadata.issuer
        except IssuerMismatch:
            raise CommandError(
                f"--issuer {given!r} is not the issuer of {provider.name!r}, which is {backend.metadata.issuer!r}."
            ) from None
        except LoginError as error:
            if not given:
                raise CommandError(
                    f"The provider {provider.name!r} cannot be asked for its issuer ({error}). Give the iss of its ID "
                    "tokens: --issuer https://…"
                ) from None
            self.stderr.write(f"Whether --issuer is right, {provider.name!r} cannot be asked: {error}.")
            issuer = given
        if TENANT in issuer:
            raise CommandError(
                f"The provider {provider.name!r} has an issuer for each tenant: {issuer}. Give that of the tenant "
                f"whose people are to be linked, with its id in place of {TENANT}: --issuer https://…"
            )
        return issuer


def _check_options(source: str, options: dict[str, Any]) -> None:
    if source == "mozilla" and (options["theirs"] or options["uid_is_subject"]):
        raise CommandError(
            "--theirs and --uid-is-subject are for allauth and social-auth: mozilla has no such table."
        )
    if source == "mozilla" and not options["subject"]:
        raise CommandError(
            f"mozilla-django-oidc stores no subject. Say where your project has put it, --subject: {SUBJECTS}. If "
            f"nowhere: {adoption_report.BY_ADDRESS}"
        )
    if source != "mozilla" and (options["subject"] or options["with_password"]):
        raise CommandError(f"--subject and --with-password are for mozilla: {source} stores what it needs.")


def _provider(name: str) -> Provider:
    try:
        known = configuration()
    except ConfigurationError as error:
        raise CommandError(str(error)) from None
    if name not in known.providers:
        there = ", ".join(known.providers) or f"none. {known.notice}"
        raise CommandError(f"--provider {name!r} is not in the secrets file. Providers: {there}")
    return known.providers[name]


def _check_table() -> None:
    if OIDCIdentity._meta.db_table not in connections[user_model.database()].introspection.table_names():
        raise CommandError("The table of django_multi_oidc.accounts is not there yet: manage.py migrate")


def _rows(source: str, options: dict[str, Any]) -> tuple[str, list[Row]]:
    """What they call the provider, empty for mozilla; and what there is of it."""
    if source == "mozilla":
        return "", _users(options["subject"], with_password=options["with_password"])
    model, read = _model(source)
    theirs = _theirs(model, options["theirs"])
    rows = [
        read(row) for row in model._base_manager.filter(provider=theirs).select_related("user").order_by("pk")
    ]
    if adoption.stores_no_subject(source, theirs, rows):
        raise CommandError(
            f"{theirs} of {source} stores the id that Microsoft Graph gives a person. The subject of an ID token is "
            f"another one, which cannot be computed: nobody can be linked by it. {adoption_report.BY_ADDRESS}"
        )
    return theirs, rows


def _model(source: str) -> tuple[Any, Callable[[Any], Row]]:
    label, name, app, read = TABLES[source]
    try:
        model = apps.get_model(label, name)
    except LookupError:
        raise CommandError(
            f'"{app}" is not in INSTALLED_APPS. Leave it there until all are linked: its table says who is who.'
        ) from None
    if model._meta.get_field("user").related_model is not get_user_model():
        raise CommandError(f"The users of {source} are not those of AUTH_USER_MODEL.")
    return model, read


def _theirs(model: Any, name: str) -> str:
    counted = model._base_manager.values_list("provider").annotate(Count("pk")).order_by("provider")
    counts: dict[str, int] = dict(counted)
    if name in counts or (not name and len(counts) == 1):
        return name or next(iter(counts))
    there = ", ".join(f"{provider} ({count})" for provider, count in counts.items()) or "none"
    said = f"--theirs {name!r} has no rows" if name else "Which one? Give --theirs"
    raise CommandError(f"{said}. Providers in {model._meta.label}, with their numbers of rows: {there}.")


def _users(subject: str, *, with_password: bool) -> list[Row]:
    subject_of = _subject_reader(subject)
    users = get_user_model()._base_manager.using(user_model.database()).order_by("pk")
    return [adoption.of_mozilla(user, subject_of(user), with_password=with_password) for user in users]


def _subject_reader(subject: str) -> Callable[[Any], str]:
    kind, _, name = subject.partition(":")
    if subject == "username":
        return lambda user: str(user.get_username())
    if kind == "field" and user_model.field(name):
        return lambda user: str(getattr(user, name) or "")
    if kind == "field":
        fields = ", ".join(field.name for field in get_user_model()._meta.concrete_fields)
        raise CommandError(
            f"--subject {subject!r}: {get_user_model().__name__} has no such field. Fields: {fields}."
        )
    if kind == "function":
        return _asked(subject, name)
    raise CommandError(f"--subject {subject!r} is none of: {SUBJECTS}.")


def _asked(subject: str, path: str) -> Callable[[Any], str]:
    try:
        function = import_string(path)
    except ImportError as error:
        raise CommandError(f"--subject {subject!r} cannot be imported: {error}") from None

    def ask(user: Any) -> str:
        answer = function(user)
        if answer is None or isinstance(answer, str):
            return answer or ""
        raise CommandError(
            f"--subject {subject!r} returned {type_name(answer)} for user {user.pk}. It returns the subject, a string, "
            "or None."
        )

    return ask


def _decisions(source: str, name: str, rows: list[Row], issuer: str, *, is_claimed: bool) -> list[Decision]:
    linked = OIDCIdentity.objects.using(user_model.database()).values_list("key", "user_id", "issuer")
    owners = {key: user for key, user, _ in linked}
    one_each = source == "mozilla"  # --subject tells of one account for each user
    found = adoption.decide(
        rows,
        issuer=issuer,
        is_known=name in adoption.KNOWN[source],
        is_claimed=is_claimed or source == "mozilla",
        owner_of=lambda subject: owners.get(key_of(issuer, subject)),
        settled={user for _, user, at in linked if one_each and at == issuer},
    )
    return list(found)


def _link(decisions: Iterable[Decision], issuer: str, provider: Provider) -> None:
    identities = OIDCIdentity.objects.using(user_model.database())
    for decision in decisions:
        if decision.outcome == "link":
            identities.link(
                user=decision.user, issuer=issuer, subject=decision.subject, provider=provider.name
            )
