"""runserver starts anew when the secrets file is edited, and when it is created."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.utils.autoreload import BaseReloader

from .source import UnreadableError, candidates

NEVER_CHANGED = os.stat_result((0,) * 10)


class AwaitedFile(type(Path())):  # type: ignore[misc]  # the only base that Python 3.10 allows
    """A file that counts as very old while it does not exist.

    StatReloader passes over a missing file, and takes a new one for one that was always there: a
    fresh clone's developer, who writes the secrets file while runserver runs, would have to restart.
    """

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        try:
            return super().stat(follow_symlinks=follow_symlinks)  # type: ignore[no-any-return]  # as above
        except OSError:
            return NEVER_CHANGED


def watch_secrets_file(sender: BaseReloader, **kwargs: Any) -> None:
    """Receiver of ``autoreload_started``: watch every file that the configuration may be read from."""
    try:
        sender.extra_files.update(AwaitedFile(candidate.path.absolute()) for candidate in candidates())
    except UnreadableError:
        return  # a setting of the wrong type, which the system checks report
