"""What `oidc_link` says of the users whom it looked at: each, the sums, and what can be done for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

from . import adoption
from .adoption import Decision

WIDTH = 100
WORDS = {
    False: {"link": "to be linked", "linked": "linked already", "refused": "not linked"},
    True: {"link": "linked", "linked": "linked already", "refused": "not linked"},
}
NEXT_LOGIN = (
    "From release 7 on, social-auth-core puts the subject into the rows of Google, Keycloak and some others, at the "
    "person's next login there. Before, SOCIAL_AUTH_GOOGLE_OAUTH2_USE_UNIQUE_USER_ID = True stored it."
)
CLAIM = (
    "If what is stored is the sub of the provider's ID tokens: --uid-is-subject. Of GitHub, Facebook and others that "
    "give no ID tokens, it is not."
)
HINTS = (
    (adoption.ADDRESS, ("social-auth",), NEXT_LOGIN),
    (adoption.OTHER_CLAIM, ("social-auth",), NEXT_LOGIN),
    (adoption.OTHER_CLAIM, ("social-auth",), CLAIM),
    (adoption.UNKNOWN, ("allauth", "social-auth"), CLAIM),
    (adoption.PASSWORD, ("mozilla",), "Who has a password may never have come by mozilla: --with-password"),
)
BY_ADDRESS = (
    "By a verified e-mail address, MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL links at the next login; where the provider "
    "verifies all of them and does not say so, with trust_email = true in its table."
)
DEACTIVATED = (
    "Deactivated and not linked: {count}. A login makes such a person a new, active user, unless "
    'MULTI_OIDC_ACCOUNTS_CREATE_USERS is "invited" or "never".'
)
FLAGS = (
    "Staff or superusers among the linked: {count}. From their next login on, both are as the rules of the secrets "
    "file say (MULTI_OIDC_ACCOUNTS_STAFF_ROLE, MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE)."
)
MARKS: dict[str, Callable[[Any], bool]] = {
    "deactivated": lambda user: not user.is_active,
    "staff": lambda user: getattr(user, "is_staff", False),
    "superuser": lambda user: getattr(user, "is_superuser", False),
}


def lines(source: str, decisions: Sequence[Decision], *, is_applied: bool) -> Iterator[str]:
    """The report, line by line; ``is_applied``: what it speaks of is written."""
    words = WORDS[is_applied]
    for decision in decisions:
        yield f"  {_line(decision, words)}"
    counts = Counter(decision.outcome for decision in decisions)
    sums = (f"{counts[outcome]} {word}" for outcome, word in words.items())  # type: ignore[index]
    yield ", ".join(sums) + "."
    for remark in _remarks(source, decisions):
        yield from wrap(remark, WIDTH, break_on_hyphens=False)
    if not counts["link"]:
        yield "Nothing to write: whoever can be linked is linked already."
    elif not is_applied:
        yield "Nothing was written. To link them: add --apply"


def _line(decision: Decision, words: Mapping[str, str]) -> str:
    user = decision.user
    said = f"NOT linked: {decision.reason}" if decision.reason else words[decision.outcome]
    marks = ", ".join(mark for mark, holds in MARKS.items() if holds(user))
    return f"user {user.pk} {user.get_username()!r}: {said}" + (f" ({marks})" if marks else "")


def _remarks(source: str, decisions: Sequence[Decision]) -> Iterator[str]:
    refused = [decision for decision in decisions if decision.outcome == "refused"]
    hints = [
        hint
        for reason, sources, hint in HINTS
        if source in sources and any(decision.reason.startswith(reason) for decision in refused)
    ]
    yield from dict.fromkeys(hints)
    if refused:
        yield BY_ADDRESS
    if deactivated := {decision.user.pk for decision in refused if MARKS["deactivated"](decision.user)}:
        yield DEACTIVATED.format(count=len(deactivated))
    linked = [decision.user for decision in decisions if decision.outcome != "refused"]
    if privileged := {user.pk for user in linked if MARKS["staff"](user) or MARKS["superuser"](user)}:
        yield FLAGS.format(count=len(privileged))
