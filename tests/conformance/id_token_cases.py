"""The claims of an ID token: OpenID Connect Core 1.0 sections 2 and 3.1.3.7."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.conformance.case import URL, Section
from tests.hostile_provider import ACCESS_TOKEN, CLIENT_ID, at_hash, signed

id_token = Section("The claims of the ID token")

INVALID = "id_token_invalid"
ISSUER = f"\"iss\" is not the issuer of the discovery document, '{URL}'"
SUBJECT = '"sub" is not a string of 1 to 255 ASCII characters'
FOR_ANOTHER = '"aud" does not name our client_id: the token was made for somebody else'
FOR_OTHERS = '"aud" names others beside our client_id, who are not in the provider\'s audiences'
AZP = '"azp" is not our client_id: the token was issued to somebody else'
NONCE_OF_ANOTHER = '"nonce" is not the one of this login'
AT_HASH = '"at_hash" is not the hash of the access token'
CLOCK = "; check the clock of this machine"


class Now:
    """So many seconds from now."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds


def change(world: Any, claims: dict[str, Any]) -> None:
    """Set claims of the hostile provider's ID token; ... takes one out."""
    for name, value in claims.items():
        if value is ...:
            del world.op.claims[name]
        else:
            world.op.claims[name] = int(time.time()) + value.seconds if isinstance(value, Now) else value


def refused(name: str, source: str, what: str, detail: str, **claims: Any) -> None:
    """A case whose ID token has these claims."""

    def act(world: Any) -> None:
        change(world, claims)

    act.__name__ = name
    id_token.refused(source, what, INVALID, detail)(act)


def accepted(name: str, source: str, what: str, **claims: Any) -> None:
    def act(world: Any) -> None:
        change(world, claims)

    act.__name__ = name
    id_token.accepted(source, what)(act)


accepted("good_login", "oidcc-client-test", "everything as it should be")

# iss
refused(
    "other_issuer",
    "oidcc-client-test-invalid-iss",
    "`iss` is another issuer",
    ISSUER,
    iss="https://evil.example",
)
refused("no_issuer", "OpenID Connect Core 1.0 §2", "no `iss`", ISSUER, iss=...)
refused(
    "issuer_list", "OpenID Connect Core 1.0 §2", "`iss` is a list with the right one in it", ISSUER, iss=[URL]
)


@id_token.refused("OpenID Connect Core 1.0 §3.1.3.7", "`iss` is ours with a slash more", INVALID, ISSUER)
def issuer_with_a_slash(world: Any) -> None:
    world.op.claims["iss"] += "/"


@id_token.refused("OpenID Connect Core 1.0 §3.1.3.7", "`iss` is ours in capitals", INVALID, ISSUER)
def issuer_in_capitals(world: Any) -> None:
    world.op.claims["iss"] = world.op.url.replace("http", "HTTP")


@id_token.refused("RFC 9700 §4.4", "`iss` is that of the site's other provider", INVALID, ISSUER)
def issuer_of_the_other_provider(world: Any) -> None:
    world.op.claims["iss"] = world.honest.url


# sub
refused("no_subject", "oidcc-client-test-missing-sub", "no `sub`", SUBJECT, sub=...)
refused("subject_empty", "OpenID Connect Core 1.0 §2", "`sub` is empty", SUBJECT, sub="")
refused("subject_number", "OpenID Connect Core 1.0 §2", "`sub` is a number", SUBJECT, sub=42)
refused("subject_null", "OpenID Connect Core 1.0 §2", "`sub` is null", SUBJECT, sub=None)
refused("subject_list", "OpenID Connect Core 1.0 §2", "`sub` is a list", SUBJECT, sub=["ann-sub"])
refused("subject_too_long", "OpenID Connect Core 1.0 §2", "`sub` has 256 characters", SUBJECT, sub="s" * 256)
refused(
    "subject_not_ascii",
    "OpenID Connect Core 1.0 §2",
    "`sub` has a Cyrillic letter",
    SUBJECT,
    sub="\u0430nn-sub",
)

