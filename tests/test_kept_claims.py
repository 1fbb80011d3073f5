from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc.kept_claims import kept
from django_multi_oidc.providers.model import Provider
from django_multi_oidc.rules import parse_rules
from tests.conftest import CLAIMS


def provider(*, claims=None, trim_to_rules=(), **table):
    rules, mistakes = parse_rules(table)
    assert mistakes == []
    return Provider(
        name="alpha",
        label="Alpha",
        client_id="id",
        client_secret="secret",
        server_metadata_url="https://alpha.example",
        redirect_uri="https://example.org/oauth2callback",
        authorization_params={},
        rules=rules,
        claims=None if claims is None else frozenset(claims),
        trim_to_rules=frozenset(trim_to_rules),
    )


def test_protocol_noise_is_left_out_and_the_rest_stays():  # U3, K5
    noise = {"nonce": "n", "at_hash": "h", "aud": "a", "azp": "a", "c_hash": "c", "s_hash": "s"}
    assert kept(provider(), CLAIMS | noise) == CLAIMS


def test_noise_that_a_rule_looks_at_stays():  # U3, A2
    claims = CLAIMS | {"aud": "a", "azp": "a"}
    assert kept(provider(allow=[{"aud": "a"}]), claims) == CLAIMS | {"aud": "a"}


@pytest.mark.parametrize("on", [True, False])
def test_an_admin_can_end_by_address_whatever_is_kept(secrets, settings, on):  # O4, K5
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "revocation": on}}
    found = kept(provider(claims=["name"]), CLAIMS | {"preferred_username": "pat"})
    assert ({"email", "email_verified", "preferred_username"} <= found.keys()) is on
    assert ("email_verified" in found) is on


def test_only_the_named_claims_stay_and_what_an_identity_needs():  # K5
    protocol = {
        name: CLAIMS.get(name, name)
        for name in ("iss", "sub", "exp", "iat", "auth_time", "acr", "amr", "sid", "tid")
    }
    claims = CLAIMS | protocol | {"nonce": "n"}
    assert kept(provider(claims=["name", "nonce"]), claims) == protocol | {"name": "Pat Admin"}


def test_an_address_stays_with_whether_it_was_verified():  # K5, U3
    found = kept(provider(claims=["email"]), CLAIMS)
    assert found.keys() == {"iss", "sub", "exp", "iat", "email", "email_verified"}


def test_what_the_site_adds_stays_and_its_lists_are_cut_too():  # U7, K5
    site = {"department": "sales", "teams": ["a", "b"], "_claim_sources": {"src": {"access_token": "t"}}}
    cut = provider(claims=["name"], trim_to_rules=["teams"], admins=[{"teams": "b"}])
    found = kept(cut, {"sub": "x", "locale": "fi"} | site, added=site.keys())
    assert found == {"sub": "x", "department": "sales", "teams": ["b"]}


def test_what_a_rule_looks_at_stays():  # K5, A2
    rules = {"admins": ["pat@alpha.example"], "allow": [{"groups": "staff"}, {"address.country": "NO"}]}
    found = kept(provider(claims=["name"], **rules), CLAIMS)
    assert found == CLAIMS


def test_a_list_is_cut_to_what_the_rules_mention():  # K5
    cut = provider(
        trim_to_rules=["groups"],
        admins=[{"groups": ["admins", "owners"]}, "pat@alpha.example", {"other": "others"}],
        roles={"editor": [{"groups": 7}]},
        allow=[{"groups": "staff"}],
    )
    claims = CLAIMS | {"groups": ["others", "staff", "x", 7, True, "admins", "7"], "other": ["x"]}
    assert kept(cut, claims) == claims | {"groups": ["staff", 7, "admins"]}


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"realm": {"roles": ["a", "b"], "x": 1}}, {"realm": {"roles": ["a"], "x": 1}}),
        (
            {"realm.roles": ["a", "b"], "realm": {"roles": ["b"]}},
            {"realm.roles": ["a"], "realm": {"roles": ["b"]}},
        ),
        ({"realm": {"roles": "b"}}, {"realm": {"roles": "b"}}),
        ({"realm": {"roles": {"x": ["b"]}}}, {"realm": {"roles": {"x": ["b"]}}}),
        ({"realm": ["b"]}, {"realm": ["b"]}),
        ({}, {}),
        ({"realm": {}}, {"realm": {}}),
    ],
)
def test_a_path_is_followed_as_rules_follow_it(claims, expected):  # K5
    cut = provider(trim_to_rules=["realm.roles"], admins=[{"realm.roles": "a"}])
    before = repr(claims)
    assert kept(cut, claims) == expected
    assert repr(claims) == before


VALUES = st.sampled_from(["a", "b", 1, True, 0.5])
LISTS = st.lists(VALUES, max_size=4)
TESTS = st.dictionaries(
    st.sampled_from(["groups", "realm.roles", "name"]), VALUES | LISTS, min_size=1, max_size=2
)
RULE = st.lists(TESTS | st.just("*@alpha.example"), max_size=3)
CLAIM_SETS = st.fixed_dictionaries(
    {"sub": st.just("x")},
    optional={
        "groups": LISTS | VALUES,
        "realm": st.fixed_dictionaries({}, optional={"roles": LISTS | VALUES}) | LISTS,
        "realm.roles": LISTS,
        "name": VALUES,
        "email": st.sampled_from(["pat@alpha.example", "pat@beta.example"]),
        "email_verified": st.booleans(),
        "_claim_names": st.dictionaries(st.sampled_from(["groups", "realm", "name"]), VALUES, max_size=2),
        "hasgroups": st.booleans(),
    },
)


@given(admins=RULE, allow=RULE, claims=CLAIM_SETS)
def test_no_rule_sees_a_difference(admins, allow, claims):  # K5, A2
    cut = provider(claims=["x"], trim_to_rules=["groups", "realm.roles"], admins=admins, allow=allow)
    found = kept(cut, claims)
    assert cut.rules.roles_of(found) == cut.rules.roles_of(claims)
    assert cut.rules.allows(found) == cut.rules.allows(claims)
