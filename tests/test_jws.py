from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc.exceptions import IDTokenAlgorithmRefused, IDTokenInvalid
from django_multi_oidc.jws import KEY_TYPES, MAX_CHARACTERS, KeyUnknown, _fits, verify

from .hostile_provider import b64, jwk, number, private_key, signed

CLAIMS = {"sub": "ann-sub"}
RSA, OTHER_RSA = private_key("RSA-2048"), private_key("RSA-2048", 1)
P256 = private_key("P-256")
KINDS = {
    "RS": "RSA-2048",
    "PS": "RSA-2048",
    "ES256": "P-256",
    "ES384": "P-384",
    "ES512": "P-521",
    "Ed": "Ed25519",
}


def kind_for(alg: str) -> str:
    return KINDS.get(alg) or KINDS[alg[:2]]


def refused(token, *, keys=None, algorithms=("RS256",), error=IDTokenInvalid) -> str:
    with pytest.raises(IDTokenInvalid) as caught:
        verify(token, keys=[jwk(RSA)] if keys is None else keys, algorithms=algorithms)
    assert type(caught.value) is error
    assert "ann-sub" not in str(caught.value)
    return caught.value.detail


@pytest.mark.parametrize("alg", KEY_TYPES)
def test_every_asymmetric_algorithm(alg):  # S1
    key = private_key(kind_for(alg))
    verified = verify(signed(CLAIMS, key=key, alg=alg), keys=[jwk(key)], algorithms=[alg])
    assert (verified.claims, verified.alg, verified.key) == (CLAIMS, alg, jwk(key))
    assert repr(verified).startswith(f"Verified(alg={alg!r}")
    assert verified.typ == ""


@pytest.mark.parametrize("alg", KEY_TYPES)
def test_a_signature_of_another_key(alg):  # S1
    token = signed(CLAIMS, key=private_key(kind_for(alg), 1), alg=alg)
    detail = refused(token, keys=[jwk(private_key(kind_for(alg)))], algorithms=[alg], error=KeyUnknown)
    assert detail == "the signature does not fit the key that the provider publishes"


@pytest.mark.parametrize("alg", KEY_TYPES)
def test_a_payload_changed_after_signing(alg):  # S1
    key = private_key(kind_for(alg))
    head, _, sig = signed(CLAIMS, key=key, alg=alg).split(".")
    token = f"{head}.{b64(b'{}')}.{sig}"
    assert "signature" in refused(token, keys=[jwk(key)], algorithms=[alg], error=KeyUnknown)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", "RS1", "ES256K", "rs256", "Ed448"])
def test_an_algorithm_that_is_none_of_ours(alg):  # S1
    head = signed(CLAIMS, key=RSA, alg=alg, sign_as="RS256")
    advertised = ["RS256", "PS256", alg]
    detail = refused(head, algorithms=advertised, error=IDTokenAlgorithmRefused)
    assert detail == (
        f"the algorithm {alg!r} is not allowed; "
        "of those that the provider advertises, these are: PS256, RS256"
    )


def test_an_unsigned_token_with_an_empty_signature():  # S1
    head = b64(b'{"alg":"none"}')
    assert refused(f"{head}.{b64(b'{}')}.") == "the token is not three parts in base64url, joined by dots"


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512", "hs256"])
def test_a_shared_secret(alg):  # S1
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    token = signed(CLAIMS, key=public, alg=alg, sign_as=alg.upper())
    oct_key = {"kty": "oct", "k": b64(public), "kid": "one", "alg": alg}
    detail = refused(
        token, keys=[jwk(RSA), oct_key], algorithms=["RS256", alg], error=IDTokenAlgorithmRefused
    )
    assert detail == (
        f"the provider signs with {alg!r}, a shared secret. Switch the signing algorithm of this client's "
        "ID tokens to RS256 or ES256 in the provider's console"
    )


@pytest.mark.parametrize("start", ["X", "HS"])
def test_a_long_name_of_an_algorithm_is_not_quoted(start):  # S7
    alg = start.ljust(21, "x")
    token = signed(CLAIMS, key=RSA, alg=alg, sign_as="RS256")
    assert " of 21 characters" in refused(token, error=IDTokenAlgorithmRefused)
    token = signed(CLAIMS, key=RSA, alg=alg[:20], sign_as="RS256")
    assert f" {alg[:20]!r}" in refused(token, error=IDTokenAlgorithmRefused)


def test_the_site_can_mend_a_wrong_algorithm():
    assert IDTokenAlgorithmRefused.mender == "site"


def test_an_algorithm_that_the_provider_does_not_advertise():  # S1
    token = signed(CLAIMS, key=P256, alg="ES256")
    detail = refused(token, keys=[jwk(P256)], algorithms=["RS256"], error=IDTokenAlgorithmRefused)
    assert detail == (
        "the algorithm 'ES256' is not allowed; of those that the provider advertises, these are: RS256"
    )


