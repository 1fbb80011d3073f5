"""The discovery document, and what it takes to get it: OpenID Connect Discovery 1.0."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

from tests.conformance.case import HOST, URL, Section
from tests.hostile_provider import (
    Answer,
    Reply,
    dripping_body,
    garbage,
    json_reply,
    jwk,
    no_answer,
    silent,
    truncated,
)

discovery = Section("Discovery and keys")

METADATA = "/.well-known/openid-configuration"
AT = f"'{URL}{METADATA}'"
FITS_NOT = "discovery_invalid"
NONSENSE = "provider_answer_invalid"
DOWN = "provider_unavailable"
LARGE = f"{HOST} sent more than 1048576 bytes"
INTO = "into server_metadata_url of [auth.op]"
TENANTS = "/common/v2.0/.well-known/openid-configuration"
TENANT = "0d2f3a7c-5c4e-4c57-9d0e-3f0f4f6f2c11"
ANOTHER_TENANT = "7c1d1f3e-2b60-4b0f-9f0b-5d7b6a1e8c22"


def document(name: str, source: str, what: str, detail: str, **members: Any) -> None:
    """A discovery document with these members; ... leaves one out."""

    def act(world: Any) -> None:
        for key, value in members.items():
            world.op.metadata[key] = world.named(value) if isinstance(value, str) else value
            if value is ...:
                del world.op.metadata[key]

    act.__name__ = name
    discovery.refused(source, what, FITS_NOT, f"{AT} {detail}")(act)


def answered(
    name: str, what: str, answer: Answer, code: str, detail: str, source: str = "Discovery 1.0 §4.2"
) -> None:
    """This in place of the discovery document."""

    def act(world: Any) -> None:
        world.op.answers[METADATA] = answer

    act.__name__ = name
    discovery.refused(source, what, code, detail)(act)


@discovery.accepted(
    "oidcc-client-test-discovery-openid-config",
    "the document as it should be, with members that nobody knows",
)
def unknown_members(world: Any) -> None:
    world.op.metadata |= {"something_new": {"a": [1]}, "scopes_supported": 7}


@discovery.accepted(
    "oidcc-client-test-mtls-endpoint-aliases", "other endpoints for clients with a certificate: not ours"
)
def mtls_aliases(world: Any) -> None:
    world.op.metadata["mtls_endpoint_aliases"] = {"token_endpoint": "https://mtls.example/token"}


def another_issuer(issuer: str, right: str) -> str:
    return (
        f"says that its issuer is '{issuer}', whose document would be at another URL. "
        f"If that is your provider: server_metadata_url = '{right}'"
    )


document(
    "issuer_mismatch",
    "oidcc-client-test-discovery-issuer-mismatch",
    "`issuer` is another provider's",
    another_issuer("https://bank.example", f"https://bank.example{METADATA}"),
    issuer="https://bank.example",
)
document(
    "issuer_with_a_path",
    "Discovery 1.0 §4.3",
    "`issuer` has a path, and the document is not under it",
    another_issuer(f"{URL}/tenant", f"{URL}/tenant{METADATA}"),
    issuer=f"{URL}/tenant",
)
document(
    "issuer_absent",
    "Discovery 1.0 §3",
    "no `issuer`",
    "has no issuer, or one that is not a string",
    issuer=...,
)
document(
    "issuer_is_a_list",
    "Discovery 1.0 §3",
    "`issuer` is a list",
    "has no issuer, or one that is not a string",
    issuer=[URL],
)
for endpoint in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
    document(
        f"no_{endpoint}",
        "Discovery 1.0 §3",
        f"no `{endpoint}`",
        f"has no {endpoint}, or one that is not a string",
        **{endpoint: ...},
    )


def bad_endpoint(
    name: str, what: str, url: str, reason: str, member: str = "token_endpoint", source: str = "RFC 9700 §2.6"
) -> None:
    document(name, source, what, f"has a bad {member}: '{url}' {reason}", **{member: url})


NOT_HTTPS = "is not https. For development only: allow_plain_http = true in [auth.op]"
NO_URL = "is no absolute URL of printable ASCII with a host, and with neither user name nor fragment"
bad_endpoint(
    "token_endpoint_plain_http", "the code would travel unencrypted", "http://198.51.100.7/token", NOT_HTTPS
)
bad_endpoint(
    "jwks_uri_plain_http",
    "the keys would travel unprotected",
    "http://198.51.100.7/keys",
    NOT_HTTPS,
    "jwks_uri",
)
bad_endpoint(
    "authorization_endpoint_plain_http",
    "the browser would be sent over plain http",
    "http://198.51.100.7/go",
    NOT_HTTPS,
    "authorization_endpoint",
)
bad_endpoint(
    "authorization_endpoint_javascript",
    "the browser would run a script",
    "javascript:alert(1)",
    NO_URL,
    "authorization_endpoint",
)
bad_endpoint("token_endpoint_file", "the token endpoint is a file", "file:///etc/passwd", NO_URL)
bad_endpoint(
    "token_endpoint_with_user", "the token endpoint has a user name", "https://op@evil.example/token", NO_URL
)
bad_endpoint("token_endpoint_relative", "the token endpoint is a path", "/token", NO_URL)
bad_endpoint(
    "token_endpoint_of_two_hosts",
    "a host that no two clients read alike",
    "https://op.example.org>[::1]/token",
    NO_URL,
)
bad_endpoint(
    "token_endpoint_escaped",
    "this machine, in a spelling that only the client unescapes",
    "https://%6cocalhost/token",
    NO_URL,
)
document(
    "algorithms_are_a_string",
    "Discovery 1.0 §3",
    "the list of algorithms is a string",
    "has a bad id_token_signing_alg_values_supported: not a list of strings",
    id_token_signing_alg_values_supported="RS256",
)
document(
    "promise_is_a_string",
    "RFC 9207 §3",
    "the promise of `iss` is a string",
    "has a bad authorization_response_iss_parameter_supported: neither true nor false",
    authorization_response_iss_parameter_supported="true",
)
document(
    "endless_endpoint",
    "ours",
    "an authorization endpoint of 10,000 characters",
    "has a bad authorization_endpoint: more than 2048 characters",
    authorization_endpoint="https://op.example.org/" + "a" * 10_000,
)

# In place of a document
answered(
    "no_json",
    "an HTML page in place of the document",
    Reply(body=b"<html>Welcome!"),
    NONSENSE,
    f"{HOST} answered 200, but it is not JSON",
)
answered(
    "json_list",
    "a list in place of the document",
    Reply(body=b"[]"),
    NONSENSE,
    f"{HOST} answered 200, but it is not a JSON object",
)
answered("not_found", "404", Reply(404), FITS_NOT, f"{AT} answered 404; put the right address {INTO}")
answered("server_error", "500", Reply(500), DOWN, f"{HOST} answered 500")
answered("too_many_requests", "429", Reply(429), DOWN, f"{HOST} answered 429")
answered(
    "garbage_on_the_wire",
    "something that is no HTTP",
    garbage,
    DOWN,
    f"{HOST} could not be talked to (BadStatusLine)",
)
answered(
    "hangs_up",
    "the connection is closed without an answer",
    no_answer,
    DOWN,
    f"{HOST} could not be talked to (RemoteDisconnected)",
)
answered(
    "half_an_answer",
    "half of the promised bytes",
    truncated,
    DOWN,
    f"{HOST} could not be talked to (IncompleteRead)",
)
answered(
    "issuer_twice",
    "`issuer` stands twice",
    Reply(body=b'{"issuer": "https://a.example", "issuer": "https://b.example"}'),
    NONSENSE,
    f"{HOST} answered 200, but it names a member twice",
    "RFC 8259 §4",
)
answered("fifty_megabytes", "50 MB", Reply(body=b" " * 50_000_000), NONSENSE, LARGE, "ours")
answered(
    "gzip_bomb",
    "50 MB that were compressed to 50 kB",
    Reply(body=gzip.compress(bytes(50_000_000)), headers={"Content-Encoding": "gzip"}),
    NONSENSE,
    LARGE,
    "ours",
)


def slow(name: str, what: str, answer: Answer) -> None:
    def act(world: Any) -> None:
        world.configure(timeout=1)
        world.op.answers[METADATA] = answer

    act.__name__ = name
    discovery.refused("ours", what, "provider_timeout", f"{HOST} did not answer in time")(act)


slow("silence", "no answer at all", silent)
slow("dripping", "a byte every 20 ms, without end", dripping_body)


@discovery.refused(
    "RFC 9700 §4.11",
    "a redirect to another place",
    FITS_NOT,
    f"{HOST} answered 302, a redirect; no redirect is followed; put the final address {INTO}",
)
def redirected(world: Any) -> None:
    world.op.answers[METADATA] = Reply(302, headers={"Location": world.honest.metadata_url})


@discovery.refused(
    "ours",
    "the provider's proxy is down: its password is told to nobody",
    DOWN,
    f"{HOST} refused the connection, or its proxy cannot reach it",
)
def proxy_down(world: Any) -> None:
    world.secrets.add("the-password-of-the-proxy")
    world.configure(proxy="http://someone:the-password-of-the-proxy@127.0.0.1:9")


def negative_chunk(handler: Any) -> None:
    handler.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}")
    handler.close_connection = True


answered(
    "negative_chunk",
    "a chunk of -5 bytes",
    negative_chunk,
    DOWN,
    f"{HOST} could not be talked to (…)",
    "RFC 9112 §7.1",
)
answered(
    "location_of_nothing",
    "a redirect to what is no address",
    Reply(302, headers={"Location": "http://["}),
    DOWN,
    f"{HOST} could not be talked to (…)",
    "RFC 9110 §10.2.2",
)


# Keys


@discovery.refused("RFC 7517 §5", "`keys` is no list", NONSENSE, f'the keys: {HOST} sent no list "keys"')
def keys_are_no_list(world: Any) -> None:
    world.op.answers["/jwks"] = json_reply({"keys": {}})


@discovery.refused(
    "RFC 7517 §5",
    "4,000 keys of one name: each would be tried",
    NONSENSE,
    f"the keys: {HOST} sent 4000 of them; at most 100 are read",
)
def thousands_of_keys(world: Any) -> None:
    world.op.answers["/jwks"] = json_reply({"keys": [{"kty": "RSA", "kid": "one"}] * 4000})


@discovery.refused("RFC 7517 §5", "404 in place of the keys", NONSENSE, f"the keys: {HOST} answered 404")
def keys_not_found(world: Any) -> None:
    world.op.answers["/jwks"] = Reply(404)


@discovery.accepted(
    "Discovery 1.0 §4", "the provider's documents cannot be fetched any more: the last good copies serve"
)
def documents_down(world: Any) -> None:
    assert world.log_in().status_code == 200
    world.op.answers |= {METADATA: Reply(503), "/jwks": Reply(503)}


# Entra's endpoint for all tenants


def entra(world: Any, *, iss: str, tid: Any = TENANT, **keys: Any) -> None:
    """The provider behaves like Entra's endpoint for all tenants; the token is of this one."""
    world.op.metadata["issuer"] = f"{world.op.url}/{{tenantid}}/v2.0"
    world.op.answers[TENANTS] = json_reply(world.op.metadata)
    world.configure(server_metadata_url=world.op.url + TENANTS, **keys)
    world.op.claims |= {"tid": tid, "iss": iss.replace(URL, world.op.url)}


