"""Keys derived from ``cookie_secret``, one salt per purpose; the only owner of ``django.core.signing``."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any, Literal

from django.core.signing import BadSignature, SignatureExpired, TimestampSigner, b62_decode
from django.utils.crypto import salted_hmac

from .clocks import SKEW_SECONDS
from .providers import configuration

__all__ = [
    "BadSignature",
    "Purpose",
    "SignatureExpired",
    "derive",
    "digest",
    "dumps",
    "loads",
    "name_of_key",
    "signed_at",
]

Purpose = Literal[
    "identity",
    "login-state",
    "login-params",
    "nonce",
    "code-verifier",
    "shared-cache",
    "key-name",
    "logout-state",
    "refusal",
]


class _Signer(TimestampSigner):
    """Django's signer, which would take a timestamp of next year for a fresh one."""

    def unsign(self, value: str, max_age: Any = None) -> str:
        text = super().unsign(value, max_age)
        if signed_at(value) > time.time() + SKEW_SECONDS:
            raise BadSignature("signed in the future")
        return text


def _signer(purpose: Purpose) -> _Signer:
    first, *rest = configuration().cookie_secrets
    older: list[bytes | str] = [*rest]
    # Left out, fallback_keys would be SECRET_KEY_FALLBACKS: other people's keys.
    return _Signer(key=first, fallback_keys=older, salt=f"django_multi_oidc.{purpose}")


def dumps(value: Any, purpose: Purpose) -> str:
    """A JSON-ready value as signed text of URL- and cookie-safe characters, compressed where that helps."""
    return _signer(purpose).sign_object(value, compress=True)


def loads(text: str, purpose: Purpose, *, max_age: float) -> Any:
    """The value that `dumps` signed for the same purpose at most ``max_age`` seconds ago.

    Raises SignatureExpired when it is older, BadSignature for everything else that is wrong with it.
    """
    if not configuration().cookie_secrets:
        raise BadSignature("without a secrets file nothing is ever signed")
    try:
        return _signer(purpose).unsign_object(text, max_age=max_age)
    except UnicodeError as error:
        raise BadSignature("not text that was ever signed") from error


def signed_at(text: str) -> int:
    """When the text was signed, in seconds since the epoch; `loads` has to have read it."""
    return b62_decode(text.rsplit(":", 2)[1])


def derive(purpose: Purpose, text: str, *, key_name: str = "") -> str:
    """43 URL-safe characters that only a holder of ``cookie_secret`` can compute from ``text``.

    ``key_name``: of the secret to derive them from, as `name_of_key` gave it; empty: the one that signs now.
    """
    first, *others = configuration().cookie_secrets
    return _mac(next((secret for secret in others if _name(secret) == key_name), first), purpose, text)


def name_of_key() -> str:
    """Eight characters for the secret that signs now, which do not give it away.

    Another worker may have the secrets in another order while they are rotated.
    """
    return _name(configuration().cookie_secrets[0])


def _name(secret: str) -> str:
    return _mac(secret, "key-name", "")[:8]


def _mac(secret: str, purpose: Purpose, text: str) -> str:
    digest = salted_hmac(f"django_multi_oidc.{purpose}", text, secret=secret, algorithm="sha256").digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def digest(text: str) -> str:
    """22 URL-safe characters that stand for a text and do not give it away; no key, so anybody can compare."""
    return urlsafe_b64encode(sha256(text.encode()).digest()).decode()[:22]
