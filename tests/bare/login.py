"""Logs in and out with no database and no session, once as WSGI and once as ASGI; run as a process of its own."""

from __future__ import annotations

import asyncio
import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bare.settings"
django.setup()

from django.conf import settings  # noqa: E402  # after setup
from django.core.management import call_command  # noqa: E402  # after setup
from django.test import AsyncClient  # noqa: E402  # after setup

from django_multi_oidc.dev_provider.server import DevProvider  # noqa: E402  # after setup
from tests.flow import Visitor, auth  # noqa: E402  # after setup


def main():
    with DevProvider(redirect_uris=["http://localhost/oauth2callback"]) as op:
        settings.MULTI_OIDC_SECRETS = {"auth": auth(op)}
        op.auto_login("pat")
        call_command("check", fail_level="WARNING")
        visitor = Visitor()
        wsgi(visitor)
        asyncio.run(asgi(visitor))
        print("logged in and out")


def wsgi(visitor):
    assert visitor.log_in("/oidc/login/alpha/?next=/admins/")["Location"] == "/admins/"
    assert visitor.get("/admins/").content == b"the admins' page"
    assert visitor.log_in("/oidc/login/beta/").status_code == 302
    assert visitor.get("/admins/").status_code == 403
    assert visitor.client.post("/oidc/logout/").status_code == 302
    assert visitor.user() == {"is_logged_in": False}


async def asgi(visitor):
    client = AsyncClient()
    begun = await client.get("/oidc/login/alpha/?next=/aadmins/&moved=1")
    back = await asyncio.to_thread(visitor.at_provider, begun["Location"])
    assert (await client.get(back))["Location"] == "/aadmins/"
    assert (await client.get("/aadmins/")).content == b"the admins' page"
    assert (await client.get("/aask/")).json()["email"] == "pat@alpha.example"
    assert (await client.get("/aleave/")).status_code == 302
    assert (await client.get("/aask/")).json() == {"is_logged_in": False}


if __name__ == "__main__":
    main()
