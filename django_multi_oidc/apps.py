"""The app: binds the system checks and the autoreload hook. It has no models."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.core.signals import got_request_exception
from django.utils.autoreload import autoreload_started

from .callback import forget_after_exception
from .checks import register_checks
from .other_logins import hand_on_nothing
from .providers.autoreload import watch_secrets_file
from .users import note_exception


class DjangoMultiOIDCConfig(AppConfig):
    """``"django_multi_oidc"`` in ``INSTALLED_APPS``."""

    name = "django_multi_oidc"
    verbose_name = "OpenID Connect login"

    def ready(self) -> None:
        register_checks()
        autoreload_started.connect(watch_secrets_file, dispatch_uid="django_multi_oidc")
        got_request_exception.connect(forget_after_exception, dispatch_uid="django_multi_oidc")
        got_request_exception.connect(note_exception, dispatch_uid="django_multi_oidc.users")
        user_logged_in.connect(hand_on_nothing, dispatch_uid="django_multi_oidc.other_logins")
