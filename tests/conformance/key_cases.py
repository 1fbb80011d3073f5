"""Signatures, algorithms and keys: RFC 7515, 7517, 7518 and 8725."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.conformance.case import HOST, Section
from tests.hostile_provider import CODE, Reply, b64, jwk, number, private_key, signed

keys = Section("Signature, algorithm and keys")

INVALID = "id_token_invalid"
ALGORITHM = "id_token_algorithm_refused"
NO_FIT = "the signature does not fit the key that the provider publishes"
NO_KEY = "the provider publishes no usable key for RS256"
NO_KID = f'{NO_KEY} with the "kid" of the token'
SHARED = (
    "the provider signs with '{}', a shared secret. Switch the signing algorithm of this client's ID tokens to "
    "RS256 or ES256 in the provider's console"
)
NOT_ALLOWED = "the algorithm '{}' is not allowed; of those that the provider advertises, these are: {}"
SHAPE = "the token is not three parts in base64url, joined by dots"


def advertise(world: Any, *algorithms: str) -> None:
    world.op.metadata["id_token_signing_alg_values_supported"] = list(algorithms)


def sign_with(world: Any, **how: Any) -> None:
    how = {"key": world.op.key, **how}
    world.op.sign = lambda claims: signed(claims, **how)


def signed_by(world: Any, kind: str, alg: str, *, published: Any = None, **members: Any) -> None:
    """The provider's only key is of this kind, and it signs with it; published with these members."""
    key = private_key(kind, 1)
    advertise(world, alg)
    world.op.keys = [jwk(published or key, **members)]
    sign_with(world, key=key, alg=alg)


# alg


def unsigned(claims: dict[str, Any], alg: str = "none") -> str:
    return f"{b64(json.dumps({'alg': alg}).encode())}.{b64(json.dumps(claims).encode())}."


@keys.refused(
    "oidcc-client-test-idtoken-sig-none", "unsigned, `alg` is none, and there is no signature", INVALID, SHAPE
)
def alg_none(world: Any) -> None:
    world.op.sign = unsigned


@keys.refused(
    "oidcc-client-test-idtoken-sig-none",
    "unsigned, and the discovery document advertises none",
    ALGORITHM,
    NOT_ALLOWED.format("none", "RS256"),
)
def alg_none_advertised(world: Any) -> None:
    advertise(world, "none", "RS256")
    world.op.sign = lambda claims: unsigned(claims) + "AA"


@keys.refused("RFC 8725 §3.1", "unsigned, `alg` is nOnE", ALGORITHM, NOT_ALLOWED.format("nOnE", "RS256"))
def alg_none_in_disguise(world: Any) -> None:
    world.op.sign = lambda claims: unsigned(claims, "nOnE") + "AA"


@keys.refused(
    "oidcc-client-test-invalid-sig-hs256", "HS256 with another secret", ALGORITHM, SHARED.format("HS256")
)
def hs256_with_another_secret(world: Any) -> None:
    advertise(world, "HS256")
    sign_with(world, key=b"another secret", alg="HS256")


@keys.refused(
    "OpenID Connect Core 1.0 §10.1",
    "HS256 with the right client secret, as advertised: who knows the secret could be anybody",
    ALGORITHM,
    SHARED.format("HS256"),
)
def hs256_with_our_secret(world: Any) -> None:
    advertise(world, "HS256")
    sign_with(world, key=b"hostile-client-secret", alg="HS256")


@keys.refused(
    "RFC 8725 §2.1", "HS256 with the provider's public key as the secret", ALGORITHM, SHARED.format("HS256")
)
def hs256_with_the_public_key(world: Any) -> None:
    advertise(world, "RS256", "HS256")
    pem = world.op.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    sign_with(world, key=pem, alg="HS256")


@keys.refused(
    "RFC 8725 §3.1",
    "RS512, which the discovery document does not advertise",
    ALGORITHM,
    NOT_ALLOWED.format("RS512", "RS256"),
)
def alg_not_advertised(world: Any) -> None:
    sign_with(world, alg="RS512")


@keys.refused(
    "RFC 8725 §3.1", "an algorithm that nobody knows", ALGORITHM, NOT_ALLOWED.format("XX256", "RS256")
)
def alg_unknown(world: Any) -> None:
    advertise(world, "XX256", "RS256")
    sign_with(world, alg="XX256", sign_as="RS256")


@keys.refused("RFC 7515 §4.1.1", "no `alg`", INVALID, 'the header has no "alg"')
def alg_absent(world: Any) -> None:
    sign_with(world, header_bytes=b'{"kid": "one"}')


