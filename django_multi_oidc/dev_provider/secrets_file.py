"""The secrets file that a site needs to log people in here."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable

from .people import Organisation
from .realm import Realm


def secrets_file(realms: Iterable[Realm], redirect_uri: str) -> str:
    """A whole ``secrets.toml``, with a new ``cookie_secret`` each time."""
    head = f"""[auth]
redirect_uri = {quoted(redirect_uri)}
cookie_secret = {quoted(secrets.token_urlsafe(32))}
"""
    return "\n".join([head, *(table(realm) for realm in realms)])


def table(realm: Realm) -> str:
    return f"""[auth.{realm.name}]
client_id = {quoted(realm.client_id)}
client_secret = {quoted(realm.client_secret)}
server_metadata_url = {quoted(realm.metadata_url)}
label = {quoted(realm.label)}
admins = [{", ".join(map(quoted, admins(realm.organisation)))}]
"""


def admins(organisation: Organisation) -> list[str]:
    """The addresses of the group ``admins``."""
    return [person.email for person in organisation.people if "admins" in person.groups and person.email]


def quoted(text: str) -> str:
    """A TOML basic string, whose escapes are JSON's, DEL apart."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
