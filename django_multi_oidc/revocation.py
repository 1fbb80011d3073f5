"""Ending identities that live in browsers alone: marks in Django's cache, looked at when a request asks who it is.

Off unless the secrets file says ``revocation = true``. A mark for a login, or for a session at the provider, holds
whatever the time; a mark for a person ends the logins that began before it. All of them can be lost at once, when the
cache is emptied: then its sentinel is lost with them, and with a new one every login that began before is over.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache

from . import signing
from .clocks import SKEW_SECONDS
from .conf import conf
from .exceptions import RevocationUnknown
from .kept_claims import ADDRESSES
from .providers import Provider, configuration
from .providers.model import LIFETIME
from .shared_cache import Seldom
from .users import Identity

logger = logging.getLogger(__name__)
_may_warn, _may_warn_of_clocks = Seldom(), Seldom()

FOREVER = None  # as Django's caches have it
NOT_KEPT = "the cache does not keep what is written to it"


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
                return _now(cache) / 1e6
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
    key = _key("jti", provider.fingerprint, jti)
    with _cache() as cache:
        first = bool(cache.add(key, "used", seconds))
        if cache.get(key) is None:
            raise RevocationUnknown(NOT_KEPT)
        return first


def use_again(provider: Provider, jti: str) -> None:
    """Take `use_once` back: what the token was to do has not been done. Raises RevocationUnknown."""
    with _cache() as cache:
        cache.delete(_key("jti", provider.fingerprint, jti))


def _is_ended(identity: Identity) -> bool:
    # Whether a mark holds whenever the login began, by its key.
    for_good = {_since_key(): False} | dict(_marks_of(identity))
    login_at = _microseconds(identity.login_at)
    return any(for_good[key] or login_at <= _moment(mark) for key, mark in _found(list(for_good)).items())


def _found(keys: list[str]) -> dict[str, Any]:
    """What the cache has of these, the sentinel among them: an answer without it may be no answer at all.

    A client whose server has just failed answers that there is nothing.
    """
    with _cache() as cache:
        found = cache.get_many(keys)
        if _since_key() not in found:
            _since(cache)
            found = cache.get_many(keys)
        if _since_key() not in found:
            raise RevocationUnknown(NOT_KEPT)
        return dict(found)


def _marks_of(identity: Identity) -> Iterator[tuple[str, bool]]:
    """The key of every mark that would end the identity, and whether it does so for good."""
    claims, of_provider = identity.claims, identity.fingerprint
    sid, sub = claims.get("sid"), claims.get("sub")
    yield _key("login", identity.login_id), True
    yield _key("provider", of_provider), False
    yield _key("sub", of_provider, sub), False
    if isinstance(sid, str) and sid:
        yield _key("sid", of_provider, sid), True
    else:
        yield _key("sub without sid", of_provider, sub), False
    for name in ADDRESSES:
        if isinstance(claims.get(name), str):
            yield _key("email", of_provider, claims[name].lower()), False


def _moment(mark: Any) -> float:
    """In microseconds. What is no time ends every login: better logged out than not."""
    if not isinstance(mark, int) or isinstance(mark, bool):
        return float("inf")
    if mark > _microseconds(time.time() + SKEW_SECONDS) and _may_warn_of_clocks():
        logger.warning("a mark in the cache lies in the future: the clock of a machine is, or was, ahead")
    return mark


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)


def _since(cache: BaseCache) -> int:
    """From when on marks are known, in microseconds: from now on, where nobody has said so before."""
    key, now = _since_key(), _microseconds(time.time())
    cache.add(key, now, FOREVER)
    sentinel = cache.get(key)
    if sentinel is None:
        raise RevocationUnknown(NOT_KEPT)
    if not isinstance(sentinel, int):
        cache.set(key, now, FOREVER)
        return now
    return sentinel


def _now(cache: BaseCache) -> int:
    """In microseconds; later than the sentinel, whose clock may be ahead of ours."""
    since = _since(cache)
    _moment(since)  # which tells of such a clock
    return max(_microseconds(time.time()), since + 1)


def _mark(key: str) -> None:
    """End what the key stands for, as of now, and see that the cache has kept it."""
    with _cache() as cache:
        moment = _now(cache)
        cache.add(key, moment, _longest_lifetime())
        _set_forward(cache, key, moment)
        kept = cache.get(key)
    if kept is None or _moment(kept) < moment:
        raise RevocationUnknown(NOT_KEPT)


def _set_forward(cache: BaseCache, key: str, moment: int) -> None:
    """Never back: adding to what is there cannot undo what another process adds meanwhile."""
    there = cache.get(key)
    if not isinstance(there, int):
        cache.set(key, moment, _longest_lifetime())
    elif there < moment:
        cache.incr(key, moment - there)
    cache.touch(key, _longest_lifetime())


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
