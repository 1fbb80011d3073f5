"""What is right, or nearly so: fuzzers start from it. To be called within ``site.attacked_site()``."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

from django_multi_oidc import signing
from tests.fuzz import site
from tests.fuzz.targets import good_token
from tests.hostile_provider import CLIENT_ID, jwk, signed
from tests.open_redirects import PAYLOADS


def seeds(target: str) -> list[bytes]:
    """Inputs for a target, made anew: what is signed in them is signed by today's code."""
    return [*SEEDS[target]()]


def _cookie_headers() -> list[bytes]:
    identity, login = site.identity_cookie(), site.login_cookie()
    name, value = identity
    return [
        site.header(identity),
        site.header(("a", "b"), identity, login),
        site.header(identity, identity),
        site.header((name, ""), identity),
        site.header((f"\u00a0{name}", value)),
        site.header((name, login[1])),
        site.header((name, f"{value}x")),
        site.header((name, signing.dumps({"v": 1, "p": "alpha"}, "login-prompt"))),
    ]


def _login_states() -> list[bytes]:
    login, identity = site.login_cookie(), site.identity_cookie()
    state = site.STATE.encode() + b"\n"
    return [
        state + site.header(login),
        state + site.header(identity, login),
        state + site.header(login, login),
        state + site.header((login[0], identity[1])),
        b"another\n" + site.header(login),
        b"\n",
    ]


def _callback_queries() -> list[bytes]:
    return [
        b"state=s&code=c&iss=http%3A%2F%2Flocalhost%3A9%2Falpha",
        b"error=access_denied&error_description=no&state=s",
        b"error=invalid_request&state=s",
        b"error=server_error&error_description=%0A%E2%80%AE",
        b"code=a&code=b",
        b"state=%ff%00+&code=%",
    ]


def _callbacks() -> list[bytes]:
    state, headers = (
        site.STATE.encode(),
        [site.header(site.login_cookie()), site.header(site.identity_cookie())],
    )
    return [
        *(query + b"\n" + header for query in _callback_queries() for header in headers),
        *(b"state=" + state + b"&code=c\n" + header for header in headers),
        b"state=" + state + b"&error=access_denied\n" + headers[0],
    ]


def _logins() -> list[bytes]:
    prompt = signing.dumps("login", "login-prompt").encode()
    return [
        b"next=/members/%3Fa=b&prompt=" + prompt + b"\n" + site.header(site.identity_cookie()),
        b"next=//evil.example/\n" + site.header(site.login_cookie()),
        b"next=%22%3E%3Cscript%3E&moved=1\n",
    ]


def _next_pages() -> list[bytes]:
    ours = [
        "/members/?a=b#c",
        "http://localhost/x",
        "/x/%2e%2e/oidc/login/",
        "/oidc/%6Cogin/",
        "/oauth2callback?",
    ]
    return [page.encode() for page in [*ours, *PAYLOADS]]


def _id_tokens() -> list[bytes]:
    good = good_token()
    head, payload, signature = good.split(".")
    unsigned = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    tokens = [
        good,
        good[:-1] + "B",
        f"{head}.{payload}.",
        f"{unsigned}.{payload}.",
        f"{unsigned}.{payload}.{signature}",
        f"{good}.x.y",
        signed(site.CLAIMS, key=b"x", alg="HS256"),
        signed({**site.CLAIMS, "sub": "kim"}, key=site.ED25519, alg="EdDSA")[:-8] + "AAAAAAAA",
    ]
    return [token.encode() for token in tokens]


def _payloads() -> list[bytes]:
    changes = [
        {},
        {"aud": [CLIENT_ID, CLIENT_ID]},
        {"aud": []},
        {"azp": "x"},
        {"at_hash": "x"},
        {"exp": 1e308},
    ]
    more = [{"nbf": "1"}, {"auth_time": None}, {"sub": 7}, {"iss": f"{site.ISSUER}/"}, {"nonce": [1]}]
    return [json.dumps({**site.CLAIMS, **change}).encode() for change in [*changes, *more]]


def _headers() -> list[bytes]:
    good = {"alg": "EdDSA", "kid": "one"}
    changes = [{}, {"crit": ["b64"], "b64": False}, {"typ": "at+jwt"}, {"kid": "two"}, {"jwk": site.KEYS[0]}]
    more = [{"alg": "none"}, {"alg": "HS256"}, {"alg": "ES256"}, {"kid": None}, {"typ": 1}, {"x5c": ["A"]}]
    return [json.dumps({**good, **change}).encode() for change in [*changes, *more]]


