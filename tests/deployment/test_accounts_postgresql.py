"""Accounts in databases that sites have, PostgreSQL and an SQLite file, with many requests at once."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection, connections, transaction

from django_multi_oidc.accounts import people
from django_multi_oidc.accounts.models import OIDCIdentity
from django_multi_oidc.providers import configuration
from django_multi_oidc.users import Identity
from tests.deployment.deployed import deployed
from tests.real_site import ROOT, Person, environment, eventually

DOMAIN = "shared.example"
ADDRESS = f"pat@{DOMAIN}"
OPTIONS = {
    "MULTI_OIDC_ACCOUNTS_GROUPS": {"Editors": "editor"},
    "MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL": {"alpha": [DOMAIN], "beta": [DOMAIN]},
}
# At alpha an admin and an editor, at beta nothing.
RULES = {"alpha": {"admins": [ADDRESS]}, "alpha.roles": {"editor": [ADDRESS]}}
LONG = "x" * 1000


@dataclass(frozen=True)
class Site:
    url: str
    secrets: Path
    database: dict[str, Any]

    def who(self, cookie):
        """What a request with the cookie is answered."""
        with Person(self.url) as person:
            response = person.get(f"{self.url}/who/", headers={"Cookie": cookie}, timeout=60)
        assert response.status_code == 200, response.text
        return response.json()

    def log_in(self, _=None):
        """Through the provider; what the page after it is answered."""
        with Person(self.url) as person:
            response = person.get(f"{self.url}/oidc/login/alpha/?next=/who/", timeout=60)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def running_site(request, running_op, redis, tmp_path_factory):
    folder = tmp_path_factory.mktemp("accounts")
    if request.param == "sqlite":
        engine = "django.db.backends.sqlite3"
        database = {"ENGINE": engine, "NAME": str(folder / "db.sqlite3"), "OPTIONS": {"timeout": 60}}
    else:
        database = request.getfixturevalue(request.param).settings
    own = "tests.deployment.accounts_settings"
    variables = {"SETTINGS": json.dumps({"DATABASES": {"default": database}, **OPTIONS})}
    manage(own, "migrate", **variables, REDIS=redis.location)
    gunicorn = {"settings": own, "threads": 8, **variables}
    with deployed(folder, running_op, redis, gunicorn=gunicorn, rules=RULES, revocation=False) as url:
        yield Site(url, folder / "server-0" / "secrets.toml", database)


def manage(settings, *arguments, **variables):
    command = [sys.executable, "-m", "django", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(settings) | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def site(running_site, op, settings, django_db_blocker):
    """Its database is empty, and this process's own too, in every thread."""
    settings.MULTI_OIDC_SECRETS_FILE = running_site.secrets
    for name, value in OPTIONS.items():
        setattr(settings, name, value)
    with django_db_blocker.unblock(), connected(running_site.database):
        yield running_site
        call_command("flush", interactive=False, verbosity=0)


@contextmanager
def connected(database):
    """Within it, the default database is this one."""
    before, known = connections["default"], connections.settings["default"]
    connections.settings["default"] = connections.configure_settings({"default": dict(database)})["default"]
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"], connections.settings["default"] = before, known


@pytest.fixture
def editors(site):
    return Group.objects.create(name="Editors")


@pytest.fixture
def identity(site):
    """Makes logins, each newer than the one before."""
    numbers, start = count(), time.time() - 10_000

    def make(provider="alpha", sub="pat", at=None, **claims):
        name = configuration().providers[provider]
        at = next(numbers) if at is None else at
        return Identity(
            provider=provider,
            fingerprint=name.fingerprint,
            login_id=f"login {at} at {provider}",
            login_at=round(start + at, 6),
            next_digest="",
            claims={
                "iss": f"https://{provider}.example",
                "sub": sub,
                "email": ADDRESS,
                "email_verified": True,
                **claims,
            },
            issued_at=time.time(),
        )

    return make


