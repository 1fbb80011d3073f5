"""The token call and UserInfo: RFC 6749, OpenID Connect Core 1.0 sections 3.1.3 and 5.3."""

from __future__ import annotations

import json
import secrets
import time
from base64 import urlsafe_b64decode
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.conformance.case import HOST, Section
from tests.hostile_provider import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    Reply,
    b64,
    dripping_body,
    json_reply,
    no_answer,
    private_key,
    signed,
)

token = Section("The token call")
userinfo = Section("UserInfo")

REFUSED = "token_request_refused"
NONSENSE = "provider_answer_invalid"
DOWN = "provider_unavailable"
ANSWER = "the token endpoint's answer: "
HINT = "client_id, client_secret or client_private_key is wrong, or the provider wants another token_endpoint_auth_method"


def answered(name: str, source: str, what: str, answer: Any, code: str, detail: str) -> None:
    """This in place of tokens."""

    def act(world: Any) -> None:
        world.op.answers["/token"] = answer

    act.__name__ = name
    token.refused(source, what, code, detail, "token")(act)


def tokens(name: str, source: str, what: str, detail: str, **members: Any) -> None:
    """A token response with these members."""

    def act(world: Any) -> None:
        world.op.tokens |= members

    act.__name__ = name
    token.refused(source, what, NONSENSE, ANSWER + detail, "token")(act)


def call(world: Any) -> Any:
    """The one token call that was made."""
    [seen] = [seen for seen in world.op.requests if seen.path == "/token"]
    return seen


@token.accepted("oidcc-client-test-client-secret-basic", "the secret in a header, and in nothing else")
def basic(world: Any) -> Any:
    page = world.log_in()
    assert call(world).headers["Authorization"].startswith("Basic ")
    assert CLIENT_SECRET not in call(world).body
    return page


@token.accepted(
    "OpenID Connect Core 1.0 §9", "the secret in the form, where the provider takes it nowhere else"
)
def post(world: Any) -> Any:
    world.op.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    page = world.log_in()
    assert call(world).form["client_secret"] == CLIENT_SECRET
    assert "Authorization" not in call(world).headers
    return page


@token.accepted("RFC 7636 §4.5", "a verifier goes with the code, and only its hash went through the browser")
def verifier(world: Any) -> Any:
    page = world.log_in()
    assert world.op.asked["code_challenge_method"] == "S256"
    assert len(call(world).form["code_verifier"]) >= 43
    assert call(world).form["code_verifier"] not in world.op.asked.values()
    return page


answered(
    "invalid_client",
    "RFC 6749 §5.2",
    "the provider does not know our secret",
    json_reply({"error": "invalid_client"}, 401),
    REFUSED,
    f"{HOST} answered 401 invalid_client: {HINT}",
)
answered(
    "invalid_grant",
    "RFC 6749 §5.2",
    "the code is spent",
    json_reply({"error": "invalid_grant"}, 400),
    REFUSED,
    f"{HOST} answered 400 invalid_grant: the code is spent or too old, or redirect_uri is not the one that was asked with",
)
answered(
    "error_with_200",
    "RFC 6749 §5.2",
    "an error with status 200, and tokens beside it",
    json_reply({"error": "invalid_scope", "access_token": "x", "token_type": "Bearer", "id_token": "a.b.c"}),
    REFUSED,
    f"{HOST} answered 200 invalid_scope",
)
answered(
    "error_that_quotes_the_code",
    "RFC 6749 §5.2",
    "the error is our own code: not quoted",
    json_reply({"error": CODE}, 400),
    REFUSED,
    f"{HOST} answered 400",
)
answered(
    "error_is_an_object",
    "RFC 6749 §5.2",
    "the error is an object",
    json_reply({"error": {"a": 1}}, 400),
    REFUSED,
    f"{HOST} answered 400",
)
answered(
    "token_error_500", "RFC 6749 §5.2", "500 at the token endpoint", Reply(500), DOWN, f"{HOST} answered 500"
)
answered(
    "token_html",
    "RFC 6749 §5.1",
    "an HTML page in place of tokens",
    Reply(body=b"<html>"),
    NONSENSE,
    f"{HOST} answered 200, but it is not JSON",
)
answered(
    "token_redirect",
    "RFC 9700 §4.12",
    "a redirect, which would take code and secret along",
    Reply(307, headers={"Location": "https://evil.example/"}),
    NONSENSE,
    f"{HOST} answered 307, a redirect; no redirect is followed",
)
answered(
    "token_hangs_up",
    "RFC 6749 §4.1.2",
    "no answer: the call is not repeated, since a code may be spent",
    no_answer,
    DOWN,
    f"{HOST} could not be talked to (RemoteDisconnected)",
)
answered(
    "token_ten_megabytes",
    "ours",
    "10 MB in place of tokens",
    Reply(body=b" " * 10_000_000),
    NONSENSE,
    f"{HOST} sent more than 1048576 bytes",
)