def _key_sets() -> list[bytes]:
    ed25519, p256 = site.KEYS
    rsa = {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "one"}
    sets = [[ed25519], [p256, ed25519], [rsa], [{**ed25519, "use": "enc"}], [{**ed25519, "x": "AA"}]]
    more = [
        [jwk(site.P256, kid="one", alg="ES256", key_ops=["verify"])],
        [1, None],
        [{"kty": "oct", "k": "AA"}],
    ]
    return [json.dumps({"keys": keys}).encode() for keys in [*sets, *more]]


def _documents() -> list[bytes]:
    good = {
        "issuer": "https://op.example",
        "authorization_endpoint": "https://op.example/authorize?x=y",
        "token_endpoint": "https://op.example/token",
        "userinfo_endpoint": "https://op.example:8443/userinfo",
        "jwks_uri": "https://keys.example/jwks",
        "id_token_signing_alg_values_supported": ["RS256", "none"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "authorization_response_iss_parameter_supported": True,
    }
    endpoints = [
        "http://op.example/",
        "https://localhost/",
        "https://127.1/",
        "https://a@b/",
        "https://[::1]/",
        "",
    ]
    return [
        json.dumps(good).encode(),
        *(json.dumps({**good, "token_endpoint": endpoint}).encode() for endpoint in endpoints),
        json.dumps({**good, "issuer": "https://{tenantid}"}).encode(),
    ]


def _json_texts() -> list[bytes]:
    return [
        b'{"a": [1, 2.5, -0, 1e5, true, false, null], "\xc3\xa9": {"b": "\\u00e9\\ud83d\\ude00"}}',
        b'\xef\xbb\xbf{"a": "\\ud800"}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"a": NaN, "b": Infinity, "c": 1e999}',
        b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"a": ' + b"9" * 120 + b"}",
    ]


def _claims() -> list[bytes]:
    changes = [{}, {"email_verified": "true"}, {"email": "pat@EXAMPLE.org"}, {"email": "pat@example.org@x"}]
    more = [{"a": {"b": ["x"]}}, {"a.b": "x"}, {"a": [{"b": "x"}]}, {"email": ["pat@example.org"]}]
    return [json.dumps({**site.CLAIMS, **change}).encode() for change in [*changes, *more]]


def _rules() -> list[bytes]:
    return [
        b'{"allow": ["pat@example.org", "*@example.org", {"groups": ["staff"], "a.b": {"c": 1}}]}',
        b'{"admins": ["a"], "roles": {"admin": [], " ": [], "editor": [{"email": "x"}]}, "trust_email": true}',
        b'{"allow": {"function": "a.b"}, "admins": {"function": "", "x": 1}, "roles": {"c": {"function": []}}}',
        b'{"allow": [{"": 1}, {}, [], 3, "*", "*@", "^a$", "a@*.b", "\\u212a@b.c"], "roles": []}',
    ]


def _secrets_files() -> list[bytes]:
    return [
        b"""[auth]
redirect_uri = "https://example.org/oauth2callback"
cookie_secret = ["0123456789-0123456789-0123456789-abc", "0123456789-0123456789-0123456789-abd"]
client_id = "x"
client_secret = { env = "HOME" }
server_metadata_url = "https://op.example/.well-known/openid-configuration"
client_kwargs = { scope = "openid email", prompt = "", max_age = 60 }
allow = ["*@example.org", { groups = ["staff"] }]

[auth.beta]
label = "Beta"
client_id = "y"
client_secret = { file = "/nowhere" }
server_metadata_url = "http://localhost:9/.well-known/openid-configuration"
userinfo = "never"
trust_email = true
""",
        b"[auth]\n\xff",
        b"auth = 1\n",
        b'[auth]\nredirect_uri = "http://[::1/"\ncookie_secret = ""\n[[auth.x]]\n',
    ]


SEEDS = {
    "cookie_header": _cookie_headers,
    "login_state": _login_states,
    "callback_query": _callback_queries,
    "callback": _callbacks,
    "login": _logins,
    "next": _next_pages,
    "id_token": _id_tokens,
    "signed_payload": _payloads,
    "signed_header": _headers,
    "keys": _key_sets,
    "json": _json_texts,
    "discovery": _documents,
    "cache_control": lambda: [b"public, max-age=3600", b'max-age="86400", no-store', b"s-maxage=1,MAX-AGE=0"],
    "claims": _claims,
    "rules": _rules,
    "toml": _secrets_files,
}
