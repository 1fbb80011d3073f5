"""Users who came by django-allauth, social-auth or mozilla-django-oidc: whose account is known, and why not.

Decides over rows that somebody else has read; asks no database, and prints nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# Providers, as the other package calls them, whose uid is the subject, or an e-mail address, which is seen: by the
# source of allauth 65.22, and by what a migration of social-auth-app-django 8 knows of older releases. It only counts
# for rows that say nothing of themselves.
KNOWN: Mapping[str, frozenset[str]] = {
    "allauth": frozenset({"amazon_cognito", "apple", "auth0", "cilogon", "globus", "google"}),
    "social-auth": frozenset(
        {
            "apple-id",
            "auth0_openidconnect",
            "cilogon-oauth2",
            "egi-checkin",
            "fedora-oidc",
            "globus",
            "google-oauth2",
            "google-openidconnect",
            "linkedin-openidconnect",
        }
    ),
    "mozilla": frozenset(),
}
# Those that ask Microsoft Graph, whose id of a person is one for all applications. The subject of an ID token is
# another one for each, and nobody but Microsoft can tell the one from the other.
OF_GRAPH: Mapping[str, frozenset[str]] = {
    "allauth": frozenset({"microsoft"}),
    "social-auth": frozenset({"microsoft-graph"}),
    "mozilla": frozenset(),
}

SUBJECT, ISSUER = "sub", "iss"
OF_ID_TOKEN = "_oidc_id_token_context"  # noqa: S105 - social-auth-core's name for its claims
EMPTY = "there is no uid"
ADDRESS = "its uid is an e-mail address, which is no subject"
HTTPS = "https://"
OTHER_ISSUER = "the row is of another issuer"
TWO_SUBJECTS = "the row tells of two subjects"
PASSWORD = "has a password"  # noqa: S105 - a reason
DIGEST = "its uid is mozilla-django-oidc's digest of the e-mail address"
SETTLED = "another account at the provider is linked to the user already"
OTHER_CLAIM = "its uid is said to be another claim than the subject"
UNKNOWN = "nothing says that its uid is the subject"

Outcome = Literal["link", "linked", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A user, and what the other package has stored of the account."""

    user: Any
    uid: str = field(repr=False)
    told: frozenset[str] = field(default=frozenset(), repr=False)
    """What the row itself says that the subject is: copied from an ID token or from UserInfo."""
    issuers: frozenset[str] = frozenset()
    """What the row itself says that the issuer is."""
    key: str = ""
    """The claim that the uid is by the row's own word, where it is another one than the subject."""
    problem: str = ""
    """Why it is not to be looked at; empty: it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of one row."""

    user: Any
    outcome: Outcome
    subject: str = field(default="", repr=False)
    reason: str = ""
    """Why it is refused."""


# Reading


def of_allauth(account: Any) -> Row:
    """Of a ``SocialAccount``: what the provider has told stands in its ``extra_data``, in two ways."""
    data = _mapping(account.extra_data)
    parts = [data, _mapping(data.get("userinfo")), _mapping(data.get("id_token"))]
    return Row(user=account.user, uid=account.uid, told=_texts(SUBJECT, parts), issuers=_texts(ISSUER, parts))


def of_social_auth(association: Any) -> Row:
    """Of a ``UserSocialAuth``, which says in social-auth-app-django 8 which claim its uid is.

    For older rows a migration wrote what the default had been, whatever the project's settings said then.
    """
    user, uid, key = association.user, association.uid, getattr(association, "id_key", "")
    data = _mapping(association.extra_data)
    parts = [data, _mapping(data.get(OF_ID_TOKEN))]
    told = _texts(SUBJECT, parts)
    if association.provider == "oidc":  # other backends have another id of their own there
        told |= _texts("id", [data])
    if key == SUBJECT and not told and not _is_own_address(uid, user):
        told = frozenset({_text(uid)} - {""})
    return Row(
        user=user, uid=uid, told=told, issuers=_texts(ISSUER, parts), key="" if key == SUBJECT else key
    )


