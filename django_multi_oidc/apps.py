"""The app: binds the system checks and the autoreload hook. It has no models."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.autoreload import autoreload_started

from .checks import register_checks
from .providers.autoreload import watch_secrets_file


class DjangoMultiOIDCConfig(AppConfig):
    """``"django_multi_oidc"`` in ``INSTALLED_APPS``."""

    name = "django_multi_oidc"
    verbose_name = "OpenID Connect login"

    def ready(self) -> None:
        register_checks()
        autoreload_started.connect(watch_secrets_file, dispatch_uid="django_multi_oidc")