def at_once(functions):
    """What they return, each called in a thread with connections of its own, none before all of them are there."""
    barrier = threading.Barrier(len(functions))

    def call(function):
        try:
            barrier.wait(timeout=60)
            return function()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(call, functions))


def users():
    return get_user_model().objects.order_by("pk")


def row(user):
    """What is saved of a user."""
    user = users().get(pk=user.pk)
    return user.is_staff, [group.name for group in user.groups.all()]


def link(user, provider):
    return OIDCIdentity.objects.link(
        user=user, issuer=f"https://{provider}.example", subject="pat", provider=provider
    )


# The table


def test_the_migrations_are_all_there(site):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    call_command("migrate", check_unapplied=True, verbosity=0)


def test_a_login_makes_a_user_whom_the_next_finds(site, op):
    first, second = site.log_in(), site.log_in()
    assert first == second
    assert first["authenticated"]
    found = OIDCIdentity.objects.get()
    assert (found.provider, found.subject, found.user.get_username()) == ("alpha", "pat", first["user"])
    assert found.user.email == "pat@alpha.example"
    assert users().count() == 1


# One person, many requests


@pytest.mark.parametrize("requests", [2, 20])
def test_first_requests_at_once_make_one_user(site, identity, requests):
    for number in range(10):
        login = identity(sub=f"person {number}", email=f"{number}@other.example")
        found = at_once([partial(people.user_of, login)] * requests)
        assert {user and user.pk for user in found} == {users().last().pk}
        assert users().count() == OIDCIdentity.objects.count() == number + 1


@pytest.mark.parametrize("requests", [2, 20])
def test_whole_first_requests_at_once_make_one_user(site, identity, cookie_of, requests):
    for number in range(5):
        cookie = cookie_of(identity(sub=f"person {number}", email=f"{number}@other.example"))
        answers = at_once([partial(site.who, cookie)] * requests)
        assert {answer["user"] for answer in answers} == {users().last().get_username()}
        assert users().count() == OIDCIdentity.objects.count() == number + 1


def test_first_logins_at_once_make_one_user(site, op):
    answers = at_once([site.log_in] * 20)
    assert {answer["user"] for answer in answers} == {users().get().get_username()}
    assert OIDCIdentity.objects.count() == 1


def test_people_at_once_are_not_mixed_up(site, identity, cookie_of):
    names = [f"person {number}" for number in range(10)]
    cookies = [cookie_of(identity(sub=name, name=name, email=f"{name[7:]}@other.example")) for name in names]
    seen = [answer["user"] for answer in at_once([partial(site.who, cookie) for cookie in cookies * 2])]
    assert seen[:10] == seen[10:]
    assert [users().get(username=user).first_name for user in seen[:10]] == names


# Two identities of one user


@pytest.fixture
def pat(site, editors):
    """Who has an identity at each provider."""
    user = users().create(username="pat")
    for provider in ("alpha", "beta"):
        link(user, provider)
    return user


def logins_of_a_round(identity, number):
    """In any order, some of them twice: a browser goes on with an older login while another has a newer one."""
    logins = [identity(random.choice(["alpha", "beta"]), at=10 * number + place) for place in range(6)]
    return random.sample(logins + logins[:2], 8)


def test_the_newest_login_is_what_is_saved(pat, identity):
    for number in range(60):
        logins = logins_of_a_round(identity, number)
        found = at_once([partial(people.user_of, login) for login in logins])
        assert [user.is_staff for user in found] == [login.provider == "alpha" for login in logins]
        assert {user.pk for user in found} == {pat.pk}
        newest = max(logins, key=lambda login: login.login_at)
        assert row(pat) == ((True, ["Editors"]) if newest.provider == "alpha" else (False, [])), number
        assert max(OIDCIdentity.objects.values_list("login_at", flat=True)) == newest.login_at


