"""A2: who may do what. The oracle at the end is written anew, from the requirement's words."""

from __future__ import annotations

import json
from functools import wraps
from inspect import unwrap
from itertools import product
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_multi_oidc.exceptions import RuleFailed
from django_multi_oidc.rules import Rules, parse_rules
from django_multi_oidc.wording import quoted


def rules(**table) -> Rules:
    parsed, mistakes = parse_rules(table)
    assert mistakes == []
    return parsed


def allows(entry, claims, **table) -> bool:
    return rules(allow=[entry], **table).allows(claims)


def vouched(email) -> dict:
    return {"email": email, "email_verified": True}


# E-mail addresses.


def test_an_address_counts_when_the_provider_vouches_for_it():  # A2
    assert allows("pat@example.org", vouched("pat@example.org"))


def test_ascii_case_does_not_matter():  # A2
    assert allows("Pat@Example.ORG", vouched("pAT@eXAMPLE.org"))
    assert allows("*@Example.ORG", vouched("pAT@eXAMPLE.org"))


@pytest.mark.parametrize("verified", [False, None, "true", "True", 1, 1.0, [True], {"yes": True}, "yes"])
def test_anything_but_a_plain_true_does_not_vouch(verified):  # A2
    assert not allows("pat@example.org", {"email": "pat@example.org", "email_verified": verified})


def test_silence_does_not_vouch():  # A2
    assert not allows("pat@example.org", {"email": "pat@example.org"})


def test_trust_email_stands_in_for_a_provider_that_says_nothing():  # A2
    assert allows("pat@example.org", {"email": "pat@example.org"}, trust_email=True)
    assert allows("*@example.org", {"email": "pat@example.org", "email_verified": None}, trust_email=True)
    assert allows("pat@example.org", {"email": "pat@example.org", "email_verified": "true"}, trust_email=True)


@pytest.mark.parametrize("verified", [False, "false", 0, "", [], {}])
def test_trust_email_never_overrules_a_no(verified):  # A2
    claims = {"email": "pat@example.org", "email_verified": verified}
    assert not allows("pat@example.org", claims, trust_email=True)


@pytest.mark.parametrize("trust", [False, "true", 1])
def test_trust_email_is_a_plain_true(trust):  # A2
    assert not allows("pat@example.org", {"email": "pat@example.org"}, trust_email=trust)


@pytest.mark.parametrize(
    "email",
    [
        "pat@sub.example.org",
        "pat@evil-example.org",
        "pat@example.org.evil.test",
        "pat@example.org@evil.test",
        "pat@example.org ",
        "pat@example.org\n",
        "pat@example.org.",
        "pat@example",
        "@example.org",
        "example.org",
        "pat",
        "",
        None,
        7,
        ["pat@example.org"],
        {"pat@example.org": 1},
    ],
)
def test_a_domain_is_exactly_what_follows_the_last_at(email):  # A2
    assert not allows("*@example.org", vouched(email))


def test_what_stands_before_the_last_at_is_free_for_a_domain():  # A2
    assert allows("*@example.org", vouched('"a@evil.test"@example.org'))


@pytest.mark.parametrize(
    "email",
    [
        "\u212aim@example.org",  # Kelvin sign: becomes k in lower case
        "kim@\u212ax.example.org",
        "k\u0131m@example.org",  # dotless i
        "\u043aim@example.org",  # Cyrillic
        "kim@example.org\u200b",
        "kim\uff20example.org",  # full-width @
    ],
)
def test_look_alikes_never_match(email):  # A2
    wide = rules(allow=["kim@example.org", "*@example.org", "*@kx.example.org"])
    assert not wide.allows(vouched(email))


def test_an_address_that_sorts_before_the_star_is_no_star():  # A2
    assert not allows("!pat@example.org", vouched("kim@example.org"))
    assert allows("!pat@example.org", vouched("!pat@example.org"))


def test_an_address_is_not_found_inside_a_longer_one():  # A2
    assert not allows("pat@example.org", vouched("xpat@example.org"))
    assert not allows("pat@example.org", vouched("pat@example.orgx"))


# Tables of claims.


