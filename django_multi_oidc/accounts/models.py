"""The table: which account at a provider is which user."""

from __future__ import annotations

import hashlib
import json

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import OuterRef, Subquery

from ..conf import conf
from ..users import Identity


class OIDCIdentities(models.QuerySet["OIDCIdentity"]):
    """Finds identities by issuer and subject, the only name of an account that nobody else ever gets."""

    def of(self, identity: Identity) -> OIDCIdentity | None:
        """The row of somebody who is logged in, with its user, and ``newest``: when that user has last logged in.

        By whichever identity, as `login_at` has it: the newest login decides what is saved.
        """
        same_user = OIDCIdentity.objects.filter(user=OuterRef("user")).order_by("-login_at")
        rows = self.select_related("user").annotate(newest=Subquery(same_user.values("login_at")[:1]))
        return rows.filter(key=key_of(identity.claims["iss"], identity.claims["sub"])).first()

    def link(self, *, user: AbstractBaseUser, issuer: str, subject: str, provider: str) -> OIDCIdentity:
        """Make this account the user's. Raises IntegrityError where it is somebody's already."""
        return self.create(
            user_id=user.pk,
            key=key_of(issuer, subject),
            issuer=_storable(issuer),
            subject=_storable(subject),
            provider=provider,
        )


class OIDCIdentity(models.Model):
    """An account at a provider, named by ``iss`` and ``sub`` (OpenID Connect Core 1.0 section 5.7), and whose it is."""

    user = models.ForeignKey(
        conf.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="oidc_identities", verbose_name="user"
    )
    key = models.CharField(max_length=64, unique=True, editable=False)
    """A digest of issuer and subject: a collation that ignores case would take ``AbC`` and ``aBc`` for one."""
    issuer = models.TextField()
    subject = models.TextField()
    provider = models.TextField()
    """The provider's name in the secrets file, when it was last used."""
    created_at = models.DateTimeField("created", auto_now_add=True)
    login_at = models.FloatField("last login", default=0.0)
    """Of the newest login that was seen: seconds since the epoch, which know no time zones; 0 for none."""
    saved = models.JSONField(default=dict, editable=False)
    """What its login has last written into the row and the groups of the user (`people`)."""

    objects = OIDCIdentities.as_manager()

    class Meta:
        app_label = "multi_oidc_accounts"
        verbose_name = "OpenID Connect identity"
        verbose_name_plural = "OpenID Connect identities"

    def __str__(self) -> str:
        # Stands in logs and in mails about errors: no subject.
        return f"identity {self.pk} at {self.provider}"


def key_of(issuer: str, subject: str) -> str:
    """64 hexadecimal characters that stand for the two. JSON keeps them apart."""
    return hashlib.sha256(json.dumps([issuer, subject]).encode()).hexdigest()


def _storable(text: str) -> str:
    """PostgreSQL stores no NUL. For people to read: `key` is what decides."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
