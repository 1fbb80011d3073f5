"""Pages for some: thin skins over `access`, for sync and async views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, TypeVar, cast, overload

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .access import aguard, guard
from .gates import Gate, Names, Test, age_gate, login_gate, passing_gate, role_gate
from .rules import ADMIN

ViewT = TypeVar("ViewT", bound=Callable[..., Any])
Decorator = Callable[[ViewT], ViewT]


@overload
def oidc_login_required(view: ViewT) -> ViewT: ...
@overload
def oidc_login_required(*, providers: Names = None) -> Decorator[Any]: ...
def oidc_login_required(view: Any = None, *, providers: Names = None) -> Any:
    """Only for who is logged in; everybody else is sent to the login, and back to this very page.

    ``providers``: only for people of these, by name; a string, or several. Each of the decorators takes it.
    """
    return _decorated(view, login_gate(providers))


def oidc_role_required(role: str, *, providers: Names = None) -> Decorator[Any]:
    """Only for who has the role by a rule of the secrets file; others get a 403 page that names their account."""
    _need_brackets(role, '@oidc_role_required("editor")')
    return GateDecorator(role_gate(role, providers))


@overload
def oidc_admin_required(view: ViewT) -> ViewT: ...
@overload
def oidc_admin_required(*, providers: Names = None) -> Decorator[Any]: ...
def oidc_admin_required(view: Any = None, *, providers: Names = None) -> Any:
    """Only for who an `admins` rule of the secrets file names; others get a 403 page that names their account."""
    return _decorated(view, role_gate(ADMIN, providers))


def oidc_user_passes_test(test: Test, *, providers: Names = None) -> Decorator[Any]:
    """Only for whom ``test(user)`` is True, who is logged in; others get a 403 page that names their account.

    The test may be a coroutine function, for sync views too.
    """
    return GateDecorator(passing_gate(test, providers))


def oidc_recent_login(max_age: int, *, providers: Names = None) -> Decorator[Any]:
    """Only for who has proved to the provider who they are within ``max_age`` seconds, at least 30 (step-up).

    Everybody else is sent there to do so (``max_age``, OpenID Connect Core 1.0 section 3.1.2.1), and back.
    """
    _need_brackets(max_age, "@oidc_recent_login(300)")
    return GateDecorator(age_gate(max_age, providers))


def _need_brackets(argument: Any, example: str) -> None:
    if callable(argument):
        raise TypeError(f"write {example}: the decorator needs to be told what it asks for")


def _decorated(view: Any, gate: Gate) -> Any:
    """For a decorator that may be written with and without parentheses."""
    return GateDecorator(gate) if view is None else GateDecorator(gate)(view)


@dataclass(frozen=True, slots=True)
class GateDecorator:
    """An object, so that a URLconf in which it stands as a view can be told of it."""

    gate: Gate

    def __call__(self, view: ViewT) -> ViewT:
        """The view behind the gate."""
        guarded = _guarded(view, self.gate)
        # For the system checks. Decorators and as_view() hand a view's attributes on.
        guarded.oidc_gates = (self.gate, *getattr(view, "oidc_gates", ()))
        return cast(ViewT, guarded)


def _guarded(view: Callable[..., Any], gate: Gate) -> Any:
    if isinstance(view, type):
        raise TypeError(
            'a class takes it as @method_decorator(…, name="dispatch"), from django.utils.decorators, '
            "or has a mixin of django_multi_oidc.mixins"
        )
    if not callable(view):
        raise TypeError(f"this decorates a view, not {view!r}")
    if _is_async(view):

        @wraps(view)
        async def guarded_async(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return await aguard(request, gate, partial(view, request, *args, **kwargs))

        return guarded_async

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return guard(request, gate, partial(view, request, *args, **kwargs))

    return guarded


def _is_async(view: Callable[..., Any]) -> bool:
    """Also for the ``dispatch`` of a class-based view, which is no coroutine function and returns a coroutine."""
    instance = getattr(getattr(view, "func", view), "__self__", None)
    return iscoroutinefunction(view) or getattr(instance, "view_is_async", False) is True