@pytest.mark.parametrize(
    ("entry", "claims"),
    [
        ({"groups": ["staff", "admins"]}, {"groups": ["x", "admins"]}),
        ({"groups": "staff"}, {"groups": "staff"}),
        ({"groups": "staff"}, {"groups": ("a", "staff")}),
        ({"level": 3}, {"level": 3}),
        ({"level": [1, 2.5]}, {"level": 2.5}),
        ({"ok": True}, {"ok": True}),
        ({"a": "1", "b": "2"}, {"a": "1", "b": ["2", "3"]}),
        ({"realm_access.roles": "admin"}, {"realm_access": {"roles": ["admin"]}}),
        ({"realm_access": {"roles": "admin"}}, {"realm_access": {"roles": ["admin"]}}),
        ({"resource": {"my.client": {"roles": "r"}}}, {"resource": {"my.client": {"roles": ["r"]}}}),
        ({"https://example.org/roles": "r"}, {"https://example.org/roles": ["r"]}),
        ({"a.b": "x"}, {"a.b": "x", "a": {"b": "y"}}),
        ({"a.b": "x"}, MappingProxyType({"a": MappingProxyType({"b": ("x",)})})),
    ],
)
def test_a_table_matches_when_every_claim_has_one_of_its_values(entry, claims):  # A2
    assert allows(entry, claims)


@pytest.mark.parametrize(
    ("entry", "claims"),
    [
        ({"groups": []}, {"groups": []}),
        ({"groups": "staff"}, {}),
        ({"groups": "staff"}, {"groups": "STAFF"}),
        ({"groups": "staff"}, {"groups": "staffroom"}),
        ({"groups": "staff"}, {"groups": ["staffroom"]}),
        ({"groups": "staff"}, {"groups": [["staff"]]}),
        ({"groups": "staff"}, {"groups": {"staff": True}}),
        ({"groups": "staff"}, {"groups": None}),
        ({"ok": True}, {"ok": 1}),
        ({"ok": True}, {"ok": "true"}),
        ({"ok": 1}, {"ok": True}),
        ({"level": 1}, {"level": "1"}),
        ({"level": 1}, {"level": 1.0}),
        ({"level": float("nan")}, {"level": float("nan")}),
        ({"a": "1", "b": "2"}, {"a": "1"}),
        ({"a": "1", "b": "2"}, {"a": "1", "b": "3"}),
        ({"a.b": "y"}, {"a.b": "x", "a": {"b": "y"}}),
        ({"a.b": "x"}, {"a": "x"}),
        ({"a.b": "x"}, {"a": [{"b": "x"}]}),
        ({"a.b.c": "x"}, {"a": {"b": "x"}}),
    ],
)
def test_a_table_does_not_match(entry, claims):  # A2
    assert not allows(entry, claims)


# Rules.


def test_without_allow_everybody_may_log_in():  # A2
    assert rules().allows({})


def test_an_empty_list_is_nobody():  # A2
    nobody = rules(allow=[], admins=[])
    assert not nobody.allows(vouched("pat@example.org"))
    assert nobody.roles_of(vouched("pat@example.org")) == frozenset()


def test_one_matching_entry_is_enough():  # A2
    two = rules(allow=["pat@example.org", {"groups": "staff"}])
    assert two.allows({"groups": "staff"})
    assert two.allows(vouched("pat@example.org"))
    assert not two.allows(vouched("kim@example.org"))


def test_admins_is_the_role_admin():  # A2
    both = rules(admins=["pat@example.org"], roles={"a": ["*@example.org"], "none": []})
    assert both.roles_of(vouched("pat@example.org")) == {"admin", "a"}
    assert both.roles_of(vouched("kim@example.org")) == {"a"}
    assert rules(roles={"admin": ["pat@example.org"]}).roles_of(vouched("pat@example.org")) == {"admin"}


def test_the_claims_that_rules_look_at_are_known():  # U3
    both = rules(allow=["*@example.org"], roles={"editor": [{"realm.roles": "x", "hd": "y"}]})
    assert both.claim_names == {"email", "email_verified", "realm.roles", "realm", "hd"}
    assert rules().claim_names == frozenset()


def test_rules_are_frozen_and_hashable():
    both = rules(allow=["*@example.org"], admins=[{"hd": "y"}])
    hash(both)
    with pytest.raises(TypeError):
        both.roles["admin"] = None


# Mistakes.

NOT_AN_EMAIL = 'no e-mail address, and not "*@" and a domain.'