def test_the_newest_login_of_whole_requests_is_what_is_saved(pat, site, identity, cookie_of):
    for number in range(20):
        logins = logins_of_a_round(identity, number)
        answers = at_once([partial(site.who, cookie_of(login)) for login in logins])
        assert [(answer["staff"], answer["groups"]) for answer in answers] == [
            (True, ["Editors"]) if login.provider == "alpha" else (False, []) for login in logins
        ]
        newest = max(logins, key=lambda login: login.login_at)
        assert row(pat) == ((True, ["Editors"]) if newest.provider == "alpha" else (False, [])), number


# Two people with one address


@pytest.fixture
def existing(site):
    return users().create(username="existing", email=ADDRESS)


def test_one_of_two_people_takes_a_user_over(site, identity):
    for number in range(20):
        address = f"number{number}@{DOMAIN}"
        existing = users().create(username=f"existing {number}", email=address)
        logins = [identity(provider, sub=f"{number}", email=address) for provider in ("alpha", "beta")]
        found = at_once([partial(people.user_of, login) for login in logins])
        assert [user and user.pk for user in found].count(existing.pk) == 1
        assert existing.oidc_identities.count() == 1
        # The other one was refused, or has a user already.
        again = [people.user_of(login) for login in logins]
        assert [user.pk for user in again].count(existing.pk) == 1
        assert len({user.pk for user in again}) == 2


def test_one_of_two_whole_requests_takes_a_user_over(site, identity, cookie_of):
    for number in range(10):
        address = f"number{number}@{DOMAIN}"
        existing = users().create(username=f"existing {number}", email=address)
        cookies = [
            cookie_of(identity(provider, sub=f"{number}", email=address)) for provider in ("alpha", "beta")
        ]
        seen = [answer["user"] for answer in at_once([partial(site.who, cookie) for cookie in cookies * 3])]
        assert [existing.username in seen[first::2] for first in (0, 1)].count(True) == 1
        assert existing.oidc_identities.count() == 1


# What the columns hold


@pytest.mark.parametrize(
    "sub", ["a\0b", LONG, f"{LONG}\0", "\0"], ids=["nul", "long", "long-nul", "only-nul"]
)
def test_any_subject_is_an_account(site, identity, cookie_of, sub):
    login = identity(sub=sub)
    user = people.user_of(login)
    assert user == people.user_of(identity(sub=sub))
    assert site.who(cookie_of(login))["user"] == user.username
    assert OIDCIdentity.objects.get().subject == sub.replace("\0", "\N{REPLACEMENT CHARACTER}")


def test_subjects_that_are_shown_alike_are_two_accounts(site, identity):
    assert people.user_of(identity(sub="a\0b", email="")) != people.user_of(
        identity(sub="a\ufffdb", email="")
    )


@pytest.mark.parametrize(
    ("claims", "first", "last"),
    [
        ({"given_name": "P\0at", "family_name": "\0Nunes\0"}, "Pat", "Nunes"),
        ({"name": f"Pat\0 {LONG}"}, f"Pat {LONG}"[:150], ""),
        ({"given_name": LONG, "family_name": "\0" + LONG}, LONG[:150], LONG[:150]),
        ({"given_name": "\0", "family_name": "Nunes"}, "", "Nunes"),
    ],
    ids=["nul", "long-name", "long-names", "only-nul"],
)
def test_any_name_is_stored(site, identity, cookie_of, claims, first, last):
    user = people.user_of(identity())
    site.who(cookie_of(identity(**claims)))
    user.refresh_from_db()
    assert (user.first_name, user.last_name) == (first, last)


@pytest.mark.parametrize(
    "address",
    [f"{LONG}@{DOMAIN}", "p\0at@other.example", f"p\0at@{DOMAIN}", "\0", f"pat@{LONG}"],
    ids=["long", "nul", "linked-nul", "only-nul", "domain"],
)
def test_no_address_is_too_much(site, identity, cookie_of, address):
    login = identity(email=address)
    assert site.who(cookie_of(login))["user"] == people.user_of(login).username


