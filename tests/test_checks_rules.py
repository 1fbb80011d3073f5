"""A2, C8: the system checks of rules."""

from __future__ import annotations

import pytest
from django.core.checks import Error, Warning, run_checks  # noqa: A004 - Django's names

ENTRA = "https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0/.well-known/openid-configuration"
TENANT = "9122040d-6c67-4c5b-b112-36a304b66dad"


@pytest.fixture
def check(secrets, settings):
    def run(**keys):
        table = {key: value for key, value in secrets["alpha"].items() if key != "admins"}
        settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "alpha": {**table, **keys}}}
        ids = ("django_multi_oidc.E001", "django_multi_oidc.E016", "django_multi_oidc.W007")
        return [message for message in run_checks() if message.id in ids]

    return run


def never(key, entry, why, mend):
    return Warning(
        f'MULTI_OIDC_SECRETS: {key} of the provider "alpha" has {entry}, which can never match: {why}',
        hint=mend,
        id="django_multi_oidc.W007",
    )


def test_a_function_that_is_there(check):  # A2
    assert check(admins={"function": "tests.test_rules.says_yes"}) == []


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (
            "tests.test_rules.nosuch",
            "which cannot be imported: module 'tests.test_rules' has no attribute 'nosuch'",
        ),
        ("tests.test_rules.NOT_CALLABLE", "which is no function."),
        ("tests.test_rules.breaks", "which cannot be imported: name 'Editor' is not defined"),
    ],
)
def test_a_function_that_is_not_there(check, path, problem):  # A2
    rule = {"function": path}
    for key, keys in (("allow", {"allow": rule}), ("roles.editor", {"roles": {"editor": rule}})):
        assert check(**keys) == [
            Error(
                f'MULTI_OIDC_SECRETS: provider "alpha": {key} in the secrets file names the function "{path}", '
                f"{problem}",
                hint="The dotted path of a function that takes the claims and returns True or False.",
                id="django_multi_oidc.E016",
            )
        ]


ENTRA_MEND = (
    'Name the person by a claim: { oid = "…" }, { roles = ["…"] } or { groups = ["…"] }. Or set '
    "trust_email = true, where this tenant gives nobody an address that is not theirs."
)


def test_an_address_at_entra(check):  # A2
    why = "login.microsoftonline.com never sends email_verified."
    assert check(
        server_metadata_url=ENTRA, admins=["pat@example.org", {"oid": "x"}], allow=["*@example.org"]
    ) == [
        never("admins", '"pat@example.org"', why, ENTRA_MEND),
        never("allow", '"*@example.org"', why, ENTRA_MEND),
    ]
    assert check(server_metadata_url=ENTRA, admins=["pat@example.org"], trust_email=True) == []


def test_an_address_that_allow_leaves_out(check):  # A2
    mend = "Add it to allow, or take it out here."
    assert check(allow=["*@example.org", "kim@sub.example.org"], admins=["pat@sub.example.org"]) == [
        never("admins", '"pat@sub.example.org"', "allow does not let it in.", mend)
    ]
    assert check(allow=[], admins=["pat@example.org"]) == [
        never("admins", '"pat@example.org"', "allow does not let it in.", mend)
    ]


@pytest.mark.parametrize(
    ("allow", "admins"),
    [
        (["*@example.org"], ["pat@example.org"]),
        (["pat@example.org"], ["*@example.org"]),
        (["pat@Example.org"], ["PAT@example.org"]),
        (["kim@example.org", {"hd": "example.org"}], ["pat@example.org"]),
        ({"function": "tests.test_rules.says_yes"}, ["pat@example.org"]),
        (["kim@example.org"], [{"groups": ["staff"]}]),
    ],
)
def test_what_may_match_is_not_warned_of(check, allow, admins):  # A2
    assert check(allow=allow, admins=admins) == []


def test_a_tenant_that_may_not_log_in(check):  # A2
    other = "0d2f3a7c-5c4e-4c57-9d0e-3f0f4f6f2c11"
    common = "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration"
    keys = {"server_metadata_url": common, "tenants": [TENANT]}
    assert check(**keys, admins=[{"tid": [other], "roles": ["x"]}]) == [
        never(
            "admins",
            f'{{ tid = "{other}", roles = "x" }}',
            "the tenant is not one of tenants.",
            f'"tid" is one of: {TENANT}',
        )
    ]
    assert check(**keys, admins=[{"tid": [other, TENANT]}]) == []
    assert check(server_metadata_url=ENTRA, admins=[{"tid": other}]) == []