TEMPLATE = f"\"iss\" is not the issuer of the discovery document, '{URL}/{{tenantid}}/v2.0'"
NO_GUID = '"tid" is not a GUID, which the issuer of a multi-tenant provider needs'


def tenant(
    name: str,
    what: str,
    code: str = "",
    detail: str = "",
    prepare: Callable[[Any], Any] | None = None,
    **how: Any,
) -> None:
    def act(world: Any) -> None:
        entra(world, **how)
        if prepare:
            prepare(world)

    act.__name__ = name
    source = "Entra"
    case = (
        discovery.refused(source, what, code, detail)
        if code
        else discovery.accepted(source, what, claims={"tid": TENANT})
    )
    case(act)


OF_TENANT = f"{URL}/{TENANT}/v2.0"
tenant("tenant", "`iss` is that of the token's `tid`", iss=OF_TENANT)
tenant(
    "tenant_of_another",
    "`tid` is one tenant's, `iss` another's",
    "id_token_invalid",
    TEMPLATE,
    iss=f"{URL}/{ANOTHER_TENANT}/v2.0",
)
tenant("tenant_absent", "no `tid`", "id_token_invalid", NO_GUID, iss=OF_TENANT, tid=None)
tenant("tenant_is_a_path", "`tid` is a path", "id_token_invalid", NO_GUID, iss=f"{URL}/../v2.0", tid="..")
tenant(
    "tenant_is_the_template",
    "`iss` is the template itself",
    "id_token_invalid",
    NO_GUID,
    iss=f"{URL}/{{tenantid}}/v2.0",
    tid="{tenantid}",
)
tenant(
    "tenant_not_allowed",
    "a tenant that `tenants` does not have",
    "account_not_allowed",
    '"tid" is not one of the provider\'s tenants',
    iss=f"{URL}/{ANOTHER_TENANT}/v2.0",
    tid=ANOTHER_TENANT,
    tenants=[TENANT],
)


def key_of_another_tenant(world: Any) -> None:
    world.op.keys = [jwk(world.op.key, issuer=f"{world.op.url}/{ANOTHER_TENANT}/v2.0")]


tenant(
    "tenant_signed_by_another",
    "signed with a key that is published for another tenant",
    "id_token_invalid",
    '"iss" is not the issuer to whom the signing key belongs',
    key_of_another_tenant,
    iss=OF_TENANT,
)
