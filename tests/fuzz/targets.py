"""One function of bytes for each way in. To be called within ``site.attacked_site()``.

Each raises where the package lets an exception out that is not one of its own, believes what it should not,
or sends somebody elsewhere. What is right is decided here anew, from the specifications, not by our own code.
"""

from __future__ import annotations

import json
import re
import tempfile
from base64 import urlsafe_b64decode
from collections.abc import Callable
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from django.core.cache import cache
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.test import Client, override_settings

from django_multi_oidc import callback, cookies, discovery, id_token, jws, login_state, redirects, strict_json
from django_multi_oidc.exceptions import (
    ConfigurationError,
    IDTokenInvalid,
    LoginError,
    StateSpent,
    StateUnknown,
)
from django_multi_oidc.providers import configuration
from django_multi_oidc.rules import FunctionEntry, parse_rules
from tests.fuzz import site
from tests.hostile_provider import ACCESS_TOKEN, CLIENT_ID, NONCE, provider_at, signed
from tests.whatwg import Place, place

T = TypeVar("T")
HERE = Place("http", "localhost", "80", "/oauth2callback")
OURS = re.compile(
    r"/oauth2callback|/oidc/(login|logout)(/[^/]*)?|/oidc/logged-out|/oidc/backchannel-logout/[^/]*|/oidc/style\.css"
)


# What the browser brings


def fuzz_cookie_header(data: bytes) -> None:
    """``data``: a Cookie header, over HTTP/1.1 and over HTTP/2."""
    expected = site.identity() if values(data, site.NAME) == [site.identity_cookie()[1]] else None
    text = data.decode("latin-1")
    requests = (site.factory.get("/", headers={"cookie": text}), _asgi(data.split(b"; ")))
    for request in requests:
        assert cookies.read(request) == expected
        cookies.write(request, HttpResponse(), site.identity())


def fuzz_login_state(data: bytes) -> None:
    """``data``: the callback's state, a line's end, a Cookie header."""
    state, header = _halves(data)
    request = site.factory.get("/", headers={"cookie": header.decode("latin-1")})
    name, value = site.login_cookie()
    good = state == site.STATE and values(header, name) == [value]
    login = _attempt(lambda: login_state.read(request, state), StateUnknown)
    assert login == (site.login() if good else None)
    if login:
        _claim_once(login)
    login_state.write(request, HttpResponse(), login_state.begin("alpha", "/members/"))


def _claim_once(login: login_state.LoginState) -> None:
    cache.clear()
    login_state.claim(login)
    assert _attempt(lambda: login_state.claim(login) or "used twice", StateSpent) is None


def fuzz_callback_query(data: bytes) -> None:
    """``data``: the callback's query string."""
    request = site.factory.get("/oauth2callback", QUERY_STRING=data.decode("latin-1"))
    answer = _attempt(lambda: callback.take(request), LoginError)
    if answer:
        escaped = b"%" in data or not data.isascii()
        assert escaped or answer.code.encode() in data.replace(b"+", b" ")
        assert _attempt(lambda: answer.raise_error() or "none", LoginError) == (
            "none" if not answer.error else None
        )
    assert dict(request.GET) == {}
    assert request.META["QUERY_STRING"] == ""


def fuzz_callback(data: bytes) -> None:
    """``data``: the query string of a callback, a line's end, a Cookie header; all the way through Django."""
    response = _get("/oauth2callback", data)
    if response.status_code == 302:  # only the Back button of who is logged in goes on without a provider
        assert response["Location"] == "/"
    else:
        assert response.status_code in (400, 403, 404, 502, 504)
        _check_page(response)
    assert all(not morsel.value for morsel in response.cookies.values()), "somebody was logged in"


def fuzz_login(data: bytes) -> None:
    """``data``: the query string of the page that lets people choose a provider, a line's end, a Cookie header."""
    response = _get("/oidc/login/", data)
    assert response.status_code in (200, 400, 409)
    assert not response.cookies or set(response.cookies) == {"csrftoken"}
    _check_page(response)


def fuzz_next(data: bytes) -> None:
    """``data``: the page to go to after the login."""
    safe = redirects.safe_next(site.factory.get("/oidc/login/"), data.decode("utf-8", "replace"))
    assert re.fullmatch(r"[!-~]{0,1024}", safe)
    opened = place(safe, HERE)
    assert opened[:3] == HERE[:3], opened
    assert safe == "" or not OURS.fullmatch(_served(opened.path)), opened