@keys.refused("RFC 7515 §4.1.1", "`alg` is a list", INVALID, 'the header has no "alg"')
def alg_list(world: Any) -> None:
    sign_with(world, header_bytes=b'{"alg": ["RS256"], "kid": "one"}')


# What the signature is worth


@keys.refused("oidcc-client-test-invalid-sig-rs256", "RS256 by another key of the same name", INVALID, NO_FIT)
def rs256_by_another_key(world: Any) -> None:
    sign_with(world, key=private_key("RSA-2048", 1))


@keys.refused("oidcc-client-test-invalid-sig-es256", "ES256 by another key of the same name", INVALID, NO_FIT)
def es256_by_another_key(world: Any) -> None:
    signed_by(world, "P-256", "ES256", published=private_key("P-256", 2))


@keys.refused("RFC 7515 §5.2", "claims changed after they were signed", INVALID, NO_FIT)
def changed_after_signing(world: Any) -> None:
    def sign(claims: dict[str, Any]) -> str:
        head, _, mark = signed(claims, key=world.op.key).split(".")
        return f"{head}.{b64(json.dumps({**claims, 'sub': 'admin'}).encode())}.{mark}"

    world.op.sign = sign


@keys.refused("RFC 7518 §3.4", "ES256 with a signature of zeros (CVE-2022-21449)", INVALID, NO_FIT)
def es256_of_zeros(world: Any) -> None:
    signed_by(world, "P-256", "ES256")
    honest = world.op.sign
    world.op.sign = lambda claims: honest(claims).rpartition(".")[0] + "." + b64(bytes(64))


@keys.refused("RFC 7518 §3.4", "ES256 with a signature in DER", INVALID, NO_FIT)
def es256_in_der(world: Any) -> None:
    signed_by(world, "P-256", "ES256")
    honest = world.op.sign
    world.op.sign = lambda claims: (
        honest(claims).rpartition(".")[0] + "." + b64(b"\x30\x44\x02\x20" + bytes(66))
    )


@keys.refused("RFC 7518 §3.5", "PS256 in place of the RS256 that the header names", INVALID, NO_FIT)
def ps256_called_rs256(world: Any) -> None:
    sign_with(world, alg="RS256", sign_as="PS256")


@keys.accepted("oidcc-client-test-idtoken-sig-rs256", "RS256")
def rs256(world: Any) -> None:
    sign_with(world, alg="RS256")


def good(alg: str, kind: str) -> None:
    def act(world: Any) -> None:
        signed_by(world, kind, alg)

    act.__name__ = f"good_{alg.lower()}"
    keys.accepted(f"RFC {'8037 §3.1' if alg == 'EdDSA' else '7518 §3.1'}", f"{alg}, as advertised")(act)


for alg, kind in [
    ("PS256", "RSA-2048"),
    ("ES256", "P-256"),
    ("ES384", "P-384"),
    ("ES512", "P-521"),
    ("EdDSA", "Ed25519"),
]:
    good(alg, kind)


# Which key


@keys.accepted("oidcc-client-test-kid-absent-single-jwks", "no `kid`, and one key")
def kid_absent_one_key(world: Any) -> None:
    sign_with(world, kid=None)


@keys.refused(
    "oidcc-client-test-kid-absent-multiple-jwks",
    "no `kid`, and several keys: which one is a guess",
    INVALID,
    'the header has no "kid", and the provider publishes several keys for RS256',
)
def kid_absent_several_keys(world: Any) -> None:
    world.op.keys = [jwk(private_key("RSA-2048", 1), kid="two"), *world.op.keys]
    sign_with(world, kid=None)


@keys.refused("OpenID Connect Core 1.0 §10.1", "a `kid` that the provider does not publish", INVALID, NO_KID)
def kid_unknown(world: Any) -> None:
    sign_with(world, kid="another")


@keys.refused("RFC 7515 §4.1.4", "`kid` is a number", INVALID, 'the header\'s "kid" is not a string')
def kid_number(world: Any) -> None:
    sign_with(world, kid=1)


@keys.refused("RFC 8725 §3.10", "`kid` is a path to a file", INVALID, NO_KID)
def kid_is_a_path(world: Any) -> None:
    sign_with(world, kid="../../../../dev/null")


