from __future__ import annotations

import io
from textwrap import wrap
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.signals import pre_save

from django_multi_oidc import discovery
from django_multi_oidc.accounts.models import OIDCIdentity
from tests.stand_ins.allauth.models import SocialAccount
from tests.stand_ins.social_auth.models import UserSocialAuth

GOOGLE = "https://accounts.google.com"
NOTHING = "Nothing to write: whoever can be linked is linked already."
DRY = "Nothing was written. To link them: add --apply"
BY_ADDRESS = (
    "By a verified e-mail address, MULTI_OIDC_ACCOUNTS_LINK_BY_EMAIL links at the next login; where the provider "
    "verifies all of them and does not say so, with trust_email = true in its table."
)
NEXT_LOGIN = (
    "From release 7 on, social-auth-core puts the subject into the rows of Google, Keycloak and some others, at the "
    "person's next login there. Before, SOCIAL_AUTH_GOOGLE_OAUTH2_USE_UNIQUE_USER_ID = True stored it."
)
FLAGS = (
    "Staff or superusers among the linked: 1. From their next login on, both are as the rules of the secrets file say "
    "(MULTI_OIDC_ACCOUNTS_STAFF_ROLE, MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE)."
)
DEACTIVATED = (
    "Deactivated and not linked: 1. A login makes such a person a new, active user, unless "
    'MULTI_OIDC_ACCOUNTS_CREATE_USERS is "invited" or "never".'
)
CLAIM = (
    "If what is stored is the sub of the provider's ID tokens: --uid-is-subject. Of GitHub, Facebook and others that "
    "give no ID tokens, it is not."
)


@pytest.fixture(autouse=True)
def _no_copies_of_other_tests():
    yield
    discovery.clear()


@pytest.fixture(autouse=True)
def _secrets(live_secrets):
    """What stands in the secrets file."""


@pytest.fixture
def issuer(op):
    return op.organisations["alpha"].issuer


def link(source, *arguments, provider="alpha"):
    out = io.StringIO()
    call_command("oidc_link", source, "--provider", provider, *arguments, stdout=out)
    return out.getvalue().splitlines()


def lines(remark):
    """As the report has it."""
    return wrap(remark, 100, break_on_hyphens=False)


def failure(*arguments, **options):
    with pytest.raises(CommandError) as caught:
        link(*arguments, **options)
    assert not OIDCIdentity.objects.exists()
    return str(caught.value)


def user(name, **fields):
    return get_user_model().objects.create_user(name, f"{name}@alpha.example", **fields)


def of_allauth(person, uid="", provider="google", **extra_data):
    return SocialAccount.objects.create(
        user=person, provider=provider, uid=uid or person.username, extra_data=extra_data
    )


def of_social_auth(person, uid="", provider="oidc", **fields):
    return UserSocialAuth.objects.create(user=person, provider=provider, uid=uid or person.username, **fields)


def linked():
    rows = OIDCIdentity.objects.order_by("pk")
    return [(row.user.username, row.issuer, row.subject, row.provider) for row in rows]


# The whole way


def test_who_came_by_allauth_is_the_same_user(issuer, log_in):
    pat, kim = user("pat", is_staff=True), user("kim")
    of_allauth(pat), of_allauth(kim)
    dry = [
        f"google of allauth, to provider 'alpha' ({issuer}):",
        f"  user {pat.pk} 'pat': to be linked (staff)",
        f"  user {kim.pk} 'kim': to be linked",
        "2 to be linked, 0 linked already, 0 not linked.",
        *lines(FLAGS),
        DRY,
    ]
    assert link("allauth") == dry
    assert linked() == []
    assert link("allauth", "--apply") == [
        line.replace("to be linked", "linked") for line in dry if line != DRY
    ]
    assert linked() == [("pat", issuer, "pat", "alpha"), ("kim", issuer, "kim", "alpha")]
    assert log_in("pat") == pat
    assert log_in("kim") == kim
    assert get_user_model().objects.count() == 2