@pytest.mark.parametrize(
    ("entry", "mend"),
    [
        ("@example.org", 'All addresses of this domain: "*@example.org"'),
        ("example.org", 'All addresses of this domain: "*@example.org"'),
        ("*.example.org", 'All addresses of this domain: "*@example.org"'),
        ("staff", 'All addresses of a domain: "*@example.org"\nThe value of a claim: { groups = ["staff"] }'),
        ("", 'All addresses of a domain: "*@example.org"\nThe value of a claim: { groups = ["staff"] }'),
        ("*", "Remove the key to let in everybody whom the provider vouches for."),
        ("pat@", 'The domain is missing: "pat@example.org"'),
        ("*@", 'The domain is missing: "pat@example.org"'),
        (
            "^.*@example\\.org$",
            'Regular expressions are not known here. All addresses of a domain: "*@example.org"',
        ),
        (
            "^pat@example.org",
            'Regular expressions are not known here. All addresses of a domain: "*@example.org"',
        ),
        (
            "!*@example.org",
            'A star stands only for everything before the "@"; each subdomain needs an entry of its own.',
        ),
        (
            "(pat|kim)@example.org",
            'Regular expressions are not known here. All addresses of a domain: "*@example.org"',
        ),
        (
            "*@*.example.org",
            'A star stands only for everything before the "@"; each subdomain needs an entry of its own.',
        ),
        (
            "p*@example.org",
            'A star stands only for everything before the "@"; each subdomain needs an entry of its own.',
        ),
        (
            "pat@example.org@evil.test",
            "Write one address per entry, each in quotes, with commas between the entries.",
        ),
        (
            "pat@example.org, kim@example.org",
            "Write one address per entry, each in quotes, with commas between the entries.",
        ),
        ("Pat <pat@example.org>", "Write the bare address, without spaces, names, brackets and commas."),
        (" pat@example.org", "Write the bare address, without spaces, names, brackets and commas."),
        ("pat@example.org\n", "Write the bare address, without spaces, names, brackets and commas."),
        (
            "pat@m\u00fcnchen.example",
            'Only ASCII is compared; write a domain with other letters in its "xn--" form.',
        ),
        (
            "\u212aim@example.org",
            'Only ASCII is compared; write a domain with other letters in its "xn--" form.',
        ),
    ],
)
def test_a_string_that_is_no_address(entry, mend):  # C8, A2
    _, mistakes = parse_rules({"allow": [entry]})
    assert mistakes == [("allow", f"has the entry {quoted(entry)}: {NOT_AN_EMAIL}", mend)]


@pytest.mark.parametrize(
    ("entry", "what", "mend"),
    [
        (
            3,
            "has a whole number as an entry.",
            'An entry is an e-mail address, "*@" and a domain, or a table of claims:\n'
            '["pat@example.org", "*@example.com", { groups = ["staff"] }]',
        ),
        ({}, "has an empty table.", 'Name a claim and its values: { groups = ["staff"] }'),
        (
            {"hd": "x", "realm": {}},
            "has an empty table.",
            'Name a claim and its values: { groups = ["staff"] }',
        ),
        ({"": "x"}, "has a table with a claim without a name.", "Name the claim."),
        (
            {"email": "pat@example.org"},
            'has a table with the claim "email", which would count without being verified.',
            'Write the address as a string of its own: ["pat@example.org"]',
        ),
        (
            {"groups": [["staff"]]},
            'has a table in which the claim "groups" is compared with a list.',
            "Compare it with a string, a number or true or false, or with a list of these.",
        ),
        (
            {"realm": {"roles": [{"x": 1}]}},
            'has a table in which the claim "realm.roles" is compared with a table.',
            "Compare it with a string, a number or true or false, or with a list of these.",
        ),
    ],
)
def test_an_entry_that_says_nothing(entry, what, mend):  # C8, A2
    _, mistakes = parse_rules({"roles": {"editor": [entry]}})
    assert mistakes == [("roles.editor", what, mend)]


@pytest.mark.parametrize(
    ("table", "mistake"),
    [
        (
            {"allow": "kim@example.org"},
            ("allow", "must be a list, not a string.", 'Put it into brackets:\nallow = ["kim@example.org"]'),
        ),
        (
            {"allow": ""},
            ("allow", "must be a list, not a string.", 'Put it into brackets:\nallow = ["pat@example.org"]'),
        ),
        (
            {"admins": True},
            (
                "admins",
                "must be a list, not true or false.",
                'Put it into brackets:\nadmins = ["pat@example.org"]',
            ),
        ),
        (
            {"roles": {"editor": {"groups": "x"}}},
            (
                "roles.editor",
                "must be a list, not a table.",
                'Put it into brackets:\neditor = ["pat@example.org"]',
            ),
        ),
        (
            {"roles": ["editor"]},
            (
                "roles",
                "must be a table, not a list.",
                'Each role is a key of it, with a rule as its value:\nroles = { editor = ["kim@example.org"] }',
            ),
        ),
        (
            {"admins": [], "roles": {"admin": []}},
            (
                "roles.admin",
                'and "admins" are two rules for one role.',
                "Put all entries into one of the two.",
            ),
        ),
        (
            {"roles": {"admins": []}},
            (
                "roles.admins",
                'is not the role of admins, which is called "admin".',
                'Call it admin, or write the key "admins" beside the table of roles.',
            ),
        ),
    ],
)
def test_a_rule_that_is_none(table, mistake):  # C8, A2
    assert parse_rules(table)[1] == [mistake]


