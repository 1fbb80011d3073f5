"""Permissions for whom a provider has logged in, where nobody logs in by a password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission

from . import standing

OUR_BACKEND = "django_multi_oidc.accounts.backends.OIDCAccountBackend"


class OIDCAccountBackend(ModelBackend):
    """Django's permissions of users and groups; logs nobody in: in place of ``ModelBackend``."""

    def _get_group_permissions(self, user_obj: Any) -> Any:
        """By what the rules give, also after the view has written to ``user.groups``."""
        return Permission.objects.filter(group__in=standing.groups_shown(user_obj))

    def authenticate(self, request: Any, username: Any = None, password: Any = None, **kwargs: Any) -> None:
        """Nobody."""

    async def aauthenticate(
        self, request: Any, username: Any = None, password: Any = None, **kwargs: Any
    ) -> None:
        """Nobody."""