def test_a_provider_that_advertises_nothing_usable():
    token = signed(CLAIMS, key=RSA)
    detail = refused(token, algorithms=["HS256", "none"], error=IDTokenAlgorithmRefused)
    assert detail.endswith("these are: none")


@pytest.mark.parametrize("alg", [None, 256, ["RS256"], {}])
def test_a_header_without_an_algorithm(alg):  # S1
    assert refused(signed(CLAIMS, key=RSA, alg=alg, sign_as="RS256")) == 'the header has no "alg"'


# Header


def test_a_critical_extension():  # S1
    token = signed(CLAIMS, key=RSA, crit=["exp"], exp=1)
    assert refused(token) == 'the header has "crit": it demands an extension that is not understood here'


def test_an_empty_list_of_critical_extensions():
    assert "crit" in refused(signed(CLAIMS, key=RSA, crit=[]))


def test_an_unencoded_payload():
    assert refused(signed(CLAIMS, key=RSA, b64=False)) == "the token cannot be decoded"


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_token_brings_along(name):  # S1
    brought = {
        "jwk": jwk(OTHER_RSA),
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/x5u",
        "x5c": ["MIIB"],
    }
    token = signed(CLAIMS, key=OTHER_RSA, **{name: brought[name]})
    assert "signature" in refused(token, error=KeyUnknown)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b'{"alg":"none","alg":"RS256","kid":"one"}', "it names a member twice"),
        (b"[" * 10_000, "it nests deeper than 32 levels"),
        (b'["RS256"]', "it is not a JSON object"),
        (b"\xff", "it is not UTF-8"),
        (b"{", "it is not JSON"),
    ],
)
def test_a_malformed_header(header, reason):  # S1
    token = signed(CLAIMS, key=RSA, header_bytes=header)
    assert refused(token) == f"the header cannot be read: {reason}"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"sub":"ann","sub":"eve"}', "it names a member twice"),
        (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "it nests deeper than 32 levels"),
        (b'{"exp":NaN}', "it contains NaN, which is not JSON"),
        (b"[]", "it is not a JSON object"),
        (b"ann", "it is not JSON"),
    ],
)
def test_a_malformed_payload(payload, reason):  # S1
    assert refused(signed(payload, key=RSA)) == f"the payload cannot be read: {reason}"


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        "a.b.c.d.e.f",
        "a.b.",
        "=.b.c",
        "a b.c.d",
        "a.b.c\n",
        "ä.b.c",
        "a+.b.c",
        "abcde.b.c",
    ],
)
def test_a_malformed_token(token):  # S1
    assert refused(token) == "the token is not three parts in base64url, joined by dots"


def test_a_payload_that_is_no_base64():
    head, _, sig = signed(CLAIMS, key=RSA).split(".")
    assert refused(f"{head}.abcde.{sig}") == "the token cannot be decoded"


def test_an_encrypted_token():
    assert refused("a.b.c.d.e") == (
        "the token is encrypted; switch the encryption of ID tokens off at the provider"
    )


def test_a_token_longer_than_the_limit():  # S1
    token = signed({"a": "x" * MAX_CHARACTERS}, key=RSA)
    assert refused(token) == "the token is longer than 131072 characters"
    assert refused("x" * 131_073) == "the token is longer than 131072 characters"
    assert refused("x" * 131_072) == "the token is not three parts in base64url, joined by dots"


# Keys


def test_the_key_is_chosen_by_kid():  # S1
    keys = [jwk(OTHER_RSA, kid="other"), jwk(RSA), jwk(P256, kid="third")]
    assert verify(signed(CLAIMS, key=RSA), keys=keys, algorithms=["RS256"]).key == jwk(RSA)
    keys = [jwk(OTHER_RSA), jwk(RSA, kid="other")]
    assert "signature" in refused(signed(CLAIMS, key=RSA), keys=keys, error=KeyUnknown)


def test_an_unknown_kid():  # S1
    detail = refused(signed(CLAIMS, key=RSA, kid="two"), error=KeyUnknown)
    assert detail == 'the provider publishes no usable key for RS256 with the "kid" of the token'


@pytest.mark.parametrize("name", ["kid", "typ"])
@pytest.mark.parametrize("value", [1, ["one"], {}])
def test_a_kid_or_typ_that_is_no_string(name, value):
    assert refused(signed(CLAIMS, key=RSA, **{name: value})) == f'the header\'s "{name}" is not a string'


def test_two_keys_of_one_kid_are_both_tried():
    keys = [jwk(OTHER_RSA), jwk(RSA)]
    assert verify(signed(CLAIMS, key=RSA), keys=keys, algorithms=["RS256"]).key == jwk(RSA)


def test_no_kid_and_one_suitable_key():  # S1
    keys = [jwk(P256), jwk(OTHER_RSA, use="enc"), jwk(RSA)]
    token = signed(CLAIMS, key=RSA, kid=None)
    assert verify(token, keys=keys, algorithms=["RS256"]).claims == CLAIMS


