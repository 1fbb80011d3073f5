from __future__ import annotations

from itertools import count

import pytest
import time_machine

from django_multi_oidc import id_token
from django_multi_oidc.exceptions import IDTokenInvalid
from django_multi_oidc.id_token import validate
from django_multi_oidc.providers.claims_request import parse_claims_request

from .hostile_provider import ACCESS_TOKEN, CLIENT_ID, NONCE, SECRETS, at_hash, jwk, private_key, signed

NOW = 1_800_000_000
ISSUER = "https://op.example"
ENTRA = "https://login.microsoftonline.com/{tenantid}/v2.0"
TID = "9188040d-6c67-4c5b-b112-36a304b66dad"
OTHER_TID = "11111111-2222-3333-4444-555555555555"
KEY = private_key("RSA-2048")
GOOD = {"iss": ISSUER, "sub": "ann-sub", "aud": CLIENT_ID, "exp": NOW + 300, "iat": NOW, "nonce": NONCE}
ABSENT = object()


@pytest.fixture(autouse=True)
def _frozen():
    with time_machine.travel(NOW, tick=False):
        yield


def check(
    changes=None,
    *,
    key=KEY,
    alg="RS256",
    issuer=ISSUER,
    max_age=None,
    published=None,
    typ=None,
    audiences=(),
    asked="",
):
    claims = {name: value for name, value in {**GOOD, **(changes or {})}.items() if value is not ABSENT}
    return validate(
        signed(claims, key=key, alg=alg, typ=typ),
        keys=[published or jwk(key)],
        algorithms=[alg],
        issuer=issuer,
        client_id=CLIENT_ID,
        nonce=NONCE,
        access_token=ACCESS_TOKEN,
        max_age=max_age,
        audiences=frozenset(audiences),
        asked=parse_claims_request(asked),
    )


def refused(changes, **options) -> str:
    with pytest.raises(IDTokenInvalid) as caught:
        check(changes, **options)
    assert not any(secret in str(caught.value) for secret in (*SECRETS, "ann-sub"))
    return caught.value.detail


def test_a_good_token():  # S1
    assert check() == GOOD
    assert check({"name": "Ann", "azp": CLIENT_ID, "aud": [CLIENT_ID], "auth_time": 0})["name"] == "Ann"


# typ


@pytest.mark.parametrize("typ", [None, "", "JWT", "jwt", "application/jwt", "JOSE", "ID"])
def test_the_type_of_a_good_token(typ):  # S1
    assert check(typ=typ) == GOOD


@pytest.mark.parametrize(
    "typ",
    [
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "logout+jwt",
        "secevent+jwt",
        "at+jwt ",
        "application/at+jwt; charset=utf-8",
    ],
)
def test_another_kind_of_token(typ):  # S1: RFC 8725 section 3.11
    assert refused({}, typ=typ) == f'the header\'s "typ" is {typ!r}: that is another kind of token'


def test_a_long_type_is_not_quoted():  # S7
    assert 'the header\'s "typ" is of 41 characters: that' in refused({}, typ="x" * 37 + "+jwt")
    assert f"is {'x' * 36 + '+jwt'!r}: that" in refused({}, typ="x" * 36 + "+jwt")


# iss


@pytest.mark.parametrize(
    "iss",
    [
        ABSENT,
        None,
        "",
        1,
        [ISSUER],
        ISSUER + "/",
        "https://OP.example",
        "http://op.example",
        "https://evil.example",
    ],
)
def test_another_issuer(iss):  # S1
    assert (
        refused({"iss": iss}) == "\"iss\" is not the issuer of the discovery document, 'https://op.example'"
    )


def test_a_tenant_of_a_multi_tenant_issuer():  # S1
    entra = {"iss": ENTRA.replace("{tenantid}", TID), "tid": TID}
    assert check(entra, issuer=ENTRA)["tid"] == TID


@pytest.mark.parametrize("tid", [ABSENT, None, 1, "", "common", TID.upper(), "{tenantid}"])
def test_a_tenant_that_is_no_guid(tid):  # S1
    entra = {"iss": ENTRA.replace("{tenantid}", str(tid)), "tid": tid}
    assert refused(entra, issuer=ENTRA) == (
        '"tid" is not a GUID, which the issuer of a multi-tenant provider needs'
    )


@pytest.mark.parametrize("iss", [ENTRA.replace("{tenantid}", OTHER_TID), ENTRA, "https://evil.example"])
def test_another_issuer_than_the_tenants(iss):  # S1
    detail = refused({"iss": iss, "tid": TID}, issuer=ENTRA)
    assert detail == f'"iss" is not the issuer of the discovery document, {ENTRA!r}'


