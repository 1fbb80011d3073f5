from __future__ import annotations

import asyncio
import copy
import gc
import json
import pickle
import threading
from weakref import ref

import pytest
from asgiref.sync import async_to_sync
from django.http import JsonResponse
from django.template import engines
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc.users import (
    RESERVED,
    OIDCUser,
    attach,
    attach_identity,
    failure_of,
    follow,
    identity_of,
    is_broken,
    narrow,
    note_exception,
    read_only,
    was_asked,
)
from tests.conftest import CLAIMS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def request_(rf):
    return rf.get("/")


@pytest.fixture
def user_with(request_, make_identity):
    def make(**claims):
        identity = make_identity(claims=read_only({**CLAIMS, **claims}))
        return attach(request_, lambda _: identity)

    return make


@pytest.fixture
def nobody(request_):
    return attach(request_, lambda _: None)


def test_nobody(nobody):  # U1, U2
    assert nobody.is_logged_in is False
    assert nobody["is_logged_in"] is False
    assert not nobody
    assert dict(nobody) == {"is_logged_in": False}
    assert nobody.provider == ""
    assert nobody.claims == {}
    assert nobody.roles == frozenset()
    assert nobody.is_admin is False
    assert repr(nobody) == "<OIDCUser: nobody>"


def test_claims_are_items_and_attributes(user_with):  # U2
    user = user_with()
    assert user["email"] == user.email == user.get("email") == "pat@alpha.example"
    assert "email" in user
    assert "nickname" not in user
    assert user.get("nickname") is None
    assert list(user) == ["is_logged_in", *CLAIMS]
    assert len(user) == len(CLAIMS) + 1
    assert user.is_logged_in is True
    assert user["is_logged_in"] is True
    assert bool(user) is True
    assert user == {**CLAIMS, "is_logged_in": True}
    assert user.provider == "alpha"  # U3
    assert user.exp == 1_900_000_000  # U3: an app can log out by it
    assert user.iat == 1_800_000_000


def test_a_missing_claim_names_those_there_are(user_with):  # U2
    user = user_with()
    known = "address, email, email_verified, exp, groups, iat, is_logged_in, iss, name, sub"
    with pytest.raises(KeyError, match=f"no claim 'nickname'; there are: {known}"):
        user["nickname"]
    with pytest.raises(AttributeError, match=f"no claim 'nickname'; there are: {known}"):
        _ = user.nickname
    assert not hasattr(user, "nickname")


def test_a_claim_of_nobody_says_so(nobody):  # U2
    with pytest.raises(KeyError, match="no claim 'email': nobody is logged in"):
        nobody["email"]
    with pytest.raises(AttributeError, match="no claim 'email': nobody is logged in"):
        _ = nobody.email


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_no_claim_answers_for_a_name_of_ours(user_with, name):  # U1
    user = user_with(**{name: "from the provider"})
    if name == "is_logged_in":
        assert user[name] is True
    else:
        with pytest.raises(KeyError):
            user[name]
        assert name not in user
    assert getattr(user, name) != "from the provider"
    assert user.claims[name] == "from the provider"
    assert list(user).count("is_logged_in") == 1
    assert len(user) == len(list(user))


def test_the_reserved_names_are_these():  # U1: a new one takes a claim from somebody
    own = {"claims", "has_role", "is_admin", "is_logged_in", "provider", "roles", "to_dict", "why"}
    assert own | {"get", "items", "keys", "values"} == RESERVED


def test_a_claim_cannot_be_a_protocol_of_python(user_with):  # U1
    user = user_with(__html__="<script>", _private="x")
    assert not hasattr(user, "__html__")
    assert not hasattr(user, "_private")
    assert user["_private"] == "x"


def test_a_broken_property_is_not_answered_by_a_claim(user_with, monkeypatch):  # U1
    user = user_with(roles=["admin"])
    monkeypatch.setattr("django_multi_oidc.users._provider", lambda identity: object())
    with pytest.raises(AttributeError):
        _ = user.roles


def test_it_is_immutable_all_the_way_down(user_with):  # U2
    user = user_with(groups=["a", {"b": ["c"]}])
    with pytest.raises(TypeError, match="claims are read-only; to_dict"):
        user.claims["email"] = "x"
    for change in (
        lambda: user.groups.append("x"),
        lambda: user.groups.__setitem__(0, "x"),
        lambda: user.groups[1].update(b=1),
        user.groups[1]["b"].clear,
        lambda: user.address.pop("country"),
    ):
        with pytest.raises(TypeError, match="read-only"):
            change()
    with pytest.raises(TypeError):
        user["email"] = "x"
    with pytest.raises(AttributeError):
        user.email = "x"
    assert user.groups == ["a", {"b": ["c"]}]


