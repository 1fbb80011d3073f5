"""What a logout at the provider too needs until the browser comes back: one short-lived cookie.

Nothing of it stands in a URL of ours, whose way through proxies and logs nobody knows.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import cookie_header, signing
from .providers import configuration

LIFETIME = 10 * 60  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutState:
    """``state``: what the provider sends back; ``hint``: what it calls the person, perhaps empty.

    ``sent``: the browser was sent there already. Some providers send it back without the state.
    """

    state: str = field(repr=False)
    provider: str
    hint: str = field(repr=False)
    sent: bool = False


def begin(provider: str, hint: str) -> LogoutState:
    """A new logout at a provider."""
    return LogoutState(state=secrets.token_urlsafe(32), provider=provider, hint=hint)


def write(response: HttpResponseBase, leaving: LogoutState) -> None:
    """Make the browser remember the logout."""
    payload = [leaving.state, leaving.provider, leaving.hint, leaving.sent]
    value = signing.dumps(payload, "logout-state")
    cookie_header.write(response, _name(), value, max_age=LIFETIME, secure=configuration().secure)


def read(request: HttpRequest) -> LogoutState | None:
    """The logout under way in this browser; None where there is none, or it is not (or no longer) good."""
    values = cookie_header.values(request, _name())
    if len(values) != 1:
        return None
    try:
        state, provider, hint, sent = signing.loads(values[0], "logout-state", max_age=LIFETIME)
    except signing.BadSignature:
        return None
    return LogoutState(state=state, provider=provider, hint=hint, sent=sent)


def delete(response: HttpResponseBase) -> None:
    """Make the browser forget the logout."""
    cookie_header.delete(response, _name(), secure=configuration().secure)


def forget(request: HttpRequest, response: HttpResponseBase) -> int:
    """Who logs in has no logout under way any more; the bytes that this frees of the next request's header."""
    values = cookie_header.values(request, _name())
    if values:
        delete(response)
    return sum(cookie_header.size_of(_name(), value) for value in values)


def _name() -> str:
    return f"{configuration().cookie_name}_logout"