@pytest.fixture
def any_case(running_site, site):
    """Makes a column one to which upper and lower case are the same; the table is as it was in the end."""
    changed = []

    def change(name):
        field = OIDCIdentity._meta.get_field(name)
        changed.append(field)
        alter(field, collated(field))

    if connection.vendor == "postgresql":
        run_sql(
            "CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
        )
    yield change
    OIDCIdentity.objects.all().delete()
    for field in changed:
        alter(collated(field), field)
    if connection.vendor == "postgresql":
        run_sql("DROP COLLATION any_case")


def collated(field):
    other = field.clone()
    other.set_attributes_from_name(field.name)
    other.model = field.model
    other.db_collation = "any_case" if connection.vendor == "postgresql" else "NOCASE"
    return other


def alter(before, after):
    with connection.schema_editor() as editor:
        editor.alter_field(OIDCIdentity, before, after)


def run_sql(text):
    with connection.cursor() as cursor:
        cursor.execute(text)


def test_upper_and_lower_case_are_two_people(site, identity, any_case):
    any_case("subject")
    logins = [identity(sub=sub, email="") for sub in ("AbC", "aBc")]
    first, second = (people.user_of(login) for login in logins)
    assert first != second
    assert [people.user_of(login) for login in logins] == [first, second]
    assert OIDCIdentity.objects.filter(subject="ABC").count() == 2  # the column itself merges them


# What happens between two steps: somebody else holds the row meanwhile

ON_POSTGRESQL = pytest.mark.parametrize("running_site", ["postgresql"], indirect=True)


@pytest.fixture
def meanwhile(site, postgresql):
    """Has other SQL under way, ends it when the call waits for it, and returns what the call then returned."""

    def go(call, sql, *parameters):
        with postgresql.connect() as other, ThreadPoolExecutor(1) as pool:
            other.execute(sql, parameters)
            future = pool.submit(at_once, [call])
            try:
                eventually(lambda: waits_for(other))
            finally:
                other.commit()
            return future.result(timeout=60)[0]

    return go


def waits_for(other):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))", [other.info.backend_pid]
        )
        return cursor.fetchone() is not None


@ON_POSTGRESQL
def test_who_is_linked_meanwhile_is_not_taken_over(existing, identity, meanwhile):
    user = meanwhile(
        partial(people.user_of, identity("beta")),
        "WITH locked AS (UPDATE auth_user SET last_name = 'Linked' WHERE id = %s) "
        "INSERT INTO multi_oidc_accounts_oidcidentity "
        "(key, issuer, subject, provider, created_at, login_at, saved, user_id) "
        "VALUES ('the key', 'https://alpha.example', 'pat', 'alpha', now(), 0, '{}', %s)",
        existing.pk,
        existing.pk,
    )
    assert user not in (None, existing)
    assert [link.provider for link in existing.oidc_identities.all()] == ["alpha"]


@ON_POSTGRESQL
def test_a_newer_login_of_the_other_identity_is_not_undone(pat, identity, meanwhile):
    """It commits between our look at the table and our lock."""
    older, newer = identity("beta"), identity("alpha")
    user = meanwhile(
        partial(people.user_of, older),
        "WITH locked AS (UPDATE auth_user SET is_staff = true WHERE id = %s) "
        "UPDATE multi_oidc_accounts_oidcidentity SET login_at = %s WHERE provider = 'alpha'",
        pat.pk,
        newer.login_at,
    )
    assert not user.is_staff
    assert row(pat)[0] is True


@ON_POSTGRESQL
def test_what_was_saved_meanwhile_by_the_same_login_is_read_again(pat, identity, meanwhile):
    """Two requests of one login: the second has looked at the table before the first wrote."""
    first, second = identity(), identity()
    assert people.user_of(first).is_staff
    user = meanwhile(
        partial(people.user_of, second),
        "UPDATE auth_user SET is_staff = false WHERE id = %s",
        pat.pk,
    )
    assert user.is_staff
    assert row(pat) == (True, ["Editors"])


