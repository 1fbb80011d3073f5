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
    email = configuration().providers[identity.provider].verified_email(identity.claims)
    domains = conf.MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL.get(identity.provider, ())
    address = split_email(email)
    if not all(address) or address[1] not in [domain.lower() for domain in domains]:
        return None
    model: Any = get_user_model()
    name = model.get_email_field_name()
    # iexact is the database's: of some, it takes foreign letters for ours.
    rows = model._base_manager.using(user_model.database()).filter(**{f"{name}__iexact": email})
    found = [user for user in rows if split_email(getattr(user, name)) == address]
    return found[0] if len(found) == 1 and len(rows) == 1 and is_free(found[0]) else None


def is_free(user: Any) -> bool:
    """Whether an account may become this user's by an address alone."""
    privileged = getattr(user, "is_staff", False) or getattr(user, "is_superuser", False)
    is_linked = OIDCIdentity.objects.using(user_model.database()).filter(user_id=user.pk).exists()
    return not privileged and not is_linked
