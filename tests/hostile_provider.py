"""An OpenID provider on loopback that misbehaves on demand: every answer of its can be replaced.

It shares no code with the package, nor with the development provider: tokens are signed by `cryptography`
alone, so that no leniency of PyJWT's can hide a mistake of ours.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from django_multi_oidc.providers import Provider
from django_multi_oidc.rules import Rules

CLIENT_ID = "hostile-client"
CLIENT_SECRET = "hostile-client-secret"
CODE = "the-code-of-this-login"
NONCE = "the-nonce-of-this-login"
VERIFIER = "the-code-verifier-of-this-login-0123456789-abcdef"
ACCESS_TOKEN = "the-access-token-of-this-login"
SECRETS = (CLIENT_SECRET, CODE, NONCE, VERIFIER, ACCESS_TOKEN)  # never to be seen in an error or a log


def provider_at(metadata_url: str, **changes: Any) -> Provider:
    """What the secrets file would say of the provider there."""
    fields = {
        "name": "op",
        "label": "Op",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "server_metadata_url": metadata_url,
        "redirect_uri": "http://localhost/oauth2callback",
        "authorization_params": {"scope": "openid profile email", "prompt": "select_account"},
        "rules": Rules(allow=None, roles={}),
    }
    return Provider(**{**fields, **changes})


# Keys and signatures


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int, size: int | None = None) -> str:
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


@cache
def private_key(kind: str, which: int = 0) -> Any:
    """`kind`: RSA-<bits>, P-256, P-384, P-521, Ed25519. `which` tells several of one kind apart."""
    if kind.startswith("RSA-"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[4:]))
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    return ec.generate_private_key(curves[kind])


def jwk(key: Any, **members: Any) -> dict[str, Any]:
    """The public half as published; a member None is left out."""
    public = key.public_key()
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = public.public_numbers()
        data = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        data = {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}
    else:
        numbers, size = public.public_numbers(), (key.curve.key_size + 7) // 8
        crv = f"P-{key.curve.key_size}"
        data = {"kty": "EC", "crv": crv, "x": number(numbers.x, size), "y": number(numbers.y, size)}
    return {name: value for name, value in {**data, "kid": "one", **members}.items() if value is not None}


def signature(key: Any, alg: str, message: bytes) -> bytes:
    if alg == "EdDSA":
        return key.sign(message)
    digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}.get(alg[-3:])
    if alg.startswith("HS"):
        return hmac.digest(key, message, f"sha{alg[-3:]}")
    if alg.startswith("RS"):
        return key.sign(message, padding.PKCS1v15(), digest)
    if alg.startswith("PS"):
        return key.sign(message, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    size = (key.curve.key_size + 7) // 8
    return b"".join(
        part.to_bytes(size, "big") for part in decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
    )


def signed(payload: Any, *, key: Any, alg: str = "RS256", sign_as: str = "", **header: Any) -> str:
    """A JWS. `payload` and `header_bytes` may be raw bytes, to be as malformed as one likes."""
    raw_header = header.pop("header_bytes", None)
    members = {
        name: value for name, value in {"alg": alg, "kid": "one", **header}.items() if value is not None
    }
    head = b64(raw_header or json.dumps(members).encode())
    body = b64(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    message = f"{head}.{body}"
    return f"{message}.{b64(signature(key, sign_as or alg, message.encode()))}"


# The server


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body, keep_blank_values=True))


Answer = Reply | Callable[["Handler"], None]


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    headers = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


class HostileProvider(ThreadingHTTPServer):
    """Behaves well until a test changes `answers[path]`, `metadata`, `keys`, `claims` or `tokens`.

    An answer is a Reply, or a callable that gets the handler and writes what it likes.
    """

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.metadata_url = f"{self.url}/.well-known/openid-configuration"
        self.key = private_key("RSA-2048")
        self.keys: list[Any] = [jwk(self.key)]
        self.metadata = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        now = int(time.time())
        self.claims: dict[str, Any] = {
            "iss": self.url,
            "sub": "ann-sub",
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": NONCE,
            "name": "Ann",
            "email": "ann@example.org",
            "email_verified": True,
        }
        self.userinfo: dict[str, Any] = {"sub": "ann-sub"}
        self.tokens: dict[str, Any] = {
            "access_token": ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": 300,
        }
        self.answers: dict[str, Answer] = {}
        self.requests: list[Seen] = []
        self.connections = 0
        self.closing = threading.Event()  # what drips stops when it is set
        self._open: set[Any] = set()

    def __enter__(self) -> HostileProvider:
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.set()
        self.shutdown()
        self._thread.join()
        for connection in list(self._open):
            hang_up(connection)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, as it should."""

    def paths(self) -> Counter[str]:
        return Counter(seen.path for seen in self.requests)

    def id_token(self) -> str:
        return signed(self.claims, key=self.key)

    def answer(self, path: str) -> Answer:
        if path in self.answers:
            return self.answers[path]
        if path == "/token":
            return json_reply({"id_token": self.id_token(), **self.tokens})
        documents = {
            "/.well-known/openid-configuration": self.metadata,
            "/jwks": {"keys": self.keys},
            "/userinfo": self.userinfo,
        }
        return json_reply(documents[path]) if path in documents else Reply(404)


class Handler(BaseHTTPRequestHandler):
    server: HostileProvider
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    served = 0  # requests on this connection

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        path = self.path.partition("?")[0]
        self.server.requests.append(Seen(self.command, path, dict(self.headers), body))
        self.served += 1
        answer = self.server.answer(path)
        self.send(answer) if isinstance(answer, Reply) else answer(self)

    do_POST = do_GET  # noqa: N815  the base class's name

    def send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def raw(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def drip(self, piece: bytes) -> None:
        """`piece` again and again, until the client has had enough."""
        while not self.server.closing.wait(0.02):
            self.raw(piece)

    def log_message(self, *args: Any) -> None:
        pass


def hang_up(connection: Any) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def dripping_body(handler: Handler) -> None:
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{")
    handler.drip(b" ")


def dripping_headers(handler: Handler) -> None:
    handler.raw(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    handler.drip(b"x")


def silent(handler: Handler) -> None:
    handler.server.closing.wait()


def no_answer(handler: Handler) -> None:
    handler.close_connection = True


def garbage(handler: Handler) -> None:
    handler.raw(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    handler.close_connection = True


def truncated(handler: Handler) -> None:
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
    handler.close_connection = True


def at_hash(access_token: str, name: str) -> str:
    digest = hashlib.new(name, access_token.encode()).digest()
    return b64(digest[: len(digest) // 2])
