"""Which user somebody is who is logged in: found in the table, or made, or linked; and brought in step."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from ..conf import conf
from ..exceptions import LoginRefused
from ..users import Identity
from . import linking, making, standing, user_model
from .models import OIDCIdentity

logger = logging.getLogger(__name__)

NO_ACCOUNT = _("There is no account for you on this site. Ask whoever runs it for one.")
DEACTIVATED = _("Your account on this site is deactivated.")
ADDRESS_TAKEN = _("Another account on this site has your e-mail address. Ask whoever runs the site.")


@sensitive_variables()
def user_of(identity: Identity) -> AbstractBaseUser | None:
    """The user behind an identity that a request brings; None where there is none, or a deactivated one.

    With the standing that the rules give now. Raises RuleFailed.
    """
    try:
        return welcome(identity)
    except LoginRefused as refusal:
        logger.info("identity not accepted: %s", refusal.detail)
        return None


@sensitive_variables()
def welcome(identity: Identity) -> AbstractBaseUser:
    """The user behind an identity. Raises LoginRefused, with a text for the person, and RuleFailed."""
    link = OIDCIdentity.objects.of(identity) or _first_sight(identity)
    _check_active(link.user)
    now = standing.standing_of(identity)
    if _is_news(link, identity, now):
        link = _bring_in_step(link, identity, now)
        _check_active(link.user)  # as it is under the lock
    standing.show(link.user, now, standing.given_by([link.saved]))
    return link.user


def known_user(identity: Identity) -> AbstractBaseUser | None:
    """The user behind an identity that is over; makes nobody, and asks no rule."""
    link = OIDCIdentity.objects.of(identity)
    return link.user if link is not None and link.user.is_active else None


def without_privileges(user: AbstractBaseUser) -> AbstractBaseUser:
    """Somebody whom Django's own login has let in: what the rules give comes by a provider alone."""
    if saved := OIDCIdentity.objects.filter(user_id=user.pk).values_list("saved", flat=True):
        standing.show(user, standing.NOTHING, standing.given_by(saved))
    return user


def take_back(row: OIDCIdentity) -> None:
    """Save that the row, which is gone, gives nothing more. Of one whose login wrote nothing, all is of hands."""
    if not standing.has_written(row.saved):
        return
    with (
        suppress(ObjectDoesNotExist),  # the user was deleted meanwhile
        user_model.untold_errors(),
        transaction.atomic(using=user_model.database()),
    ):
        user = user_model.lock(row.user_id)
        others = OIDCIdentity.objects.using(user_model.database()).filter(user_id=user.pk)
        given = standing.given_by([row.saved, *(other.saved for other in others)])
        standing.save(user, given, standing.NOTHING)
        others.update(saved={})  # whichever of them is the newest writes at its next request


def _check_active(user: AbstractBaseUser) -> None:
    if not user.is_active:
        raise _refused(DEACTIVATED, "the user is deactivated")


def _refused(text: object, detail: str) -> LoginRefused:
    refusal = LoginRefused(text)  # type: ignore[arg-type]  # a lazy translation
    refusal.detail = detail
    return refusal


def _first_sight(identity: Identity) -> OIDCIdentity:
    """The row of somebody who had none until now. Two requests at once make one."""
    policy = conf.MULTI_OIDC_ACCOUNTS_CREATE_USERS
    match = linking.user_by_email(identity) if policy != "never" else None
    link = _joined(identity, partial(_take_over, identity, match)) if match is not None else None
    if link is None and policy != "always":
        why = linking.obstacle(identity) if policy == "invited" else "none is made"
        raise _refused(NO_ACCOUNT, f"no user is linked to the account, and {why}")
    # Not in the transaction: the project's function may ask the database, after which SQLite may let nobody write.
    link = link or _joined(identity, partial(_save_new, identity, making.new_user(identity)))
    if link is None:
        raise _refused(ADDRESS_TAKEN, "the database takes no second user of this kind")
    return link


def _joined(identity: Identity, join: Callable[[], None]) -> OIDCIdentity | None:
    """The new row, or another request's where that was faster; None where the database takes none."""
    with (
        suppress(IntegrityError),
        user_model.untold_errors(),
        transaction.atomic(using=user_model.database()),
    ):
        join()
    return OIDCIdentity.objects.using(user_model.database()).of(identity)


def _save_new(identity: Identity, user: AbstractBaseUser) -> None:
    user.save(force_insert=True, using=user_model.database())
    _link(identity, user)


def _take_over(identity: Identity, match: AbstractBaseUser) -> None:
    """Raises IntegrityError where the user is not theirs to take any more, LoginRefused for a deactivated one."""
    try:
        user = user_model.lock(match.pk)
    except ObjectDoesNotExist:
        raise IntegrityError("the user was deleted meanwhile") from None
    _check_active(user)  # or somebody new would be made, who is
    if not linking.may_become(identity, user):
        raise IntegrityError("the user was linked to another account, or changed, meanwhile")
    # Whoever has set it may have told another's address to the site; and the sessions of that password end.
    user.set_unusable_password()
    user.save(update_fields=["password"])
    _link(identity, user)
    logger.info(
        "user %s was linked to an account at provider %r, by e-mail address", user.pk, identity.provider
    )


def _link(identity: Identity, user: AbstractBaseUser) -> None:
    claims = identity.claims
    OIDCIdentity.objects.using(user_model.database()).link(
        user=user, issuer=claims["iss"], subject=claims["sub"], provider=identity.provider
    )


def _is_news(link: OIDCIdentity, identity: Identity, now: standing.Standing) -> bool:
    """Whether there is anything to write: of a newer login, or what the rules now say of the newest one."""
    if identity.login_at > link.login_at:
        return True
    is_newest = identity.login_at == link.newest  # type: ignore[attr-defined]  # annotated
    return is_newest and not standing.is_saved(link.user, link.saved, now)


def _bring_in_step(link: OIDCIdentity, identity: Identity, now: standing.Standing) -> OIDCIdentity:
    """Write what the identity says, unless a newer login of the same user, at any provider, has had its say."""
    using = user_model.database()
    rows = OIDCIdentity.objects.using(using)
    with user_model.untold_errors(), transaction.atomic(using=using):
        try:
            user = user_model.lock(link.user_id)  # before any of the rows, or two would wait for each other
            rows.filter(pk=link.pk).update(login_at=Greatest(F("login_at"), Value(identity.login_at)))
            fresh = rows.get(pk=link.pk)
        except ObjectDoesNotExist:
            raise _refused(NO_ACCOUNT, "the user was deleted, or unlinked, meanwhile") from None
        others = list(rows.filter(user_id=user.pk).exclude(pk=fresh.pk))
        given = standing.given_by(row.saved for row in (fresh, *others))
        if identity.login_at >= max(row.login_at for row in (fresh, *others)):
            if refused := making.copy_claims(user, identity):
                logger.warning("user %s: the database does not take the new %s", user.pk, ", ".join(refused))
            given = standing.save(user, given, now)
            fresh.saved, fresh.provider = now.written, identity.provider
        for row in (fresh, *others):  # each request knows what rules gave by its own row alone
            row.saved = {**row.saved, standing.GIVEN: given}
            row.save(update_fields=["saved", "provider"])
    fresh.user = user  # type: ignore[assignment]  # of whichever model
    return fresh
