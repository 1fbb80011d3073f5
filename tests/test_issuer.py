from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc.issuer import is_one_of, of_tenant, publishes

ENTRA = "https://login.microsoftonline.com/{tenantid}/v2.0"
TID = "9188040d-6c67-4c5b-b112-36a304b66dad"
WELL_KNOWN = "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("url", "issuer"),
    [
        ("https://op.example" + WELL_KNOWN, "https://op.example"),
        ("https://op.example" + WELL_KNOWN, "https://op.example/"),
        ("https://op.example/realms/a" + WELL_KNOWN, "https://op.example/realms/a"),
        ("https://op.example" + WELL_KNOWN + "?appid=1", "https://op.example"),
        ("https://login.microsoftonline.com/common/v2.0" + WELL_KNOWN, ENTRA),
        ("https://login.microsoftonline.com/organizations/v2.0" + WELL_KNOWN, ENTRA),
    ],
)
def test_the_document_of_an_issuer_stands_at_one_url(url, issuer):  # S1
    assert publishes(url, issuer)


@pytest.mark.parametrize(
    ("url", "issuer"),
    [
        ("https://op.example" + WELL_KNOWN, "https://evil.example"),
        ("https://op.example" + WELL_KNOWN, "https://op.example//"),
        ("https://op.example" + WELL_KNOWN, "https://OP.example"),
        ("https://op.example" + WELL_KNOWN, "http://op.example"),
        ("https://op.example" + WELL_KNOWN, "https://op.example/realms/a"),
        ("https://op.example/a" + WELL_KNOWN, "https://op.example"),
        ("https://op.example//" + WELL_KNOWN[1:], "https://op.example/"),
        ("https://op.example", "https://op.example"),
        ("https://login.microsoftonline.com/consumers/v2.0" + WELL_KNOWN, ENTRA),
        (f"https://login.microsoftonline.com/{TID}/v2.0" + WELL_KNOWN, ENTRA),
        ("https://evil.example/common/v2.0" + WELL_KNOWN, ENTRA),
        ("https://login.microsoftonline.com/common/v1.0" + WELL_KNOWN, ENTRA),
        ("https://common/v2.0" + WELL_KNOWN, "https://{tenantid}/v2.0"),
        ("https://login.microsoftonline.com/common/v3.0" + WELL_KNOWN, ENTRA),
        ("https://op.example/common/common" + WELL_KNOWN, "https://op.example/{tenantid}/{tenantid}"),
    ],
)
def test_a_document_that_stands_elsewhere_is_somebody_elses(url, issuer):  # S1
    assert not publishes(url, issuer)


def test_a_plain_issuer_has_no_tenants():
    assert of_tenant("https://op.example", "anything") == "https://op.example"
    assert is_one_of("https://op.example", "https://op.example")
    assert not is_one_of("https://op.example/", "https://op.example")
    assert not is_one_of("", "https://op.example")


def test_a_template_is_bound_to_the_tenant():  # S1
    assert of_tenant(ENTRA, TID) == f"https://login.microsoftonline.com/{TID}/v2.0"
    assert is_one_of(f"https://login.microsoftonline.com/{TID}/v2.0", ENTRA)


@pytest.mark.parametrize(
    "tid", [None, 1, "", "common", TID.upper(), TID + "/", TID + "\n", f"x/../{TID}", "{tenantid}", TID[:-1]]
)
def test_a_tenant_is_a_guid(tid):  # S1
    assert of_tenant(ENTRA, tid) is None
    assert not is_one_of(f"https://login.microsoftonline.com/{tid}/v2.0", ENTRA)


def test_the_template_itself_is_nobodys_issuer():
    assert not is_one_of(ENTRA, ENTRA)


@given(st.text())
def test_no_other_string_is_an_issuer_of_the_template(text):
    assert not is_one_of(text, ENTRA)
