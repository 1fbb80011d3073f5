"""The project's user model, whatever it is: which of Django's usual fields it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, models, router
from django.db.models import F, QuerySet

MEMBERSHIP = "groups"


def field(name: str) -> models.Field[Any, Any] | None:
    """The model's own field of this name; None where it has none, or a property in its place."""
    try:
        found = get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return found if isinstance(found, models.Field) else None


def email_field() -> str:
    """Name of the field for the address; empty where there is none, or where people log in by it."""
    model: Any = get_user_model()
    name: str = model.get_email_field_name()
    return name if name != model.USERNAME_FIELD and field(name) else ""


def has_groups() -> bool:
    """Whether Django's groups have members here."""
    found = field(MEMBERSHIP)
    return isinstance(found, models.ManyToManyField) and found.related_model is Group


def memberships(user: AbstractBaseUser) -> QuerySet[Group]:
    """The user's groups, as the database has them, whatever ``user.groups`` shows."""
    field: Any = get_user_model()._meta.get_field(MEMBERSHIP)
    # By lookup: a query that names the table between cannot be pickled, and people pickle users.
    return Group._base_manager.filter(**{field.related_query_name(): user.pk})


def database() -> str:
    """Where users are written."""
    return router.db_for_write(get_user_model())


@contextmanager
def untold_errors() -> Iterator[None]:
    """Errors of the database without their text, which may quote the whole row into logs and mails (S7)."""
    try:
        yield
    except DatabaseError as error:
        state = getattr(error.__cause__, "sqlstate", None) or "not known"
        raise type(error)(f"the database did not store a user; SQLSTATE: {state}") from None


def lock(pk: Any) -> AbstractBaseUser:
    """The user as the database has it now; nobody else writes it until the transaction ends. Raises DoesNotExist.

    By writing: SQLite, which knows no locks of rows, lets nobody write who has begun by reading what another changes.
    """
    # The default manager may hide users. A password is no key, for which a new identity of the user would wait.
    users = get_user_model()._base_manager.using(database())
    users.filter(pk=pk).update(password=F("password"))
    found: AbstractBaseUser = users.get(pk=pk)
    return found
