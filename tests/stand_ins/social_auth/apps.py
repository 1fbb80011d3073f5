from __future__ import annotations

from django.apps import AppConfig


class SocialAuthConfig(AppConfig):
    name = "tests.stand_ins.social_auth"
    label = "social_django"
    default_auto_field = "django.db.models.AutoField"