@pytest.mark.parametrize("name", ["", " x", "x ", "\x00", "a\tb"])
def test_the_name_of_a_role_is_readable(name):  # C8, A2
    mend = "A role's name is not empty, neither begins nor ends with a space, and is printable."
    what = f"has a role with the name {quoted(name)}."
    assert parse_rules({"roles": {name: []}})[1] == [("roles", what, mend)]


def test_all_mistakes_at_once_and_the_right_entries_stay():  # C8
    parsed, mistakes = parse_rules({"allow": ["nobody", "pat@example.org", 3], "admins": "x", "roles": 3})
    assert sorted(mistake.key for mistake in mistakes) == ["admins", "allow", "allow", "roles"]
    assert parsed.allows(vouched("pat@example.org"))


def test_a_wrong_rule_lets_in_nobody():  # C8
    parsed, mistakes = parse_rules({"allow": "pat@example.org"})
    assert mistakes
    assert not parsed.allows(vouched("pat@example.org"))


# Claims that are not all there.

OVERAGE = {
    "_claim_names": {"groups": "src1"},
    "_claim_sources": {"src1": {"endpoint": "https://graph.example/"}},
}


@pytest.mark.parametrize(
    "marker",
    [
        OVERAGE,
        {"_claim_names": ["groups"]},
        {"hasgroups": True},
        {"hasgroups": "true"},
        {"hasgroups": 1},
        {"hasgroups": "yes"},
        {"hasgroups": []},
    ],
)
def test_a_claim_that_is_not_all_there_matches_nobody(marker):  # A2
    assert allows({"groups": "staff"}, {"groups": ["staff"]})
    assert not allows({"groups": "staff"}, {"groups": ["staff"], **marker})
    assert not allows({"groups.0": "staff"}, {"groups": {"0": "staff"}, **marker})
    assert not allows({"groups": "staff", "hd": "x"}, {"groups": ["staff"], "hd": "x", **marker})
    assert allows({"hd": "x"}, {"groups": ["staff"], "hd": "x", **marker})


@pytest.mark.parametrize(
    "marker",
    [
        {"_claim_names": {"roles": "src1"}},
        {"_claim_names": {}},
        {"_claim_names": "groups"},
        {"_claim_names": [["groups"], 3]},
        {"_claim_names": None},
        {"hasgroups": False},
        {"hasgroups": "false"},
        {"hasgroups": None},
    ],
)
def test_a_claim_that_is_all_there_matches(marker):  # A2
    assert allows({"groups": "staff"}, {"groups": ["staff"], **marker})


def test_a_name_with_dots_that_is_not_all_there():  # A2
    assert not allows({"a.b": "x"}, {"a.b": "x", "_claim_names": {"a.b": "src1"}})
    assert not allows({"a.b": "x"}, {"a": {"b": "x"}, "_claim_names": {"a": "src1"}})


def test_what_says_so_is_kept_and_not_asked_for():  # A2, U3
    looking = rules(roles={"editor": [{"groups": ["staff"]}]})
    assert looking.claim_names == {"groups"}
    assert looking.kept_names == {"groups", "_claim_names", "hasgroups"}
    assert rules(admins=["pat@example.org"]).kept_names == {"email", "email_verified"}
    assert rules().kept_names == frozenset()


def test_what_says_so_is_kept_for_a_function():  # A2: it may look at groups, and nobody can know
    by_function = rules(admins={"function": "tests.test_rules.says_yes"})
    assert by_function.kept_names == {"_claim_names", "hasgroups"}
    assert by_function.claim_names == frozenset()


def test_which_rules_look_in_vain():  # A2
    looking = rules(allow=[{"groups": ["staff"]}], roles={"editor": [{"wids": ["x"]}]})
    assert looking.incomplete_in({"_claim_names": {"groups": "a", "other": "b"}}) == {"groups"}
    assert looking.incomplete_in({"hasgroups": True}) == {"groups"}
    assert looking.incomplete_in({"groups": ["staff"]}) == set()


# The claims of real providers.

