"""Logs in with a user model of the project's own; run as a process: ``python -m tests.accounts.custom EmailUser``."""

from __future__ import annotations

import os
import sys

import django

os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.accounts.custom_settings", "CUSTOM_USER": sys.argv[1]}
django.setup()

from django.conf import settings  # noqa: E402  # after setup
from django.contrib.auth import get_user_model  # noqa: E402  # after setup
from django.contrib.auth.models import Group, Permission  # noqa: E402  # after setup
from django.core.management import call_command  # noqa: E402  # after setup

from django_multi_oidc.dev_provider.server import DevProvider  # noqa: E402  # after setup
from tests.flow import Visitor, auth  # noqa: E402  # after setup

EXPECTED = {
    # staff and may, of pat at alpha, who is an admin there, and of kim, who is an editor
    "EmailUser": {"pat": (True, False), "kim": (False, True)},
    "UniqueUser": {"pat": (True, False), "kim": (False, True)},
    "PlainUser": {"pat": (False, None), "kim": (False, None)},
}


def main():
    call_command("migrate", run_syncdb=True, verbosity=0)
    editors = Group.objects.create(name="Editors")
    editors.permissions.add(Permission.objects.get(codename="change_group"))
    with DevProvider(redirect_uris=["http://localhost/oauth2callback"]) as op:
        settings.MULTI_OIDC_SECRETS = {"auth": auth(op)}
        call_command("check", fail_level="WARNING")
        for person, (staff, may) in EXPECTED[settings.USER_MODEL].items():
            log_in(op, person, staff, may)
    assert get_user_model()._base_manager.count() == 2
    print(f"logged in as a {settings.USER_MODEL}")


def log_in(op, person, staff, may):
    visitor = Visitor()
    op.auto_login(person)
    assert visitor.log_in().status_code == 302
    said = visitor.get("/who/").json()
    assert said["user"], said
    assert (said["staff"], said["may"]) == (staff, may), said
    assert visitor.log_in().status_code == 302
    assert visitor.get("/who/").json() == said
    users = get_user_model()._base_manager
    users.filter(**{get_user_model().USERNAME_FIELD: said["user"]}).update(is_active=False)
    assert visitor.get("/who/").json()["user"] == ""
    assert visitor.log_in().status_code == 403
    users.update(is_active=True)


if __name__ == "__main__":
    main()
