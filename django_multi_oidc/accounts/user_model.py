"""The project's user model, whatever it is: which of Django's usual fields it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db import DatabaseError, connections, models, router

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


def memberships(user: AbstractBaseUser) -> Any:
    """A query for the ids of the user's groups, as the database has them."""
    groups: Any = get_user_model()._meta.get_field(MEMBERSHIP)
    rows = groups.remote_field.through._base_manager.filter(**{groups.m2m_field_name(): user.pk})
    return rows.values(f"{groups.m2m_reverse_field_name()}_id")


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


def lock_if_there(pk: Any) -> AbstractBaseUser | None:
    """`lock`, and None where there is no such user any more."""
    try:
        return lock(pk)
    except ObjectDoesNotExist:
        return None


def lock(pk: Any) -> AbstractBaseUser:
    """The user as the database has it now, locked until the transaction ends. Raises DoesNotExist."""
    using = database()
    # Without KEY: a new identity of the user takes a share of the key, and two of them would wait for each other.
    no_key = connections[using].features.has_select_for_no_key_update
    # The default manager may hide users.
    users = get_user_model()._base_manager.using(using)
    found: AbstractBaseUser = users.select_for_update(no_key=no_key).get(pk=pk)
    return found