@ON_POSTGRESQL
def test_who_only_refers_to_a_user_is_not_waited_for(pat, identity, postgresql):
    """As a row of another table does until its transaction ends."""
    run_sql("SET lock_timeout = '10s'")
    with postgresql.connect() as other:
        other.execute("SELECT 1 FROM auth_user WHERE id = %s FOR KEY SHARE", [pat.pk])
        assert people.user_of(identity()).is_staff


@ON_POSTGRESQL
@pytest.mark.parametrize("privilege", ["is_superuser", "is_staff"])
def test_who_becomes_privileged_meanwhile_is_not_taken_over(existing, identity, meanwhile, privilege):
    user = meanwhile(
        partial(people.user_of, identity("beta")),
        f"UPDATE auth_user SET {privilege} = true WHERE id = %s",
        existing.pk,
    )
    assert user != existing
    assert not existing.oidc_identities.exists()


@ON_POSTGRESQL
def test_who_is_deactivated_meanwhile_is_not_taken_over(existing, identity, meanwhile):
    user = meanwhile(
        partial(people.user_of, identity("beta")),
        "UPDATE auth_user SET is_active = false WHERE id = %s",
        existing.pk,
    )
    assert user is None
    assert not existing.oidc_identities.exists()


@ON_POSTGRESQL
def test_whose_address_changes_meanwhile_is_not_taken_over(existing, identity, meanwhile):
    user = meanwhile(
        partial(people.user_of, identity("beta")),
        "UPDATE auth_user SET email = 'another@shared.example' WHERE id = %s",
        existing.pk,
    )
    assert user != existing
    assert not existing.oidc_identities.exists()


@ON_POSTGRESQL
def test_who_is_deleted_meanwhile_is_not_taken_over(existing, identity, meanwhile):
    user = meanwhile(
        partial(people.user_of, identity("beta")), "DELETE FROM auth_user WHERE id = %s", existing.pk
    )
    assert user is None or user.pk != existing.pk


@ON_POSTGRESQL
def test_who_is_deactivated_meanwhile_is_out_at_once(pat, identity, meanwhile):
    user = meanwhile(
        partial(people.user_of, identity()), "UPDATE auth_user SET is_active = false WHERE id = %s", pat.pk
    )
    assert user is None


@ON_POSTGRESQL
def test_who_is_deleted_meanwhile_is_no_failure(pat, identity, meanwhile):
    user = meanwhile(
        partial(people.user_of, identity()),
        "WITH gone AS (DELETE FROM multi_oidc_accounts_oidcidentity WHERE user_id = %s) "
        "DELETE FROM auth_user WHERE id = %s",
        pat.pk,
        pat.pk,
    )
    assert user is None or user.pk != pat.pk


# A view, or a function of the project, that has a transaction open already


def make_user(claims, provider):
    """A project's own, which looks first."""
    model = get_user_model()
    taken = model.objects.filter(username=claims["sub"]).exists()
    return model(username=f"{claims['sub']} 2" if taken else claims["sub"])


@ON_POSTGRESQL
def test_requests_that_are_transactions_make_one_user(site, identity):
    def call(login):
        with transaction.atomic():
            users().count()
            return people.user_of(login).pk

    for number in range(5):
        login = identity(sub=f"{number}", email="")
        assert set(at_once([partial(call, login)] * 10)) == {users().last().pk}
        assert users().count() == number + 1


def test_a_function_that_asks_the_database_makes_users_at_once(site, identity, settings):
    settings.MULTI_OIDC_ACCOUNTS_MAKE_USER = f"{__name__}.make_user"
    for number in range(5):
        logins = [identity(sub=f"{number} {place}", email="") for place in range(10)]
        found = at_once([partial(people.user_of, login) for login in logins])
        assert [user.username for user in found] == [f"{number} {place}" for place in range(10)]
