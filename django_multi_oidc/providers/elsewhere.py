"""What a reference names, read: a variable of the environment, or a file. No message quotes what was read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from ..wording import quoted

LARGEST = 64 * 1024  # bytes; the longest private keys have a few thousand
# Whatever else is put there may be the secret itself: in base32, or in base64 with a slash in front.
VARIABLE = re.compile(r"(?=.{1,20}\Z|.*_)[A-Z_][A-Z0-9_]*")
PATH = re.compile(
    r"(/|[A-Za-z]:[\\/])([a-z0-9_./\\ -]*|[\w./\\ -]{1,24})|[a-z0-9_-]*[./][a-z0-9_./-]*|[a-z0-9_-]{1,20}"
)


class Problem(NamedTuple):
    """Why there is no value, to go on after "which", and the mend."""

    what: str
    mend: str


def variable(name: str) -> str:
    """The variable as messages call it. People write the secret itself there: only a plain name is quoted."""
    return (
        f"the environment variable {quoted(name)}" if VARIABLE.fullmatch(name) else "an environment variable"
    )


def file(name: str) -> str:
    """The file as messages call it. What looks unlike a path may be the secret itself, and is not quoted."""
    return f"the file {quoted(name)}" if PATH.fullmatch(name) else "a file"


def is_path(name: str) -> bool:
    """False for what no file can be called: a NUL, or half of a surrogate pair."""
    try:
        return b"\0" not in os.fsencode(name)
    except ValueError:
        return False


def from_environment(name: str) -> str | Problem:
    """The variable's value as it is."""
    value = _variables().get(name)
    if value is None:
        return Problem("is not set.", VARIABLE_MEND)
    if not value.strip():
        return Problem("is empty.", VARIABLE_MEND)
    if re.search("[\ud800-\udfff]", value):  # how Python keeps the bytes that are not UTF-8
        return Problem("is not UTF-8.", "Set it in an UTF-8 environment, or take the value from a file.")
    return value


def _variables() -> dict[str, str]:
    # A copy: for half of a surrogate pair as a name, os.environ itself raises where a dict has none.
    return dict(os.environ)


VARIABLE_MEND = (
    "Set it for the process that the site runs in, and for manage.py. What stands in the secrets file is the\n"
    "name of the variable, not its value."
)


def from_file(directory: Path, name: str) -> str | Problem:
    """The file's text without the one newline at its end, which editors and ``echo`` put there."""
    content = _read(directory, name)
    if isinstance(content, Problem):
        return content
    if len(content) > LARGEST:
        return Problem(f"is larger than {LARGEST // 1024} KiB.", "Name the file with this one value.")
    text = _decoded(content)
    if text is None:
        return Problem("is not UTF-8.", "Save it as UTF-8; PowerShell's > writes UTF-16.")
    if not text.strip():
        return Problem("is empty.", "Write the value into it.")
    return re.sub(r"\r?\n\Z", "", text)


def _read(directory: Path, name: str) -> bytes | Problem:
    try:
        with (directory / name).open("rb") as stream:
            return stream.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Problem("is not there.", _not_there_mend(directory, name))
    except IsADirectoryError:
        return Problem("is a directory.", DIRECTORY_MEND)
    except OSError as error:
        return Problem(f"cannot be read: {error.strerror}.", READABLE_MEND)


def _not_there_mend(directory: Path, name: str) -> str:
    if Path(name).is_absolute():
        return "Docker and Kubernetes put a secret there only for a service that lists it."
    return f"A path that is not absolute begins at {directory.absolute()}."


READABLE_MEND = "Give the user that the site runs as the right to read it."
DIRECTORY_MEND = (
    "Kubernetes mounts a secret as a directory with a file for each key: name the file. Docker makes an empty\n"
    "directory where the file to be mounted is missing on the host."
)


def _decoded(content: bytes) -> str | None:
    try:
        return content.decode("utf-8-sig")  # Windows' editors put a mark in front
    except UnicodeDecodeError:
        return None
