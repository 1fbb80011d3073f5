"""Permissions for whom a provider has logged in, where nobody logs in by a password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend


class OIDCAccountBackend(ModelBackend):
    """Django's permissions of users and groups; logs nobody in: in place of ``ModelBackend``."""

    def authenticate(self, request: Any, username: Any = None, password: Any = None, **kwargs: Any) -> None:
        """Nobody."""

    async def aauthenticate(
        self, request: Any, username: Any = None, password: Any = None, **kwargs: Any
    ) -> None:
        """Nobody."""
