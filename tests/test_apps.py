"""D6, C9: what the app binds when Django is ready."""

from __future__ import annotations

import subprocess
import sys

from django.apps import apps
from django.core.checks.registry import CheckRegistry
from django.utils.autoreload import autoreload_started

from django_multi_oidc import checks
from django_multi_oidc.apps import DjangoMultiOIDCConfig
from django_multi_oidc.providers.autoreload import watch_secrets_file


def test_the_app_is_found_by_its_package_name():  # D1
    config = apps.get_app_config("django_multi_oidc")
    assert type(config) is DjangoMultiOIDCConfig
    assert list(config.get_models()) == []


def test_ready_binds_the_checks(monkeypatch):  # D6
    registry = CheckRegistry()
    monkeypatch.setattr(checks.checks, "register", registry.register)
    apps.get_app_config("django_multi_oidc").ready()
    bound = {check.__name__ for check in registry.get_checks(include_deployment_checks=True)}
    assert bound == {name for name in vars(checks) if name.startswith("check_")}
    deployed = {check.__name__ for check in registry.deployment_checks}
    assert deployed == {
        "check_secrets_file_deployed",
        "check_plain_http",
        "check_permissions",
        "check_revocation_cache",
    }


def test_ready_binds_the_autoreload_hook():  # C9
    autoreload_started.disconnect(dispatch_uid="django_multi_oidc")
    apps.get_app_config("django_multi_oidc").ready()
    receivers = [
        receiver for key, receiver, *_ in autoreload_started.receivers if key[0] == "django_multi_oidc"
    ]
    assert [receiver() for receiver in receivers] == [watch_secrets_file]


START = """
import sys, django
from django.conf import settings
settings.configure(INSTALLED_APPS=[*INSTALLED, "django_multi_oidc"], ROOT_URLCONF=None, USE_TZ=True)
django.setup()
"""
LOADED = """
print(sorted({"requests", "jwt", "cryptography", "mozilla_django_oidc"} & sys.modules.keys()))
"""
CHECKED = """
from django.core.checks import run_checks
print(sorted(message.id for message in run_checks() if message.id == "django_multi_oidc.E009"))
"""


def run(script: str, installed: list[str]) -> str:
    answer = subprocess.run(
        [sys.executable, "-c", f"INSTALLED = {installed}\n{START}{script}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.strip()


def test_starting_loads_nothing_that_only_a_login_needs():
    assert run(LOADED, ["django.contrib.auth", "django.contrib.contenttypes"]) == "[]"


def test_a_project_without_djangos_apps_is_told_and_not_broken():  # D6
    assert run(CHECKED, []) == str(["django_multi_oidc.E009"] * 2)
