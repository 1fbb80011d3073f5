"""What was last heard from each provider: kept by this process, shared by the cache, else fetched.

Whoever finds a copy missing gets it; who comes meanwhile waits for that. No lock is held while the network
or the cache is waited for.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, Literal, TypeVar

from . import shared_cache
from .exceptions import LoginError
from .providers import Provider
from .shared_cache import Kept, Seldom

logger = logging.getLogger(__name__)

# Keys are fetched before their time when a token fits none of them, and no more often than this:
# long enough that tokens of strangers cannot make us hammer the provider, short enough for a developer
# who restarts one twice. Only such fetches count, so that the first rotation is never waited for.
REFETCH_SECONDS = 10.0
# A provider that hangs would hold every worker: a failure that took so long is the answer for a while.
# A quick failure holds nobody, and is not remembered: who tries again may be luckier.
SLOW_SECONDS = 1.0
REMEMBERED_SECONDS = 2.0

T = TypeVar("T")
Asker = Literal["login", "logout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Generic[T]):
    """One thing of a provider's, and how to come by it."""

    kind: str  # for the log, and to tell things at one address apart
    provider: Provider
    url: str
    fetch: Callable[[], tuple[Any, float]]
    """What the provider says, as it came, ready for JSON; and for how many seconds it may be kept.

    Raises LoginError where it says nothing.
    """
    check: Callable[[Any], T]
    """What is used of it. Asked of whatever the cache holds as well. Raises LoginError."""


def current(source: Source[T]) -> T:
    """The thing, fetched where no copy of it is fresh.

    While the provider cannot be asked, the last good copy, for a day at most, with a warning in the log.
    What is well-formed and fails ``check`` is the provider's own word, and raises: yesterday's copy would
    hide a mistake, or an attack, for a day. Raises what ``fetch`` and ``check`` raise.
    """
    return _copy(source).current(source)


def newer(source: Source[T], *, seen: T, asker: Asker = "login") -> T:
    """Something else than ``seen``, which did not do; or ``seen`` where asking again is too soon.

    Each ``asker`` has a time of its own: anybody may send what passes for a logout token, and no login shall wait
    for that.

    Raises what ``fetch`` and ``check`` raise.
    """
    return _copy(source).newer(source, seen, asker)


def clear() -> None:
    """Forget every copy of this process; for tests."""
    _copies.clear()


class _Together(Generic[T]):
    """Does a job once for all the threads that want it done at the same time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._flight: Future[T] | None = None

    def do(self, job: Callable[[], T]) -> T:
        with self._lock:
            waiting_for = self._flight
            if waiting_for is None:
                flight = self._flight = Future()
        return self._fly(flight, job) if waiting_for is None else _landed(waiting_for)

    def _fly(self, flight: Future[T], job: Callable[[], T]) -> T:
        try:
            value = job()
        except BaseException as error:
            self._flight = None
            flight.set_exception(error)
            raise
        self._flight = None
        flight.set_result(value)
        return value


def _landed(flight: Future[T]) -> T:
    """What another thread's job brought."""
    try:
        return flight.result()
    except LoginError as error:
        raise _again(error) from None


def _again(error: LoginError) -> LoginError:
    """A copy: one error must not rise in two threads, nor keep its traceback alive."""
    return type(error)(error.detail, stage=error.stage)


class _Refetch(Generic[T]):
    """When something was last fetched before its time, for one kind of asker."""

    def __init__(self) -> None:
        self.at = float("-inf")
        self.together: _Together[T] = _Together()


class _Copy(Generic[T]):
    """The process's copy of one Source."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._held: tuple[Kept, T] | None = None
        self._failure: tuple[float, LoginError] | None = None
        self._getting: _Together[T] = _Together()
        self._refetches: dict[Asker, _Refetch[T]] = {"login": _Refetch(), "logout": _Refetch()}
        self._may_warn = Seldom()

    def current(self, source: Source[T]) -> T:
        held = self._held
        if held is not None and _is_fresh(held[0]):
            return held[1]
        return self._getting.do(lambda: self._found(source))

    def newer(self, source: Source[T], seen: T, asker: Asker) -> T:
        refetch = self._refetches[asker]
        return refetch.together.do(lambda: self._refetched(source, seen, refetch))

    def _found(self, source: Source[T]) -> T:
        held = self._from_cache(source)
        if held is not None and _is_fresh(held[0]):
            return held[1]
        try:
            answer = self._fetch(source)
        except LoginError as error:
            return self._stale(source, error)
        return self._accept(source, *answer)

    def _refetched(self, source: Source[T], seen: T, refetch: _Refetch[T]) -> T:
        held = self._held
        if held is None or held[1] == seen:
            held = self._from_cache(source)
        if held is not None and held[1] != seen:
            return held[1]  # another thread or process was faster
        if 0 <= time.time() - refetch.at < REFETCH_SECONDS:
            return seen
        refetch.at = time.time()
        return self._accept(source, *self._fetch(source))

    def _from_cache(self, source: Source[T]) -> tuple[Kept, T] | None:
        """The copy, after a look whether the shared one is newer; an older one may hold withdrawn keys."""
        kept = shared_cache.load(source.kind, source.provider, source.url)
        if kept is not None and (self._held is None or kept.fetched_at > self._held[0].fetched_at):
            try:
                self._held = kept, source.check(kept.value)
            except LoginError:
                return self._held  # stored before the checks changed: the provider is asked
        return self._held

    def _fetch(self, source: Source[T]) -> tuple[Any, float]:
        if self._failure is not None and 0 <= time.time() - self._failure[0] < REMEMBERED_SECONDS:
            raise _again(self._failure[1])
        began = time.time()
        try:
            return source.fetch()
        except LoginError as error:
            if time.time() - began > SLOW_SECONDS:
                self._failure = time.time(), _again(error)
            raise

    def _accept(self, source: Source[T], value: Any, lifetime: float) -> T:
        checked = source.check(value)
        now = time.time()
        kept = Kept(value=value, fetched_at=now, expires_at=now + lifetime)
        self._held = kept, checked
        shared_cache.store(source.kind, source.provider, source.url, kept)
        return checked

    def _stale(self, source: Source[T], error: LoginError) -> T:
        held = self._held
        age = time.time() - held[0].fetched_at if held is not None else -1.0
        if held is None or not 0 <= age <= shared_cache.LONGEST:
            raise error
        if self._may_warn():
            logger.warning(
                "provider %r: its %s cannot be fetched, and a copy of %d minutes ago serves: %s",
                source.provider.name,
                source.kind,
                age // 60,
                error,
            )
        return held[1]


def _is_fresh(kept: Kept) -> bool:
    return kept.fetched_at <= time.time() < kept.expires_at


# The process is in the key: a fetch that was under way at a fork never ends in the child.
_copies: dict[tuple[object, ...], _Copy[Any]] = {}


def _copy(source: Source[T]) -> _Copy[T]:
    provider = source.provider
    key = (os.getpid(), source.kind, *provider.route)
    found = _copies.get(key) or _copies.setdefault(key, _Copy(source.url))
    if found.url != source.url:  # moved by the provider, which must not fill our memory by doing so daily
        found = _copies[key] = _Copy(source.url)
    return found
