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