def of_mozilla(user: Any, subject: str, *, with_password: bool = False) -> Row:
    """Of a user of the site. Who has a password was perhaps never mozilla-django-oidc's, which sets none."""
    problem = ""
    if user.has_usable_password() and not with_password:
        problem = PASSWORD
    elif subject and subject == digest(_address(user)):
        problem = DIGEST
    return Row(user=user, uid=subject, problem=problem)


def digest(address: str) -> str:
    """The user name that mozilla-django-oidc makes where no setting says otherwise."""
    hashed = hashlib.sha1(address.encode(), usedforsecurity=False).digest()
    return base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(name: str, parts: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset({_text(part.get(name)) for part in parts} - {""})


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value.strip() else ""


def _address(user: Any) -> str:
    return getattr(user, user.get_email_field_name(), "") or ""


def _is_own_address(uid: str, user: Any) -> bool:
    return "@" in uid and uid.lower() == _address(user).lower()


# Deciding


def stores_no_subject(source: str, theirs: str, rows: Iterable[Row]) -> bool:
    """Whether nothing of this provider's can be linked: what it stores is Microsoft Graph's.

    allauth's OpenID Connect apps have names of the project's own, this one perhaps; their rows tell the subject.
    """
    return theirs in OF_GRAPH[source] and not any(row.told for row in rows)


def decide(
    rows: Iterable[Row],
    *,
    issuer: str,
    is_known: bool,
    is_claimed: bool,
    owner_of: Callable[[str], Any],
    settled: Container[Any] = (),
) -> Iterator[Decision]:
    """One for each row, in order.

    ``issuer``: whose accounts are linked. ``is_known``: the uid is the subject, or an address. ``is_claimed``: whoever
    runs the site says that it is the subject. ``owner_of`` gives the key of the user to whom a subject is linked
    already, or None. ``settled``: keys of users who have an account at the provider, and can have no other.
    """
    found = [(row, *_subject_of(row, issuer, is_known=is_known, is_claimed=is_claimed)) for row in rows]
    claimants: dict[str, set[Any]] = {}
    for row, subject, _ in found:
        claimants.setdefault(subject, set()).add(row.user.pk)
    owners: dict[str, Any] = {}
    for row, subject, problem in found:
        owner = owners.get(subject, owner_of(subject))
        reason = problem or _conflict(row.user.pk, owner, claimants[subject], settled)
        if reason:
            yield Decision(user=row.user, outcome="refused", reason=reason)
        else:
            yield Decision(user=row.user, outcome="link" if owner is None else "linked", subject=subject)
            owners[subject] = row.user.pk


def _subject_of(row: Row, issuer: str, *, is_known: bool, is_claimed: bool) -> tuple[str, str]:
    """The subject, or why there is none."""
    problem = row.problem or _issuer_problem(row, issuer) or (TWO_SUBJECTS if len(row.told) > 1 else "")
    if problem:
        return "", problem
    if row.told:
        return next(iter(row.told)), ""
    problem = _uid_problem(row, is_known=is_known, is_claimed=is_claimed)
    return ("", problem) if problem else (row.uid, "")


def _issuer_problem(row: Row, issuer: str) -> str:
    # Google's tokens have come with and without https://.
    others = [iss for iss in row.issuers if iss.removeprefix(HTTPS) != issuer.removeprefix(HTTPS)]
    return f"{OTHER_ISSUER}, {sorted(others)[0][:100]!r}" if others else ""


def _uid_problem(row: Row, *, is_known: bool, is_claimed: bool) -> str:
    if not row.uid.strip():
        return EMPTY
    if "@" in row.uid and (not is_claimed or _is_own_address(row.uid, row.user)):
        return ADDRESS
    if is_known or is_claimed:
        return ""
    return f"{OTHER_CLAIM}, {row.key}" if row.key else UNKNOWN


def _conflict(user: Any, owner: Any, claimants: Iterable[Any], settled: Container[Any]) -> str:
    if owner is not None:
        return "" if owner == user else f"the account is user {owner}'s already"
    if others := [str(pk) for pk in claimants if pk != user]:
        return f"the account is also in a row of user {', '.join(sorted(others))}"
    return SETTLED if user in settled else ""
