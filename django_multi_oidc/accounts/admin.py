"""The identities in Django's admin: to find, and to end."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename, get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..exceptions import RevocationUnknown
from ..providers import configuration
from ..shortcuts import end_access
from . import user_model
from .models import OIDCIdentity
from .providers_of import providers_of


@admin.register(OIDCIdentity)
class OIDCIdentityAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """Nothing to edit: an account is what a provider says. To delete a row is to unlink the account."""

    list_display = ("user", "person", "provider", "subject", "last_login")
    list_display_links = ("subject",)
    list_filter = ("provider",)
    list_select_related = ("user",)
    fields = ("user", "person", "provider", "issuer", "subject", "last_login", "created_at")
    search_help_text = _("User name, e-mail address, subject or issuer")
    actions = ("end_access_now",)

    @admin.display(description=_("person"), empty_value="-")
    def person(self, row: OIDCIdentity) -> str | None:
        """What a user name that is random does not say."""
        user: Any = row.user
        name = user.get_full_name() if hasattr(user, "get_full_name") else ""
        return ", ".join(filter(None, (name, getattr(user, user_model.email_field(), "")))) or None

    @admin.display(description=_("last login"), ordering="login_at", empty_value="-")
    def last_login(self, row: OIDCIdentity) -> datetime | None:
        """In the zone of the project, as Django's admin shows times."""
        if not row.login_at:
            return None
        return localtime(datetime.fromtimestamp(row.login_at, tz=timezone.utc))

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Whatever the user model calls name and address."""
        model: Any = get_user_model()
        of_users = {model.USERNAME_FIELD, user_model.email_field()} - {""}
        return [*(f"user__{name}" for name in sorted(of_users)), "subject", "issuer", "provider"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No: `oidc_link` links, and so does a login."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: OIDCIdentity | None = None) -> bool:
        """No: an account that is another one is another account."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OIDCIdentity | None = None) -> bool:
        """Who may delete users may delete what goes with them."""
        user: Any = get_user_model()._meta
        of_users = f"{user.app_label}.{get_permission_codename('delete', user)}"
        return super().has_delete_permission(request, obj) or request.user.has_perm(of_users)

    def has_end_access_permission(self, request: HttpRequest) -> bool:
        """Who may change identities, by Django's permissions, may end their logins."""
        return request.user.has_perm("multi_oidc_accounts.change_oidcidentity")

    @admin.action(description=_("End access now"), permissions=["end_access"])
    def end_access_now(self, request: HttpRequest, rows: QuerySet[OIDCIdentity]) -> None:
        """End the logins of these accounts, in all browsers; whom the rules let in can log in again."""
        for row in rows:
            if problem := _problem_with(row):
                self.message_user(request, problem, messages.ERROR)
                continue
            self.log_change(request, row, "Ended access.")
            done = gettext("Access by %(provider)s has ended for %(user)s.") % _names(row)
            self.message_user(request, done, messages.SUCCESS)


def _names(row: OIDCIdentity) -> dict[str, str]:
    return {"user": str(row.user), "provider": row.provider}


def _problem_with(row: OIDCIdentity) -> str:
    """End the access; why that is not possible, or empty."""
    if not configuration().revocation:
        return gettext(
            "No login was ended: that needs revocation = true in [auth] of the secrets file. Without it, deactivate "
            "the user, who is then out at the next request."
        )
    names = providers_of(row.issuer)
    if not names:
        gone = gettext("There is no provider of that issuer any more, by which %(user)s could be logged in.")
        return gone % _names(row)
    try:
        for name in names:
            end_access(name, sub=row.subject)
    except RevocationUnknown:
        unknown = gettext("The cache does not answer. Nothing is sure to have ended for %(user)s: try again.")
        return unknown % _names(row)
    return ""