def test_it_goes_into_json_and_copies(user_with):  # U2
    user = user_with()
    assert json.loads(JsonResponse(dict(user)).content) == {**CLAIMS, "is_logged_in": True}
    fresh = user.to_dict()
    fresh["groups"].append("mine")
    fresh["address"]["country"] = "SE"
    assert user.groups == ["admins", "staff"]
    assert user.address == {"country": "NO"}
    for copied in (copy.deepcopy(user.claims), pickle.loads(pickle.dumps(user.claims))):
        copied["groups"].append("mine")
        assert copied["groups"] == ["admins", "staff", "mine"]


@given(JSON)
def test_a_read_only_value_equals_the_plain_one(value):  # U2
    assert read_only(value) == value
    assert json.loads(json.dumps(read_only(value))) == value
    assert copy.deepcopy(read_only(value)) == value


def test_repr_holds_no_claim(user_with, make_identity):  # S7, U2
    user = user_with()
    assert repr(user) == "<OIDCUser: not asked for>"  # and does not ask
    assert user.is_logged_in
    assert repr(user) == "<OIDCUser: logged in by 'alpha'>"
    assert "pat" not in repr(make_identity())


def test_roles_follow_the_rules_of_the_identitys_own_provider(request_, make_identity):  # A2
    pat = attach(request_, lambda _: make_identity("alpha"))
    assert pat.is_admin
    assert pat.has_role("admin")
    assert not pat.has_role("editor")
    assert pat.roles == {"admin"}
    same_address_elsewhere = attach(request_, lambda _: make_identity("beta"))
    assert same_address_elsewhere.roles == frozenset()
    kim = attach(request_, lambda _: make_identity("beta", claims=CLAIMS | {"email": "kim@beta.example"}))
    assert kim.roles == {"editor"}
    assert not kim.is_admin


def test_a_changed_rule_acts_at_once(user_with, secrets, settings):  # A2
    user = user_with()
    assert user.is_admin
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "alpha": {**secrets["alpha"], "admins": []}}}
    assert not user.is_admin


def test_nothing_is_read_before_it_is_asked_for(request_):  # U6
    calls = []
    user = attach(request_, calls.append)
    assert calls == []
    assert not was_asked(user)
    assert not user
    assert not user.is_logged_in
    assert calls == [request_]
    assert was_asked(user)


def test_the_request_is_held_weakly(rf, make_identity):  # U6
    request = rf.get("/")
    attach(request, lambda _: None)
    gone = ref(request)
    gc.disable()
    try:
        del request
        assert gone() is None
    finally:
        gc.enable()


def test_a_question_after_the_request_is_an_error_and_not_nobody(rf):
    request = rf.get("/")
    user = attach(request, lambda _: None)
    del request
    with pytest.raises(RuntimeError, match="was first asked after its request had ended"):
        bool(user)


def test_who_was_asked_before_is_known_after_the_request(rf, make_identity):
    request = rf.get("/")
    identity = make_identity()
    user = attach(request, lambda _: identity)
    assert user
    del request
    assert user.email == "pat@alpha.example"


def test_every_question_keeps_the_page_out_of_the_cache(request_, user_with):  # U6
    user = user_with()
    for ask in (lambda: user.email, lambda: dict(user), lambda: user.is_admin, lambda: bool(user)):
        request_._cache_update_cache = True
        ask()
        assert request_._cache_update_cache is False


async def aoidc_user_of(request):
    return await request.aoidc_user()


def test_async_code_awaits_the_same_user(request_, user_with):  # U6

    user = user_with()
    assert async_to_sync(aoidc_user_of)(request_) is user


def test_templates_get_ours_before_a_claim(request_, user_with):  # U1, U4
    user_with(is_admin="yes", items="claim", provider="evil", name="<b>")
    text = "{{ request.oidc_user.is_admin }}|{{ request.oidc_user.provider }}|{{ request.oidc_user.name }}|{% for name, value in request.oidc_user.items %}{{ name }} {% endfor %}|{{ request.oidc_user.nosuch }}"
    rendered = engines["django"].from_string(text).render({}, request_)
    names = "is_logged_in iss sub name email email_verified groups exp iat address "
    assert rendered == f"True|alpha|&lt;b&gt;|{names}|"


