"""The app that `tests.accounts.models` is of, where it is installed."""

from __future__ import annotations

from django.apps import AppConfig


class CustomConfig(AppConfig):
    name = "tests.accounts"
    label = "custom"
