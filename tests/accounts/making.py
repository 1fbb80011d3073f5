"""Functions that a project's MULTI_OIDC_ACCOUNTS_MAKE_USER might name."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend

from django_multi_oidc.exceptions import LoginRefused


def make_user(claims, provider):
    return get_user_model()(
        username=f"{provider}-{claims['sub']}", email=claims.get("email", "none@x.example")
    )


SEEN: list = []


def remember(claims, provider):
    SEEN.append((claims, provider))
    return make_user(claims, provider)


def make_with_password(claims, provider):
    user = make_user(claims, provider)
    user.set_password("everybody's")
    return user


def refuse(claims, provider):
    raise LoginRefused("Employees only.")


def find(claims, provider):
    return get_user_model().objects.get(username="root")


def nothing(claims, provider):
    return None


def fails(claims, provider):
    return 1 / 0


class TokenBackend(BaseBackend):
    """Logs people in, and knows no permissions."""