@pytest.mark.parametrize("tid", [OTHER_TID, "ffffffff-2222-3333-4444-555555555555"])
def test_a_key_of_another_tenant(tid):  # S1
    entra = {"iss": ENTRA.replace("{tenantid}", TID), "tid": TID}
    for owner in (ENTRA, ENTRA.replace("{tenantid}", TID)):
        assert check(entra, issuer=ENTRA, published=jwk(KEY, issuer=owner))
    foreign = jwk(KEY, issuer=ENTRA.replace("{tenantid}", tid))
    assert refused(entra, issuer=ENTRA, published=foreign) == (
        '"iss" is not the issuer to whom the signing key belongs'
    )


def test_whose_a_key_is_says_nothing_where_there_is_one_issuer():
    assert check(published=jwk(KEY, issuer="something of the provider's own"))


# sub


@pytest.mark.parametrize("sub", [ABSENT, None, "", 1, True, ["ann"], "ä", "x" * 256])
def test_no_subject(sub):  # S1
    assert refused({"sub": sub}) == '"sub" is not a string of 1 to 255 ASCII characters'


@pytest.mark.parametrize("sub", ["x", "x" * 255])
def test_the_shortest_and_the_longest_subject(sub):
    assert check({"sub": sub})["sub"] == sub


# aud, azp


@pytest.mark.parametrize(
    "aud", [ABSENT, None, "", "another", CLIENT_ID + " ", [], ["another"], {CLIENT_ID: 1}, 1]
)
def test_a_token_for_somebody_else(aud):  # S1
    assert refused({"aud": aud}) == (
        '"aud" does not name our client_id: the token was made for somebody else'
    )


@pytest.mark.parametrize("others", [["another"], [1], [None], [[CLIENT_ID]]])
def test_a_token_for_others_too(others):  # S1
    assert refused({"aud": [CLIENT_ID, *others]}) == (
        '"aud" names others beside our client_id, who are not in the provider\'s audiences'
    )


def test_an_audience_that_is_configured():  # S1
    assert check({"aud": ["the-api", CLIENT_ID]}, audiences=["the-api", "unused"])
    assert refused({"aud": ["the-api", CLIENT_ID, "another"]}, audiences=["the-api"])
    assert refused({"aud": ["the-api"]}, audiences=["the-api"]) == (
        '"aud" does not name our client_id: the token was made for somebody else'
    )


@pytest.mark.parametrize("azp", [None, "", "another", [CLIENT_ID]])
def test_a_token_issued_to_somebody_else(azp):  # S1
    assert refused({"azp": azp}) == '"azp" is not our client_id: the token was issued to somebody else'


# exp, iat, nbf


@pytest.mark.parametrize("name", ["exp", "iat", "nbf", "auth_time"])
@pytest.mark.parametrize("value", [None, "", str(NOW), True, [NOW], {}])
def test_times_are_numbers(name, value):  # S1
    assert refused({name: value}) == f'"{name}" is not a number of seconds'


@pytest.mark.parametrize("name", ["exp", "iat"])
def test_times_that_are_required(name):  # S1
    assert refused({name: ABSENT}) == f'"{name}" is not a number of seconds'


def test_expiry():  # S1
    assert check({"exp": NOW - 29})
    assert refused({"exp": NOW - 30}) == '"exp" has passed; check the clock of this machine'


def test_issued_in_the_future():  # S1
    assert check({"iat": NOW + 30})
    assert refused({"iat": NOW + 31}) == '"iat" lies in the future; check the clock of this machine'


def test_issued_before_the_login():  # S1
    assert check({"iat": NOW - 630})
    assert refused({"iat": NOW - 631}) == (
        '"iat" lies more than 600 seconds back: a token is sent when it is made'
    )


def test_not_yet_valid():  # S1
    assert check({"nbf": NOW + 30})
    assert refused({"nbf": NOW + 31}) == '"nbf" lies in the future; check the clock of this machine'


def test_fractions_of_seconds():
    assert check({"iat": NOW + 0.5, "exp": NOW + 60.25, "nbf": NOW - 0.5, "auth_time": NOW - 0.5})


# auth_time


def test_a_login_older_than_max_age():  # S1
    assert check({"auth_time": NOW - 90}, max_age=60)
    assert refused({"auth_time": NOW - 91}, max_age=60) == (
        '"auth_time" lies further back than the max_age that was asked for'
    )
    assert check({"auth_time": 0})


@pytest.mark.parametrize("max_age", [None, 60])
def test_a_login_that_is_yet_to_come(max_age):  # S1
    assert check({"auth_time": NOW + 30}, max_age=max_age)
    assert refused({"auth_time": NOW + 31}, max_age=max_age) == (
        '"auth_time" lies in the future; check the clock of this machine'
    )


