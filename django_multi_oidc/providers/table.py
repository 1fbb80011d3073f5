"""One table of the secrets file: its values by type, and the list that its mistakes go to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..wording import quoted, type_name
from .keys import AUTHORIZATION_PARAMS
from .mistakes import Mistake, listing, nearest

UNRESOLVED: Final = object()
"""In place of a value that was to come from elsewhere. The mistake is noted: it reads as if absent, in silence."""


@dataclass(frozen=True, slots=True)
class Table:
    """``name`` is what stands between the brackets. Wrong values are noted, and read as if absent."""

    source: str
    name: str
    data: Mapping[str, Any] = field(repr=False)
    mistakes: list[Mistake]

    def wrong(self, what: str, mend: str) -> None:
        self.mistakes.append(Mistake(self.source, f"[{self.name}] {what}", mend))

    def is_unresolved(self, key: str) -> bool:
        """True where the value was to come from elsewhere, and did not."""
        return self.data.get(key) is UNRESOLVED

    def text(self, key: str) -> str:
        """A string that says something; "" where it is absent or wrong."""
        if self.is_unresolved(key):
            return ""
        value = self.data.get(key, "")
        if not isinstance(value, str):
            self.wrong(f"{key} must be a string, not {type_name(value)}.", f'Put it into quotes: {key} = "…"')
            return ""
        if key in self.data and not value.strip():
            self.wrong(f"{key} is empty.", MISSING_MENDS.get(key, f"Give {key} a value, or remove it."))
            return ""
        return value

    def flag(self, key: str) -> bool:
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            self.wrong(f"{key} must be true or false, not {_met(value)}.", f"Without quotes: {key} = true")
        return value is True

    def texts(self, key: str) -> frozenset[str]:
        """The strings of a list; empty where it is absent or wrong. An empty list is a mistake."""
        value = self.data.get(key)
        if key not in self.data or self.is_unresolved(key):
            return frozenset()
        if isinstance(value, list) and value and all(isinstance(item, str) and item for item in value):
            return frozenset(value)
        self.wrong(f"{key} must be a list of strings with something in it.", f'{key} = ["…"]')
        return frozenset()

    def choice(self, key: str, allowed: Sequence[str]) -> str | None:
        """One of ``allowed``; None where it is absent or wrong."""
        if self.is_unresolved(key):
            return None
        if key not in self.data or self.data[key] in allowed:
            return self.data.get(key)
        among = " or ".join(quoted(value) for value in allowed)
        met = _met(self.data[key])
        self.wrong(f"{key} must be {among}, not {met}.", f"{key} = {quoted(allowed[0])}")
        return None

    def missing(self, keys: Sequence[str], *, besides: set[str]) -> None:
        """Note each of ``keys`` that is not there, ``besides`` those that a misspelled key stands for."""
        for key in keys:
            if key not in self.data and key not in besides:
                self.wrong(f"has no key {quoted(key)}.", MISSING_MENDS[key])

    def unknown(self, keys: Sequence[str], known: Sequence[str]) -> set[str]:
        """Note each of ``keys`` as unknown; the right keys that they were probably meant to be."""
        meant = {nearest(key, known) for key in keys}
        for key in keys:
            self._note_unknown(key, known)
        return meant

    def _note_unknown(self, key: str, known: Sequence[str]) -> None:
        right = nearest(key, known)
        question = f" Did you mean {quoted(right)}?" if right else ""
        mend = f"Known keys: {listing(known)}"
        if not right and key in AUTHORIZATION_PARAMS:
            mend = f"To send it with the authorization request: client_kwargs = {{ {key} = … }}\n{mend}"
        self.wrong(f"has an unknown key {quoted(key)}.{question}", mend)


def _met(value: Any) -> str:
    """A wrong value for a message; asked for keys that hold no secret alone."""
    return quoted(value) if isinstance(value, str) else type_name(value)


MAKE_ONE = (
    'Make one with:\npython -c "import secrets; print(secrets.token_urlsafe(48))"\n'
    "Whoever knows or guesses it can log in as anybody."
)
MISSING_MENDS = {
    "redirect_uri": (
        "It is where the providers send people back to, the same as registered with each of them:\n"
        'redirect_uri = "http://localhost:8000/oauth2callback"'
    ),
    "cookie_secret": MAKE_ONE,
    "client_id": 'Your provider gives it to you when you register this site there:\nclient_id = "…"',
    "client_secret": 'Your provider gave it to you together with the client id:\nclient_secret = "…"',
    "client_private_key": (
        "It signs what this site says to the token endpoint; the provider knows the public key:\n"
        'client_private_key = """…"""'
    ),
    "server_metadata_url": (
        "It is the address of your provider's discovery document; Google's is:\n"
        'server_metadata_url = "https://accounts.google.com/.well-known/openid-configuration"'
    ),
}
