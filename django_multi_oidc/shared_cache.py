"""What the site's processes tell each other about a provider, by Django's cache, with a MAC of ours.

A cache is no trust anchor. Who can write it can neither make up an entry nor move one: each is signed with
``cookie_secret``, together with what it is about. They can take entries away, and put back one of the last
24 hours. Only text is stored and read. Most of Django's cache backends unpickle whatever they find, before
we see it: that is theirs to change, not ours (docs/settings.md).
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.cache import caches

from . import signing
from .conf import conf
from .providers import Provider, configuration

logger = logging.getLogger(__name__)

FORMAT = 1  # in every key: a release that writes other entries never meets these
LONGEST = 24 * 60 * 60  # seconds after which a copy is of no use to anybody
MAX_CHARACTERS = 512 * 1024  # of an entry, compressed: real ones have 4,000; memcached takes 1 MiB
QUIET_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a provider said, as it came, and from when until when it holds (seconds since 1970)."""

    value: Any = field(repr=False)  # ready for JSON
    fetched_at: float
    expires_at: float


class Seldom:
    """True when called, and then not again for a minute: a log is no place for a line per login."""

    def __init__(self) -> None:
        self._said_at = float("-inf")

    def __call__(self) -> bool:
        now = time.time()
        if 0 <= now - self._said_at < QUIET_SECONDS:
            return False
        self._said_at = now
        return True


_unusable, _foreign = Seldom(), Seldom()


def load(kind: str, provider: Provider, url: str) -> Kept | None:
    """What another process has stored, unchecked but for its MAC; None: nothing that can be trusted."""
    key = _key(kind, provider, url)
    with _whatever_happens():
        if key is not None and (text := caches[conf.MULTI_OIDC_CACHE].get(key)) is not None:
            return _unpacked(text, key, f"the {kind} of {provider.name!r}")
    return None


def store(kind: str, provider: Provider, url: str, kept: Kept) -> None:
    """Let the other processes have ``kept``. What is too large stays with this one."""
    key = _key(kind, provider, url)
    if key is None:
        return
    text = signing.dumps([key, asdict(kept)], "shared-cache")
    if len(text) <= MAX_CHARACTERS:
        with _whatever_happens():
            caches[conf.MULTI_OIDC_CACHE].set(key, text, LONGEST)


@contextmanager
def _whatever_happens() -> Iterator[None]:
    """A cache that is down never stops a login. Each cache backend has exceptions of its own."""
    try:
        yield
    except Exception as error:
        if _unusable():
            logger.warning("the cache cannot share discovery documents and keys: %s", type(error).__name__)


def _key(kind: str, provider: Provider, url: str) -> str | None:
    """The entry's key: a digest of all that its content may depend on. None: nothing to sign it with.

    Keyed with ``cookie_secret``, so that sites with other secrets can use one cache without meeting.
    """
    if not configuration().cookie_secrets:
        return None
    about = [FORMAT, kind, url, *provider.route]
    return f"django_multi_oidc:{signing.derive('shared-cache', json.dumps(about))}"


def _unpacked(text: object, key: str, what: str) -> Kept | None:
    try:
        if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
            raise signing.BadSignature
        signed_key, kept = signing.loads(text, "shared-cache", max_age=LONGEST)
        if signed_key != key:
            raise signing.BadSignature
    except signing.SignatureExpired:
        return None
    except signing.BadSignature:
        if _foreign():
            logger.warning(
                "the cache's copy of %s is not used: it was altered, or signed by a clock that is ahead", what
            )
        return None
    # The clock of the machine that fetched it may be ahead of ours.
    return Kept(**{**kept, "fetched_at": min(kept["fetched_at"], time.time())})
