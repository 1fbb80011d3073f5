"""Databases that django-allauth, social-auth and mozilla-django-oidc have made: whoever they know, keeps their user."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import COOKIE_SECRET, REDIRECT_URI
from tests.deployment.deployed import write_secrets
from tests.markdown import blocks
from tests.real_site import ROOT, environment

ISSUER_KEYS = "PEERS_ISSUER", "PEERS_CLIENT_ID", "PEERS_CLIENT_SECRET"
DRY = "Nothing was written. To link them: add --apply"
NOTHING = "Nothing to write: whoever can be linked is linked already."
MAKE_STAFF = "from django.contrib.auth.models import User; User.objects.filter(pk={}).update(is_staff=True)"
DEACTIVATE = "from django.contrib.auth.models import User; User.objects.filter(pk={}).update(is_active=False)"

# As rows of Google's are that social-auth-core 5 has made.
FORGET = (
    "from social_django.models import UserSocialAuth; "
    "UserSocialAuth.objects.filter(user__in={}).update(extra_data={{}})"
)


def documented(project, report):
    """The report is what docs/adoption.md shows, but for the names of a real company."""
    text = "\n".join([*report, ""]).replace(project.realm.issuer, "https://login.company.example")
    text = text.replace("'alpha'", "'company'")
    return text in [block.text for block in blocks(ROOT / "docs" / "adoption.md", "text")]


class Project:
    """A project's database, and a process for each thing that is done with it."""

    settings = method = begin = ""

    def __init__(self, folder, op):
        self.folder, self.op = folder, op
        self.realm = op.organisations["alpha"]
        known = self.realm.issuer, self.realm.client_id, self.realm.client_secret
        self.variables = dict(zip(ISSUER_KEYS, known, strict=True), PEERS_DATABASE=str(folder / "db.sqlite3"))

    def python(self, *arguments, **variables):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment(f"tests.deployment.peers.{self.settings}") | self.variables | variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def manage(self, *arguments):
        return self.python("-m", "django", *arguments)

    def log_in(self, person, **variables):
        """By the site as it is at present; who is there then."""
        self.op.auto_login(person)
        return json.loads(
            self.python("-m", "tests.deployment.peers.log_in", self.method, self.begin, **variables)
        )

    def move(self):
        """Our apps beside theirs, our URLs in place of theirs."""
        site = REDIRECT_URI.removesuffix("/oauth2callback")
        # Without a cache that processes share, logins cannot be ended.
        secrets = write_secrets(self.folder, self.op, site, cookie_secret=COOKIE_SECRET, revocation=False)
        self.variables["MULTI_OIDC_SECRETS_FILE"] = str(secrets)
        self.method, self.begin = "get", "/oidc/login/alpha/"
        self.manage("migrate", "-v0")

    def move_back(self):
        """Theirs alone."""
        del self.variables["MULTI_OIDC_SECRETS_FILE"]
        self.method, self.begin = type(self).method, type(self).begin

    def link(self, *arguments):
        return self.manage("oidc_link", *arguments, "--provider", "alpha").splitlines()


class Allauth(Project):
    settings, method, begin = "with_allauth", "get", "/accounts/oidc/company/login/"
    callback = "http://localhost/accounts/oidc/company/login/callback/"


class SocialAuth(Project):
    settings, method, begin = "with_social_auth", "post", "/login/oidc/"
    callback = "http://localhost/complete/oidc/"


class Mozilla(Project):
    settings, method, begin = "with_mozilla", "get", "/oidc/authenticate/"
    callback = "http://localhost/oidc/callback/"


@pytest.fixture
def project(request, tmp_path, op):
    made = request.param(tmp_path, op)
    op.register_redirect_uri(made.callback)
    made.manage("migrate", "-v0")
    return made


