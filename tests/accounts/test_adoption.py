from __future__ import annotations

from types import SimpleNamespace

import pytest
from mozilla_django_oidc.auth import default_username_algo

from django_multi_oidc.accounts import adoption
from django_multi_oidc.accounts.adoption import Row, decide


class Somebody:
    """A user, as far as it is looked at."""

    def __init__(self, pk=1, email="pat@alpha.example", password=False):
        self.pk, self.email, self._password = pk, email, password

    def get_email_field_name(self):
        return "email"

    def has_usable_password(self):
        return self._password


PAT, KIM = Somebody(), Somebody(2, "kim@alpha.example")


def decided(*rows, issuer="https://op.example", is_known=True, is_claimed=False, owners=(), settled=()):
    found = decide(
        rows,
        issuer=issuer,
        is_known=is_known,
        is_claimed=is_claimed,
        owner_of=dict(owners).get,
        settled=settled,
    )
    return [(each.user.pk, each.outcome, each.subject or each.reason) for each in found]


def decided_one(row, **options):
    ((_, _, said),) = decided(row, **options)
    return said


# Reading


@pytest.mark.parametrize(
    ("extra_data", "told"),
    [
        ({"sub": "s"}, {"s"}),
        ({"userinfo": {"sub": "s"}}, {"s"}),
        ({"id_token": {"sub": "s"}, "userinfo": {"sub": "s"}}, {"s"}),
        ({"id_token": {"sub": "s"}, "userinfo": {"sub": "other"}}, {"s", "other"}),
        ({"id": 7, "userPrincipalName": "pat@alpha.example"}, set()),
        ({"sub": 7, "userinfo": "sub", "id_token": None}, set()),
        ({"sub": " "}, set()),
        ({}, set()),
        (None, set()),
        ("sub", set()),
    ],
)
def test_what_a_row_of_allauth_tells(extra_data, told):
    row = adoption.of_allauth(SimpleNamespace(user=PAT, uid="u", extra_data=extra_data))
    assert (row.user, row.uid, row.told, row.key, row.problem) == (PAT, "u", told, "", "")


@pytest.mark.parametrize(
    ("uid", "key", "extra_data", "told", "other_claim"),
    [
        ("s", "sub", {}, {"s"}, ""),
        ("s", "sub", {"sub": "t"}, {"t"}, ""),
        (" ", "sub", {}, set(), ""),
        ("PAT@alpha.example", "sub", {}, set(), ""),
        ("PAT@alpha.example", "sub", {"sub": "s"}, {"s"}, ""),
        ("f00@egi.example", "sub", {}, {"f00@egi.example"}, ""),
        ("pat@alpha.example", "email", {}, set(), "email"),
        ("pat@alpha.example", "email", {"sub": "s"}, {"s"}, "email"),
        ("s", "", {}, set(), ""),
        ("s", "", None, set(), ""),
    ],
)
def test_what_a_row_of_social_auth_tells(uid, key, extra_data, told, other_claim):
    association = SimpleNamespace(user=PAT, provider="company", uid=uid, id_key=key, extra_data=extra_data)
    row = adoption.of_social_auth(association)
    assert (row.user, row.uid, row.told, row.key, row.problem) == (PAT, uid, told, other_claim, "")


def test_a_row_of_an_older_social_auth():
    row = adoption.of_social_auth(SimpleNamespace(user=PAT, provider="a", uid="s", extra_data={}))
    assert (row.uid, row.told, row.key) == ("s", frozenset(), "")


@pytest.mark.parametrize(
    ("provider", "extra_data", "told", "issuers"),
    [
        ("oidc", {"id": "s"}, {"s"}, set()),
        ("github", {"id": "s"}, set(), set()),
        ("oidc", {"_oidc_id_token_context": {"sub": "s", "iss": "i"}, "id": "s"}, {"s"}, {"i"}),
        ("company", {"_oidc_id_token_context": {"sub": "s", "iss": "i"}}, {"s"}, {"i"}),
        ("company", {"_oidc_id_token_context": None}, set(), set()),
        ("oidc", {"id": "s", "sub": "t"}, {"s", "t"}, set()),
    ],
)
def test_where_social_auth_keeps_what_an_id_token_said(provider, extra_data, told, issuers):
    row = adoption.of_social_auth(
        SimpleNamespace(user=PAT, provider=provider, uid="u", id_key="", extra_data=extra_data)
    )
    assert (row.told, row.issuers) == (told, issuers)


def test_where_allauth_keeps_what_an_id_token_said():
    data = {"id_token": {"sub": "s", "iss": "i"}, "userinfo": {"sub": "s"}}
    row = adoption.of_allauth(SimpleNamespace(user=PAT, uid="u", extra_data=data))
    assert (row.told, row.issuers) == ({"s"}, {"i"})


def test_a_user_of_mozilla():
    with_password, nowhere = Somebody(password=True), Somebody(email=None)
    assert adoption.of_mozilla(PAT, "s") == Row(user=PAT, uid="s")
    assert adoption.of_mozilla(with_password, "s").problem == "has a password"
    assert adoption.of_mozilla(with_password, "s", with_password=True).problem == ""
    assert adoption.of_mozilla(nowhere, "").problem == ""
    mozillas_default = default_username_algo("pat@alpha.example")
    assert adoption.of_mozilla(PAT, mozillas_default).problem == (
        "its uid is mozilla-django-oidc's digest of the e-mail address"
    )


