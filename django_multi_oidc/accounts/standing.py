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

FLAGS = ("is_staff", "is_superuser")
MANAGED, GIVEN = "managed", "given"  # in what a row has saved
SHOWN = "_multi_oidc_groups"  # on a user whom `show` was told of


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one identity is given, by the rules of its own provider and the settings that name roles."""

    is_staff: bool
    is_superuser: bool
    groups: frozenset[str]
    """Names, of those that are managed."""

    @property
    def written(self) -> dict[str, Any]:
        """What stands for it in the table: as long as that is the same, no groups have to be written."""
        return {MANAGED: sorted(conf.MULTI_OIDC_ACCOUNTS_GROUPS), "groups": sorted(self.groups)}


NOTHING = Standing(is_staff=False, is_superuser=False, groups=frozenset())


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
    """Whether the database says the same. ``saved``: the row's, as groups are not in the user's own."""
    written = {key: saved.get(key) for key in standing.written}
    return written == standing.written and not _changed_flags(user, standing)


def has_written(saved: dict[str, Any]) -> bool:
    """Whether a login of the row has ever written what it was given, or the row only knows of others'."""
    return MANAGED in saved


def given_by(saved: Iterable[dict[str, Any]]) -> list[int]:
    """The ids of the groups that rules have given a user, by all rows of that user."""
    return sorted({pk for each in saved for pk in each.get(GIVEN, [])})


def save(user: AbstractBaseUser, before: list[int], standing: Standing) -> list[int]:
    """Write it into the user's row and groups, for other code; the ids of the groups that are given.

    ``before``: of those that were given.
    """
    if changed := _changed_flags(user, standing):
        vars(user).update(changed)
        user.save(update_fields=changed.keys())
    return _save_groups(user, before, standing) if user_model.has_groups() else []


def show(user: AbstractBaseUser, standing: Standing, given: list[int]) -> None:
    """Have the object say so, whatever the database has: another identity of the person may have written there.

    ``given``: the ids of the groups that rules gave, which no hand has, whatever they are called now.
    """
    for name in FLAGS:
        if user_model.field(name):
            setattr(user, name, getattr(standing, name))
    if user_model.has_groups() and (conf.MULTI_OIDC_ACCOUNTS_GROUPS or given):
        groups = _groups_of(user, standing, given)
        # Where `prefetch_related` leaves what user.groups answers by, to Django's permissions too.
        vars(user).update({"_prefetched_objects_cache": {user_model.MEMBERSHIP: groups}, SHOWN: groups})


def groups_shown(user: Any) -> Any:
    """The groups of a user, where `show` was told of them even when ``user.groups`` was written to since."""
    shown = vars(user).get(SHOWN)
    return user.groups.all() if shown is None else shown.all()


def _groups_of(user: AbstractBaseUser, standing: Standing, given: list[int]) -> Any:
    managed = Q(name__in=list(conf.MULTI_OIDC_ACCOUNTS_GROUPS)) | Q(pk__in=given)
    return Group.objects.filter(
        Q(name__in=standing.groups) | (Q(pk__in=user_model.memberships(user).values("pk")) & ~managed)
    )


def _changed_flags(user: AbstractBaseUser, standing: Standing) -> dict[str, bool]:
    wanted = {name: getattr(standing, name) for name in FLAGS if user_model.field(name)}
    return {name: value for name, value in wanted.items() if getattr(user, name) is not value}


def _save_groups(user: Any, before: list[int], standing: Standing) -> list[int]:
    """The ids of the groups that were given; ``before``: of those that were, whose role or name may be gone."""
    found = list(Group.objects.filter(name__in=standing.groups))
    given = [group.pk for group in found]
    managed = Q(name__in=list(conf.MULTI_OIDC_ACCOUNTS_GROUPS)) | Q(pk__in=before)
    user.groups.remove(*user.groups.filter(managed).exclude(pk__in=given))
    user.groups.add(*found)
    if missing := standing.groups - {group.name for group in found}:
        logger.warning(
            "MULTI_OIDC_ACCOUNTS_GROUPS: there is no group of the name %s: nobody is a member of it",
            ", ".join(map(repr, sorted(missing))),
        )
    return sorted(given)