@token.refused(
    "ours",
    "a byte every 20 ms, without end",
    "provider_timeout",
    f"{HOST} did not answer in time",
    "token",
)
def token_dripping(world: Any) -> None:
    world.configure(timeout=1)
    world.op.answers["/token"] = dripping_body


tokens(
    "token_type_mac",
    "RFC 6749 §7.1",
    "`token_type` is not Bearer",
    '"token_type" is not "Bearer"',
    token_type="mac",
)
tokens(
    "token_type_absent", "RFC 6749 §5.1", "no `token_type`", '"token_type" is not "Bearer"', token_type=None
)
tokens(
    "access_token_absent",
    "RFC 6749 §5.1",
    "no access token",
    'there is no "access_token" of printable ASCII',
    access_token=None,
)
tokens(
    "access_token_with_line_break",
    "RFC 6750 §2.1",
    "an access token with a line break: a header of its own",
    'there is no "access_token" of printable ASCII',
    access_token="a\r\nX-Admin: 1",
)
NO_ID_TOKEN = 'there is no "id_token": is this an OpenID provider, and is "openid" in the scope?'
tokens("id_token_absent", "OpenID Connect Core 1.0 §3.1.3.3", "no ID token", NO_ID_TOKEN, id_token=None)
tokens(
    "id_token_number", "OpenID Connect Core 1.0 §3.1.3.3", "the ID token is a number", NO_ID_TOKEN, id_token=1
)


def signs(world: Any) -> None:
    """The site has a private key, and no secret."""
    pem = private_key("P-256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    world.secrets |= set(pem.splitlines()[1:-1])
    world.configure(client_secret=..., token_endpoint_auth_method="private_key_jwt", client_private_key=pem)


@token.accepted("RFC 7523 §3", "the site signs with its key, for the provider's issuer and a minute")
def assertion(world: Any) -> Any:
    signs(world)
    page = world.log_in()
    _, payload, _ = call(world).form["client_assertion"].split(".")
    claims = json.loads(urlsafe_b64decode(payload + "=="))
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT_ID, CLIENT_ID, world.op.url)
    assert claims["exp"] - claims["iat"] == 60
    return page


@token.refused(
    "RFC 7523 §3.2",
    "the provider does not take what the site signs",
    REFUSED,
    f"{HOST} answered 401 invalid_client: {HINT}",
)
def assertion_refused(world: Any) -> None:
    signs(world)
    world.op.answers["/token"] = json_reply({"error": "invalid_client"}, 401)


@token.refused(
    "RFC 7523 §3",
    "the site signs with a key that the provider does not take",
    "discovery_invalid",
    "client_private_key signs with ES256, and the provider takes RS256",
    "token",
)
def assertion_algorithm(world: Any) -> None:
    signs(world)
    world.op.metadata["token_endpoint_auth_signing_alg_values_supported"] = ["RS256"]


@token.accepted("RFC 6749 §2.1", "a public client: no secret, and PKCE alone")
def public_client(world: Any) -> Any:
    world.configure(client_secret=..., token_endpoint_auth_method="none")
    page = world.log_in()
    assert not {"client_secret", "client_assertion"} & call(world).form.keys()
    assert "Authorization" not in call(world).headers
    return page


# UserInfo


def asked(world: Any, answer: Any = None, **claims: Any) -> None:
    """UserInfo is asked, and says this."""
    world.configure(userinfo="always")
    world.op.userinfo |= claims
    if answer is not None:
        world.op.answers["/userinfo"] = answer


def bad(
    name: str,
    source: str,
    what: str,
    detail: str,
    answer: Any = None,
    code: str = "userinfo_invalid",
    **claims: Any,
) -> None:
    def act(world: Any) -> None:
        asked(world, answer, **claims)

    act.__name__ = name
    userinfo.refused(source, what, code, detail, "userinfo")(act)


