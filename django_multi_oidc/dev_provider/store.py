"""What the provider remembers between two requests: under random keys, for a while, never too much."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class ExpiringStore(Generic[T]):
    """Values under unguessable keys. The oldest goes when it is full: a tool left running must not grow."""

    def __init__(self, *, lifetime: float, limit: int = 1000) -> None:
        """``lifetime`` in seconds."""
        self.lifetime = lifetime
        self.limit = limit
        self._entries: dict[str, tuple[float, T]] = {}
        self._lock = threading.Lock()

    def add(self, value: T) -> str:
        """Keep the value and return its new key."""
        key = secrets.token_urlsafe(32)
        self.put(key, value)
        return key

    def put(self, key: str, value: T) -> None:
        with self._lock:
            while len(self._entries) >= self.limit:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = (time.time() + self.lifetime, value)

    def get(self, key: str) -> T | None:
        """The value, or None when it is unknown or too old."""
        with self._lock:
            return alive(self._entries.get(key))

    def pop(self, key: str) -> T | None:
        """The value, for the one caller who comes first."""
        with self._lock:
            return alive(self._entries.pop(key, None))

    def pop_where(self, wanted: Callable[[T], bool]) -> list[T]:
        """Every value that is wanted, for the one caller who comes first."""
        with self._lock:
            living = {
                key: value for key, entry in self._entries.items() if (value := alive(entry)) is not None
            }
            return [self._entries.pop(key)[1] for key, value in living.items() if wanted(value)]


def alive(entry: tuple[float, T] | None) -> T | None:
    return entry[1] if entry and time.time() < entry[0] else None