GOOGLE = {
    "iss": "https://accounts.google.com",
    "sub": "110169484474386276334",
    "hd": "example.org",
    "email": "pat@example.org",
    "email_verified": True,
    "name": "Pat Admin",
}
ENTRA = {
    "iss": "https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0",
    "tid": "9122040d-6c67-4c5b-b112-36a304b66dad",
    "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
    "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
    "preferred_username": "pat@example.org",
    "email": "pat@example.org",
    "groups": ["6ee48ba5-8c2b-4d0f-a4d1-2f37e2e7b4a1", "02b5a5f8-54a3-4a27-8f4e-37a1a3a0a000"],
    "roles": ["Reports.Read"],
    "wids": ["62e90394-69f5-4237-9190-012177145e10"],
}
KEYCLOAK = {
    "iss": "https://keycloak.example/realms/shop",
    "sub": "f:d2f1:pat",
    "email": "pat@example.org",
    "email_verified": True,
    "realm_access": {"roles": ["offline_access", "admin"]},
    "resource_access": {"shop": {"roles": ["editor"]}, "account": {"roles": ["view-profile"]}},
    "groups": ["/staff", "/staff/sales"],
}
AUTH0 = {
    "iss": "https://shop.eu.auth0.com/",
    "sub": "auth0|5f7c8ec7c33c6c004bbafe82",
    "email": "pat@example.org",
    "email_verified": True,
    "https://example.com/roles": ["editor"],
    "https://example.com/app.v2": {"level": 3},
}


@pytest.mark.parametrize(
    ("claims", "entry", "matches"),
    [
        (GOOGLE, {"hd": "example.org"}, True),
        (GOOGLE, {"hd": "example.com"}, False),
        (GOOGLE, "*@example.org", True),
        (ENTRA, {"tid": "9122040d-6c67-4c5b-b112-36a304b66dad", "roles": ["Reports.Read"]}, True),
        (ENTRA, {"tid": "another", "roles": ["Reports.Read"]}, False),
        (ENTRA, {"groups": ["6ee48ba5-8c2b-4d0f-a4d1-2f37e2e7b4a1"]}, True),
        (ENTRA, {"oid": ["690222be-ff1a-4d56-abd1-7e4f7d38e474"]}, True),
        (ENTRA, "pat@example.org", False),
        ({**ENTRA, **OVERAGE}, {"groups": ["6ee48ba5-8c2b-4d0f-a4d1-2f37e2e7b4a1"]}, False),
        ({**ENTRA, **OVERAGE}, {"roles": ["Reports.Read"]}, True),
        (KEYCLOAK, {"realm_access.roles": ["admin"]}, True),
        (KEYCLOAK, {"realm_access": {"roles": ["admin"]}}, True),
        (KEYCLOAK, {"resource_access.shop.roles": "editor"}, True),
        (KEYCLOAK, {"resource_access.account.roles": "editor"}, False),
        (KEYCLOAK, {"groups": "/staff/sales"}, True),
        (KEYCLOAK, {"groups": "/staff/"}, False),
        (AUTH0, {"https://example.com/roles": ["editor", "chief"]}, True),
        (AUTH0, {"https://example.com/roles": ["chief"]}, False),
        (AUTH0, {"https://example.com/app.v2": {"level": 3}}, False),
        (AUTH0, {"https://example.com/app.v2": 3}, False),
    ],
)
def test_the_claims_of_real_providers(claims, entry, matches):  # A2
    assert allows(entry, claims) is matches


# Functions.


def says_yes(claims):
    return claims["department"] == "sales"


async def is_a_coroutine(claims):
    return True


def changes_claims(claims):
    claims["admin"] = True


def raises(claims):
    return 1 / 0


NOT_CALLABLE = "x"


def __getattr__(name):
    """``breaks``: what a module does that fails while it is imported."""
    if name == "breaks":
        raise NameError("name 'Editor' is not defined")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def by_function(name, **table) -> Rules:
    return rules(roles={"seller": {"function": f"tests.test_rules.{name}"}}, **table)


def test_a_role_by_a_function():  # A2
    assert by_function("says_yes").roles_of({"department": "sales"}) == {"seller"}
    assert by_function("says_yes").roles_of({"department": "support"}) == set()
    assert rules(allow={"function": "tests.test_rules.says_yes"}).allows({"department": "sales"})
    assert not rules(allow={"function": "tests.test_rules.says_yes"}).allows({"department": "x"})
    assert rules(admins={"function": "tests.test_rules.says_yes"}).gives("admin", {"department": "sales"})


def test_only_the_rule_that_is_asked_for_is_asked():  # A2
    assert by_function("raises", admins=["pat@example.org"]).gives("admin", vouched("pat@example.org"))
    with pytest.raises(RuleFailed):
        by_function("raises").gives("seller", {})


def test_a_function_cannot_change_the_claims():  # A2
    with pytest.raises(RuleFailed, match="raised TypeError"):
        by_function("changes_claims").gives("seller", {})


