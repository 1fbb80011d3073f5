"""A login and a logout, ours or Django's, end each other's, and are told of to who listens for Django's."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, get_user_model, logout
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_delete
from django.http import HttpRequest

from ..ending import forget
from ..signals import oidc_logged_in, oidc_logged_out, oidc_logging_in
from ..users import OIDCUser, identity_of
from . import people
from .backends import OUR_BACKEND
from .middleware import derive, is_derived, remember, session_user
from .models import OIDCIdentity

logger = logging.getLogger(__name__)


def connect() -> None:
    """Called by the app's ``ready``."""
    for signal, receiver in (
        (oidc_logging_in, welcome),
        (oidc_logged_in, tell_of_login),
        (oidc_logged_out, tell_of_logout),
        (user_logged_in, note_other_login),
        (user_logged_out, follow_other_logout),
    ):
        signal.connect(receiver, dispatch_uid=f"{__name__}.{receiver.__name__}")
    post_delete.connect(take_back, sender=OIDCIdentity, dispatch_uid=f"{__name__}.take_back")


def welcome(request: HttpRequest, user: OIDCUser, **kwargs: Any) -> None:
    """Find or make the user of who is about to be logged in; a login by password that was there is over."""
    if not is_derived(request):
        return
    identity: Any = identity_of(user)  # never nobody, at a login
    account = people.welcome(identity)
    if SESSION_KEY in request.session:
        request.user = session_user(request)  # who it is about; and who else is there need not be asked
        with _our_doing(request):
            logout(request)
        derive(request)
    remember(request, identity, account)


def tell_of_login(request: HttpRequest, **kwargs: Any) -> None:
    """Send ``user_logged_in``: Django's own receiver sets ``last_login``, other apps count or note."""
    if is_derived(request):
        with _our_doing(request):
            request.user.backend = OUR_BACKEND  # type: ignore[union-attr]  # as Django's own login leaves it
            user_logged_in.send_robust(sender=get_user_model(), request=request, user=request.user)


def tell_of_logout(request: HttpRequest, user: OIDCUser, **kwargs: Any) -> None:
    """Send ``user_logged_out``, unless it is Django's logout that has ended the identity."""
    if not is_derived(request) or _is_our_doing(request):
        return
    identity: Any = identity_of(user)  # who was there
    remember(request, identity, people.known_user(identity))  # a logout makes nobody
    if request.user.is_authenticated:
        with _our_doing(request):
            user_logged_out.send_robust(sender=get_user_model(), request=request, user=request.user)


def note_other_login(user: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Log a login past the providers; beside an identity, which stays who is there, it does not count."""
    if not is_derived(request) or _is_our_doing(request) or SESSION_KEY not in request.session:
        return
    backend = request.session.get(BACKEND_SESSION_KEY)
    logger.warning("user %s has logged in past the providers, by %s", user.pk, backend)
    derive(request)  # Django has left there what the row says, staff or not
    if request.oidc_user:  # type: ignore[attr-defined]  # our middleware's
        request.session.flush()
        logger.warning("that login does not count: an identity is there, of user %s", request.user.pk)


def follow_other_logout(request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Django's own logout, the admin's too, ends the identity."""
    if is_derived(request) and not _is_our_doing(request):
        with _our_doing(request):
            forget(request)


def take_back(instance: OIDCIdentity, origin: Any = None, **kwargs: Any) -> None:
    """An account that is unlinked leaves nothing of what rules gave it: a password may log in its user."""
    # Where the user is deleted, the row goes with it, and nobody is to be saved meanwhile.
    if getattr(origin, "model", type(origin)) is OIDCIdentity:
        people.take_back(instance)


@contextmanager
def _our_doing(request: HttpRequest) -> Iterator[None]:
    """Within it, Django's signals about this request are what we have sent ourselves."""
    request._multi_oidc_our_doing = None  # type: ignore[attr-defined]  # read below
    try:
        yield
    finally:
        del request._multi_oidc_our_doing  # type: ignore[attr-defined]  # set above


def _is_our_doing(request: HttpRequest) -> bool:
    return hasattr(request, "_multi_oidc_our_doing")
