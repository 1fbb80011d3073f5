"""Users who came by django-allauth, social-auth or mozilla-django-oidc: whose account is known, and why not.

Decides over rows that somebody else has read; asks no database, and prints nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# Providers, as the other package calls them, whose uid has been the subject in every release, or an e-mail address,
# which is seen. Nothing else tells with a row that says too little of itself.
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

SUBJECT = "sub"
EMPTY = "there is no uid"
ADDRESS = "its uid is an e-mail address, which is no subject"
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
    told = {_text(_mapping(part).get(SUBJECT)) for part in (data, data.get("userinfo"), data.get("id_token"))}
    return Row(user=account.user, uid=account.uid, told=frozenset(told - {""}))


def of_social_auth(association: Any) -> Row:
    """Of a ``UserSocialAuth``, which says in social-auth-app-django 8 which claim its uid is.

    For older rows a migration wrote what the default had been, whatever the project's settings said then.
    """
    user, uid = association.user, association.uid
    key = getattr(association, "id_key", "")
    told = _text(_mapping(association.extra_data).get(SUBJECT))
    if not told and key == SUBJECT and not _is_own_address(uid, user):
        told = _text(uid)
    told_at_all = frozenset({told} - {""})
    return Row(user=user, uid=uid, told=told_at_all, key="" if key == SUBJECT else key)


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
    is_known: bool,
    is_claimed: bool,
    owner_of: Callable[[str], Any],
    settled: Container[Any] = (),
) -> Iterator[Decision]:
    """One for each row, in order.

    ``is_known``: the uid is the subject, or an address. ``is_claimed``: whoever runs the site says that it is the
    subject. ``owner_of`` gives the key of the user to whom a subject is linked already, or None. ``settled``: keys of
    users who have an account at the provider, and can have no other.
    """
    found = [(row, *_subject_of(row, is_known=is_known, is_claimed=is_claimed)) for row in rows]
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


def _subject_of(row: Row, *, is_known: bool, is_claimed: bool) -> tuple[str, str]:
    """The subject, or why there is none."""
    problem = row.problem or (TWO_SUBJECTS if len(row.told) > 1 else "")
    if problem:
        return "", problem
    if row.told:
        return next(iter(row.told)), ""
    problem = _uid_problem(row, is_known=is_known, is_claimed=is_claimed)
    return ("", problem) if problem else (row.uid, "")


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