def _served(path: str) -> str:
    """The path that a server makes a URL's path to; with and without the slash, which Django would append."""
    return unquote(path).rstrip("/") or "/"


# What a provider answers


def fuzz_id_token(data: bytes) -> None:
    """``data``: an ID token. Only one was ever signed."""
    token = data.decode("utf-8", "replace")
    if claims := validated(token):
        assert claims == site.CLAIMS
        good, given = good_token().rpartition("."), token.rpartition(".")
        assert good[0] == given[0]
        # The last character of a signature has bits that say nothing: two spellings of the same signature.
        assert _decoded(good[2]) == _decoded(given[2])


def good_token() -> str:
    return signed(site.CLAIMS, key=site.ED25519, alg="EdDSA")


def fuzz_signed_payload(data: bytes) -> None:
    """``data``: what a hostile provider signs with its own, published key."""
    if claims := validated(signed(data, key=site.ED25519, alg="EdDSA")):
        assert claims == json.loads(data)
        assert claims["iss"] == site.ISSUER
        assert claims["nonce"] == NONCE
        assert claims["aud"] in (CLIENT_ID, [CLIENT_ID]) or set(claims["aud"]) == {CLIENT_ID}
        assert claims["sub"].isascii()
        assert claims["exp"] > site.NOW - 31
        assert site.NOW - 631 < claims["iat"] < site.NOW + 31


def fuzz_signed_header(data: bytes) -> None:
    """``data``: the header of a token that a hostile provider signs with its own, published key."""
    token = signed(site.CLAIMS, key=site.ED25519, sign_as="EdDSA", header_bytes=data)
    if claims := validated(token):
        assert claims == site.CLAIMS
        header = json.loads(data)
        assert header["alg"] == "EdDSA"
        assert header.get("kid", "one") == "one"
        assert "crit" not in header


def fuzz_keys(data: bytes) -> None:
    """``data``: a provider's key set. With keys out of it, whose private halves are not ours, nothing verifies."""
    document = parsed(data)
    keys = document and _attempt(lambda: discovery.parse_keys(document, "op.example"), LoginError)
    algorithms = jws.KEY_TYPES
    verified = keys and _attempt(
        lambda: jws.verify(good_token(), keys=keys, algorithms=algorithms), IDTokenInvalid
    )
    if verified:
        assert verified.claims == site.CLAIMS
        # PyJWT reads base64's two other letters as well, and skips what is in neither alphabet.
        read = {str(key.get("x")).replace("/", "_").replace("+", "-") for key in keys}
        named = {re.sub(r"[^\w-]", "", x, flags=re.ASCII)[:43] for x in read}
        assert _decoded(site.KEYS[0]["x"]) in {_decoded(x) for x in named if len(x) == 43}


def fuzz_json(data: bytes) -> None:
    """``data``: any answer of a provider."""
    value = parsed(data)
    if value is not None:
        assert isinstance(value, dict)
        assert value == json.loads(data)
        again = json.dumps(value, ensure_ascii=False).encode()
        assert strict_json.parse_object(again) == value


def fuzz_discovery(data: bytes) -> None:
    """``data``: a discovery document."""
    provider = provider_at("https://op.example/.well-known/openid-configuration")
    document = parsed(data)
    metadata = document and _attempt(lambda: discovery.parse_metadata(document, provider), LoginError)
    if metadata:
        assert metadata.issuer in ("https://op.example", "https://op.example/")
        called = [
            metadata.token_endpoint,
            metadata.jwks_uri,
            metadata.userinfo_endpoint or metadata.token_endpoint,
        ]
        for endpoint in [metadata.authorization_endpoint, *called]:
            assert place(endpoint, HERE).scheme == "https"
            assert place(endpoint, HERE).host != ""
            assert re.fullmatch(r"[!-~]+", endpoint)
        for endpoint in called:  # the browser goes to the other, and whose machine is its own
            assert place(endpoint, HERE).host not in ("localhost", "127.0.0.1", "[::1]")


def fuzz_cache_control(data: bytes) -> None:
    """``data``: the Cache-Control header of a provider's answer."""
    assert 300 <= discovery.lifetime({"Cache-Control": data.decode("latin-1")}) <= 86400