@pytest.mark.parametrize("apply", [[], ["--apply"]])
def test_a_second_run_finds_all_linked(issuer, apply):
    kim = user("kim")
    of_allauth(kim)
    link("allauth", "--apply")
    assert link("allauth", *apply) == [
        f"google of allauth, to provider 'alpha' ({issuer}):",
        f"  user {kim.pk} 'kim': linked already",
        "0 {}, 1 linked already, 0 not linked.".format("linked" if apply else "to be linked"),
        NOTHING,
    ]
    assert len(linked()) == 1


def test_a_deactivated_user_is_linked_and_stays_out(log_in, visitor, op, issuer):
    pat = user("pat", is_active=False, is_superuser=True)
    of_allauth(pat)
    assert f"  user {pat.pk} 'pat': linked (deactivated, superuser)" in link("allauth", "--apply")
    op.auto_login("pat")
    assert visitor.log_in().status_code == 403
    assert list(get_user_model().objects.all()) == [pat]


def test_who_is_not_linked_and_why(issuer):
    pat, kim, uma, max_ = user("pat"), user("kim", is_active=False), user("uma"), user("max", is_staff=True)
    of_social_auth(pat, "pat@alpha.example", id_key="email")
    of_social_auth(kim, "kim-name", id_key="username")
    of_social_auth(uma, "uma-subject", id_key="sub")
    of_social_auth(max_, "max-number")
    assert link("social-auth", "--apply") == [
        f"oidc of social-auth, to provider 'alpha' ({issuer}):",
        f"  user {pat.pk} 'pat': NOT linked: its uid is an e-mail address, which is no subject",
        f"  user {kim.pk} 'kim': NOT linked: its uid is said to be another claim than the subject, username "
        "(deactivated)",
        f"  user {uma.pk} 'uma': linked",
        f"  user {max_.pk} 'max': NOT linked: nothing says that its uid is the subject (staff)",
        "1 linked, 0 linked already, 3 not linked.",
        *lines(NEXT_LOGIN),
        *lines(CLAIM),
        *lines(BY_ADDRESS),
        *lines(DEACTIVATED),
    ]
    assert linked() == [("uma", issuer, "uma-subject", "alpha")]


def test_the_site_says_that_the_uid_is_the_subject(issuer):
    of_social_auth(user("pat"), provider="company")
    assert "1 linked, 0 linked already, 0 not linked." in link("social-auth", "--uid-is-subject", "--apply")
    assert linked() == [("pat", issuer, "pat", "alpha")]


def test_the_account_is_somebody_elses(op, log_in):
    newcomer = log_in("pat")
    pat = user("pat")
    of_allauth(pat)
    report = link("allauth", "--apply")
    assert f"  user {pat.pk} 'pat': NOT linked: the account is user {newcomer.pk}'s already" in report
    assert OIDCIdentity.objects.order_by("-login_at").first().user == newcomer


def test_all_or_nothing(issuer):
    """Somebody logs in while it writes."""
    pat, kim = user("pat"), user("kim")
    of_allauth(pat), of_allauth(kim)

    def log_in_meanwhile(instance, **kwargs):
        if instance.subject == "kim":
            pre_save.disconnect(log_in_meanwhile, OIDCIdentity)
            OIDCIdentity.objects.link(user=pat, issuer=issuer, subject="kim", provider="alpha")

    pre_save.connect(log_in_meanwhile, OIDCIdentity)
    assert (
        failure("allauth", "--apply")
        == "Somebody has logged in meanwhile. Nothing was written: run it again."
    )


def test_a_row_of_another_issuer():
    pat = user("pat")
    of_allauth(pat, id_token={"iss": GOOGLE, "sub": "pat"})
    assert f"  user {pat.pk} 'pat': NOT linked: the row is of another issuer, '{GOOGLE}'" in link("allauth")


# Which of theirs


def test_the_only_provider_need_not_be_named():
    of_allauth(user("pat"))
    assert "google of allauth" in link("allauth")[0]
    assert "google of allauth" in link("allauth", "--theirs", "google")[0]


def test_one_of_several_has_to_be_named():
    pat, kim = user("pat"), user("kim")
    of_allauth(pat), of_allauth(kim), of_allauth(pat, provider="apple")
    there = "Providers in socialaccount.SocialAccount, with their numbers of rows: apple (1), google (2)."
    assert failure("allauth") == f"Which one? Give --theirs. {there}"
    assert failure("allauth", "--theirs", "github") == f"--theirs 'github' has no rows. {there}"
    assert "apple of allauth" in link("allauth", "--theirs", "apple")[0]


