"""Ending identities that live in browsers alone: marks in Django's cache, looked at when a request asks who it is.

Off unless the secrets file says ``revocation = true``. A mark for a login, or for a session at the provider, holds
whatever the time; a mark for a person ends the logins that began before it. All of them can be lost at once, when the
cache is emptied: then its sentinel is lost with them, and with a new one every login that began before is over.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache

from . import signing
from .conf import conf
from .exceptions import RevocationUnknown
from .providers import Provider, configuration
from .providers.model import LIFETIME
from .shared_cache import Seldom
from .users import Identity

logger = logging.getLogger(__name__)
_may_warn = Seldom()

FOREVER = None  # as Django's caches have it
MICROSECOND = 1e-6


def is_ended(identity: Identity) -> bool:
    """Whether somebody has ended the login that made the identity. One read of the cache.

    Raises RevocationUnknown where the cache cannot say, unless ``revocation_outage = "allow"``.
    """
    try:
        return configuration().revocation and _is_ended(identity)
    except RevocationUnknown as error:
        _raise_unless_allowed(error)
        return False


def now() -> float:
    """The time that a login of now bears, in seconds since the epoch: later than what has ended everybody before.

    Raises RevocationUnknown as `is_ended` does.
    """
    try:
        if configuration().revocation:
            with _cache() as cache:
                return _now(cache, cache.get(_since_key()))
    except RevocationUnknown as error:
        _raise_unless_allowed(error)
    return time.time()


def end_login(identity: Identity) -> None:
    """End this one login, in whatever browser a copy of its cookie is. A cache that is down costs a line in the log."""
    if not configuration().revocation:
        return
    try:
        _mark(_key("login", identity.login_id))
    except RevocationUnknown as error:
        logger.warning(
            "a login was not ended in the cache, only in the browser that logged out: %s", error.detail
        )


def end_session(provider: Provider, *, sid: str, sub: str) -> None:
    """End what came of one session at the provider (``sid``); ``sub``, perhaps empty, whose it was.

    Raises RevocationUnknown.
    """
    _mark(_key("sid", provider.fingerprint, sid))
    if sub:
        _mark(_key("sub without sid", provider.fingerprint, sub))


def end_person(provider: Provider, *, sub: str = "", email: str = "") -> None:
    """End all logins of a person that have begun by now. Raises RevocationUnknown."""
    if sub:
        _mark(_key("sub", provider.fingerprint, sub))
    if email:
        _mark(_key("email", provider.fingerprint, email.lower()))


def end_everybody(provider: Provider) -> None:
    """End all logins at the provider that have begun by now. Raises RevocationUnknown."""
    _mark(_key("provider", provider.fingerprint))


def use_once(provider: Provider, jti: str, seconds: int) -> bool:
    """True at the first call with this token id within so many seconds. Raises RevocationUnknown."""
    with _cache() as cache:
        return bool(cache.add(_key("jti", provider.fingerprint, jti), "used", seconds))


def use_again(provider: Provider, jti: str) -> None:
    """Take `use_once` back: what the token was to do has not been done. Raises RevocationUnknown."""
    with _cache() as cache:
        cache.delete(_key("jti", provider.fingerprint, jti))


def _is_ended(identity: Identity) -> bool:
    keys = {_since_key(): "since"} | dict(_marks_of(identity))
    with _cache() as cache:
        found: Mapping[str, Any] = cache.get_many(list(keys))
        since = _since(cache, found.get(_since_key()))
    if identity.login_at <= since:
        return True
    return any(
        _holds(kind, found[key], identity) for key, kind in keys.items() if key in found and kind != "since"
    )


def _marks_of(identity: Identity) -> Iterator[tuple[str, str]]:
    """Key and kind of every mark that would end the identity."""
    claims, of_provider = identity.claims, identity.fingerprint
    sid, sub, email = claims.get("sid"), claims.get("sub"), claims.get("email")
    yield _key("login", identity.login_id), "login"
    yield _key("provider", of_provider), "provider"
    yield _key("sub", of_provider, sub), "sub"
    if isinstance(sid, str):
        yield _key("sid", of_provider, sid), "sid"
    else:
        yield _key("sub without sid", of_provider, sub), "sub without sid"
    if isinstance(email, str):
        yield _key("email", of_provider, email.lower()), "email"


def _holds(kind: str, mark: Any, identity: Identity) -> bool:
    """Whether the mark ends the identity. What is no time ends it: better logged out than not."""
    return kind in ("login", "sid") or identity.login_at <= _time(mark)


def _time(mark: Any) -> float:
    try:
        return float(mark)
    except (TypeError, ValueError):
        return float("inf")


def _since(cache: BaseCache, sentinel: Any) -> float:
    """From when on marks are known, in seconds since the epoch."""
    if sentinel is None:
        cache.add(_since_key(), repr(time.time()), FOREVER)
        sentinel = cache.get(_since_key())
    if sentinel is None:
        raise RevocationUnknown("the cache keeps nothing that is written to it")
    return _time(sentinel)


def _mark(key: str) -> None:
    """Never set back: of two machines the clock of one may be behind."""
    with _cache() as cache:
        found = cache.get_many([_since_key(), key])
        moment = max(_now(cache, found.get(_since_key())), _time(found[key]) if key in found else 0.0)
        cache.set(key, repr(moment), _longest_lifetime())


def _now(cache: BaseCache, sentinel: Any) -> float:
    """To the microsecond, as identities have it."""
    return round(max(time.time(), _since(cache, sentinel) + MICROSECOND), 6)


def _longest_lifetime() -> int:
    """Seconds after which no identity of now can come back."""
    return max([LIFETIME, *(provider.lifetime for provider in configuration().providers.values())])


def _key(*parts: Any) -> str:
    """A digest: neither a person's name nor an address stands in the cache."""
    return f"django_multi_oidc:ended:{signing.digest(json.dumps(parts))}"


def _since_key() -> str:
    # Of this site: another one in the same cache may have been switched on long before.
    return _key("since", configuration().redirect_uri)


@contextmanager
def _cache() -> Iterator[BaseCache]:
    """The shared cache. Each cache backend has exceptions of its own."""
    try:
        yield caches[conf.MULTI_OIDC_CACHE]
    except RevocationUnknown:
        raise
    except Exception as error:
        raise RevocationUnknown(f"the cache cannot be asked: {type(error).__name__}") from error


def _raise_unless_allowed(error: RevocationUnknown) -> None:
    """Where the site prefers to let people in meanwhile, a cache that is down ends nobody's login."""
    if configuration().revocation_outage != "allow":
        raise error
    if _may_warn():
        logger.warning("logins that were ended are let in meanwhile: %s", error.detail)