def test_max_age_needs_auth_time():  # S1
    assert refused({}, max_age=60) == '"auth_time" was asked for and is missing'
    assert refused({"auth_time": "1"}, max_age=60) == '"auth_time" is not a number of seconds'
    assert refused({"auth_time": NOW - 31}, max_age=0) == (
        '"auth_time" lies further back than the max_age that was asked for'
    )


# What a claims parameter asked for


ANY_ACR = '{"id_token": {"acr": {"essential": true}}}'
ONE_ACR = '{"id_token": {"acr": {"essential": true, "value": "mfa"}}}'
SOME_ACR = '{"id_token": {"acr": {"essential": true, "values": ["mfa", "smartcard"]}}}'


@pytest.mark.parametrize(
    ("asked", "acr"),
    [
        *((ANY_ACR, acr) for acr in (ABSENT, None, "", 1, ["mfa"])),
        *((ONE_ACR, acr) for acr in (ABSENT, "", "MFA", "mfa ", "pwd", ["mfa"], {"mfa": 1})),
        *((SOME_ACR, acr) for acr in (ABSENT, "pwd", ["mfa", "smartcard"])),
    ],
)
def test_another_acr_than_the_essential_one(asked, acr):  # S1
    assert refused({"acr": acr}, asked=asked) == '"acr" is not what was asked for as essential'


@pytest.mark.parametrize(
    ("asked", "acr"),
    [
        *((ANY_ACR, "pwd"), (ONE_ACR, "mfa"), (SOME_ACR, "smartcard")),
        ('{"id_token": {"acr": {"values": ["mfa"]}}}', "pwd"),  # voluntary: a wish
        ('{"id_token": {"acr": null}}', ABSENT),
        ('{"userinfo": {"acr": {"essential": true}}}', ABSENT),
    ],
)
def test_an_acr_that_will_do(asked, acr):  # S1
    assert check({"acr": acr}, asked=asked)


def test_an_essential_auth_time():  # S1
    asked = '{"id_token": {"auth_time": {"essential": true}}}'
    assert check({"auth_time": 0}, asked=asked)
    assert refused({}, asked=asked) == '"auth_time" was asked for and is missing'
    assert check({}, asked='{"id_token": {"auth_time": null}}')


def test_another_person_than_asked_for():  # S1
    asked = '{"id_token": {"sub": {"value": "%s"}}}'
    assert check(asked=asked % GOOD["sub"])
    for another in ("aaa-sub", "kim-sub"):
        assert refused({}, asked=asked % another) == '"sub" is not the one that was asked for'


# nonce


@pytest.mark.parametrize("nonce", [ABSENT, None, "", 1, [NONCE], NONCE + "x", NONCE[:-1], NONCE.upper(), "ä"])
def test_the_nonce_of_another_login(nonce):  # S1
    assert refused({"nonce": nonce}) == '"nonce" is not the one of this login'


# at_hash


@pytest.mark.parametrize(
    ("alg", "kind", "name"),
    [
        ("RS256", "RSA-2048", "sha256"),
        ("PS384", "RSA-2048", "sha384"),
        ("RS512", "RSA-2048", "sha512"),
        ("ES256", "P-256", "sha256"),
        ("ES384", "P-384", "sha384"),
        ("ES512", "P-521", "sha512"),
        ("EdDSA", "Ed25519", "sha512"),
    ],
)
def test_the_hash_of_the_access_token(alg, kind, name):  # S1
    key = private_key(kind)
    assert check({"at_hash": at_hash(ACCESS_TOKEN, name)}, key=key, alg=alg)
    assert refused({"at_hash": at_hash("another token", name)}, key=key, alg=alg) == (
        '"at_hash" is not the hash of the access token'
    )


@pytest.mark.parametrize("value", [None, "", 1, at_hash(ACCESS_TOKEN, "sha256") + "=", "ä"])
def test_no_hash_of_an_access_token(value):  # S1
    assert refused({"at_hash": value}) == '"at_hash" is not the hash of the access token'


# The example of OpenID Connect Core 1.0 appendix A.3
def test_the_specifications_own_hash():
    token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    assert id_token.at_hash(token, "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"


def test_a_hash_may_end_in_any_letter():
    token = next(text for text in map(str, count()) if at_hash(text, "sha384").endswith("X"))
    assert id_token.at_hash(token, "RS384") == at_hash(token, "sha384")


def test_the_signature_is_looked_at():  # S1
    detail = refused({}, published=jwk(private_key("RSA-2048", 1)))
    assert detail == "the signature does not fit the key that the provider publishes"