def test_an_empty_table():
    assert failure("social-auth") == (
        "Which one? Give --theirs. Providers in social_django.UserSocialAuth, with their numbers of rows: none."
    )


@pytest.mark.parametrize("claimed", [[], ["--uid-is-subject"]])
def test_microsofts_graph_is_refused(claimed):
    of_allauth(user("pat"), provider="microsoft", id="pat", userPrincipalName="pat@alpha.example")
    assert failure("allauth", *claimed, "--apply") == (
        "microsoft of allauth stores the id that Microsoft Graph gives a person. The subject of an ID token is another "
        f"one, which cannot be computed: nobody can be linked by it. {BY_ADDRESS}"
    )


def test_an_openid_connect_app_of_that_name_is_not():
    of_allauth(user("pat"), provider="microsoft", userinfo={"sub": "pat"}, id_token={"sub": "pat"})
    assert "1 linked, 0 linked already, 0 not linked." in link("allauth", "--apply")


@pytest.mark.parametrize(
    ("source", "stand_in", "app"),
    [
        ("allauth", "tests.stand_ins.allauth", "allauth.socialaccount"),
        ("social-auth", "tests.stand_ins.social_auth", "social_django"),
    ],
)
def test_their_app_has_to_stay(settings, source, stand_in, app):
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != stand_in]
    assert failure(source) == (
        f'"{app}" is not in INSTALLED_APPS. Leave it there until all are linked: its table says who is who.'
    )


def test_their_users_have_to_be_ours(settings):
    settings.AUTH_USER_MODEL = "auth.Group"
    assert failure("social-auth") == "The users of social-auth are not those of AUTH_USER_MODEL."


# mozilla-django-oidc


def test_the_subject_is_the_user_name(issuer, log_in):
    pat = user("pat")
    assert link("mozilla", "--subject", "username", "--apply") == [
        f"users of mozilla, to provider 'alpha' ({issuer}):",
        f"  user {pat.pk} 'pat': linked",
        "1 linked, 0 linked already, 0 not linked.",
    ]
    assert log_in("pat") == pat
    assert "0 to be linked, 1 linked already, 0 not linked." in link("mozilla", "--subject", "username")


def test_who_has_a_password_is_not_linked_by_accident(root):
    assert link("mozilla", "--subject", "username", "--apply")[1:] == [
        f"  user {root.pk} 'root': NOT linked: has a password (staff, superuser)",
        "0 linked, 0 linked already, 1 not linked.",
        "Who has a password may never have come by mozilla: --with-password",
        *lines(BY_ADDRESS),
        NOTHING,
    ]
    assert "1 to be linked, 0 linked already, 0 not linked." in link(
        "mozilla", "--subject", "username", "--with-password"
    )


def test_whom_our_login_has_made_is_not_linked_to_a_name(log_in):
    pat = log_in("pat")
    reason = "another account at the provider is linked to the user already"
    assert f"  user {pat.pk} {pat.username!r}: NOT linked: {reason} (staff)" in link(
        "mozilla", "--subject", "username", "--apply"
    )
    assert OIDCIdentity.objects.count() == 1


def test_an_account_at_another_provider_does_not_count(log_in):
    pat = log_in("pat", provider="beta")
    assert f"  user {pat.pk} {pat.username!r}: to be linked" in link("mozilla", "--subject", "username")


def test_the_subject_is_in_a_field(issuer):
    user("1", first_name="pat"), user("2")
    report = link("mozilla", "--subject", "field:first_name", "--apply")
    assert "1 linked, 0 linked already, 1 not linked." in report
    assert linked() == [("1", issuer, "pat", "alpha")]


def test_no_such_field():
    assert failure("mozilla", "--subject", "field:sub").startswith(
        "--subject 'field:sub': User has no such field. Fields: id, password, last_login, is_superuser, username, "
    )


def first_name_or_none(user):
    return user.first_name or None


def a_number(user):
    return 7


def test_the_subject_is_asked_of_a_function(issuer):
    user("1", first_name="pat"), user("2")
    link("mozilla", "--subject", f"function:{__name__}.first_name_or_none", "--apply")
    assert linked() == [("1", issuer, "pat", "alpha")]


