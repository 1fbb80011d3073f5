from __future__ import annotations

import json
from base64 import b64decode, b64encode, urlsafe_b64decode
from functools import cache

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from django_multi_oidc.client_auth import assertion, method_of, with_secret_in_header
from django_multi_oidc.jws import KeyUnusable

from .hostile_provider import CLIENT_ID, private_key, provider_at

NOW = 1_800_000_000
ISSUER = "https://op.example"
TOKEN_ENDPOINT = "https://op.example/token"


def pem(key, form=PrivateFormat.PKCS8) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def signer(key, **changes):
    text = key if isinstance(key, str) else pem(key)
    return provider_at(
        f"{ISSUER}/x", token_endpoint_auth_method="private_key_jwt", client_private_key=text, **changes
    )


def made(key, *, issuer=ISSUER, algorithms=(), **changes) -> str:
    return assertion(
        signer(key, **changes), issuer=issuer, token_endpoint=TOKEN_ENDPOINT, algorithms=algorithms
    )


def header_of(token):
    part = token.partition(".")[0]
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.mark.parametrize(
    ("kind", "algorithms", "alg"),
    [
        ("RSA-2048", (), "RS256"),
        ("RSA-2048", ("PS256", "ES256"), "PS256"),
        ("RSA-3072", (), "RS256"),
        ("P-256", (), "ES256"),
        ("P-384", ("RS256", "ES384"), "ES384"),
        ("P-521", (), "ES512"),
        ("Ed25519", (), "EdDSA"),
    ],
)
def test_an_assertion(kind, algorithms, alg):  # S1: RFC 7523 section 3
    with time_machine.travel(NOW, tick=False):
        token = made(private_key(kind), algorithms=algorithms)
        claims = jwt.decode(token, private_key(kind).public_key(), algorithms=[alg], audience=ISSUER)
    assert len(claims.pop("jti")) == 32
    assert claims == {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": ISSUER, "iat": NOW, "exp": NOW + 60}
    assert header_of(token) == {"alg": alg, "typ": "JWT"}


def test_each_assertion_is_another():
    key = private_key("P-256")
    first, second = (
        jwt.decode(made(key), key.public_key(), algorithms=["ES256"], audience=ISSUER) for _ in "12"
    )
    assert first["jti"] != second["jti"]


def test_the_id_of_the_key():
    assert header_of(made(private_key("P-256"), client_private_key_id="2026-11"))["kid"] == "2026-11"


def test_the_audience_at_an_issuer_that_is_a_template():
    key = private_key("P-256")
    token = made(key, issuer="https://login.example/{tenantid}/v2.0")
    assert jwt.decode(token, key.public_key(), algorithms=["ES256"], audience=TOKEN_ENDPOINT)


@pytest.mark.parametrize("kind", ["RSA-2048", "P-256"])
def test_the_older_forms_of_pem(kind):
    assert made(pem(private_key(kind), PrivateFormat.TraditionalOpenSSL))


def encrypted(key):
    form = PrivateFormat.PKCS8
    return key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"a password")).decode()


def on_a_curve_of_its_own():
    """An EC key whose curve is called by a number that nobody gave to any."""
    der = weak()["K"].private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    secp256k1 = bytes.fromhex("06052b8104000a")
    assert secp256k1 in der
    body = b64encode(der.replace(secp256k1, bytes.fromhex("06052b8104007f"))).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"


@cache
def weak():
    return {
        "DSA": dsa.generate_private_key(1024),
        "Ed448": ed448.Ed448PrivateKey.generate(),
        "K": ec.generate_private_key(ec.SECP256K1()),
    }


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (lambda: "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----", "cannot be read as a private key in PEM"),
        (lambda: "MIGH", "cannot be read as a private key in PEM"),
        (lambda: encrypted(private_key("P-256")), "cannot be read as a private key in PEM"),
        (on_a_curve_of_its_own, "cannot be read as a private key in PEM"),
        (lambda: private_key("RSA-1024"), "has 1024 bits; 2048 are the least"),
        (lambda: weak()["DSA"], "is neither an RSA, nor an EC, nor an Ed25519 key"),
        (lambda: weak()["Ed448"], "is neither an RSA, nor an EC, nor an Ed25519 key"),
        (lambda: weak()["K"], "is on the curve secp256k1, which no algorithm of JWS has"),
    ],
)  # fmt: skip
def test_a_key_that_cannot_sign(key, message):  # S7
    with pytest.raises(KeyUnusable) as caught:
        made(key())
    assert str(caught.value) == f"client_private_key {message}"


def test_no_algorithm_in_common():
    with pytest.raises(KeyUnusable) as caught:
        made(private_key("P-256"), algorithms=["RS256", "PS256", "HS256"])
    assert str(caught.value) == ("client_private_key signs with ES256, and the provider takes PS256, RS256")
    with pytest.raises(KeyUnusable, match="the provider takes none that we know"):
        made(private_key("P-256"), algorithms=["HS256"])
    with pytest.raises(KeyUnusable) as caught:
        made(private_key("RSA-2048"), algorithms=["ES256"])
    able = "RS256, RS384, RS512, PS256, PS384, PS512"
    assert str(caught.value) == f"client_private_key signs with {able}, and the provider takes ES256"


@pytest.mark.parametrize(
    ("configured", "supported", "method"),
    [
        (None, [], "client_secret_basic"),
        (None, ["client_secret_post"], "client_secret_post"),
        (None, ["client_secret_post", "client_secret_basic"], "client_secret_basic"),
        (None, ["none", "private_key_jwt"], "client_secret_basic"),
        ("none", ["client_secret_basic"], "none"),
        ("private_key_jwt", [], "private_key_jwt"),
    ],
)
def test_the_method(configured, supported, method):
    assert method_of(provider_at("https://x/y", token_endpoint_auth_method=configured), supported) == method


def test_the_secret_in_the_header():  # RFC 6749 section 2.3.1
    provider = provider_at("https://x/y", client_id="a:b", client_secret="c/ä")
    headers, form = with_secret_in_header(provider, {"client_id": "a:b", "code": "c"})
    assert b64decode(headers["Authorization"].removeprefix("Basic ")) == b"a%3Ab:c%2F%C3%A4"
    assert form == {"code": "c"}