OF_ANOTHER = '"sub" is not that of the ID token'
bad(
    "userinfo_of_another",
    "oidcc-client-test-userinfo-invalid-sub",
    "`sub` is somebody else's",
    OF_ANOTHER,
    sub="bob-sub",
)
bad("userinfo_no_sub", "OpenID Connect Core 1.0 §5.3.2", "`sub` is null", OF_ANOTHER, sub=None)
bad(
    "userinfo_sub_list",
    "OpenID Connect Core 1.0 §5.3.2",
    "`sub` is a list with the right one in it",
    OF_ANOTHER,
    sub=["ann-sub"],
)
bad("userinfo_401", "RFC 6750 §3.1", "401: no half an identity", f"{HOST} answered 401", Reply(401))
bad(
    "userinfo_no_json",
    "OpenID Connect Core 1.0 §5.3.2",
    "no JSON",
    f"{HOST} answered 200, but it is not JSON",
    Reply(body=b"sub=ann-sub"),
    NONSENSE,
)
bad(
    "userinfo_500",
    "OpenID Connect Core 1.0 §5.3.3",
    "500: no half an identity",
    f"{HOST} answered 500",
    Reply(500),
    DOWN,
)
bad(
    "userinfo_twice",
    "RFC 8259 §4",
    "`sub` stands twice",
    f"{HOST} answered 200, but it names a member twice",
    Reply(body=b'{"sub": "bob", "sub": "ann-sub"}'),
    NONSENSE,
)


@userinfo.accepted(
    "oidcc-client-test-userinfo-bearer-header",
    "asked with the access token in a header",
    claims={"picture": "p.png"},
)
def userinfo_bearer(world: Any) -> Any:
    asked(world, picture="p.png")
    page = world.log_in()
    [seen] = [seen for seen in world.op.requests if seen.path == "/userinfo"]
    assert (seen.method, seen.headers["Authorization"]) == ("GET", f"Bearer {ACCESS_TOKEN}")
    return page


@userinfo.accepted(
    "oidcc-client-test-scope-userinfo-claims",
    "what the scope promises and the ID token lacks",
    claims={"name": "Ann of userinfo"},
)
def userinfo_by_scope(world: Any) -> None:
    del world.op.claims["name"]
    world.op.userinfo |= {"name": "Ann of userinfo"}


@userinfo.accepted("OpenID Connect Core 1.0 §5.3", "not asked where it adds nothing")
def userinfo_not_asked(world: Any) -> Any:
    page = world.log_in()
    assert "/userinfo" not in world.op.paths()
    return page


@userinfo.accepted(
    "OpenID Connect Core 1.0 §5.3.2",
    "protocol claims of UserInfo do not count",
    claims={"acr": "of the token", "amr": None},
)
def userinfo_protocol_claims(world: Any) -> None:
    world.op.claims["acr"] = "of the token"
    asked(world, acr="of userinfo", amr=["mfa"], iss="https://evil.example", tid="x")


@userinfo.accepted(
    "OpenID Connect Core 1.0 §5.7",
    "an address of the ID token is not verified by UserInfo",
    claims={"email": "ann@example.org", "email_verified": None},
)
def userinfo_verifies_nothing(world: Any) -> None:
    del world.op.claims["email_verified"]
    asked(world, email="admin@example.org", email_verified=True)


@userinfo.accepted(
    "OpenID Connect Core 1.0 §5.7",
    "address and verification come from UserInfo together",
    claims={"email": "ann@userinfo.example", "email_verified": None},
)
def userinfo_email_as_a_whole(world: Any) -> None:
    del world.op.claims["email"]
    asked(world, email="ann@userinfo.example")


def as_jwt(world: Any, *, key: Any = None, alg: str = "RS256", **claims: Any) -> None:
    """UserInfo answers with a JWT of these claims."""
    text = signed({**world.op.userinfo, **claims}, key=key or world.op.key, alg=alg)
    asked(world, Reply(body=text.encode(), headers={"Content-Type": "application/jwt"}))


@userinfo.accepted(
    "oidcc-client-test-userinfo-signed", "as a JWT, signed and for us", claims={"picture": "p.png"}
)
def userinfo_signed(world: Any) -> None:
    as_jwt(world, iss=world.op.url, aud=CLIENT_ID, picture="p.png")


