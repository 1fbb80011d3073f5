from __future__ import annotations

from django.apps import AppConfig


class AllauthConfig(AppConfig):
    name = "tests.stand_ins.allauth"
    label = "socialaccount"
    default_auto_field = "django.db.models.AutoField"
