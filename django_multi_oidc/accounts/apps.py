"""The app: binds the receivers and the system checks."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """``"django_multi_oidc.accounts"`` in ``INSTALLED_APPS``."""

    name = "django_multi_oidc.accounts"
    label = "multi_oidc_accounts"
    verbose_name = "OpenID Connect accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # By name: what knows the models cannot be imported before they are loaded.
        for module in ("receivers", "checks"):
            import_module(f"{self.name}.{module}").connect()
