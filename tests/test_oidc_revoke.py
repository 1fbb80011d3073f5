from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command


@pytest.fixture(autouse=True)
def _switched_on(settings, live_secrets):
    live_secrets["revocation"] = True
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    settings.CACHES = {"default": {"BACKEND": "tests.broken_caches.SharedCache"}}


def revoke(*arguments):
    out = io.StringIO()
    call_command("oidc_revoke", *arguments, stdout=out)
    return out.getvalue()


def failure(*arguments):
    with pytest.raises(CommandError) as caught:
        revoke(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("whose", "said"),
    [
        (["--email", "pat@alpha.example"], "the logins of pat@alpha.example"),
        (["--sub", "SUB"], "the logins of SUB"),
        (["--everybody"], "all logins"),
    ],
)
def test_an_admin_ends_logins(visitor, whose, said):  # O4
    visitor.log_in()
    sub = visitor.user()["sub"]
    whose, said = [word.replace("SUB", sub) for word in whose], said.replace("SUB", sub)
    assert revoke("alpha", *whose) == f"Ended at alpha: {said} that began before now, if there were any.\n"
    assert not visitor.user()["is_logged_in"]


def test_what_cannot_be_done(settings, live_secrets):  # O4, C8
    assert failure("gamma", "--everybody") == (
        "end_access(): no provider 'gamma' in MULTI_OIDC_SECRETS. There are: alpha, beta."
    )
    assert failure("alpha", "--sub", "") == failure("alpha")
    assert failure("alpha") == "Error: one of the arguments --sub --email --everybody is required"
    assert "not allowed with argument" in failure("alpha", "--everybody", "--sub", "x")
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.MULTI_OIDC_SECRETS = {"auth": {**live_secrets, "revocation": False}}
    assert failure("alpha", "--everybody") == (
        "end_access(): MULTI_OIDC_SECRETS needs revocation = true in [auth]."
    )


def test_without_the_cache_nothing_is_said_to_have_ended(settings):  # O4
    settings.CACHES = {"default": {"BACKEND": "tests.broken_caches.DownCache"}}
    assert failure("alpha", "--everybody") == (
        "Nothing is sure to have ended: the cache cannot be asked: ConnectionError."
    )


def test_a_cache_of_this_process_alone_ends_nothing(visitor, settings):  # O4
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    visitor.log_in()
    assert failure("alpha", "--everybody") == (
        "The cache 'default' is each process's own: a login that one ends goes on at the others. Nothing has ended: "
        "let MULTI_OIDC_CACHE name one that all processes share."
    )
    assert visitor.user()["is_logged_in"]
