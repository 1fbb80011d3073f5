"""Class-based views for some. Leftmost among the bases, so that nothing of the view runs before its gate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from inspect import getattr_static
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.views import View

from .access import aguard, guard
from .gates import Gate, Names, age_gate, login_gate, passing_gate, role_gate
from .rules import ADMIN
from .users import OIDCUser


class GatedView(View):
    """What the mixins share. Each has a ``dispatch`` of its own, so that a view may have several of them."""

    oidc_providers: Names = None
    """Names of the providers whose people may see the view; None: all."""

    def _through(self, gate: Gate, request: HttpRequest, dispatch: Callable[[], Any]) -> Any:
        """The response, or a coroutine that returns it where the view is async."""
        return (aguard if self.view_is_async else guard)(request, gate, dispatch)


class OIDCLoginRequiredMixin(GatedView):
    """Only for who is logged in, as `oidc_login_required`."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask first."""
        dispatch = partial(super().dispatch, request, *args, **kwargs)
        return self._through(login_gate(self.oidc_providers), request, dispatch)


class OIDCRoleRequiredMixin(GatedView):
    """Only for who has the role ``oidc_role`` by a rule of the secrets file, as `oidc_role_required`."""

    oidc_role: str

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask first. Raises ImproperlyConfigured without ``oidc_role``."""
        dispatch = partial(super().dispatch, request, *args, **kwargs)
        return self._through(_role(self), request, dispatch)


class OIDCAdminRequiredMixin(GatedView):
    """Only for who an `admins` rule of the secrets file names, as `oidc_admin_required`."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask first."""
        dispatch = partial(super().dispatch, request, *args, **kwargs)
        return self._through(_admin(self), request, dispatch)


class OIDCUserPassesTestMixin(GatedView):
    """Only for whom ``test_oidc_user`` is True, as `oidc_user_passes_test`."""

    def test_oidc_user(self, user: OIDCUser) -> bool | Awaitable[bool]:
        """Whether the user, who is logged in, may see the view; to be overridden, perhaps as ``async def``."""
        raise ImproperlyConfigured(f"{type(self).__name__} needs a method: def test_oidc_user(self, user)")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask first."""
        dispatch = partial(super().dispatch, request, *args, **kwargs)
        return self._through(passing_gate(self.test_oidc_user, self.oidc_providers), request, dispatch)


class OIDCRecentLoginMixin(GatedView):
    """Only for who has proved to the provider who they are within ``oidc_max_age`` seconds (`oidc_recent_login`)."""

    oidc_max_age: int

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask first. Raises ImproperlyConfigured without ``oidc_max_age``."""
        dispatch = partial(super().dispatch, request, *args, **kwargs)
        return self._through(_recent(self), request, dispatch)


def is_mixin(base: type) -> bool:
    """Whether it is one of ours that asks."""
    return base.__module__ == __name__ and "dispatch" in vars(base)


def gates_of(view: GatedView) -> list[Gate]:
    """What the view's mixins want, as far as its class says it. Raises what the first request would raise."""
    makers: list[tuple[type[GatedView], str, Callable[[Any], Gate]]] = [
        (GatedView, "oidc_providers", lambda view: login_gate(view.oidc_providers)),
        (OIDCRoleRequiredMixin, "oidc_role", _role),
        (OIDCAdminRequiredMixin, "oidc_providers", _admin),
        (OIDCRecentLoginMixin, "oidc_max_age", _recent),
    ]
    return [
        make(view)
        for mixin, attribute, make in makers
        if isinstance(view, mixin) and not _asks_the_request(view, attribute, "oidc_providers")
    ]


def _asks_the_request(view: GatedView, *attributes: str) -> bool:
    """Whether one of them is a property or the like, or set by the view's own ``setup``."""
    known = [getattr_static(type(view), attribute, None) for attribute in attributes]
    sets_the_rest = type(view).setup is not View.setup and not all(
        hasattr(type(view), name) for name in attributes
    )
    return sets_the_rest or any(hasattr(value, "__get__") for value in known)


def _role(view: OIDCRoleRequiredMixin) -> Gate:
    return role_gate(_wanted(view, "oidc_role", '"editor"'), view.oidc_providers)


def _admin(view: OIDCAdminRequiredMixin) -> Gate:
    return role_gate(ADMIN, view.oidc_providers)


def _recent(view: OIDCRecentLoginMixin) -> Gate:
    return age_gate(_wanted(view, "oidc_max_age", "300"), view.oidc_providers)


def _wanted(view: View, attribute: str, example: str) -> Any:
    # Of the class: an AttributeError inside a property is not ours to explain.
    if not hasattr(type(view), attribute) and attribute not in vars(view):
        raise ImproperlyConfigured(f"{type(view).__name__} needs an attribute: {attribute} = {example}")
    return getattr(view, attribute)
