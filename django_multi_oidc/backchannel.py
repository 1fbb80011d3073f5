"""A provider says that somebody has logged out there (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

import logging

from django.http import HttpRequest

from . import revocation
from .backend_loading import backend_of
from .exceptions import CallbackMalformed
from .providers import Provider
from .signals import oidc_revoked

logger = logging.getLogger(__name__)


def receive(request: HttpRequest, provider: Provider) -> None:
    """End here what was ended there (section 2.7). Raises LoginError, and then nothing has ended."""
    tokens = request.POST.getlist("logout_token")
    if len(tokens) != 1:
        raise CallbackMalformed('the request has not exactly one "logout_token"')
    token = backend_of(provider).verify_logout_token(tokens[0])
    if not revocation.use_once(provider, token.jti, token.good_for):
        raise CallbackMalformed('the "jti" was met before')
    try:
        _end(provider, sub=token.sub, sid=token.sid)
    except Exception:  # whatever it was, the provider may send the token again
        revocation.use_again(provider, token.jti)
        raise
    logger.info("provider %r has logged somebody out", provider.name)
    oidc_revoked.send_robust(sender=provider.name, sub=token.sub, sid=token.sid, email="", everybody=False)


def _end(provider: Provider, *, sub: str, sid: str) -> None:
    """With a ``sid``, that session alone; the person may have others at the provider, and here."""
    if sid:
        revocation.end_session(provider, sid=sid, sub=sub)
    else:
        revocation.end_person(provider, sub=sub)