@pytest.mark.parametrize(
    ("path", "what"),
    [
        (
            "tests.test_rules.nosuch",
            "which cannot be imported: module 'tests.test_rules' has no attribute 'nosuch'",
        ),
        ("nosuch.module", "which cannot be imported: No module named 'nosuch'"),
        ("tests.test_rules.breaks", "which cannot be imported: name 'Editor' is not defined"),
        ("tests.test_rules.NOT_CALLABLE", "which is no function."),
        (
            "tests.test_rules.is_a_coroutine",
            "which returned an object of type coroutine. It is a plain function (def), and returns True or False.",
        ),
        (
            "tests.test_rules.raises",
            f"which raised ZeroDivisionError in line {raises.__code__.co_firstlineno + 1} of test_rules.py.",
        ),
        (
            "tests.test_rules.vouched",
            "which returned an object of type dict. It is a plain function (def), and returns True or False.",
        ),
    ],
)
def test_a_function_that_cannot_be_asked_is_no_no(path, what):  # A2
    broken = rules(admins={"function": path}, roles={"editor": {"function": path}}, allow={"function": path})
    questions = {
        "admins": lambda: broken.gives("admin", {}),
        "roles.editor": lambda: broken.why("editor", {}),
        "allow": lambda: broken.allows({}),
    }
    for key, question in [*questions.items(), *questions.items()]:
        with pytest.raises(RuleFailed) as caught:
            question()
        assert caught.value.detail == f'{key} in the secrets file names the function "{path}", {what}'


def timed(function):
    @wraps(function)
    def wrapper(claims):
        return function(claims)

    return wrapper


@timed
def fails_behind_a_decorator(claims):
    return 1 / 0


def zz_fails():
    return 1 / 0


def fails_in_a_helper(claims):
    return zz_fails()


def reads_what_is_no_json(claims):
    return json.loads("{")


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("math.sqrt", "TypeError."),  # not written in Python
        (
            "tests.test_rules.fails_in_a_helper",
            f"ZeroDivisionError in line {fails_in_a_helper.__code__.co_firstlineno + 1} of test_rules.py.",
        ),
        (
            "tests.test_rules.fails_behind_a_decorator",
            f"ZeroDivisionError in line {unwrap(fails_behind_a_decorator).__code__.co_firstlineno + 2} of test_rules.py.",
        ),
        (
            "tests.test_rules.reads_what_is_no_json",
            f"JSONDecodeError in line {reads_what_is_no_json.__code__.co_firstlineno + 1} of test_rules.py.",
        ),
    ],
)
def test_a_failure_names_the_line_of_the_function(path, where):  # A2
    with pytest.raises(RuleFailed) as caught:
        rules(allow={"function": path}).allows({})
    assert (
        caught.value.detail == f'allow in the secrets file names the function "{path}", which raised {where}'
    )


@pytest.mark.parametrize(("debug", "cause"), [(True, ZeroDivisionError), (False, type(None))])
def test_the_exception_itself_is_for_a_developer(
    settings, debug, cause
):  # A2, S7: its text may quote a claim
    settings.DEBUG = debug
    with pytest.raises(RuleFailed) as caught:
        by_function("raises").gives("seller", {})
    assert type(caught.value.__cause__) is cause
    assert caught.value.__suppress_context__


FUNCTION_MEND = (
    'The dotted path of a function of the project, and nothing else:\n{ function = "shop.rules.is_editor" }'
)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"function": 3}, "has a whole number as its function."),
        ({"function": ["a.b"]}, "has a list as its function."),
        ({"function": "is_editor"}, 'has the function "is_editor", which is no dotted path.'),
        ({"function": "a.b()"}, 'has the function "a.b()", which is no dotted path.'),
        ({"function": "a.b:c"}, 'has the function "a.b:c", which is no dotted path.'),
        ({"function": "a.b", "groups": ["x"]}, 'has a function, and beside it "groups".'),
        ({"function": "a.b", "a": 1, "z": 2}, 'has a function, and beside it "a", "z".'),
    ],
)
def test_what_is_no_function(value, what):  # A2, C8
    for key, table in (("admins", {"admins": value}), ("roles.editor", {"roles": {"editor": value}})):
        parsed, mistakes = parse_rules(table)
        assert mistakes == [(key, what, FUNCTION_MEND)]
        assert parsed.roles_of({}) == set()


def test_a_claim_of_that_name_in_a_list_is_a_claim():  # A2
    assert allows({"function": "chief"}, {"function": "chief"})


# Why.