def fuzz_claims(data: bytes) -> None:
    """``data``: the claims of a provider, against a rule."""
    rules, mistakes = parse_rules({"allow": ["*@example.org"], "roles": {"editor": [{"a.b": ["x"]}]}})
    assert mistakes == []
    claims = parsed(data)
    if claims is not None:
        email = claims.get("email")
        theirs = isinstance(email, str) and re.fullmatch(r"[\0-\x7f]+@example\.org", email, re.I | re.A)
        assert rules.allows(claims) is bool(theirs and claims.get("email_verified") is True)
        assert rules.roles_of(claims) <= {"editor"}


# What the site's own people write


def fuzz_rules(data: bytes) -> None:
    """``data``: a table of rules, as JSON. What is wrong in it lets in nobody."""
    table = parsed(data)
    if table is not None:
        rules, mistakes = parse_rules(table)
        assert all(mistake.key and mistake.what and mistake.mend for mistake in mistakes)
        # A function is not called: its name is the fuzzer's.
        if not any(isinstance(entry, FunctionEntry) for rule in rules.every for entry in rule.entries):
            assert ("allow" in table) is not rules.allows({})
            assert rules.roles_of({}) == frozenset()


def fuzz_toml(data: bytes) -> None:
    """``data``: a secrets file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "secrets.toml"
        file.write_bytes(data)
        with override_settings(MULTI_OIDC_SECRETS=None, MULTI_OIDC_SECRETS_FILE=file):
            settings = _attempt(configuration, ConfigurationError)
    if settings and settings.providers:
        assert all(len(secret) >= 32 for secret in settings.cookie_secrets)
        assert settings.cookie_secrets


TARGETS: dict[str, Callable[[bytes], None]] = {
    name.removeprefix("fuzz_"): function for name, function in globals().items() if name.startswith("fuzz_")
}


# What the targets share


def _halves(data: bytes) -> tuple[str, bytes]:
    first, _, rest = data.partition(b"\n")
    return first.decode("utf-8", "replace"), rest


def values(header: bytes, name: str) -> list[str]:
    """RFC 6265 section 4.2.1, by bytes."""
    pairs = [part.strip(b" \t").split(b"=", 1) for part in header.split(b";")]
    return [pair[1].decode("latin-1") for pair in pairs if pair[0] == name.encode() and pair[1:] > [b""]]


def _asgi(crumbs: list[bytes]) -> ASGIRequest:
    """A header for each cookie, as HTTP/2 has it."""
    headers = [(b"cookie", crumb) for crumb in crumbs]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    return ASGIRequest(scope, BytesIO())


def _get(path: str, data: bytes) -> HttpResponse:
    query, _, header = data.partition(b"\n")
    cache.clear()
    client = Client(SERVER_NAME="localhost")  # lets an exception through
    return client.get(path, QUERY_STRING=query.decode("latin-1"), HTTP_COOKIE=header.decode("latin-1"))


def _check_page(response: HttpResponse) -> None:
    """No link of it leads elsewhere, and it runs nothing."""
    page = _Links()
    page.feed(response.content.decode())
    assert page.scripts == 0
    for link in page.links - {"data:,"}:  # no favicon
        assert place(link, HERE)[:3] == HERE[:3], link


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script" or any(name.startswith("on") for name, _ in attrs)
        self.links |= {value or "" for name, value in attrs if name in ("href", "action", "src")}


def _attempt(function: Callable[[], T], *ours: type[Exception]) -> T | None:
    """What it gives; None for an exception that it may raise. Nothing else is let pass."""
    try:
        return function()
    except ours:
        return None


def parsed(data: bytes) -> dict[str, Any] | None:
    return _attempt(lambda: strict_json.parse_object(data), ValueError)


def validated(token: str) -> dict[str, Any] | None:
    arguments = {
        "keys": site.KEYS,
        "algorithms": ["EdDSA", "ES256", "none", "HS256"],
        "issuer": site.ISSUER,
        "client_id": CLIENT_ID,
        "nonce": NONCE,
        "access_token": ACCESS_TOKEN,
    }
    return _attempt(lambda: id_token.validate(token, **arguments), IDTokenInvalid)


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
