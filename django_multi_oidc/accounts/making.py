"""A new user for somebody who has none, and what is copied of the claims."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DataError, IntegrityError, transaction
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_variables

from ..conf import conf
from ..exceptions import ConfigurationError
from ..providers import configuration
from ..users import Identity
from . import user_model

NAME_PREFIX = "oidc_"
# Random: a name that is computed from the account could be taken already, or on purpose.
NAME_BYTES = 8
NAME_LENGTH = len(NAME_PREFIX) + 2 * NAME_BYTES


@sensitive_variables()  # the project's function may fail
def new_user(identity: Identity) -> AbstractBaseUser:
    """A user who is not in the database yet, and cannot log in by a password.

    Raises ConfigurationError where the project's function returns no such user.
    """
    path = conf.MULTI_OIDC_ACCOUNTS_MAKE_USER
    user = _asked(path, identity) if path else _plain(identity)
    user.set_unusable_password()
    return user


def _plain(identity: Identity) -> AbstractBaseUser:
    model = get_user_model()
    user = model(**{model.USERNAME_FIELD: NAME_PREFIX + secrets.token_hex(NAME_BYTES)})
    for name, value in copied(identity):
        setattr(user, name, value)
    return user


def _asked(path: str, identity: Identity) -> AbstractBaseUser:
    provider = configuration().providers[identity.provider]
    claims = dict(identity.claims)
    if not provider.verified_email(claims):
        claims.pop("email", None)  # anybody may have told it to the provider
    user: Any = import_string(path)(claims, identity.provider)
    if not isinstance(user, get_user_model()):
        raise ConfigurationError(
            f"MULTI_OIDC_ACCOUNTS_MAKE_USER: {path} returned an object of type {type(user).__name__}. It returns a new "
            f"{get_user_model().__name__}, or raises LoginRefused."
        )
    if not user._state.adding:
        raise ConfigurationError(
            f"MULTI_OIDC_ACCOUNTS_MAKE_USER: {path} returned a user who is in the database already. It returns a new "
            "one, not saved; an existing one is linked by oidc_link, or by MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL."
        )
    return user


def copied(identity: Identity) -> Iterator[tuple[str, str]]:
    """The fields of a user that follow the claims, each with its value."""
    provider = configuration().providers[identity.provider]
    email = provider.verified_email(identity.claims)
    email = "" if "\0" in email else email  # without it, it may be another's
    texts = {**_names(identity.claims), **({user_model.email_field(): email} if email else {})}
    for name, text in texts.items():
        field = user_model.field(name) if name else None
        if field is None:
            continue
        longest, storable = field.max_length or len(text), text.replace("\0", "")
        if len(storable) <= longest:
            yield name, storable
        elif name != user_model.email_field():  # of an address, a part is somebody else's
            yield name, storable[:longest]


def _names(claims: Mapping[str, Any]) -> dict[str, str]:
    """First and last name (OpenID Connect Core 1.0 section 5.1); the whole name as first where it comes alone."""
    given, family, name = (_text(claims.get(key)) for key in ("given_name", "family_name", "name"))
    if given or family:
        return {"first_name": given, "last_name": family}
    return {"first_name": name, "last_name": ""} if name else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


@sensitive_variables()
def copy_claims(user: AbstractBaseUser, identity: Identity) -> list[str]:
    """Bring names and address in step; the fields of which the database has not taken the new value.

    Of an address, because it is another's; or by a constraint of the project's own.
    """
    email = user_model.email_field()
    changed = {name: text for name, text in copied(identity) if getattr(user, name) != text}
    address = {name: text for name, text in changed.items() if name == email}
    names = {name: text for name, text in changed.items() if name != email}
    return [name for part in (names, address) if part and not _is_taken(user, part) for name in sorted(part)]


@sensitive_variables()
def _is_taken(user: AbstractBaseUser, values: Mapping[str, str]) -> bool:
    before = {name: getattr(user, name) for name in values}
    vars(user).update(values)
    try:
        with transaction.atomic(using=user_model.database()):
            user.save(update_fields=values.keys())
    except (DataError, IntegrityError):
        vars(user).update(before)
        return False
    return True