@pytest.mark.parametrize(
    ("entry", "claims", "why"),
    [
        ("pat@example.org", vouched("pat@example.org"), 'editor: roles.editor has "pat@example.org"'),
        ("*@Example.org", vouched("pat@example.org"), 'editor: roles.editor has "*@example.org"'),
        ({"groups": ["a"]}, {"groups": ["a"]}, 'editor: roles.editor has { groups = "a" }'),
        (
            {"https://a.b/c": ["x", 1, True, 1.5], "hd": "y"},
            {"https://a.b/c": True, "hd": "y"},
            'editor: roles.editor has { "https://a.b/c" = ["x", 1, true, 1.5], hd = "y" }',
        ),
        ("pat@example.org", vouched("kim@example.org"), "not editor: no entry of roles.editor matches"),
        (
            "pat@example.org",
            {"email": "pat@example.org"},
            'not editor: no entry of roles.editor matches; the address is "pat@example.org", and not verified '
            "by the provider",
        ),
        (
            {"groups": ["a"]},
            {"hasgroups": True},
            'not editor: no entry of roles.editor matches; the provider has not sent all of the claim "groups"',
        ),
    ],
)
def test_why(entry, claims, why):  # A2
    reason = rules(roles={"editor": [{"nosuch": "x"}, entry, entry]}).why("editor", claims)
    assert str(reason) == why
    assert reason.granted is not why.startswith("not ")
    assert reason.key == "roles.editor"
    assert (reason.entry == "") is not reason.granted


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"groups": []}, "{ groups = [] }"),
        ({"groups": ["a"]}, '{ groups = "a" }'),
        ({"größe": ["sehr groß"]}, '{ "größe" = "sehr groß" }'),
        ({"a_b-1": 1, "realm": {"roles": ["x", "y"]}}, '{ a_b-1 = 1, "realm.roles" = ["x", "y"] }'),
    ],
)
def test_an_entry_as_it_stands_in_the_file(entry, text):  # A2
    assert rules(allow=[entry]).allow.entries[0].text == text


def test_why_by_a_function():  # A2
    looking = by_function("says_yes")
    where = 'seller: roles.seller has { function = "tests.test_rules.says_yes" }'
    assert str(looking.why("seller", {"department": "sales"})) == where
    assert str(looking.why("seller", {"department": ""})) == "not seller: no entry of roles.seller matches"


def test_why_where_no_rule_is():  # A2
    assert str(rules(admins=[]).why("editor", {})) == "not editor: no rule gives it"
    assert rules(admins=["a@b.example"]).why("admin", vouched("a@b.example")).key == "admins"
    assert rules(admins=[]).why("editor", {}).key == ""


def test_which_values_rules_look_at():  # K5
    looking = rules(allow=[{"b": ["x"]}], roles={"editor": [{"c": ["y"]}]})
    assert looking.look_at("b") is looking.look_at("c") is True
    assert looking.look_at("a") is looking.look_at("d") is False
    assert looking.mention("b", "x") is True
    assert looking.mention("c", "x") is looking.mention("d", "x") is looking.mention("a", "x") is False


# Properties.

SCALARS = st.sampled_from(["x", "X", "1", "true", 1, 1.0, True, False])
JSON = st.recursive(
    st.none() | SCALARS | st.text("ab.@ \u00e9\u212a", max_size=5) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "a.b", "b.a"]), inner, max_size=3)
    ),
    max_leaves=8,
)
ADDRESSES = ["pat@example.org", "PAT@Example.org", "kim@example.org", "kim@sub.example.org", "*@example.org"]
NEARLY = [
    "\u212aim@example.org",  # Kelvin sign: becomes k in lower case
    "kim@\u1d07xample.org",  # a small capital E
    "k\u0131m@example.org",  # dotless i
    "kim@evil-example.org",
    "kim@example.org.evil.test",
    "kim@example.org@evil.test",
    "kim@evil.test@example.org",
    "pat@kim@example.org",
    "kim@example.org ",
    "kim@example.org\n",
    "kim@",
    "@example.org",
    "kim",
]
VALUES = SCALARS | st.lists(SCALARS, min_size=1, max_size=4)
ELSEWHERE = st.sampled_from(["a", "a.b", "groups", "email", "other"])
CLAIMS = st.fixed_dictionaries(
    {
        "email": st.sampled_from([*ADDRESSES, *NEARLY]) | JSON,
        "email_verified": st.sampled_from([True, True, True, False, "true", "false", 1, 0, None]) | JSON,
        "groups": VALUES | JSON,
        "a": st.dictionaries(st.sampled_from(["b", "a"]), VALUES) | VALUES | JSON,
    },
    optional={
        "a.b": VALUES | JSON,
        "b": VALUES | JSON,
        "_claim_names": st.dictionaries(ELSEWHERE, JSON, max_size=2) | st.lists(ELSEWHERE, max_size=2) | JSON,
        "hasgroups": st.sampled_from([True, False, None, "true", "false", 1, 0]) | JSON,
    },
).flatmap(  # any of them may be missing
    lambda claims: st.sampled_from([claims, *({**claims, name: ...} for name in claims)]).map(
        lambda found: {name: value for name, value in found.items() if value is not ...}
    )
)
CLAIM_TABLES = st.dictionaries(
    st.sampled_from(["a", "b", "a.b", "groups", "groups.a"]), VALUES | st.just([]), min_size=1, max_size=2
)
RULES = st.lists(st.sampled_from(ADDRESSES) | CLAIM_TABLES, max_size=3)


