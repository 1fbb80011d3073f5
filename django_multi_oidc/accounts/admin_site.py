"""Django's admin, for people whom a provider has logged in."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import get_backends
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from .. import access, navigation, redirects, refusals
from ..conf import conf
from ..ending import forget
from ..gates import LOGIN, Gate, Refusal, age_gate
from ..login_urls import login_url
from ..providers import Provider, configuration
from ..users import Identity, identity_of, keep_private
from .backends import OIDCAccountBackend


class OIDCAdminSiteMixin:
    """For an ``AdminSite`` of the project's own: put it first.

    The login page has a button for each provider; whom a provider has logged in, and who is not staff, gets a page that
    says so and ends there; ``MULTI_OIDC_ACCOUNTS_ADMIN_MAX_AGE`` asks for a fresh proof.
    """

    login_template = "multi_oidc_accounts/admin_login.html"

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """As Django's, and who may not see it gets an answer that is no way in circles. Anybody may log out."""
        if view == self.logout:
            return update_wrapper(never_cache(csrf_protect(view)), view)
        guarded = super().admin_view(view, cacheable)  # type: ignore[misc]  # AdminSite's

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            refused = self._refusal_of(request)
            return guarded(request, *args, **kwargs) if refused is None else refused

        return update_wrapper(inner, guarded)

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Ends the identity first: who is there need not be known for that, and a rule or a cache may fail."""
        if request.method == "POST":
            forget(request)
        response: HttpResponse = super().logout(request, extra_context)  # type: ignore[misc]  # AdminSite's
        return response

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Buttons for the providers, and the form for passwords where a backend takes them."""
        identity = identity_of(access.user_of(request))
        page = self._page_after(request)
        if identity is None:
            extra = {"oidc_choices": _choices(page), "passwords": _takes_passwords(), **(extra_context or {})}
            response: HttpResponse = super().login(request, extra)  # type: ignore[misc]  # AdminSite's
            return response
        if self.has_permission(request):  # type: ignore[attr-defined]  # AdminSite's
            return HttpResponseRedirect(page)
        return _not_staff(request, identity)

    def _page_after(self, request: HttpRequest) -> str:
        asked = redirects.safe_next(request, request.GET.get("next"))
        return asked or reverse("admin:index", current_app=self.name)  # type: ignore[attr-defined]  # AdminSite's

    def _refusal_of(self, request: HttpRequest) -> HttpResponseBase | None:
        """The answer for who may not see a page of the admin; None for who may, and where Django's own is right."""
        identity = identity_of(access.user_of(request))
        may_see = self.has_permission(request)  # type: ignore[attr-defined]  # AdminSite's
        keep_private(request)
        if identity is None:
            is_lost = not may_see and not _goes_to_the_login(request)
            return refusals.answer(request, LOGIN, Refusal.NOBODY, None) if is_lost else None
        if not may_see:
            return _not_staff(request, identity)
        max_age = conf.MULTI_OIDC_ACCOUNTS_ADMIN_MAX_AGE
        return None if max_age is None else access.refuse(request, age_gate(max_age, None))


def _choices(page: str) -> list[tuple[Provider, str]]:
    return [(provider, login_url(name, next=page)) for name, provider in configuration().providers.items()]


def _takes_passwords() -> bool:
    return not all(isinstance(backend, OIDCAccountBackend) for backend in get_backends())


def _goes_to_the_login(request: HttpRequest) -> bool:
    """Whether Django's redirect to the login page loses nothing, and is seen by a person."""
    return navigation.reads(request) and navigation.asker(request) == "person"


def _not_staff(request: HttpRequest, identity: Identity) -> HttpResponse:
    """The page that ends there: Django's own would send them to the login, and that one here again."""
    role = conf.MULTI_OIDC_ACCOUNTS_STAFF_ROLE
    # A site's own has_permission may want more.
    lacks_role = role is not None and not access.user_of(request).has_role(role)
    refusal = Refusal.ROLE if lacks_role else Refusal.TEST
    return refusals.answer(request, Gate(role=role, explained=True), refusal, identity)


class OIDCAdminSite(OIDCAdminSiteMixin, AdminSite):  # type: ignore[misc]  # as a mixin, it has no base to agree with
    """Django's own admin site, with our login."""
