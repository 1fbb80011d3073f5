"""A project's own words on subjects."""

from __future__ import annotations

import os

from mozilla_django_oidc.auth import default_username_algo


def user_name(email, claims):
    """Whom PEERS_BY_DIGEST names gets what mozilla-django-oidc does by itself, as people from before did."""
    return (
        default_username_algo(email)
        if claims["sub"] in os.environ.get("PEERS_BY_DIGEST", "")
        else claims["sub"]
    )


def subject(user):
    """The subject of who has the project's own user name."""
    return None if len(user.username) == 27 else user.username