def aimed_at(claims):
    """Rules that name a claim there is, with a value that it has or that Python calls equal: rare by chance."""
    inner = claims["a"] if type(claims.get("a")) is dict else {}
    found = [*claims.items(), *((f"a.{name}", value) for name, value in inner.items())]
    tables = [
        {name: wanted}
        for name, values in found
        for value in (values if type(values) is list else [values])
        if name != "email" and type(value) in (str, int, float, bool)
        for wanted in (value, *(one for one in (1, 1.0, True) if one == value))
    ]
    return st.lists(st.sampled_from(tables), min_size=1, max_size=1) if tables else RULES


CASES = CLAIMS.flatmap(lambda claims: st.tuples(RULES | aimed_at(claims), st.just(claims), st.booleans()))


def oracle(rule, claims, trust) -> bool:
    """What docs/rules.md says of a list, with nothing of the package's own."""
    for entry in rule:
        if isinstance(entry, str):
            email = claims.get("email")
            verified = claims.get("email_verified")
            if verified is not True and not (trust and (verified is None or verified == "true")):
                continue
            if type(email) is not str or any(ord(letter) > 127 for letter in email) or "@" not in email:
                continue
            upper, wanted = email.upper(), entry.upper()
            at = upper.rindex("@")
            if at > 0 and (upper == wanted or (wanted[:2] == "*@" and upper[at + 1 :] == wanted[2:])):
                return True
            continue
        good = True
        elsewhere = claims.get("_claim_names")
        elsewhere = list(elsewhere) if type(elsewhere) in (dict, list) else []
        flag = repr(claims["hasgroups"]) if "hasgroups" in claims else "None"
        if flag not in ("None", "False", "'false'", "0", "0.0", "-0.0"):
            elsewhere.append("groups")
        for name, values in entry.items():
            if name in elsewhere or name.split(".")[0] in elsewhere:
                good = False
            if name in claims:
                claim = claims[name]
            else:
                claim = claims
                for part in name.split("."):
                    claim = claim.get(part) if type(claim) is dict else None
            have = claim if type(claim) is list else [claim]
            want = values if type(values) is list else [values]
            good = good and any(type(one) is type(other) and one == other for one in have for other in want)
        if good:
            return True
    return False


@settings(max_examples=300)
@given(case=CASES)
def test_matching_agrees_with_an_oracle(case):  # A2
    rule, claims, trust = case
    parsed = rules(allow=rule, admins=rule, trust_email=trust)
    expected = oracle(rule, claims, trust)
    assert parsed.allows(claims) is expected
    assert parsed.roles_of(claims) == ({"admin"} if expected else set())
    assert parsed.why("admin", claims).granted is expected


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("entry", ADDRESSES)
def test_each_address_agrees_with_an_oracle(entry, trust):  # A2
    parsed = rules(allow=[entry], trust_email=trust)
    for email, verified in product([*ADDRESSES, *NEARLY], [True, False, "true", "false", "True", 1, 0, None]):
        claims = {"email": email, "email_verified": verified}
        assert parsed.allows(claims) is oracle([entry], claims, trust), claims


@given(case=CASES)
def test_only_the_named_claims_are_looked_at(case):  # U3
    rule, claims, trust = case
    parsed = rules(allow=rule, trust_email=trust)
    seen = {name: claims[name] for name in claims if name in parsed.kept_names}
    assert parsed.allows(seen) is parsed.allows(claims)


@given(
    table=st.dictionaries(st.sampled_from(["allow", "admins", "roles", "trust_email"]), JSON), claims=CLAIMS
)
def test_no_table_and_no_claims_make_it_raise(table, claims):  # A2
    parsed, _ = parse_rules(table)
    parsed.allows(claims)
    parsed.roles_of(claims)


@given(
    function=JSON | st.text("aé_.:( 1", max_size=6) | st.just("tests.test_rules.raises"),
    beside=st.dictionaries(st.sampled_from(["groups", "a"]), JSON, max_size=1),
    key=st.sampled_from(["allow", "admins", "editor"]),
)
def test_a_function_is_one_path_or_a_mistake(function, beside, key):  # A2, C8
    table = {"function": function, **beside}
    parsed, mistakes = parse_rules({"roles": {key: table}} if key == "editor" else {key: table})
    is_path = type(function) is str and "." in function and all(map(str.isidentifier, function.split(".")))
    assert len(mistakes) == (0 if is_path and not beside else 1)
    assert [entry.path for rule in parsed.every for entry in rule.entries] == ([] if mistakes else [function])
