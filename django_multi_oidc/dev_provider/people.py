"""Who can log in: organisations and their people, as frozen tables."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .keys import Algorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom an organisation vouches for.

    ``key`` is what tests, ``login_hint`` and the address bar call the person; ``sub`` is the same
    unless given. ``email=""`` leaves the e-mail claims out, and ``email_verified=None`` only that
    one, as some real providers do. ``claims`` come with the scope ``profile``.
    """

    key: str
    name: str
    email: str = ""
    email_verified: bool | None = True
    groups: tuple[str, ...] = ()
    remark: str = ""
    sub: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return self.sub or self.key

    def claims_for(self, scopes: Iterable[str]) -> dict[str, Any]:
        """The claims that the scopes ask for (OpenID Connect Core 1.0 section 5.4), without ``sub``."""
        return {name: value for scope in scopes for name, value in self._claims_of(scope).items()}

    def _claims_of(self, scope: str) -> dict[str, Any]:
        if scope == "profile":
            return {"name": self.name, "preferred_username": self.key, **self.claims}
        if scope == "email" and self.email:
            return {"email": self.email, **self._email_verified()}
        return {"groups": list(self.groups)} if scope == "groups" else {}

    def _email_verified(self) -> dict[str, bool]:
        return {} if self.email_verified is None else {"email_verified": self.email_verified}

    def is_called(self, hint: str) -> bool:
        """Whether a ``login_hint`` means this person."""
        names = {self.key.casefold(), self.subject.casefold(), self.email.casefold()}
        return hint != "" and hint.casefold() in names


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """One issuer, with one client.

    The client's id and secret are public constants, so that a secrets file keeps working when the
    provider is started again. ``claims_in_id_token=False`` keeps profile, e-mail and groups to the
    UserInfo endpoint, which is the default of OpenID Connect Core 1.0 (section 5.4).
    """

    name: str
    label: str = ""
    people: tuple[Person, ...]
    algorithm: Algorithm = "RS256"
    claims_in_id_token: bool = True
    client_id: str = ""
    client_secret: str = ""


def guid_groups(count: int) -> tuple[str, ...]:
    """Group names as Microsoft Entra sends them, the same at each start."""
    return tuple(str(uuid.uuid5(uuid.NAMESPACE_OID, f"group {number}")) for number in range(count))


ALPHA = Organisation(
    name="alpha",
    label="Alpha Observatory",
    algorithm="RS256",
    people=(
        Person(
            key="pat",
            name="Pat Admin",
            email="pat@alpha.example",
            groups=("admins", "staff"),
            remark="Admin",
        ),
        Person(
            key="kim",
            name="Kim Park",
            email="kim@alpha.example",
            groups=("staff",),
            remark="Ordinary account",
        ),
        Person(
            key="uma",
            name="Uma Okafor",
            email="uma@alpha.example",
            email_verified=False,
            remark="Email not verified",
        ),
        Person(
            key="layla",
            name="ليلى حدّاد",
            email="layla@alpha.example",
            groups=("staff",),
            remark="Right-to-left name",
        ),
        Person(
            key="max",
            name="Max Vandenberg",
            email="max@alpha.example",
            groups=guid_groups(200),
            remark="200 groups",
        ),
    ),
)

BETA = Organisation(
    name="beta",
    label="Beta Foods",
    algorithm="ES256",
    claims_in_id_token=False,
    people=(
        Person(
            key="pat",
            name="Patrícia Nunes",
            email="pat@beta.example",
            groups=("admins", "staff"),
            remark="Admin",
        ),
        Person(
            key="kim",
            name="Kim Lindqvist",
            email="kim@beta.example",
            groups=("staff",),
            remark="Ordinary account",
        ),
        Person(
            key="uma",
            name="Uma Castellano",
            email="uma@beta.example",
            email_verified=False,
            remark="Email not verified",
        ),
        Person(
            key="noa",
            name="נועה לוי",
            email="noa@beta.example",
            groups=("staff",),
            remark="Right-to-left name",
        ),
        Person(
            key="max",
            name="Max Ferreira",
            email="max@beta.example",
            groups=guid_groups(200),
            remark="200 groups",
        ),
        # An address at one provider must give no rights at another.
        Person(
            key="twin",
            name="Pat Admin",
            email="pat@alpha.example",
            remark="Same email as Alpha's admin",
        ),
    ),
)

DEFAULT_ORGANISATIONS = (ALPHA, BETA)
