"""``oidc_user`` in every template."""

from __future__ import annotations

from django.http import HttpRequest

from .access import user_of
from .users import OIDCUser


def oidc_user(request: HttpRequest) -> dict[str, OIDCUser]:
    """Costs nothing until a template asks for it."""
    return {"oidc_user": user_of(request)}
