"""runserver starts anew when the secrets file, or a file that it refers to, is edited or created."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.utils.autoreload import BaseReloader

from .auth_table import directory_of
from .references import References
from .source import AbsentError, UnreadableError, candidates, read_auth
from .table import Table

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
    sender.extra_files.update(AwaitedFile(path.absolute()) for path in (*_candidates(), *_referenced()))


def _candidates() -> list[Path]:
    try:
        return [candidate.path for candidate in candidates()]
    except UnreadableError:
        return []  # a setting of the wrong type, which the system checks report


def _referenced() -> list[Path]:
    try:
        found = read_auth()
    except (AbsentError, UnreadableError):
        return []  # what it refers to is seen after its mend, when runserver has started anew
    references = References(directory_of(found.path))
    references.resolve(Table(found.source, "auth", found.auth, []))
    return references.files
