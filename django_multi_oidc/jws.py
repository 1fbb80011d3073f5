"""JSON Web Signatures of a provider (RFC 7515, RFC 7517, RFC 7518, RFC 8037, RFC 8725).

The only owner of PyJWT. A token never chooses its own key: what counts are the provider's published keys.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .exceptions import IDTokenAlgorithmRefused, IDTokenInvalid
from .strict_json import parse_object
from .wording import whole

MAX_CHARACTERS = 128 * 1024  # of a token: room for thousands of groups
MIN_RSA_BITS = 2048  # RFC 7518 section 3.3
# A hundred keys of 3,072 bits with exponents as long cost a worker 3.6 s for each token. Nobody has such.
MAX_RSA_BITS = 8192
MAX_EXPONENT_BITS = 32

JWK = Mapping[str, Any]  # a public key as published, RFC 7517

# "alg" -> the "kty" and "crv" that a key for it has (RFC 7518 section 3.1, RFC 8037 section 3.1)
KEY_TYPES: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
PUBLIC_MEMBERS = ("kty", "crv", "n", "e", "x", "y")

EC_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey

_JWS = jwt.PyJWS(algorithms=list(KEY_TYPES))


class KeyUnusable(Exception):
    """Why the site's own private key cannot sign; the text quotes nothing of it."""


class KeyUnknown(IDTokenInvalid):
    """None of the keys fits. The provider may have new ones: fetching them again can mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The claims of a token with a good signature; ``key`` is the published key that made it good."""

    claims: dict[str, Any] = field(repr=False)
    alg: str
    typ: str
    key: JWK


def verify(token: str, *, keys: Sequence[JWK], algorithms: Iterable[str]) -> Verified:
    """Check the signature of ``token`` and return what was signed.

    ``algorithms``: what the provider advertises; of these only the asymmetric ones count.
    Raises KeyUnknown (fetch the keys again), IDTokenAlgorithmRefused, IDTokenInvalid.
    """
    header = _header(token)
    alg = _algorithm(header, algorithms)
    candidates = _candidates(keys, alg, header.get("kid"))
    key, payload = _verified_payload(token, alg, candidates)
    return Verified(claims=_parse(payload, "payload"), alg=alg, typ=header.get("typ", ""), key=key)


def sign(claims: Mapping[str, Any], *, pem: str, kid: str, algorithms: Collection[str]) -> str:
    """A JWT, signed by a private key of ours; ``kid`` may be empty.

    ``algorithms``: what the provider advertises, empty where it is silent; the first that the key can do.
    Raises KeyUnusable.
    """
    key = _private_key(pem)
    able = _algorithms_of(key)
    fitting = [alg for alg in able if alg in algorithms or not algorithms]
    if not fitting:
        raise KeyUnusable(
            f"client_private_key signs with {', '.join(able)}, and the provider takes "
            f"{', '.join(sorted(KEY_TYPES.keys() & set(algorithms))) or 'none that we know'}"
        )
    return jwt.encode(dict(claims), key, algorithm=fitting[0], headers={"kid": kid} if kid else None)


def _private_key(pem: str) -> PrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnusable("client_private_key cannot be read as a private key in PEM") from None
    if not isinstance(key, (RSAPrivateKey, EllipticCurvePrivateKey, Ed25519PrivateKey)):
        raise KeyUnusable("client_private_key is neither an RSA, nor an EC, nor an Ed25519 key")
    if isinstance(key, RSAPrivateKey) and key.key_size < MIN_RSA_BITS:
        raise KeyUnusable(f"client_private_key has {key.key_size} bits; {MIN_RSA_BITS} are the least")
    return key


def _algorithms_of(key: PrivateKey) -> list[str]:
    if isinstance(key, RSAPrivateKey):
        return [alg for alg, (kty, _) in KEY_TYPES.items() if kty == "RSA"]
    if isinstance(key, Ed25519PrivateKey):
        return ["EdDSA"]
    if key.curve.name not in EC_ALGORITHMS:
        raise KeyUnusable(
            f"client_private_key is on the curve {key.curve.name}, which no algorithm of JWS has"
        )
    return [EC_ALGORITHMS[key.curve.name]]