# aud, azp
refused("no_audience", "oidcc-client-test-missing-aud", "no `aud`", FOR_ANOTHER, aud=...)
refused(
    "other_audience", "oidcc-client-test-invalid-aud", "`aud` is another client", FOR_ANOTHER, aud="another"
)
refused("audience_number", "OpenID Connect Core 1.0 §2", "`aud` is a number", FOR_ANOTHER, aud=7)
refused("audience_empty", "OpenID Connect Core 1.0 §2", "`aud` is an empty list", FOR_ANOTHER, aud=[])
refused(
    "audience_contains_ours",
    "OpenID Connect Core 1.0 §3.1.3.7",
    "our `client_id` is a part of `aud`",
    FOR_ANOTHER,
    aud=f"{CLIENT_ID}-2",
)
refused(
    "audience_foreign_and_azp_ours",
    "OpenID Connect Core 1.0 §3.1.3.7",
    "`aud` is another client, and `azp` is ours",
    FOR_ANOTHER,
    aud="another",
    azp=CLIENT_ID,
)
refused(
    "audience_with_a_stranger",
    "OpenID Connect Core 1.0 §3.1.3.7",
    "`aud` names us and a client that we do not trust",
    FOR_OTHERS,
    aud=[CLIENT_ID, "another"],
    azp=CLIENT_ID,
)
refused(
    "audience_with_an_object",
    "OpenID Connect Core 1.0 §2",
    "`aud` names us beside an object",
    FOR_OTHERS,
    aud=[CLIENT_ID, {}],
)
accepted(
    "audience_list", "OpenID Connect Core 1.0 §2", "`aud` is a list with us alone in it", aud=[CLIENT_ID]
)


@id_token.accepted("OpenID Connect Core 1.0 §3.1.3.7", "`aud` names us and a client that `audiences` trusts")
def audience_with_a_friend(world: Any) -> None:
    world.configure(audiences=["a-friend"])
    change(world, {"aud": [CLIENT_ID, "a-friend"]})


refused("other_azp", "OpenID Connect Core 1.0 §3.1.3.7", "`azp` is another client", AZP, azp="another")
refused("azp_null", "OpenID Connect Core 1.0 §2", "`azp` is null", AZP, azp=None)
accepted("azp_ours", "OpenID Connect Core 1.0 §3.1.3.7", "`azp` is ours", azp=CLIENT_ID)

# exp, iat, nbf
refused(
    "expired",
    "OpenID Connect Core 1.0 §3.1.3.7",
    "`exp` passed a minute ago",
    f'"exp" has passed{CLOCK}',
    exp=Now(-60),
)
accepted(
    "expired_within_skew",
    "OpenID Connect Core 1.0 §3.1.3.7",
    "`exp` passed 10 seconds ago: clocks differ",
    exp=Now(-10),
)
refused("no_exp", "OpenID Connect Core 1.0 §2", "no `exp`", '"exp" is not a number of seconds', exp=...)
refused(
    "exp_string",
    "RFC 7519 §4.1.4",
    "`exp` is a number in a string",
    '"exp" is not a number of seconds',
    exp="9999999999",
)
refused("exp_true", "RFC 7519 §4.1.4", "`exp` is true", '"exp" is not a number of seconds', exp=True)
refused("no_iat", "oidcc-client-test-missing-iat", "no `iat`", '"iat" is not a number of seconds', iat=...)
refused(
    "iat_string",
    "RFC 7519 §4.1.6",
    "`iat` is a number in a string",
    '"iat" is not a number of seconds',
    iat="1",
)
refused(
    "iat_future",
    "OpenID Connect Core 1.0 §3.1.3.7",
    "`iat` is in two minutes",
    f'"iat" lies in the future{CLOCK}',
    iat=Now(120),
)
refused(
    "iat_old",
    "OpenID Connect Core 1.0 §3.1.3.7",
    "`iat` is an hour ago: a token of another login",
    '"iat" lies more than 600 seconds back: a token is sent when it is made',
    iat=Now(-3600),
)
refused(
    "iat_zero",
    "OpenID Connect Core 1.0 §3.1.3.7",
    "`iat` is 0",
    '"iat" lies more than 600 seconds back: a token is sent when it is made',
    iat=0,
)
refused(
    "nbf_future",
    "RFC 7519 §4.1.5",
    "`nbf` is in two minutes",
    f'"nbf" lies in the future{CLOCK}',
    nbf=Now(120),
)
refused("nbf_string", "RFC 7519 §4.1.5", "`nbf` is a string", '"nbf" is not a number of seconds', nbf="0")

# nonce
refused(
    "nonce_of_another",
    "oidcc-client-test-nonce-invalid",
    "`nonce` is that of another login",
    NONCE_OF_ANOTHER,
    nonce="another",
)
refused(
    "no_nonce",
    "OpenID Connect Core 1.0 §3.1.3.7",
    "no `nonce`, though we sent one",
    NONCE_OF_ANOTHER,
    nonce=...,
)
refused("nonce_list", "OpenID Connect Core 1.0 §2", "`nonce` is a list", NONCE_OF_ANOTHER, nonce=["x"])
refused("nonce_not_ascii", "OpenID Connect Core 1.0 §2", "`nonce` is not ASCII", NONCE_OF_ANOTHER, nonce="ñ")


@id_token.refused(
    "RFC 9700 §4.5", "a token of an earlier login of the same person, replayed", INVALID, NONCE_OF_ANOTHER
)
def replayed_token(world: Any) -> None:
    world.begin(world.another_browser())
    old = world.op.id_token()
    world.op.sign = lambda claims: old