def bad_jwt(name: str, what: str, detail: str, how: Any) -> None:
    def act(world: Any) -> None:
        as_jwt(world, **how(world))

    act.__name__ = name
    userinfo.refused("OpenID Connect Core 1.0 §5.3.2", what, "userinfo_invalid", detail)(act)


bad_jwt(
    "userinfo_signed_by_another",
    "as a JWT, signed by another key",
    "the signature does not fit the key that the provider publishes",
    lambda _: {"key": private_key("RSA-2048", 1)},
)
bad_jwt(
    "userinfo_signed_for_another",
    "as a JWT for another client",
    '"aud" does not name our client_id',
    lambda world: {"iss": world.op.url, "aud": "another"},
)
bad_jwt(
    "userinfo_signed_of_another_issuer",
    "as a JWT of another issuer",
    '"iss" is not the issuer of the discovery document',
    lambda _: {"iss": "https://evil.example"},
)
bad_jwt(
    "userinfo_signed_hs256",
    "as a JWT, signed with the client secret",
    "the provider signs with 'HS256', a shared secret. Switch the signing algorithm of this client's ID tokens to RS256 or ES256 in the provider's console",
    lambda _: {"key": CLIENT_SECRET.encode(), "alg": "HS256"},
)


bad_jwt(
    "userinfo_signed_and_expired",
    "as a JWT that expired a minute ago",
    '"exp" has passed; check the clock of this machine',
    lambda _: {"exp": int(time.time()) - 60},
)
bad_jwt(
    "userinfo_signed_for_later",
    "as a JWT for later",
    '"nbf" lies in the future; check the clock of this machine',
    lambda _: {"nbf": int(time.time()) + 60},
)


@userinfo.refused(
    "OpenID Connect Core 1.0 §5.3.2",
    "as a JWT without a signature",
    "userinfo_invalid",
    "the algorithm 'none' is not allowed; of those that the provider advertises, these are: ES256, ES384, ES512, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512",
)
def userinfo_unsigned(world: Any) -> None:
    text = f"{b64(json.dumps({'alg': 'none'}).encode())}.{b64(json.dumps(world.op.userinfo).encode())}.AA"
    asked(world, Reply(body=text.encode(), headers={"Content-Type": "application/jwt"}))


@userinfo.accepted(
    "oidcc-client-test-aggregated-claims", "aggregated claims are kept as they came, and trusted for nothing"
)
def aggregated_claims(world: Any) -> None:
    world.op.claims |= {
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"JWT": signed({"groups": ["admins"]}, key=private_key("RSA-2048", 1))}},
    }
    world.configure(admins=[{"groups": "admins"}])


@userinfo.accepted("oidcc-client-test-distributed-claims", "the address of distributed claims is not asked")
def distributed_claims(world: Any) -> Any:
    source = {"endpoint": f"{world.honest.url}/claims", "access_token": "for-them"}
    world.op.claims |= {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": source}}
    page = world.log_in()
    assert "/claims" not in world.honest.paths()
    return page


@userinfo.refused(
    "RFC 6265 §6.1",
    "more claims than fit into the cookies of a header",
    "identity_too_large",
    "cookies of … bytes, 7800 fit into a header; largest claims: 'groups' (17501 bytes), …",
)
def too_many_claims(world: Any) -> None:
    world.op.claims["groups"] = [secrets.token_hex(16) for _ in range(500)]


@userinfo.refused(
    "ours",
    "the site's own function refuses the person",
    "login_refused",
    "the function of MULTI_OIDC_ON_LOGIN said no",
)
def refused_by_the_site(world: Any) -> None:
    world.set("MULTI_OIDC_ON_LOGIN", "tests.site.refuse_login")


@userinfo.refused(
    "ours",
    "the site's own function fails",
    "on_login_failed",
    "tests.site.fail_at_login raised ZeroDivisionError",
)
def failed_by_the_site(world: Any) -> None:
    world.set("MULTI_OIDC_ON_LOGIN", "tests.site.fail_at_login")


@userinfo.refused(
    "ours",
    "a function of the site's rules fails",
    "rule_failed",
    'allow in the secrets file names the function "tests.site.fails", which raised AttributeError in line … of site.py.',
)
def rule_failed(world: Any) -> None:
    world.configure(allow={"function": "tests.site.fails"})