def _header(token: str) -> dict[str, Any]:
    _check_shape(token)
    header = _parse(urlsafe_b64decode(token.partition(".")[0] + "=="), "header")  # too much padding is none
    if "crit" in header:
        raise IDTokenInvalid('the header has "crit": it demands an extension that is not understood here')
    for name in ("kid", "typ"):
        if not isinstance(header.get(name, ""), str):
            raise IDTokenInvalid(f'the header\'s "{name}" is not a string')
    return header


def _check_shape(token: str) -> None:
    if len(token) > MAX_CHARACTERS:
        raise IDTokenInvalid(f"the token is longer than {MAX_CHARACTERS} characters")
    if token.count(".") == 4:
        raise IDTokenInvalid("the token is encrypted; switch the encryption of ID tokens off at the provider")
    # A length of 4n + 1 is no base64 of anything.
    if not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token, re.ASCII) or len(token.partition(".")[0]) % 4 == 1:
        raise IDTokenInvalid("the token is not three parts in base64url, joined by dots")


def _parse(data: bytes, part: str) -> dict[str, Any]:
    try:
        return parse_object(data)
    except ValueError as error:
        raise IDTokenInvalid(f"the {part} cannot be read: {error}") from None


def _algorithm(header: Mapping[str, Any], algorithms: Iterable[str]) -> str:
    alg = header.get("alg")
    if not isinstance(alg, str):
        raise IDTokenInvalid('the header has no "alg"')
    if alg.upper().startswith("HS"):
        raise IDTokenAlgorithmRefused(
            f"the provider signs with {whole(alg, 20)}, a shared secret. Switch the signing algorithm of this "
            "client's ID tokens to RS256 or ES256 in the provider's console"
        )
    allowed = sorted(KEY_TYPES.keys() & set(algorithms))
    if alg not in allowed:
        raise IDTokenAlgorithmRefused(
            f"the algorithm {whole(alg, 20)} is not allowed; of those that the provider advertises, "
            f"these are: {', '.join(allowed) or 'none'}"
        )
    return alg


# Keys


def _candidates(keys: Sequence[JWK], alg: str, kid: str | None) -> list[tuple[JWK, Any]]:
    """The keys that may have signed, each as published and ready for use."""
    fitting = [key for key in keys if _fits(key, alg) and (kid is None or key.get("kid") == kid)]
    loaded = [(key, public) for key in fitting if (public := _load(key)) is not None]
    if not loaded:
        which = "" if kid is None else ' with the "kid" of the token'
        raise KeyUnknown(f"the provider publishes no usable key for {alg}{which}")
    if kid is None and len(loaded) > 1:
        raise IDTokenInvalid(f'the header has no "kid", and the provider publishes several keys for {alg}')
    return loaded


def _fits(key: JWK, alg: str) -> bool:
    """RFC 7517 section 4: what a key says about itself binds."""
    kty, crv = KEY_TYPES[alg]
    operations = key.get("key_ops", ["verify"])
    return (
        key.get("kty") == kty
        and (crv is None or key.get("crv") == crv)
        and key.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and key.get("alg", alg) == alg
    )


def _load(key: JWK) -> Any:
    """The public key, or None where it is malformed, weak or slow: one bad key spoils no other."""
    public_part = {name: key[name] for name in PUBLIC_MEMBERS if name in key}
    try:
        public = jwt.PyJWK(public_part).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return None if isinstance(public, RSAPublicKey) and not _is_usual(public) else public


def _is_usual(public: RSAPublicKey) -> bool:
    """Neither weak nor made to be slow."""
    exponent_bits = public.public_numbers().e.bit_length()
    return MIN_RSA_BITS <= public.key_size <= MAX_RSA_BITS and exponent_bits <= MAX_EXPONENT_BITS


def _verified_payload(token: str, alg: str, candidates: list[tuple[JWK, Any]]) -> tuple[JWK, bytes]:
    for key, public in candidates:
        try:
            payload: bytes = _JWS.decode(token, public, algorithms=[alg])
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError:
            raise IDTokenInvalid("the token cannot be decoded") from None
        return key, payload
    raise KeyUnknown("the signature does not fit the key that the provider publishes")
