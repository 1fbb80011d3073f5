"""Pages for some: thin skins over `access`, for sync and async views."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .access import is_allowed, refuse, user_of

ViewT = TypeVar("ViewT", bound=Callable[..., Any])


def oidc_login_required(view: ViewT) -> ViewT:
    """Only for who is logged in; everybody else is sent to the login, and back to this very page."""
    return _guarded(view, role=None)


def oidc_role_required(role: str) -> Callable[[ViewT], ViewT]:
    """Only for who has the role by a rule of the secrets file; others get a 403 page that names their account."""
    if not isinstance(role, str) or not role:
        raise TypeError('write @oidc_role_required("editor"): the decorator needs the name of a role')

    def decorator(view: ViewT) -> ViewT:
        return _guarded(view, role=role)

    return decorator


def oidc_admin_required(view: ViewT) -> ViewT:
    """Only for who an `admins` rule of the secrets file names; others get a 403 page that names their account."""
    return _guarded(view, role="admin")


def _guarded(view: ViewT, role: str | None) -> ViewT:
    if isinstance(view, type):
        raise TypeError(
            'a class takes it as @method_decorator(…, name="dispatch"), from django.utils.decorators'
        )
    if _is_async(view):

        @wraps(view)
        async def guarded_async(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            user_of(request)  # or say that the middleware is missing
            if is_allowed(await request.aoidc_user(), role):  # type: ignore[attr-defined]  # our middleware's
                response: HttpResponseBase = await view(request, *args, **kwargs)
                return response
            # A page is rendered by a project's templates, whose context processors may ask a database.
            return await sync_to_async(refuse)(request)

        return cast(ViewT, guarded_async)

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_allowed(user_of(request), role):
            response: HttpResponseBase = view(request, *args, **kwargs)
            return response
        return refuse(request)

    return cast(ViewT, guarded)


def _is_async(view: Callable[..., Any]) -> bool:
    """Also for the ``dispatch`` of a class-based view, which is no coroutine function and returns a coroutine."""
    instance = getattr(getattr(view, "func", view), "__self__", None)
    return iscoroutinefunction(view) or getattr(instance, "view_is_async", False) is True
