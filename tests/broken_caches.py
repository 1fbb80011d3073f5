"""Caches that are down, or that somebody else writes."""

from __future__ import annotations

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache


class DownCache(BaseCache):
    """Refuses whatever is asked."""

    def __init__(self, location, params):
        super().__init__(params)

    def _refuse(self, *args, **kwargs):
        raise ConnectionError("nobody listens at redis://:password@cache.example")

    get = get_many = set = add = delete = touch = _refuse

    def clear(self):
        """For the fixture that tidies up."""


class ReadOnlyCache(LocMemCache):
    """Answers, and is full."""

    def set(self, *args, **kwargs):
        raise OSError("no space left on device")


class SharedCache(LocMemCache):
    """Of one process as well, and not known to be so: for what is told to use another."""


class SilentCache(DownCache):
    """Says no, and nothing, where it cannot ask: pymemcache, in the second after its server was gone."""

    def add(self, *args, **kwargs):
        return False

    def get(self, *args, **kwargs):
        return None


class ForgetfulCache(LocMemCache):
    """Answers that it has written, and has not: Django's database cache does so when the database is locked."""

    def set(self, *args, **kwargs):
        pass

    def add(self, *args, **kwargs):
        """But for the first: the sentinel."""
        return True if self._cache else super().add(*args, **kwargs)


class RecoveringCache(LocMemCache):
    """A client whose server failed a moment ago: to the next question for many it has nothing."""

    failures = 0

    def get_many(self, keys, version=None):
        if self.failures:
            type(self).failures -= 1
            return {}
        return super().get_many(keys, version)
