from __future__ import annotations

from django.apps import AppConfig

from django_multi_oidc.signals import oidc_logged_in, oidc_logged_out, oidc_login_failed, oidc_revoked

from . import activity


class DemoConfig(AppConfig):
    name = "demo_project"

    def ready(self):
        oidc_logged_in.connect(activity.note_login)
        oidc_logged_out.connect(activity.note_logout)
        oidc_revoked.connect(activity.note_end)
        oidc_login_failed.connect(activity.note_failure)