def test_a_function_that_does_not_do():
    pat = user("pat")
    path = f"function:{__name__}.a_number"
    assert failure("mozilla", "--subject", path) == (
        f"--subject '{path}' returned a whole number for user {pat.pk}. It returns the subject, a string, or None."
    )
    assert failure("mozilla", "--subject", "function:nowhere.at_all") == (
        "--subject 'function:nowhere.at_all' cannot be imported: No module named 'nowhere'"
    )


# Options


def test_what_does_not_go_together():
    ways = "username, field:NAME or function:DOTTED.PATH"
    assert failure("mozilla") == (
        f"mozilla-django-oidc stores no subject. Say where your project has put it, --subject: {ways}. If nowhere: "
        f"{BY_ADDRESS}"
    )
    assert failure("mozilla", "--subject", "email") == f"--subject 'email' is none of: {ways}."
    for option in (["--theirs", "x"], ["--uid-is-subject"]):
        assert failure("mozilla", "--subject", "username", *option) == (
            "--theirs and --uid-is-subject are for allauth and social-auth: mozilla has no such table."
        )
    for option in (["--subject", "username"], ["--with-password"]):
        assert failure("allauth", *option) == (
            "--subject and --with-password are for mozilla: allauth stores what it needs."
        )


def test_a_provider_that_is_not_there(settings):
    assert failure("allauth", provider="gamma") == (
        "--provider 'gamma' is not in the secrets file. Providers: alpha, beta"
    )
    settings.MULTI_OIDC_SECRETS = None
    assert failure("allauth").startswith("--provider 'alpha' is not in the secrets file. Providers: none. ")
    settings.MULTI_OIDC_SECRETS = {"auth": {}}
    assert "cookie_secret" in failure("allauth")


def test_the_table_is_not_there_yet():
    of_allauth(user("pat"))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE multi_oidc_accounts_oidcidentity RENAME TO elsewhere")
    with pytest.raises(CommandError, match=r"^The table of .* is not there yet: manage\.py migrate$"):
        link("allauth")


# The issuer


def test_an_issuer_that_is_another_one(issuer):
    of_allauth(user("pat"))
    assert failure("allauth", "--issuer", GOOGLE) == (
        f"--issuer '{GOOGLE}' is not the issuer of 'alpha', which is '{issuer}'."
    )
    assert link("allauth", "--issuer", issuer) == link("allauth")


def test_a_provider_that_cannot_be_asked(op, capsys):
    of_allauth(user("pat"))
    op.go_down()
    discovery.clear()
    said = failure("allauth")
    assert said.startswith("The provider 'alpha' cannot be asked for its issuer (")
    assert said.endswith("). Give the iss of its ID tokens: --issuer https://…")
    err = io.StringIO()
    call_command(
        "oidc_link", "allauth", "--provider", "alpha", "--issuer", GOOGLE, "--apply",
        stdout=io.StringIO(), stderr=err,
    )  # fmt: skip
    assert err.getvalue().startswith("Whether --issuer is right, 'alpha' cannot be asked: ")
    assert linked() == [("pat", GOOGLE, "pat", "alpha")]


TENANTS = "https://login.microsoftonline.example/{tenantid}/v2.0"
TENANT = "0d2f3a7c-5c4e-4c57-9d0e-3f0f4f6f2c11"


class ManyTenants:
    """A backend whose provider has an issuer for each tenant."""

    def __init__(self, provider):
        self.metadata = SimpleNamespace(issuer=TENANTS)

    def check_issuer(self, iss, *, required):
        assert required is False


def test_a_provider_of_many_tenants(settings):
    settings.MULTI_OIDC_BACKEND = f"{__name__}.ManyTenants"
    of_allauth(user("pat"), userinfo={"sub": "pat"})
    refused = (
        f"The provider 'alpha' has an issuer for each tenant: {TENANTS}. Give that of the tenant whose people are to be "
        "linked, with its id in place of {tenantid}: --issuer https://…"
    )
    assert failure("allauth") == failure("allauth", "--issuer", TENANTS) == refused
    own = TENANTS.replace("{tenantid}", TENANT)
    link("allauth", "--issuer", own, "--apply")
    assert linked() == [("pat", own, "pat", "alpha")]