@pytest.mark.parametrize(
    ("claims", "account"),
    [
        ({}, "pat@alpha.example"),
        ({"email": None, "preferred_username": "pat"}, "pat"),
        ({"email": "", "name": "Pat"}, "Pat"),
        ({"email": 1, "name": ["x"]}, "pat-sub"),
    ],
)
def test_an_account_is_what_the_person_calls_it(make_identity, claims, account):
    assert make_identity(claims=CLAIMS | claims).account == account


def test_identity_of_nobody_is_none(nobody):
    assert identity_of(nobody) is None
    assert isinstance(nobody, OIDCUser)


def test_why_somebody_has_a_role(rf, make_identity):  # A2
    user = attach_identity(rf.get("/"), make_identity())
    assert str(user.why("admin")) == 'admin: admins has "pat@alpha.example"'
    assert str(user.why("editor")) == "not editor: no rule gives it"
    assert user.why("admin").granted is user.is_admin is True
    beta = attach_identity(rf.get("/"), make_identity("beta"))
    assert str(beta.why("editor")) == "not editor: no entry of roles.editor matches"


def test_why_nobody_has_a_role(rf, secrets):  # A2
    assert str(attach_identity(rf.get("/"), None).why("admin")) == ("not admin: nobody is logged in")


def test_an_exception_outside_of_any_request_is_nobodys(request_):
    note_exception(request=None)
    note_exception()
    assert not is_broken(request_)
    note_exception(request=request_)
    assert is_broken(request_)


# Somebody else's word, and what follows the user


def test_a_narrowed_user_is_who_is_let_in(rf, make_identity):
    asked = []

    def admits(request, identity):
        asked.append((request, identity))
        return identity.provider == "beta"

    for provider, is_logged_in in (("alpha", False), ("beta", True)):
        request, identity = rf.get("/"), make_identity(provider)
        user = attach(request, lambda _, identity=identity: identity)
        narrow(request, admits)
        assert asked == []
        assert [user.is_logged_in, user.is_logged_in] == [is_logged_in, is_logged_in]
        assert asked == [(request, identity)]
        asked.clear()


def test_nobody_needs_no_letting_in(rf):
    request = rf.get("/")
    user = attach(request, lambda _: None)
    narrow(request, lambda request, identity: 1 / 0)
    assert not user
    assert not async_to_sync(aoidc_user_of)(request)


def test_a_user_who_was_told_already_is_asked_about_once_more(rf, make_identity):
    request = rf.get("/")
    user = attach_identity(request, make_identity())
    narrow(request, lambda request, identity: False)
    assert not user

    request = rf.get("/")
    attach_identity(request, make_identity())
    narrow(request, lambda request, identity: False)
    assert not async_to_sync(aoidc_user_of)(request)


@pytest.mark.parametrize("by_coroutine", [True, False])
@pytest.mark.parametrize("admitted", [True, False])
def test_async_code_asks_in_a_thread(rf, make_identity, by_coroutine, admitted):  # U6
    threads = []

    async def aread(request):
        return make_identity()

    def admits(request, identity):
        threads.append(threading.current_thread())
        return admitted

    async def ask(request):
        threads.append(threading.current_thread())
        return await request.aoidc_user()

    request = rf.get("/")
    attach(request, lambda _: make_identity(), aread if by_coroutine else None)
    narrow(request, admits)
    assert bool(asyncio.run(ask(request))) is admitted
    assert threads[0] is not threads[1]


def test_a_failure_to_say_whether_is_a_failure_to_say_who(rf, make_identity):
    request = rf.get("/")
    user = attach(request, lambda _: make_identity())
    narrow(request, lambda request, identity: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bool(user)
    assert repr(failure_of(user)) == "RuntimeError('raised: ZeroDivisionError')"


def test_who_follows_the_user_is_called_whenever_it_changes(rf, make_identity):
    request, seen = rf.get("/"), []
    attach(request, lambda _: None)
    follow(request, lambda request: seen.append(request.oidc_user.provider))
    follow(request, lambda request: seen.append("second"))
    assert seen == []
    attach_identity(request, make_identity())
    attach_identity(request, None)
    assert seen == ["alpha", "second", "", "second"]
