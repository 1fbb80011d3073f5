"""The ``[auth]`` table to a Configuration, or to all its mistakes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from ..conf import conf
from ..wording import quoted
from .cookie_secret import cookie_secrets
from .inherited import Inherited, inherited
from .keys import CREDENTIALS, INHERITED_KEYS, KNOWN_KEYS, PROVIDER_KEYS, SHARED_KEYS, TABLE_KEYS
from .mistakes import Mistake, nearest
from .model import DEFAULT, Configuration, Provider
from .provider_table import parse_provider
from .redirect_uri import shared_redirect_uri
from .references import References, is_reference
from .response_header_bytes import response_header_bytes
from .revocation_keys import revocation
from .table import Table

NAME = re.compile(r"[A-Za-z0-9_-]+")


def parse_auth(
    source: str, auth: Mapping[str, Any], path: Path | None = None
) -> Configuration | tuple[Mistake, ...]:
    """Every mistake is found, not only the first. ``path``: the secrets file, where there is one."""
    references = References(directory_of(path))
    table = references.resolve(Table(source, "auth", auth, []))
    meant = table.unknown([key for key, value in table.data.items() if _is_unknown(key, value)], KNOWN_KEYS)
    _note_lists_of_tables(table)
    table.missing(SHARED_KEYS, besides=meant)
    redirect_uri, secrets = shared_redirect_uri(table), cookie_secrets(table)
    outer, (on, outage), header_bytes = inherited(table), revocation(table), response_header_bytes(table)
    providers = {item.name: item for item in _providers(table, redirect_uri, outer, meant)}
    if table.mistakes:
        return tuple(table.mistakes)
    parsed = replace(
        _configuration(source, providers, redirect_uri, secrets), response_header_bytes=header_bytes
    )
    files = [*([path] if path else []), *references.files]
    return replace(parsed, revocation=on, revocation_outage=outage, files=tuple(dict.fromkeys(files)))


def directory_of(path: Path | None) -> Path:
    """Where the relative paths of the secrets file begin; those of a mapping at BASE_DIR."""
    return path.parent if path else conf.BASE_DIR or Path()


def _configuration(
    source: str, providers: dict[str, Provider], redirect_uri: str, secrets: tuple[str, ...]
) -> Configuration:
    secure = urlsplit(redirect_uri).scheme == "https"
    return Configuration(
        source=source,
        providers=MappingProxyType(providers),
        redirect_uri=redirect_uri,
        cookie_secrets=secrets,
        cookie_name=f"{'__Host-' if secure else ''}{conf.MULTI_OIDC_COOKIE_NAME}",
        secure=secure,
    )


def _is_unknown(key: str, value: Any) -> bool:
    """A table under any other name is a provider, unless the name is nearly that of a table of ours.

    Or nearly that of any key, where the table is a reference.
    """
    if isinstance(value, Mapping):
        return (
            key not in KNOWN_KEYS
            and not value.keys() & set(CREDENTIALS)
            and bool(nearest(key, KNOWN_KEYS if is_reference(value) else TABLE_KEYS))
        )
    return key not in KNOWN_KEYS and not _is_list_of_tables(value)


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in value)


def _note_lists_of_tables(table: Table) -> None:
    for key, value in table.data.items():
        if key not in KNOWN_KEYS and _is_list_of_tables(value):
            table.wrong(
                f"has a list of tables {quoted(key)}.", f"Single brackets make a provider: [auth.{key}]"
            )


def _providers(table: Table, redirect_uri: str, outer: Inherited, meant: set[str]) -> Iterator[Provider]:
    own = {
        key: value for key, value in table.data.items() if key in PROVIDER_KEYS and key not in INHERITED_KEYS
    }
    named = [key for key, value in table.data.items() if _is_provider(key, value)]
    if (own.keys() | meant) & set(CREDENTIALS):
        inner = Table(table.source, "auth", own, table.mistakes)
        yield from parse_provider(inner, DEFAULT, redirect_uri, outer, meant)
    else:
        _note_nobodys_keys(table, own, named)
    for name in named:
        yield from _named_provider(table, name, redirect_uri, outer)


def _note_nobodys_keys(table: Table, own: Mapping[str, Any], named: list[str]) -> None:
    """``[auth]`` itself holds no provider: what is a provider's there would silently do nothing."""
    for key in own:
        table.wrong(
            f"has {quoted(key)}, which belongs to a provider, and none stands in [auth] itself.",
            _move(key, named),
        )
    if not named:
        table.wrong(
            "names no provider.",
            "Put client_id, client_secret and server_metadata_url into [auth], or into a table of its own\n"
            "for each provider, such as [auth.google].",
        )


def _is_provider(key: str, value: Any) -> bool:
    return isinstance(value, Mapping) and key not in KNOWN_KEYS and not _is_unknown(key, value)


def _move(key: str, named: list[str]) -> str:
    example = f"auth.{named[0] if named else 'google'}"
    place = f"[{example}.{key}]" if key in TABLE_KEYS else f"[{example}]"
    return f"Move it to the table of each provider that it is meant for: {place}"


def _named_provider(table: Table, name: str, redirect_uri: str, outer: Inherited) -> Iterator[Provider]:
    if name == DEFAULT:
        table.wrong(
            'must not have a table "default", the name of the provider that stands in [auth] itself.',
            "Put its keys right into [auth], or give the table another name.",
        )
    elif not NAME.fullmatch(name):
        table.wrong(
            f"has a provider with the name {quoted(name)}.",
            "A name has letters from a to z, digits, _ and -: it is part of the login's address.",
        )
    else:
        inner = Table(table.source, f"auth.{name}", table.data[name], table.mistakes)
        yield from parse_provider(inner, name, redirect_uri, outer, set())
