"""Signing keys: RS256 and ES256."""

from __future__ import annotations

import json
import secrets
from typing import Any, Literal

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

Algorithm = Literal["RS256", "ES256"]


class SigningKey:
    """One private key with a ``kid`` of its own; new at each start and at each rotation."""

    def __init__(self, algorithm: Algorithm) -> None:
        self.algorithm = algorithm
        self.kid = secrets.token_urlsafe(8)
        self._private = new_private_key(algorithm)

    def public_jwk(self) -> dict[str, Any]:
        """The public half as a JSON Web Key (RFC 7517)."""
        return {**public_numbers(self._private), "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def sign(self, claims: dict[str, Any], *, typ: str = "JWT") -> str:
        """The claims as a JWS in compact form (RFC 7515), ``kid`` and ``typ`` in its header."""
        headers = {"kid": self.kid, "typ": typ}
        return jwt.encode(claims, self._private, algorithm=self.algorithm, headers=headers)

    def claims_at_any_time(self, token: str, audience: str, issuer: str) -> dict[str, Any]:
        """The claims of a token that this key signed, expired or not. Raises jwt.InvalidTokenError."""
        return jwt.decode(
            token,
            self._private.public_key(),
            [self.algorithm],
            audience=audience,
            issuer=issuer,
            options={"verify_exp": False},
        )


def new_keys(algorithm: Algorithm) -> tuple[SigningKey, ...]:
    """The key that signs; then one for RS256, which no provider may lack (Discovery 1.0 section 3)."""
    first = SigningKey(algorithm)
    return (first,) if algorithm == "RS256" else (first, SigningKey("RS256"))


PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def new_private_key(algorithm: Algorithm) -> PrivateKey:
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def public_numbers(private: PrivateKey) -> dict[str, Any]:
    """``kty`` and the numbers of the public key, without PyJWT's ``key_ops``."""
    if isinstance(private, rsa.RSAPrivateKey):
        jwk = json.loads(RSAAlgorithm.to_jwk(private.public_key()))
    else:
        jwk = json.loads(ECAlgorithm.to_jwk(private.public_key()))
    jwk.pop("key_ops", None)
    return dict(jwk)
