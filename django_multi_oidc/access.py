"""What a request gets that may not see a page: the way to the login, or a page that says why not."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from . import pages
from .shortcuts import login
from .users import OIDCUser, identity_of


def user_of(request: HttpRequest) -> OIDCUser:
    """The request's user. Raises ImproperlyConfigured where our middleware is missing."""
    user: OIDCUser | None = getattr(request, "oidc_user", None)
    if user is None:
        raise ImproperlyConfigured(
            "The request has no oidc_user. Add 'django_multi_oidc.middleware.OIDCUserMiddleware' to MIDDLEWARE."
        )
    return user


def is_allowed(user: OIDCUser, role: str | None) -> bool:
    """Whether the visitor is logged in and, where a role is asked for, has it. No I/O."""
    return user.is_logged_in and (role is None or user.has_role(role))


def refuse(request: HttpRequest) -> HttpResponse:
    """The answer for a visitor who is not allowed: the way to the login, or a page that names the account."""
    identity = identity_of(user_of(request))
    if identity is None:
        return _to_login(request)
    return pages.forbidden(request, identity, request.get_full_path())


def _to_login(request: HttpRequest) -> HttpResponse:
    if request.method in ("GET", "HEAD"):
        return login(request, next=request.get_full_path())
    return pages.not_saved(request)