# at_hash, c_hash
refused(
    "at_hash_of_another",
    "oidcc-client-test-invalid-athash",
    "`at_hash` is that of another access token",
    AT_HASH,
    at_hash=at_hash("another", "sha256"),
)
refused("at_hash_number", "OpenID Connect Core 1.0 §3.1.3.6", "`at_hash` is a number", AT_HASH, at_hash=1)
refused(
    "at_hash_whole",
    "OpenID Connect Core 1.0 §3.1.3.6",
    "`at_hash` made with another hash",
    AT_HASH,
    at_hash=at_hash(ACCESS_TOKEN, "sha512"),
)
accepted(
    "at_hash_right",
    "OpenID Connect Core 1.0 §3.1.3.8",
    "`at_hash` is right",
    at_hash=at_hash(ACCESS_TOKEN, "sha256"),
)
accepted("at_hash_absent", "OpenID Connect Core 1.0 §3.1.3.6", "no `at_hash`: optional in the code flow")
accepted(
    "c_hash_there",
    "OpenID Connect Core 1.0 §3.3.2.11",
    "a `c_hash`, which has no meaning in the code flow",
    c_hash="whatever",
)

# what was asked for
MAX_AGE = '"auth_time" lies further back than the max_age that was asked for'


def asked(
    name: str,
    what: str,
    detail: str,
    kwargs: dict[str, Any],
    source: str = "§3.1.2.1",
    code: str = INVALID,
    **claims: Any,
) -> None:
    def act(world: Any) -> None:
        world.configure(client_kwargs=kwargs)
        change(world, claims)

    act.__name__ = name
    source = f"OpenID Connect Core 1.0 {source}"
    case = id_token.refused(source, what, code, detail) if detail else id_token.accepted(source, what)
    case(act)


asked(
    "max_age_no_auth_time",
    "`max_age` was asked for, no `auth_time`",
    '"auth_time" was asked for and is missing',
    {"max_age": "300"},
    code="auth_time_missing",
)
asked(
    "max_age_old",
    "`max_age` was asked for, `auth_time` is an hour ago",
    MAX_AGE,
    {"max_age": "300"},
    code="login_not_recent",
    auth_time=Now(-3600),
)
asked(
    "max_age_fresh",
    "`max_age` was asked for, `auth_time` is a minute ago",
    "",
    {"max_age": "300"},
    auth_time=Now(-60),
)
ACR = {"claims": {"id_token": {"acr": {"essential": True, "values": ["gold"]}}}}
ACR_DETAIL = '"acr" is not what was asked for as essential'
asked("acr_absent", "an essential `acr` was asked for, none came", ACR_DETAIL, ACR, "§5.5.1.1")
asked(
    "acr_other", "an essential `acr` was asked for, another came", ACR_DETAIL, ACR, "§5.5.1.1", acr="bronze"
)
asked("acr_right", "an essential `acr` was asked for and came", "", ACR, "§5.5.1.1", acr="gold")


# the JSON of it
def raw(name: str, source: str, what: str, detail: str, edit: Any) -> None:
    """A case whose payload is bytes, made from the JSON of the good claims."""

    def act(world: Any) -> None:
        world.op.sign = lambda claims: signed(edit(json.dumps(claims)).encode(), key=world.op.key)

    act.__name__ = name
    id_token.refused(source, what, INVALID, f"the payload cannot be read: {detail}")(act)


raw(
    "payload_names_sub_twice",
    "RFC 7519 §4",
    "`sub` stands twice",
    "it names a member twice",
    lambda text: text[:-1] + ', "sub": "admin"}',
)
raw(
    "payload_is_a_list",
    "RFC 7519 §3",
    "the payload is a list",
    "it is not a JSON object",
    lambda text: f"[{text}]",
)
raw("payload_is_no_json", "RFC 7519 §3", "the payload is no JSON", "it is not JSON", lambda text: text[:-1])
raw(
    "payload_nests_deep",
    "RFC 8259 §9",
    "a claim is 10,000 lists, one in another",
    "it nests deeper than 32 levels",
    lambda text: text[:-1] + ', "deep": ' + "[" * 10_000 + "]" * 10_000 + "}",
)
raw(
    "payload_has_nan",
    "RFC 8259 §6",
    "a claim is NaN",
    "it contains NaN, which is not JSON",
    lambda text: text[:-1] + ', "x": NaN}',
)
raw(
    "payload_has_half_a_surrogate",
    "RFC 8259 §8.2",
    "a claim has half of a surrogate pair",
    "it contains half of a surrogate pair",
    lambda text: text[:-1] + ', "x": "\\ud800"}',
)
