"""``configuration()``: read and parsed once per process."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.core.signals import setting_changed

from ..conf import conf
from ..exceptions import ConfigurationError
from .auth_table import parse_auth
from .mistakes import Mistake, as_text
from .model import Configuration
from .source import AbsentError, UnreadableError, read_auth


def configuration() -> Configuration:
    """The secrets file as it was at the first call in this process.

    Raises ConfigurationError, with all mistakes, at every call: a wrong file is never "nobody".
    Two threads that come first at once both read the file, and neither waits for the other.
    """
    loaded = _load()
    if isinstance(loaded, Configuration):
        return loaded
    # A new one for each use: one raised again and again would collect the traceback of each.
    raise ConfigurationError(as_text(loaded))


def configuration_mistakes() -> tuple[Mistake, ...]:
    """What is wrong with the configuration; empty when nothing is."""
    loaded = _load()
    return () if isinstance(loaded, Configuration) else loaded


def forget_configuration() -> None:
    """Have it read again at the next use. For tests that change a file or the environment."""
    _load.cache_clear()


@cache
def _load() -> Configuration | tuple[Mistake, ...]:
    try:
        found = read_auth()
    except AbsentError as absent:
        return Configuration(cookie_name=conf.MULTI_OIDC_COOKIE_NAME, notice=str(absent))
    except UnreadableError as unreadable:
        return (unreadable.mistake,)
    return parse_auth(found.source, found.auth, found.path)


def _forget_when_changed(*, setting: str, **kwargs: Any) -> None:
    if setting == "BASE_DIR" or setting.startswith("MULTI_OIDC_"):
        forget_configuration()


# Here and not in the app's ready(): whoever can call configuration() gets a fresh one under
# override_settings, even where the app is not installed. The signal is sent in tests alone.
setting_changed.connect(_forget_when_changed, dispatch_uid="django_multi_oidc.providers")