def own_key(name: str, what: str, header: Callable[[Any, Any], dict[str, Any]]) -> None:
    """The token names the key that it is to be checked with, its own."""

    def act(world: Any) -> None:
        key = private_key("RSA-2048", 1)
        sign_with(world, key=key, **header(world, key))

    act.__name__ = name
    keys.refused("RFC 8725 §3.10", what, INVALID, NO_FIT)(act)


own_key(
    "jwk_in_the_header",
    "signed by a key that the header brings along (`jwk`)",
    lambda _, key: {"jwk": jwk(key)},
)
own_key(
    "jku_in_the_header",
    "signed by a key at an address in the header (`jku`)",
    lambda world, _: {"jku": f"{world.honest.url}/jwks"},
)
own_key(
    "x5u_in_the_header",
    "signed by a key at an address in the header (`x5u`)",
    lambda world, _: {"x5u": f"{world.honest.url}/x5u"},
)
own_key(
    "x5c_in_the_header",
    "signed by a key of a certificate in the header (`x5c`)",
    lambda *_: {"x5c": ["MIIB"]},
)


@keys.refused(
    "RFC 7515 §4.1.11",
    "`crit` demands an extension",
    INVALID,
    'the header has "crit": it demands an extension that is not understood here',
)
def crit(world: Any) -> None:
    sign_with(world, crit=["exp"], exp=1)


@keys.refused(
    "RFC 7797 §6",
    "`crit` and `b64`: a payload that is not encoded",
    INVALID,
    'the header has "crit": it demands an extension that is not understood here',
)
def crit_b64(world: Any) -> None:
    sign_with(world, crit=["b64"], b64=False)


def kind_of_token(name: str, typ: str, source: str, what: str) -> None:
    def act(world: Any) -> None:
        sign_with(world, typ=typ)

    act.__name__ = name
    detail = f'the header\'s "typ" is {typ!r}: that is another kind of token'
    keys.refused(source, what, INVALID, detail)(act)


kind_of_token("typ_access_token", "at+jwt", "RFC 9068 §2.1", "an access token in place of an ID token")
kind_of_token(
    "typ_with_parameters",
    "application/at+jwt; charset=utf-8",
    "RFC 9068 §2.1",
    "an access token, by a media type with a parameter",
)
kind_of_token("typ_logout_token", "logout+jwt", "RFC 8725 §3.11", "a logout token in place of an ID token")

# What a key says of itself


def key_member(name: str, source: str, what: str, **members: Any) -> None:
    def act(world: Any) -> None:
        world.op.keys = [jwk(world.op.key, **members)]

    act.__name__ = name
    keys.refused(source, what, INVALID, NO_KID)(act)


key_member("key_for_encryption", "RFC 7517 §4.2", "the key's `use` is enc", use="enc")
key_member("key_ops_sign", "RFC 7517 §4.3", "the key's `key_ops` do not have verify", key_ops=["encrypt"])
key_member("key_for_another_alg", "RFC 7517 §4.4", "the key's `alg` is another", alg="PS256")
key_member("key_of_another_kind", "RFC 7517 §4.1", "the key's `kty` is EC, and `alg` is RS256", kty="EC")
key_member("key_is_symmetric", "RFC 7518 §6.4", "the key's `kty` is oct", kty="oct", k="c2VjcmV0")
key_member("key_malformed", "RFC 7518 §6.3", "the key's modulus is no base64url", n="!!")
key_member("key_kid_number", "RFC 7517 §4.5", "the key's `kid` is a number", kid=1)


@keys.refused(
    "ours",
    "`typ` is our own code: the log does not quote it",
    INVALID,
    "the header's \"typ\" is '…+jwt': that is another kind of token",
)
def typ_is_our_code(world: Any) -> None:
    sign_with(world, typ=f"{CODE}+jwt")


@keys.refused(
    "ours",
    "`alg` is our own code: the log does not quote it",
    ALGORITHM,
    "the algorithm of 22 characters is not allowed; of those that the provider advertises, these are: RS256",
)
def alg_is_our_code(world: Any) -> None:
    sign_with(world, alg=CODE, sign_as="RS256")


key_member(
    "key_made_to_be_slow",
    "ours",
    "an RSA exponent of 2,048 bits: each of a hundred keys would cost 30 ms",
    e=number(2**2047 + 1),
)


@keys.refused("RFC 7518 §3.3", "an RSA key of 1,024 bits", INVALID, NO_KID)
def rsa_1024(world: Any) -> None:
    signed_by(world, "RSA-1024", "RS256")