@pytest.mark.parametrize("project", [Allauth], indirect=True)
def test_from_allauth(project):
    pat, kim, uma = project.log_in("pat"), project.log_in("kim"), project.log_in("uma")
    project.manage("shell", "-v0", "-c", MAKE_STAFF.format(kim["pk"]))
    project.move()
    report = [
        f"company of allauth, to provider 'alpha' ({project.realm.issuer}):",
        f"  user {pat['pk']} 'pat': to be linked",
        f"  user {kim['pk']} 'kim': to be linked (staff)",
        f"  user {uma['pk']} 'uma': to be linked",
        "3 to be linked, 0 linked already, 0 not linked.",
        "Staff or superusers among the linked: 1. From their next login on, both are as the rules of the",
        "secrets file say (MULTI_OIDC_ACCOUNTS_STAFF_ROLE, MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE).",
        DRY,
    ]
    assert project.link("allauth") == report
    assert documented(project, report)
    assert project.link("allauth", "--apply") == [
        line.replace("to be linked", "linked") for line in report if line != DRY
    ]
    assert NOTHING in project.link("allauth", "--apply")
    assert project.log_in("pat") == pat
    assert project.log_in("kim") == kim | {"staff": False}  # no rule makes Kim an admin
    assert project.log_in("layla")["pk"] not in {pat["pk"], kim["pk"], uma["pk"]}
    project.move_back()
    assert project.log_in("pat") == pat


@pytest.mark.parametrize("project", [SocialAuth], indirect=True)
def test_from_social_auth(project):
    pat = project.log_in("pat")
    by_address = {"PEERS_ID_KEY": "email"}
    kim, uma, max_ = (project.log_in(person, **by_address) for person in ("kim", "uma", "max"))
    project.manage("shell", "-v0", "-c", FORGET.format([uma["pk"], max_["pk"]]))
    project.manage("shell", "-v0", "-c", DEACTIVATE.format(max_["pk"]))
    project.move()
    reason = "NOT linked: its uid is an e-mail address, which is no subject"
    report = [
        f"oidc of social-auth, to provider 'alpha' ({project.realm.issuer}):",
        f"  user {pat['pk']} 'pat': to be linked",
        f"  user {kim['pk']} 'kim': to be linked",
        f"  user {uma['pk']} 'uma': {reason}",
        f"  user {max_['pk']} 'max': {reason} (deactivated)",
        "2 to be linked, 0 linked already, 2 not linked.",
    ]
    dry = project.link("social-auth", "--theirs", "oidc")
    assert dry[:6] == report
    assert documented(project, dry)
    project.link("social-auth", "--apply")
    assert NOTHING in project.link("social-auth", "--apply")
    assert project.log_in("pat") == pat
    assert project.log_in("kim") == kim
    assert project.log_in("uma")["pk"] != uma["pk"]  # as was said
    project.move_back()
    assert project.log_in("pat") == pat


@pytest.mark.parametrize("project", [Mozilla], indirect=True)
@pytest.mark.parametrize("subject", ["username", "function:tests.deployment.peers.subjects.subject"])
def test_from_mozilla(project, subject):
    pat, kim = project.log_in("pat"), project.log_in("kim")
    uma = project.log_in("uma", PEERS_BY_DIGEST="uma")
    project.manage(
        "shell", "-v0", "-c",
        "from django.contrib.auth.models import User; User.objects.create_superuser('root', password='a password')",
    )  # fmt: skip
    project.move()
    reason = {"username": "its uid is mozilla-django-oidc's digest of the e-mail address"}.get(
        subject, "there is no uid"
    )
    dry = project.link("mozilla", "--subject", subject)
    assert dry[:6] == [
        f"users of mozilla, to provider 'alpha' ({project.realm.issuer}):",
        f"  user {pat['pk']} 'pat': to be linked",
        f"  user {kim['pk']} 'kim': to be linked",
        f"  user {uma['pk']} {uma['name']!r}: NOT linked: {reason}",
        f"  user {uma['pk'] + 1} 'root': NOT linked: has a password (staff, superuser)",
        "2 to be linked, 0 linked already, 2 not linked.",
    ]
    assert documented(project, dry) or subject != "username"
    project.link("mozilla", "--subject", subject, "--apply")
    assert NOTHING in project.link("mozilla", "--subject", subject, "--apply")
    assert project.log_in("pat") == pat
    assert project.log_in("kim") == kim
    assert project.log_in("uma")["pk"] != uma["pk"]  # as was said
    project.move_back()
    assert project.log_in("pat") == pat
