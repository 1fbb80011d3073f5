"""What a page wants of who sees it, and whether a visitor has it. No I/O but what a project's own test does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from enum import Enum
from inspect import iscoroutine
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async

from .clocks import MAX_AGE_DIGITS, SKEW_SECONDS, is_recent
from .users import OIDCUser

Test = Callable[[OIDCUser], "bool | Awaitable[bool]"]


class Refusal(Enum):
    """Why somebody may not see a page."""

    NOBODY = "nobody is logged in"
    PROVIDER = "it is for people of other providers"
    ROLE = "no rule gives the role that it wants"
    TEST = "its own test does not let them in"
    TOO_OLD = "the last login at the provider is too long ago, or not known"

    @property
    def a_login_mends_it(self) -> bool:
        """Whether the very same person may see the page after another login."""
        return self in (Refusal.NOBODY, Refusal.TOO_OLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A login, and on top of it whatever is set here: all of it has to hold."""

    providers: tuple[str, ...] = ()
    """Names of the providers whose people may pass; empty: all."""
    role: str | None = None
    test: Test | None = None
    """Asked last, with the user."""
    max_age: int | None = None
    """Seconds since the person has last proved at the provider who they are (``auth_time``)."""
    explained: bool = False
    """Whether people without the role read why no rule gives it to them (`rules.Reason`)."""


LOGIN = Gate()
Names = str | Collection[str] | None


# Each of these raises TypeError or ValueError for what can be no gate: a gate of nothing would let everybody in.


def login_gate(providers: Names) -> Gate:
    """A login, at one of the ``providers``; None: at any."""
    return Gate(providers=_names(providers))


def role_gate(role: str, providers: Names) -> Gate:
    """A role that a rule of the secrets file gives."""
    if not isinstance(role, str) or not role:
        raise TypeError(f'a role is named by a string, such as "editor", not {role!r}')
    return Gate(role=role, providers=_names(providers))


def passing_gate(test: Test, providers: Names) -> Gate:
    """A function or a coroutine function that takes the user, who is logged in, and says whether they may pass."""
    if not callable(test):
        raise TypeError(f"the test of a page is a function that takes the user, not {test!r}")
    return Gate(test=test, providers=_names(providers))


def age_gate(max_age: int, providers: Names) -> Gate:
    """A proof at the provider within ``max_age`` seconds, of which the clocks' difference is the least."""
    if isinstance(max_age, bool) or not isinstance(max_age, int):
        raise TypeError(f"max_age is a whole number of seconds, not {max_age!r}")
    if max_age < SKEW_SECONDS:
        raise ValueError(
            f"max_age is {max_age} seconds: less than {SKEW_SECONDS} cannot be told from the difference "
            "between two machines' clocks"
        )
    if max_age >= 10**MAX_AGE_DIGITS:
        raise ValueError(f"max_age is {max_age} seconds: at most {MAX_AGE_DIGITS} digits")
    return Gate(max_age=max_age, providers=_names(providers))


def _names(providers: Names) -> tuple[str, ...]:
    if providers is None:
        return ()
    names = (providers,) if isinstance(providers, str) else tuple(providers)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise TypeError(f"providers are one or more names, as in [auth.<name>], not {providers!r}")
    return names


def refusal_of(gate: Gate, user: OIDCUser) -> Refusal | None:
    """Why the gate does not let the user through; None: it does."""
    refusal = _refusal_without_test(gate, user)
    if refusal or gate.test is None:
        return refusal
    return _verdict(async_to_sync(gate.test)(user) if iscoroutinefunction(gate.test) else gate.test(user))


async def arefusal_of(gate: Gate, user: OIDCUser) -> Refusal | None:
    """`refusal_of` for async code. A test that is no coroutine function may ask a database: it gets a thread."""
    refusal = _refusal_without_test(gate, user)
    if refusal or gate.test is None:
        return refusal
    test = gate.test if iscoroutinefunction(gate.test) else sync_to_async(gate.test)
    return _verdict(await test(user))


def _refusal_without_test(gate: Gate, user: OIDCUser) -> Refusal | None:
    if not user.is_logged_in:
        return Refusal.NOBODY
    if gate.providers and user.provider not in gate.providers:
        return Refusal.PROVIDER
    if gate.role is not None and not user.has_role(gate.role):
        return Refusal.ROLE
    if gate.max_age is not None and not is_recent(user.claims, gate.max_age):
        return Refusal.TOO_OLD
    return None


def _verdict(answer: Any) -> Refusal | None:
    """What a project's test has said. Anything but True and False may be a mistake that would let everybody in."""
    if answer is True or answer is False:
        return None if answer else Refusal.TEST
    if iscoroutine(answer):
        answer.close()
    raise TypeError(
        f"the test of a page returned an object of type {type(answer).__name__}: it returns True or False, or "
        "is an async def that does"
    )