@keys.refused(
    "RFC 7518 §3.4",
    "a key on another curve than that of `alg`",
    INVALID,
    'the provider publishes no usable key for ES256 with the "kid" of the token',
)
def another_curve(world: Any) -> None:
    signed_by(world, "P-256", "ES256", published=private_key("P-384", 1))


@keys.accepted(
    "oidcc-client-test-ignores-unparseable-key-in-jwks", "keys that make no sense beside the good one"
)
def unparseable_keys(world: Any) -> None:
    world.op.keys = [
        {"kty": "RSA", "kid": "one"},
        {"kty": 7},
        {"kty": "new", "kid": "one"},
        5,
        *world.op.keys,
    ]


@keys.refused("RFC 7517 §5", "no keys at all", INVALID, NO_KID)
def no_keys(world: Any) -> None:
    world.op.keys = []


# Rotation


def rotate(world: Any) -> None:
    world.op.key = private_key("RSA-2048", 1)
    world.op.keys = [jwk(world.op.key, kid="two")]
    sign_with(world, kid="two")


@keys.accepted("oidcc-client-test-signing-key-rotation", "the keys change between two logins")
def rotation(world: Any) -> None:
    assert world.log_in().status_code == 200
    rotate(world)


@keys.accepted("OpenID Connect Core 1.0 §10.1.1", "the keys change between two logins in two browsers")
def rotation_in_another_browser(world: Any) -> None:
    another = world.another_browser()
    assert another.open("/oidc/login/op/").status_code == 200
    rotate(world)


@keys.accepted(
    "oidcc-client-test-signing-key-rotation-just-before-signing",
    "the keys change while the person is at the provider",
)
def rotation_during_the_login(world: Any) -> Any:
    assert world.log_in().status_code == 200
    back = world.begin()
    rotate(world)
    return world.browser.open(back)


@keys.refused(
    "RFC 7517 §5", "the key that signed was withdrawn, and its successor has its name", INVALID, NO_FIT
)
def withdrawn_key(world: Any) -> None:
    old = world.op.key
    world.op.keys = [jwk(private_key("RSA-2048", 1))]
    sign_with(world, key=old)


@keys.refused(
    "RFC 9700 §4.3",
    "tokens with keys that do not exist, again and again: the provider is asked once, and not each time",
    INVALID,
    NO_KID,
)
def hammering(world: Any) -> Any:
    sign_with(world, kid=hashlib.sha256(b"made up").hexdigest())
    for _ in range(3):
        world.another_browser().open("/oidc/login/op/")
    asked = world.op.paths()["/jwks"]
    page = world.log_in()
    assert world.op.paths()["/jwks"] == asked <= 2
    return page


# The form


def form(name: str, source: str, what: str, detail: str, token: Callable[[str], Any]) -> None:
    def act(world: Any) -> None:
        world.op.sign = lambda claims: token(signed(claims, key=world.op.key))

    act.__name__ = name
    keys.refused(source, what, INVALID, detail)(act)


form("two_parts", "RFC 7515 §7.1", "two parts", SHAPE, lambda token: token.rpartition(".")[0])
form("four_parts", "RFC 7515 §7.1", "four parts", SHAPE, lambda token: f"{token}.AA")
form("padded", "RFC 7515 §2", "base64url with padding", SHAPE, lambda token: f"{token}==")
form("white_space", "RFC 7515 §7.1", "a line break at the end", SHAPE, lambda token: f"{token}\n")
form("empty", "OpenID Connect Core 1.0 §3.1.3.3", "an empty ID token", SHAPE, lambda _: "")
form(
    "encrypted",
    "RFC 7516 §7.1",
    "an encrypted token",
    "the token is encrypted; switch the encryption of ID tokens off at the provider",
    lambda token: f"{token}.AA.AA",
)
form(
    "very_long",
    "RFC 8725 §3.10",
    "a token of 200,000 characters",
    "the token is longer than 131072 characters",
    lambda token: token + "A" * 200_000,
)


@keys.refused(
    "RFC 7515 §4",
    "the header names `alg` twice",
    INVALID,
    "the header cannot be read: it names a member twice",
)
def alg_twice(world: Any) -> None:
    sign_with(world, header_bytes=b'{"alg": "none", "alg": "RS256", "kid": "one"}')


@keys.refused(
    "oidcc-client-test-discovery-jwks-uri-keys",
    "the keys are no JSON",
    "provider_answer_invalid",
    f"{HOST} answered 200, but it is not JSON",
)
def keys_are_no_json(world: Any) -> None:
    world.op.answers["/jwks"] = Reply(body=b"<html>")
