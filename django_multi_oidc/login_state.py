"""What one login needs until it comes back from the provider: a short-lived cookie each, found by `state`.

Nothing of it is kept on the server, so any worker can finish what another one began.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.cache import caches
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare

from . import cookie_header, signing
from .conf import conf
from .exceptions import CookiesFull, StateExpired, StateSpent, StateUnknown
from .login_params import NONE
from .providers import configuration

logger = logging.getLogger(__name__)

LIFETIME = 10 * 60  # seconds
# The browser keeps the cookie a little longer, so that who comes too late is told just that.
COOKIE_LIFETIME = 2 * LIFETIME
MOST_AT_ONCE = 5
# In the cookie's order.
FIELDS = ("state", "provider", "next", "begun_at", "key_name", "params")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginState:
    """One login under way: `state` and the values bound to it, the provider's name, and the page to go to."""

    state: str = field(repr=False)
    provider: str
    next: str
    begun_at: float
    key_name: str
    """Of the secret that nonce and verifier derive from, wherever the login is finished."""
    params: Mapping[str, str] = field(default_factory=lambda: NONE, repr=False)
    """What this login asked the provider beside its table, as in `login_params`."""

    @property
    def nonce(self) -> str:
        """OpenID Connect Core 1.0 section 15.5.2; derived, so that it stands in no cookie."""
        return signing.derive("nonce", self.state, key_name=self.key_name)

    @property
    def code_verifier(self) -> str:
        """RFC 7636 section 4.1; derived, so that it stands in no cookie."""
        return signing.derive("code-verifier", self.state, key_name=self.key_name)


def begin(provider: str, next_url: str, params: Mapping[str, str] = NONE) -> LoginState:
    """A new login at a provider. ``next_url`` is already known to be safe, or empty; ``params`` are its own."""
    return LoginState(
        state=secrets.token_urlsafe(32),
        provider=provider,
        next=next_url,
        begun_at=round(time.time(), 3),
        key_name=signing.name_of_key(),
        params=params,
    )


def write(request: HttpRequest, response: HttpResponseBase, login: LoginState) -> None:
    """Set the login's cookie, and delete the oldest of the others where there are too many, or too much of them.

    Raises CookiesFull where there is no room for it even then.
    """
    room = make_room(request, response, _size(login), others=MOST_AT_ONCE - 1)
    if room < 0:
        room += _size(login)
        login = replace(login, next="")
        room -= _size(login)
    if room < 0:
        raise CookiesFull(f"{cookie_header.largest(request)}; {-room} bytes are missing for a login")
    cookie_header.write(
        response,
        _cookie_name(login.state),
        _packed(login),
        max_age=COOKIE_LIFETIME,
        secure=configuration().secure,
    )


def make_room(
    request: HttpRequest, response: HttpResponseBase, size: int, *, others: int = MOST_AT_ONCE
) -> int:
    """Delete the oldest logins under way until the next request's header has room for ``size`` bytes more.

    At most ``others`` of them stay. Returns the bytes that are left, negative where there are too few.
    """
    under_way = sorted(_under_way(request))
    room = cookie_header.MAX_BYTES - len(cookie_header.raw(request)) - size
    while under_way and (room < 0 or len(under_way) > others):
        _, name, freed = under_way.pop(0)
        room += freed
        cookie_header.delete(response, name, secure=configuration().secure)
    return room


def read(request: HttpRequest, state: str) -> LoginState:
    """The login under way in this browser that has this `state`. Raises StateUnknown or StateExpired."""
    values = cookie_header.values(request, _cookie_name(state))
    if len(values) != 1:
        raise StateUnknown(
            "the browser brought no login state cookie for it" if not values else "its cookie came twice"
        )
    try:
        login = _unpacked(values[0])
    except signing.SignatureExpired as error:
        raise StateExpired(f"begun over {LIFETIME // 60} minutes ago") from error
    except signing.BadSignature as error:
        raise StateUnknown("its cookie was altered, or signed with another secret") from error
    if login is None or not constant_time_compare(login.state, state):
        raise StateUnknown("its cookie belongs to another login")
    return login


def claim(login: LoginState) -> None:
    """Make this the only use of the login: in this process, or everywhere where the cache is shared.

    Raises StateSpent for every use but the first. A cache that is down stops nobody: the provider's
    code is good for one use as well (RFC 6749 section 4.1.2).
    """
    try:
        key, cache = f"django_multi_oidc:spent:{signing.digest(login.state)}", caches[conf.MULTI_OIDC_CACHE]
        # Some clients say no where they cannot ask: spent is what the cache really has.
        first = cache.add(key, True, LIFETIME) or cache.get(key) is None
    except Exception as error:  # each cache backend has exceptions of its own
        logger.warning("the cache cannot say whether a login is over: %s", type(error).__name__)
        return
    if not first:
        raise StateSpent("its login is over, or being finished by another request")


def delete(response: HttpResponseBase, state: str) -> None:
    """Make the browser forget the login."""
    cookie_header.delete(response, _cookie_name(state), secure=configuration().secure)


def _cookie_name(state: str) -> str:
    return f"{_prefix()}{signing.digest(state)[:16]}"


def _prefix() -> str:
    return f"{configuration().cookie_name}_login_"


def _under_way(request: HttpRequest) -> Iterator[tuple[float, str, int]]:
    """When it was begun, its cookie's name and size, of every login that is ours: the rest is another site's."""
    prefix = _prefix()
    for name, value in cookie_header.pairs(request):
        login = _ours(value) if name.startswith(prefix) else None
        if login and name == _cookie_name(login.state):
            yield login.begun_at, name, cookie_header.size_of(name, value)


def _ours(value: str) -> LoginState | None:
    try:
        return _unpacked(value, max_age=COOKIE_LIFETIME)
    except signing.BadSignature:
        return None


def _packed(login: LoginState) -> str:
    payload = [login.state, login.provider, login.next, login.begun_at, login.key_name]
    # Nothing where there is none: in a rolling deploy, older workers finish the logins that they know.
    more = [dict(login.params)] if login.params else []
    return signing.dumps([*payload, *more], "login-state")


def _unpacked(value: str, max_age: int = LIFETIME) -> LoginState | None:
    payload: Any = signing.loads(value, "login-state", max_age=max_age)
    if not isinstance(payload, list) or len(payload) not in (5, 6) or not isinstance(payload[-1], str | dict):
        return None
    return LoginState(**dict(zip(FIELDS, payload, strict=False)))


def _size(login: LoginState) -> int:
    return cookie_header.size_of(_cookie_name(login.state), _packed(login))
