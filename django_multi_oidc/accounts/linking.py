"""Whether somebody new is a user whom the site has already: by the e-mail address, where a setting says so."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.views.decorators.debug import sensitive_variables

from ..conf import conf
from ..providers import configuration
from ..rules import split_email
from ..users import Identity
from . import user_model
from .models import OIDCIdentity


@sensitive_variables()
def user_by_email(identity: Identity) -> AbstractBaseUser | None:
    """The one user with the address, where the provider has verified it and the setting names its domain.

    None as well where there are several, and for one who is nobody's to take: staff, a superuser, or linked to an
    account already. A deactivated one is theirs, and no way in.
    """
    rows = [] if _why_not(identity) else _with_the_address(identity)
    return rows[0] if len(rows) == 1 and may_become(identity, rows[0]) else None


@sensitive_variables()
def obstacle(identity: Identity) -> str:
    """Why `user_by_email` has found nobody, for the log: no claim is in it."""
    if reason := _why_not(identity):
        return reason
    rows = _with_the_address(identity)
    if len(rows) == 1:
        return "the one with its address may not be taken over: staff, or a superuser"
    return f"{'more than one user' if rows else 'no user'} without an account has its address"


def _why_not(identity: Identity) -> str:
    """Why the address counts for nothing; empty: it counts."""
    address = _address_of(identity)
    domains = conf.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL.get(identity.provider, ())
    if not all(address):
        return "it has no address that the provider has verified"
    if address[1] not in [domain.lower() for domain in domains]:
        return "MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL does not name the domain of its address for this provider"
    return "" if user_model.field(_address_field()) else "users have no addresses"


def _with_the_address(identity: Identity) -> list[Any]:
    """Users who are nobody's, and whose address it is, as the database compares."""
    users: Any = get_user_model()._base_manager.using(user_model.database())
    # iexact is the database's: of some, it takes foreign letters for ours.
    wanted = {f"{_address_field()}__iexact": "@".join(_address_of(identity)), "oidc_identities": None}
    return list(users.filter(**wanted)[:2])


def _address_field() -> str:
    model: Any = get_user_model()
    name: str = model.get_email_field_name()
    return name


@sensitive_variables()
def may_become(identity: Identity, user: Any) -> bool:
    """Whether an account may become this user's by its address alone."""
    has_it = split_email(getattr(user, _address_field())) == _address_of(identity)
    privileged = getattr(user, "is_staff", False) or getattr(user, "is_superuser", False)
    links = OIDCIdentity.objects.using(user_model.database()).filter(user_id=user.pk)
    return has_it and not privileged and not links.exists()


def _address_of(identity: Identity) -> tuple[str, str]:
    """The verified address in two parts; two empty strings for none, and for one that no database stores."""
    email = configuration().providers[identity.provider].verified_email(identity.claims)
    return ("", "") if "\0" in email else split_email(email)
