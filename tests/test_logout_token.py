from __future__ import annotations

import time

import pytest
import time_machine

from django_multi_oidc import logout_token
from django_multi_oidc.exceptions import IDTokenInvalid
from django_multi_oidc.jws import KeyUnknown
from tests.hostile_provider import jwk, private_key, signed

ISSUER = "https://login.example.org"
KEY = private_key("RSA-2048")
EVENTS = {"http://schemas.openid.net/event/backchannel-logout": {}}
NOW = 1_800_000_000


def claims(**changes):
    base = {
        "iss": ISSUER,
        "aud": "client",
        "iat": int(time.time()),
        "exp": int(time.time()) + 120,
        "jti": "the-jti",
        "sub": "pat-sub",
        "sid": "the-sid",
        "events": EVENTS,
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not ...}


def validate(token, **changes):
    arguments = {
        "keys": (jwk(KEY, kid="one"),),
        "algorithms": ["RS256"],
        "issuer": ISSUER,
        "client_id": "client",
    }
    return logout_token.validate(token, **{**arguments, **changes})


def refusal(token, **arguments):
    with pytest.raises(IDTokenInvalid) as caught:
        validate(token, **arguments)
    return caught.value.detail


def make(header=None, key=KEY, **changes):
    return signed(claims(**changes), key=key, **(header or {}))


def test_a_good_one():  # O4
    token = validate(make({"typ": "logout+jwt"}))
    assert (token.jti, token.sub, token.sid, token.good_for) == ("the-jti", "pat-sub", "the-sid", 661)
    assert repr(token) == "LogoutToken(jti='the-jti', good_for=661)"  # S7


@pytest.mark.parametrize("typ", ["JWT", "jwt", "logout+jwt", "Logout+JWT", "application/logout+jwt"])
def test_a_type_that_may_be_one(typ):  # O4
    assert validate(make({"typ": typ})).sub == "pat-sub"


@pytest.mark.parametrize("typ", ["at+jwt", "id_token", "secevent+jwt"])
def test_another_type(typ):  # O4, S1
    assert refusal(make({"typ": typ})) == f"the header's \"typ\" is '{typ}': that is no logout token"


def test_a_long_type_is_not_quoted():  # S7
    assert (
        refusal(make({"typ": "x" * 40})) == f"the header's \"typ\" is '{'x' * 40}': that is no logout token"
    )
    assert (
        refusal(make({"typ": "x" * 41})) == 'the header\'s "typ" is of 41 characters: that is no logout token'
    )


@pytest.mark.parametrize(("missing", "sub", "sid"), [("sid", "pat-sub", ""), ("sub", "", "the-sid")])
def test_one_of_sub_and_sid_is_enough(missing, sub, sid):  # O4
    token = validate(make(**{missing: ...}))
    assert (token.sub, token.sid) == (sub, sid)


def test_without_exp():  # O4: the specification asked for it only later
    assert validate(make(exp=...)).sub == "pat-sub"


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"sub": ..., "sid": ...}, 'it has neither "sub" nor "sid"'),
        ({"nonce": "x"}, 'it has a "nonce", which no logout token has'),
        ({"nonce": None}, 'it has a "nonce", which no logout token has'),
        ({"events": ...}, '"events" does not say that somebody was logged out'),
        ({"events": list(EVENTS)}, '"events" does not say that somebody was logged out'),
        ({"events": {}}, '"events" does not say that somebody was logged out'),
        (
            {"events": {"http://schemas.openid.net/event/other": {}}},
            '"events" does not say that somebody was logged out',
        ),
        ({"events": dict.fromkeys(EVENTS, True)}, '"events" does not say that somebody was logged out'),
        ({"jti": ...}, '"jti" is not a string with something in it'),
        ({"jti": ""}, '"jti" is not a string with something in it'),
        ({"jti": 5}, '"jti" is not a string with something in it'),
        ({"sub": ""}, '"sub" is not a string with something in it'),
        ({"sub": None}, '"sub" is not a string with something in it'),
        ({"sid": ["x"]}, '"sid" is not a string with something in it'),
        ({"iss": "https://evil.example"}, f'"iss" is not the issuer of the discovery document, {ISSUER!r}'),
        ({"aud": "other"}, '"aud" does not name our client_id: the token was made for somebody else'),
        (
            {"aud": ["client", "other"]},
            '"aud" names others beside our client_id, who are not in the provider\'s audiences',
        ),
        ({"iat": ...}, '"iat" is not a number of seconds'),
        ({"exp": 1}, '"exp" has passed; check the clock of this machine'),
    ],
)
def test_what_is_no_logout_token(changes, detail):  # O4
    assert refusal(make(**changes)) == detail


@pytest.mark.parametrize(("age", "taken"), [(630, True), (631, False), (-30, True), (-31, False)])
def test_it_is_presented_when_it_is_made(age, taken):  # O4
    with time_machine.travel(NOW, tick=False):
        token = make(iat=NOW - age, exp=...)
        if taken:
            assert validate(token).sub == "pat-sub"
        else:
            assert refusal(token).startswith('"iat" lies ')


def test_others_whom_the_table_names():  # O4
    assert validate(make(aud=["client", "other"]), audiences=frozenset({"other"})).sub == "pat-sub"


def test_a_foreign_key():  # O4
    with pytest.raises(KeyUnknown):
        validate(make(key=private_key("RSA-2048", 1)))
