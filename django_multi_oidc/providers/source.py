"""Where the configuration is read from, and the reading of it. The one owner of ``tomli``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import tomli

from ..conf import SECRETS_FILE_VARIABLE, conf
from ..wording import quoted, type_name
from .keys import CREDENTIALS, KNOWN_KEYS, SHARED_KEYS
from .mistakes import Mistake
from .toml_errors import syntax_mistake

FILES = ("secrets.toml", ".streamlit/secrets.toml")
MAPPING = "MULTI_OIDC_SECRETS"
DOCS = "See docs/configuration.md of django-multi-oidc."


class AbsentError(Exception):
    """There is nothing to read; the text says where it was looked for."""


class UnreadableError(Exception):
    """There is something, and it is no table of TOML; ``mistake`` says why."""

    def __init__(self, source: str, what: str, mend: str) -> None:
        super().__init__(what)
        self.mistake = Mistake(source, what, mend)


class Candidate(NamedTuple):
    """A file that may hold the configuration, and how messages call it."""

    path: Path
    shown: str


class Found(NamedTuple):
    """How messages call it, the ``[auth]`` table, and the file that it stands in; None: a mapping."""

    source: str
    auth: Mapping[str, Any]
    path: Path | None


def read_auth() -> Found:
    """Raises AbsentError or UnreadableError."""
    if conf.MULTI_OIDC_SECRETS is not None:
        return Found(MAPPING, _auth_of(MAPPING, _plain_table(conf.MULTI_OIDC_SECRETS)), None)
    for candidate in candidates():
        content = _read(candidate)
        if content is not None:
            auth = _auth_of(candidate.shown, _parse(candidate.shown, content))
            return Found(candidate.shown, auth, candidate.path)
    raise AbsentError(_where_it_was_looked())


def candidates() -> list[Candidate]:
    """The files that may hold the configuration, the first one that exists counts; none with a mapping."""
    if conf.MULTI_OIDC_SECRETS is not None:
        return []
    if conf.MULTI_OIDC_SECRETS_FILE or conf.secrets_file_from_environment:
        return [_named_file()]
    return [Candidate(conf.BASE_DIR / name, name) for name in FILES] if conf.BASE_DIR else []


def _named_file() -> Candidate:
    name = conf.MULTI_OIDC_SECRETS_FILE or conf.secrets_file_from_environment or ""
    try:
        path = (conf.BASE_DIR or Path()) / name
    except TypeError:
        raise UnreadableError(
            "MULTI_OIDC_SECRETS_FILE",
            f"must be a path, not {type_name(name)}.",
            "Write it as a string or a Path.",
        ) from None
    return Candidate(path, shown(path))


def shown(path: Path) -> str:
    """For messages: the path from BASE_DIR on where it is inside: short, and the same on every machine."""
    base_dir = conf.BASE_DIR
    return str(path.relative_to(base_dir) if base_dir and path.is_relative_to(base_dir) else path)


def _where_it_was_looked() -> str:
    return f"No login provider is configured: {_looked_for()}. {DOCS}"


def _looked_for() -> str:
    if conf.MULTI_OIDC_SECRETS_FILE:
        return f'the setting MULTI_OIDC_SECRETS_FILE names "{_named_file().shown}", which is not there'
    if conf.secrets_file_from_environment:
        shown = _named_file().shown
        return f'the environment variable {SECRETS_FILE_VARIABLE} names "{shown}", which is not there'
    if conf.BASE_DIR is None:
        return "the settings name no secrets file, and have no BASE_DIR to look for one"
    return f"BASE_DIR has neither {FILES[0]} nor {FILES[1]}"


def _read(candidate: Candidate) -> bytes | None:
    """The file's bytes, or None where there is no file. One try, so nothing changes in between."""
    try:
        return candidate.path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:  # a NUL, or half of a surrogate pair
        raise UnreadableError("MULTI_OIDC_SECRETS_FILE", "is no path.", "Write the path of a file.") from None
    except IsADirectoryError:
        raise UnreadableError(
            candidate.shown,
            "is a directory, not a file.",
            "Docker makes an empty directory where the file to be mounted is missing on the host.",
        ) from None
    except OSError as error:
        raise UnreadableError(
            candidate.shown,
            f"cannot be read: {error.strerror}.",
            "Give the user that the site runs as the right to read it.",
        ) from error


def _parse(source: str, content: bytes) -> Mapping[str, Any]:
    try:
        return tomli.loads(content.decode("utf-8-sig"))  # Windows' editors put a mark in front
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableError(
            source, f"line {line} is not UTF-8.", "Save the file as UTF-8; PowerShell's > writes UTF-16."
        ) from None
    except tomli.TOMLDecodeError as error:
        mistake = syntax_mistake(source, error)
    # Outside of the handler, and not chained: the parser's error carries the whole file with it.
    raise UnreadableError(mistake.source, mistake.what, mistake.mend)


def _plain_table(value: Any) -> Any:
    """A mapping as TOML would give it: the project may have used tuples, or mappings of its own."""
    if isinstance(value, Mapping):
        return {str(key): _plain_table(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_table(item) for item in value]
    return value


def _auth_of(source: str, document: Any) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise UnreadableError(
            source,
            f"must be a mapping, not {type_name(document)}.",
            '{"auth": {…}}, the same as the TOML file.',
        )
    if "auth" not in document:
        raise _no_auth(source, document)
    astray = next((key for key in document if key != "auth" and _is_ours(key, document[key])), None)
    if astray is not None:
        raise UnreadableError(source, *_astray(astray, document[astray]))
    auth = document["auth"]
    if not isinstance(auth, Mapping):
        raise UnreadableError(source, f"auth must be a table, not {type_name(auth)}.", "Write it as [auth].")
    return auth


def _is_ours(key: str, value: Any) -> bool:
    """A key of [auth] above that line, or a provider without "auth." in front. Other tables may be anybody's."""
    if isinstance(value, Mapping):
        return "client_id" in value and "server_metadata_url" in value
    return key in KNOWN_KEYS


def _astray(key: str, value: Any) -> tuple[str, str]:
    if isinstance(value, Mapping):
        return f"has a provider in [{key}], outside of [auth].", f"Write [auth.{key}]."
    return f"has {quoted(key)} outside of [auth], where nothing reads it.", "Move it below the line [auth]."


def _no_auth(source: str, document: Mapping[str, Any]) -> Exception:
    outside = next((key for key in document if key in (*SHARED_KEYS, *CREDENTIALS)), None)
    if outside is not None:
        what = f"has {quoted(outside)}, and no table [auth] to hold it."
        return UnreadableError(
            source, what, 'Write [auth] into a line above it; as a mapping: {"auth": {…}}.'
        )
    other = next((f", but [{key}]" for key in document if key.lower() == "auth"), "")
    return AbsentError(f"No login provider is configured: {source} has no [auth] table{other}. {DOCS}")