def test_nothing_of_an_account_is_in_a_repr():
    row = Row(user=1, uid="the uid", told=frozenset({"the subject"}))
    (decision,) = decide(
        [Row(user=PAT, uid="the uid")], issuer="", is_known=True, is_claimed=False, owner_of={}.get
    )
    assert repr(row) == "Row(user=1, issuers=frozenset(), key='', problem='')"
    assert "the uid" not in repr(decision)


# Deciding


def test_a_uid_that_is_known_to_be_the_subject():
    assert decided_one(Row(user=PAT, uid="s")) == "s"
    assert decided_one(Row(user=PAT, uid="s"), is_known=False, is_claimed=True) == "s"
    assert decided_one(Row(user=PAT, uid="s"), is_known=False) == "nothing says that its uid is the subject"


def test_what_the_row_tells_comes_before_its_uid():
    told = frozenset({"s"})
    for uid in ("u", "", "pat@alpha.example"):
        assert decided_one(Row(user=PAT, uid=uid, told=told, key="email"), is_known=False) == "s"
    assert decided_one(Row(user=PAT, uid="s", told=frozenset({"s", "t"}))) == "the row tells of two subjects"


def test_a_row_of_another_issuer():
    told, google = frozenset({"s"}), "https://accounts.google.com"
    for issuers in ({google}, {"accounts.google.com"}, {"accounts.google.com", google}, set()):
        row = Row(user=PAT, uid="s", told=told, issuers=frozenset(issuers))
        assert decided_one(row, issuer=google) == "s"
    for issuers in ({"https://op.example"}, {google, "https://op.example"}):
        row = Row(user=PAT, uid="s", told=told, issuers=frozenset(issuers))
        assert decided_one(row, issuer=google, is_claimed=True) == (
            "the row is of another issuer, 'https://op.example'"
        )
    row = Row(user=PAT, uid="s", issuers=frozenset({"a" * 101, "b"}))
    assert decided_one(row) == f"the row is of another issuer, '{'a' * 100}'"


@pytest.mark.parametrize("uid", ["", " "])
@pytest.mark.parametrize("is_claimed", [True, False])
def test_no_uid(uid, is_claimed):
    assert decided_one(Row(user=PAT, uid=uid), is_claimed=is_claimed) == "there is no uid"


def test_an_address_is_no_subject():
    own, other = Row(user=PAT, uid="Pat@alpha.example"), Row(user=PAT, uid="f00@egi.example")
    reason = "its uid is an e-mail address, which is no subject"
    assert decided_one(own) == decided_one(other) == decided_one(own, is_claimed=True) == reason
    assert decided_one(other, is_claimed=True) == "f00@egi.example"


def test_another_claim_is_no_subject():
    row = Row(user=PAT, uid="pat", key="username")
    reason = "its uid is said to be another claim than the subject, username"
    assert decided_one(row, is_known=False) == reason
    # A migration of social-auth says so of all rows of keycloak and Google, whatever the project's settings were.
    assert decided_one(row, is_known=False, is_claimed=True) == "pat"
    assert decided_one(Row(user=PAT, uid="17", key="email")) == "17"


def test_a_row_with_a_problem_is_not_looked_at():
    row = Row(user=PAT, uid="s", told=frozenset({"s"}), problem="has a password")
    assert decided(row, owners={"s": 1}) == [(1, "refused", "has a password")]


def test_who_is_linked_already():
    row = Row(user=PAT, uid="s")
    assert decided(row, owners={"s": 1}) == [(1, "linked", "s")]
    assert decided(row, owners={"s": 1}, settled={1}) == [(1, "linked", "s")]
    assert decided(row, owners={"s": 2}) == [(1, "refused", "the account is user 2's already")]
    assert decided(row, settled={1}) == [
        (1, "refused", "another account at the provider is linked to the user already")
    ]
    assert decided(row, settled={2}) == [(1, "link", "s")]


def test_two_rows_of_one_subject():
    pats, kims = Row(user=PAT, uid="s"), Row(user=KIM, uid="u", told=frozenset({"s"}))
    assert decided(pats, kims) == [
        (1, "refused", "the account is also in a row of user 2"),
        (2, "refused", "the account is also in a row of user 1"),
    ]
    assert decided(pats, kims, owners={"s": 2}) == [
        (1, "refused", "the account is user 2's already"),
        (2, "linked", "s"),
    ]
    assert decided(pats, pats) == [(1, "link", "s"), (1, "linked", "s")]


def test_two_subjects_of_one_user():
    assert decided(Row(user=PAT, uid="s"), Row(user=PAT, uid="t")) == [(1, "link", "s"), (1, "link", "t")]


def test_rows_without_a_subject_have_none_in_common():
    assert [said for _, _, said in decided(Row(user=PAT, uid=""), Row(user=KIM, uid=""))] == [
        "there is no uid"
    ] * 2


# Providers


def test_what_microsoft_graph_tells_is_no_subject():
    silent, telling = Row(user=PAT, uid="u"), Row(user=KIM, uid="v", told=frozenset({"v"}))
    assert adoption.stores_no_subject("allauth", "microsoft", [silent])
    assert adoption.stores_no_subject("social-auth", "microsoft-graph", [silent])
    assert not adoption.stores_no_subject("allauth", "microsoft", [silent, telling])
    assert not adoption.stores_no_subject("allauth", "google", [silent])
    assert not adoption.stores_no_subject("mozilla", "microsoft", [silent])


def test_every_source_has_its_lists():
    assert adoption.KNOWN.keys() == adoption.OF_GRAPH.keys() == {"allauth", "social-auth", "mozilla"}
    assert not any(adoption.KNOWN[source] & adoption.OF_GRAPH[source] for source in adoption.KNOWN)
    assert "github" not in adoption.KNOWN["allauth"] | adoption.KNOWN["social-auth"]