def test_no_kid_and_two_suitable_keys():  # S1
    token = signed(CLAIMS, key=RSA, kid=None)
    assert refused(token, keys=[jwk(RSA), jwk(OTHER_RSA)]) == (
        'the header has no "kid", and the provider publishes several keys for RS256'
    )


def test_no_kid_and_no_key():
    token = signed(CLAIMS, key=RSA, kid=None)
    assert refused(token, keys=[], error=KeyUnknown) == "the provider publishes no usable key for RS256"


@pytest.mark.parametrize(
    "members",
    [
        {"use": "enc"},
        {"use": 1},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"key_ops": None, "use": "verify"},
        {"alg": "RS512"},
        {"alg": "PS256"},
        {"kty": "EC"},
        {"kty": "oct"},
        {"n": None},
        {"n": 5},
        {"n": "!"},
        {"n": ""},
        {"e": "AA"},
        {"e": None},
        {"n": jwk(private_key("RSA-1024"))["n"]},
    ],
)
def test_a_key_that_is_not_for_this(members):  # S1
    bad = {**jwk(RSA), **members}
    bad = {name: value for name, value in bad.items() if value is not None}
    detail = refused(signed(CLAIMS, key=RSA), keys=[bad], error=KeyUnknown)
    assert detail == 'the provider publishes no usable key for RS256 with the "kid" of the token'


@pytest.mark.parametrize("kty", ["oct", "EC", "OKP", "rsa", None])
def test_the_kind_of_key_is_looked_at_before_it_is_loaded(kty):  # S1
    assert _fits(jwk(RSA), "RS256")
    assert not _fits({**jwk(RSA), "kty": kty}, "RS256")


def test_a_bad_key_spoils_no_other():  # S1
    bad = [{}, {"kty": "RSA"}, {"kty": []}, jwk(private_key("RSA-1024")), {**jwk(RSA), "n": "!"}]
    assert verify(signed(CLAIMS, key=RSA), keys=[*bad, jwk(RSA)], algorithms=["RS256"]).claims == CLAIMS


def test_a_weak_rsa_key():  # S1
    weak = private_key("RSA-1024")
    detail = refused(signed(CLAIMS, key=weak), keys=[jwk(weak)], error=KeyUnknown)
    assert detail == 'the provider publishes no usable key for RS256 with the "kid" of the token'


@pytest.mark.parametrize(("bits", "good"), [(2047, False), (2048, True), (3072, True)])
def test_the_size_of_an_rsa_key(bits, good):  # S1: RFC 7518 section 3.3
    key = private_key(f"RSA-{bits}")
    token = signed(CLAIMS, key=key)
    if good:
        assert verify(token, keys=[jwk(key)], algorithms=["RS256"]).claims == CLAIMS
    else:
        assert "no usable key" in refused(token, keys=[jwk(key)], error=KeyUnknown)


@pytest.mark.parametrize(
    ("members", "good"),
    [
        ({"e": number(2**32 - 1)}, True),
        ({"e": number(2**32 + 1)}, False),
        ({"n": number(2**8191 + 1)}, True),
        ({"n": number(2**8192 + 1)}, False),
    ],
)
def test_a_key_that_was_made_to_be_slow(members, good):  # S3
    detail = refused(signed(CLAIMS, key=RSA), keys=[{**jwk(RSA), **members}], error=KeyUnknown)
    assert ("no usable key" not in detail) is good


def test_a_member_that_says_nothing_of_an_rsa_key():  # RFC 7517 section 4
    key = jwk(RSA, crv="P-256")
    assert verify(signed(CLAIMS, key=RSA), keys=[key], algorithms=["RS256"]).claims == CLAIMS


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_a_curve_belongs_to_its_algorithm(alg):  # S1
    right = kind_for(alg)
    for wrong in {"P-256", "P-384", "P-521"} - {right}:
        token = signed(CLAIMS, key=private_key(wrong), alg=alg)
        assert "no usable key" in refused(
            token, keys=[jwk(private_key(wrong))], algorithms=[alg], error=KeyUnknown
        )


def test_the_private_half_of_a_published_key_is_not_used():
    numbers = RSA.private_numbers()
    leaked = {**jwk(RSA), "d": b64(numbers.d.to_bytes(256, "big"))}
    assert verify(signed(CLAIMS, key=RSA), keys=[leaked], algorithms=["RS256"]).claims == CLAIMS


@given(st.text() | st.from_regex(r"[\w-]{0,20}\.[\w-]{0,20}\.[\w-]{0,20}", fullmatch=True))
def test_a_token_of_any_kind_is_refused_in_one_way(token):  # S1
    with pytest.raises(IDTokenInvalid):
        verify(token, keys=[jwk(RSA)], algorithms=["RS256"])
