"""What the rules of the secrets file make of a user: staff, superuser, member of groups; now, and in the database."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.db.models import Q

from ..conf import conf
from ..providers import configuration
from ..users import Identity
from . import user_model

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one identity is given, by the rules of its own provider and the settings that name roles."""

    is_staff: bool
    is_superuser: bool
    groups: frozenset[str]
    """Names, of those that are managed."""

    @property
    def saved(self) -> dict[str, Any]:
        """What stands for it in the table: as long as that is the same, nothing has to be written."""
        return {
            "managed": sorted(conf.MULTI_OIDC_ACCOUNTS_GROUPS),
            "groups": sorted(self.groups),
            "superuser": self.is_superuser,
        }


def standing_of(identity: Identity) -> Standing:
    """As the rules are now. Raises RuleFailed."""
    gives, claims = configuration().providers[identity.provider].rules.gives, identity.claims
    staff, superuser = conf.MULTI_OIDC_ACCOUNTS_STAFF_ROLE, conf.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE
    groups = []
    for name, role in conf.MULTI_OIDC_ACCOUNTS_GROUPS.items():  # no generator: see rules.model.Rule.matches
        if gives(role, claims):
            groups.append(name)
    return Standing(
        is_staff=staff is not None and gives(staff, claims),
        is_superuser=superuser is not None and gives(superuser, claims),
        groups=frozenset(groups),
    )


def is_saved(user: AbstractBaseUser, saved: dict[str, Any], standing: Standing) -> bool:
    """Whether the database says the same. ``saved``: what was written last, as groups are not in the user's row."""
    return saved == standing.saved and not _changed_flags(user, saved, standing)


def save(user: AbstractBaseUser, saved: dict[str, Any], standing: Standing) -> None:
    """Write it into the user's row and groups, for who looks there: other code, and a login by password."""
    if changed := _changed_flags(user, saved, standing):
        vars(user).update(changed)
        user.save(update_fields=changed.keys())
    if user_model.has_groups():
        _save_groups(user, standing.groups)


def show(user: AbstractBaseUser, standing: Standing) -> None:
    """Have the object say so, whatever the database has: another identity of the person may have written there."""
    for name in ("is_staff", "is_superuser"):
        if user_model.field(name):
            setattr(user, name, getattr(standing, name))
    if conf.MULTI_OIDC_ACCOUNTS_GROUPS and user_model.has_groups():
        # Where `prefetch_related` leaves what user.groups answers by, to Django's permissions too.
        vars(user)["_prefetched_objects_cache"] = {user_model.MEMBERSHIP: _groups_of(user, standing)}


def _groups_of(user: AbstractBaseUser, standing: Standing) -> Any:
    by_hand = Q(pk__in=user_model.memberships(user)) & ~Q(name__in=list(conf.MULTI_OIDC_ACCOUNTS_GROUPS))
    return Group.objects.filter(Q(name__in=standing.groups) | by_hand)


def _changed_flags(user: AbstractBaseUser, saved: dict[str, Any], standing: Standing) -> dict[str, bool]:
    wanted = {"is_staff": standing.is_staff}
    # Without a role for it, the flag in the row is of hands that gave it there; but not what we gave.
    if conf.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE or saved.get("superuser"):
        wanted["is_superuser"] = standing.is_superuser
    return {
        name: value
        for name, value in wanted.items()
        if user_model.field(name) and getattr(user, name) is not value
    }


def _save_groups(user: Any, given: Iterable[str]) -> None:
    managed = user.groups.filter(name__in=list(conf.MULTI_OIDC_ACCOUNTS_GROUPS))
    found = list(Group.objects.filter(name__in=given))
    user.groups.remove(*managed.exclude(pk__in=[group.pk for group in found]))
    user.groups.add(*found)
    if missing := set(given) - {group.name for group in found}:
        logger.warning(
            "MULTI_OIDC_ACCOUNTS_GROUPS: there is no group of the name %s: nobody is a member of it",
            ", ".join(map(repr, sorted(missing))),
        )
