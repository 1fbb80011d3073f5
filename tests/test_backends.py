from __future__ import annotations

import inspect
import logging
import time
from base64 import b64decode
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlsplit

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from mozilla_django_oidc import utils
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from django_multi_oidc import connections, discovery, http
from django_multi_oidc.backends import ProviderBackend
from django_multi_oidc.exceptions import (
    CallbackMalformed,
    DiscoveryInvalid,
    IDTokenAlgorithmRefused,
    IDTokenInvalid,
    IssuerMismatch,
    LoginError,
    LoginNotRecent,
    ProviderAnswerInvalid,
    ProviderTimeout,
    ProviderUnavailable,
    TokenRequestRefused,
    UserinfoInvalid,
)
from django_multi_oidc.jws import KeyUnknown
from django_multi_oidc.providers import configuration
from django_multi_oidc.providers.keys import OWN_PARAMS
from django_multi_oidc.rules import Rules, parse_rules

from . import hostile_provider
from .hostile_provider import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    NONCE,
    SECRETS,
    VERIFIER,
    HostileProvider,
    Reply,
    json_reply,
    jwk,
    private_key,
    provider_at,
    signed,
)

STATE = "the-state-of-this-login"
WELL_KNOWN = "/.well-known/openid-configuration"


@pytest.fixture
def hostile():
    discovery.clear()
    with HostileProvider() as op:
        yield op
        connections.clear()
    discovery.clear()


def backend_for(hostile, **changes) -> ProviderBackend:
    return ProviderBackend(provider_at(hostile.metadata_url, **changes))


def log_in(hostile, **changes):
    return backend_for(hostile, **changes).fetch_claims(code=CODE, nonce=NONCE, code_verifier=VERIFIER)


def failure(hostile, error, stage, **changes) -> str:
    with pytest.raises(LoginError) as caught:
        log_in(hostile, **changes)
    assert type(caught.value) is error
    assert caught.value.stage == stage
    assert not any(secret in told(caught.value) for secret in (*SECRETS, "ann"))  # S7
    return caught.value.detail.replace(hostile.url[7:], "HOST")


def told(error: BaseException | None) -> str:
    """All that a traceback would print of it, and of what it was raised from."""
    text = ""
    while error is not None:
        text += f"{error} {error!r} "
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text


# The seams of mozilla-django-oidc 5.0.2 that we stand on


def parameters(method) -> list[str]:
    return list(inspect.signature(method).parameters)


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("__init__", ["self", "args", "kwargs"]),
        ("get_settings", ["attr", "args"]),
        ("authenticate", ["self", "request", "kwargs"]),
        ("get_token", ["self", "payload"]),
        ("verify_token", ["self", "token", "kwargs"]),
        ("store_tokens", ["self", "access_token", "id_token"]),
        ("get_or_create_user", ["self", "access_token", "id_token", "payload"]),
        ("get_userinfo", ["self", "access_token", "id_token", "payload"]),
    ],
)
def test_upstream_has_the_methods_that_we_replace_or_call(method, signature):
    assert parameters(getattr(OIDCAuthenticationBackend, method)) == signature


def test_upstream_makes_the_challenge_of_rfc_7636_appendix_b():
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert utils.generate_code_challenge(verifier, "S256") == challenge


class Recorder(OIDCAuthenticationBackend):
    """Writes down what the base class asks and calls, and in which order."""

    def __init__(self):
        self.asked, self.steps = [], []
        super().__init__()

    def get_settings(self, attr, *args):
        self.asked.append(attr)
        return "multi_oidc:callback" if attr == "OIDC_AUTHENTICATION_CALLBACK_URL" else "x"

    def get_token(self, payload):
        self.steps.append(("get_token", payload))
        return {"id_token": "the id token", "access_token": "the access token"}

    def verify_token(self, token, **kwargs):
        self.steps.append(("verify_token", token, kwargs))
        return {"sub": "ann"}

    def store_tokens(self, access_token, id_token):
        self.steps.append(("store_tokens", access_token, id_token))

    def get_or_create_user(self, access_token, id_token, payload):
        self.steps.append(("get_or_create_user", access_token, id_token, payload))
        return "the user"


class FakeCallback:
    GET = {"code": "the code", "state": "the state"}

    def build_absolute_uri(self, location):
        assert location == "/oauth2callback"
        return "the redirect_uri"


def test_upstream_takes_the_steps_in_this_order():
    recorder = Recorder()
    assert recorder.authenticate(FakeCallback(), nonce="the nonce", code_verifier="v") == "the user"
    form = {
        "client_id": "x",
        "client_secret": "x",
        "grant_type": "authorization_code",
        "code": "the code",
        "redirect_uri": "the redirect_uri",
        "code_verifier": "v",
    }
    assert recorder.steps == [
        ("get_token", form),
        ("verify_token", "the id token", {"nonce": "the nonce"}),
        ("store_tokens", "the access token", "the id token"),
        ("get_or_create_user", "the access token", "the id token", {"sub": "ann"}),
    ]


def test_upstream_asks_for_these_settings_only():
    recorder = Recorder()
    recorder.authenticate(FakeCallback())
    assert set(recorder.asked) == {
        "OIDC_OP_TOKEN_ENDPOINT",
        "OIDC_OP_USER_ENDPOINT",
        "OIDC_OP_JWKS_ENDPOINT",
        "OIDC_RP_CLIENT_ID",
        "OIDC_RP_CLIENT_SECRET",
        "OIDC_RP_SIGN_ALGO",
        "OIDC_RP_IDP_SIGN_KEY",
        "OIDC_AUTHENTICATION_CALLBACK_URL",
    }


def test_upstream_does_nothing_without_a_code():
    class NoCode(FakeCallback):
        GET = {"code": "", "state": "the state"}

    recorder = Recorder()
    assert recorder.authenticate(NoCode()) is None
    assert recorder.steps == []


def test_no_global_setting_reaches_a_provider(hostile, settings):
    settings.OIDC_RP_CLIENT_ID = "global"
    settings.OIDC_RP_CLIENT_SECRET = "global"
    settings.OIDC_OP_TOKEN_ENDPOINT = "https://global.example/token"
    settings.OIDC_OP_USER_ENDPOINT = "https://global.example/userinfo"
    settings.OIDC_OP_JWKS_ENDPOINT = "https://global.example/jwks"
    settings.OIDC_RP_SIGN_ALGO = "HS256"
    settings.OIDC_RP_IDP_SIGN_KEY = "global"
    settings.OIDC_AUTHENTICATION_CALLBACK_URL = "global"
    settings.OIDC_ALLOW_UNSECURED_JWT = True
    settings.OIDC_USE_NONCE = False
    settings.OIDC_VERIFY_KID = False
    backend = backend_for(hostile)
    attributes = {name: value for name, value in vars(backend).items() if name.startswith("OIDC_")}
    assert "global" not in str(attributes)
    assert backend.fetch_claims(code=CODE, nonce=NONCE, code_verifier=VERIFIER)["sub"] == "ann-sub"


def test_an_unknown_setting_has_no_answer(hostile):
    backend = backend_for(hostile)
    assert backend.get_settings("OIDC_NEW", "default") == "default"
    with pytest.raises(ImproperlyConfigured) as caught:
        backend.get_settings("OIDC_NEW")
    assert str(caught.value) == "mozilla-django-oidc asks for OIDC_NEW, which ProviderBackend does not know"


def test_building_one_asks_nobody(hostile):
    backend_for(hostile)
    assert hostile.requests == []


def test_a_backend_of_a_provider_cannot_be_registered():
    with pytest.raises(TypeError):
        ProviderBackend()


# To the authorization endpoint


def authorization_url(hostile, params=None, **changes):
    return backend_for(hostile, **changes).authorization_url(
        state=STATE, nonce=NONCE, code_verifier=VERIFIER, params=params or {}
    )


def query_of(url):
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_the_authorization_url(hostile):  # L1, L3, C4
    url = authorization_url(hostile)
    assert url.startswith(hostile.url + "/authorize?")
    assert query_of(url) == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": "http://localhost/oauth2callback",
        "scope": "openid profile email",
        "prompt": "select_account",
        "state": STATE,
        "nonce": NONCE,
        "code_challenge": utils.generate_code_challenge(VERIFIER, "S256"),
        "code_challenge_method": "S256",
    }
    assert "+" not in url
    assert VERIFIER not in url


def test_parameters_of_one_login(hostile):  # L2
    query = query_of(authorization_url(hostile, {"prompt": "login", "login_hint": "ann@example.org & co"}))
    assert query["prompt"] == "login"
    assert query["login_hint"] == "ann@example.org & co"
    assert "prompt" not in query_of(authorization_url(hostile, {"prompt": ""}))


@pytest.mark.parametrize(
    "name",
    [
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "client_id",
        "redirect_uri",
        "response_type",
    ],
)
def test_what_is_ours_is_not_overridden(hostile, name):  # S2
    right = query_of(authorization_url(hostile))
    for value in ("evil", ""):
        assert query_of(authorization_url(hostile, {name: value})) == right


def test_a_place_to_log_out_with_a_query(hostile):  # O3
    hostile.metadata["end_session_endpoint"] = f"{hostile.url}/bye?p=b2c&client_id=evil"
    url = backend_for(hostile).logout_url(state="the state", logout_hint="ann@example.org & co")
    assert url.startswith(f"{hostile.url}/bye?p=b2c&client_id={CLIENT_ID}")
    assert query_of(url) == {
        "p": "b2c",
        "client_id": CLIENT_ID,
        "post_logout_redirect_uri": "http://localhost/oidc/logged-out/",
        "state": "the state",
        "logout_hint": "ann@example.org & co",
    }
    assert "logout_hint" not in query_of(backend_for(hostile).logout_url(state="x", logout_hint=""))


@pytest.mark.parametrize("endpoint", [None, "ftp://login.example.org/bye"])
def test_no_place_to_log_out(hostile, endpoint):  # O3
    hostile.metadata["end_session_endpoint"] = endpoint
    with pytest.raises(DiscoveryInvalid) as caught:
        backend_for(hostile).logout_url(state="x", logout_hint="")
    assert caught.value.detail == "the discovery document has no end_session_endpoint that can be used"


def test_a_logout_token(hostile):  # O4
    claims = {
        "iss": hostile.url,
        "aud": [CLIENT_ID, "another"],
        "iat": int(time.time()),
        "jti": "the-jti",
        "sid": "the-sid",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    token = signed(claims, key=hostile.key)
    assert backend_for(hostile, audiences=frozenset({"another"})).verify_logout_token(token).sid == "the-sid"
    with pytest.raises(IDTokenInvalid, match='"aud" names others'):
        backend_for(hostile).verify_logout_token(token)


def test_an_endpoint_with_a_query(hostile):  # L1
    endpoint = hostile.url + "/authorize"
    right = query_of(authorization_url(hostile))
    for own, kept in [
        ("?p=b2c_1&empty=", {"p": "b2c_1", "empty": ""}),
        ("?", {}),
        ("?a=b%26c%3Dd&e=%C3%A4", {"a": "b&c=d", "e": "ä"}),
        ("?client_id=evil&p=1&redirect_uri=https://evil.example", {"p": "1"}),
    ]:
        discovery.clear()
        hostile.metadata["authorization_endpoint"] = endpoint + own
        assert query_of(authorization_url(hostile)) == {**right, **kept}


def test_a_provider_that_is_down_when_a_login_begins(hostile):  # L7
    hostile.answers[WELL_KNOWN] = Reply(503)
    with pytest.raises(ProviderUnavailable) as caught:
        authorization_url(hostile)
    assert caught.value.stage == "discovery"


# RFC 9207


def test_an_issuer_that_is_promised(hostile):  # S2
    hostile.metadata["authorization_response_iss_parameter_supported"] = True
    backend = backend_for(hostile)
    backend.check_issuer(hostile.url)
    backend.check_issuer(None, required=False)
    with pytest.raises(IssuerMismatch) as caught:
        backend.check_issuer(None)
    assert caught.value.detail == 'the callback has no "iss", which the discovery document promises'


def test_an_issuer_that_is_not_promised(hostile):  # S2
    backend_for(hostile).check_issuer(None)
    backend_for(hostile).check_issuer(hostile.url)


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("promised", [True, False])
@pytest.mark.parametrize("iss", ["", "https://evil.example", "{}/", "x" * 200, "x" * 201])
def test_the_issuer_of_another_provider(hostile, iss, promised, required):  # S2
    hostile.metadata["authorization_response_iss_parameter_supported"] = promised
    iss = iss.format(hostile.url)
    with pytest.raises(IssuerMismatch) as caught:
        backend_for(hostile).check_issuer(iss, required=required)
    shown = repr(iss) if len(iss) <= 200 else f"of {len(iss)} characters"
    assert caught.value.detail == f'the callback\'s "iss" is {shown}, not {hostile.url!r}'


# To the token endpoint


def test_a_login(hostile):  # L5
    assert log_in(hostile) == hostile.claims
    assert hostile.paths() == {WELL_KNOWN: 1, "/token": 1, "/jwks": 1}
    token_request = hostile.requests[1]
    assert token_request.method == "POST"
    assert token_request.form == {
        "grant_type": "authorization_code",
        "code": CODE,
        "redirect_uri": "http://localhost/oauth2callback",
        "code_verifier": VERIFIER,
    }


def test_one_call_with_warm_copies(hostile):  # P
    log_in(hostile)
    hostile.requests.clear()
    log_in(hostile)
    assert hostile.paths() == {"/token": 1}
    assert hostile.connections == 1


def basic_of(request):
    scheme, _, credentials = request.headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    return [unquote_plus(part) for part in b64decode(credentials).decode().split(":")]


@pytest.mark.parametrize("supported", [None, [], ["client_secret_post", "client_secret_basic"], ["none"]])
def test_client_secret_basic(hostile, supported):  # RFC 6749 section 2.3.1
    if supported is not None:
        hostile.metadata["token_endpoint_auth_methods_supported"] = supported
    log_in(hostile)
    assert basic_of(hostile.requests[1]) == [CLIENT_ID, CLIENT_SECRET]
    assert not {"client_id", "client_secret"} & hostile.requests[1].form.keys()


def test_the_secret_is_encoded_before_base64(hostile):
    hostile.claims["aud"] = "app:two"
    log_in(hostile, client_id="app:two", client_secret="s3cr%t+two/=& ä~")
    credentials = b64decode(hostile.requests[1].headers["Authorization"].split()[1]).decode()
    assert credentials == "app%3Atwo:s3cr%25t%2Btwo%2F%3D%26+%C3%A4~"


def test_client_secret_post(hostile):
    hostile.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post", "private_key_jwt"]
    log_in(hostile)
    assert "Authorization" not in hostile.requests[1].headers
    form = hostile.requests[1].form
    assert (form["client_id"], form["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)


def test_the_configured_method_goes_before_the_advertised_ones(hostile):
    hostile.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]
    log_in(hostile, token_endpoint_auth_method="client_secret_post")
    assert "Authorization" not in hostile.requests[1].headers
    discovery.clear()
    hostile.requests.clear()
    hostile.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    log_in(hostile, token_endpoint_auth_method="client_secret_basic")
    assert basic_of(hostile.requests[1]) == [CLIENT_ID, CLIENT_SECRET]


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (
            json_reply({"error": "invalid_client", "error_description": CODE}, 401),
            "HOST answered 401 invalid_client: client_id, client_secret or client_private_key is wrong, or the "
            "provider wants another token_endpoint_auth_method",
        ),
        (
            json_reply({"error": "unauthorized_client"}, 403),
            "HOST answered 403 unauthorized_client: client_id or client_secret is wrong, or this client may "
            "not use the authorization code flow",
        ),
        (
            json_reply({"error": "invalid_grant"}, 400),
            "HOST answered 400 invalid_grant: the code is spent or too old, or redirect_uri is not the one "
            "that was asked with",
        ),
        (
            json_reply({"error": "redirect_uri_mismatch"}, 400),
            "HOST answered 400 redirect_uri_mismatch: register exactly the redirect_uri of the secrets file "
            "with the provider",
        ),
        (json_reply({"error": "invalid_code"}, 403), "HOST answered 403 invalid_code"),
        (json_reply({"error": CODE}, 400), "HOST answered 400"),
        (json_reply({"error": "secret" * 10}, 400), "HOST answered 400"),
        (json_reply({"error": "with\nnewline"}, 400), "HOST answered 400"),
        (json_reply({"error": ["invalid_grant"]}, 400), "HOST answered 400"),
        (json_reply({"error": "INVALID-" + CLIENT_SECRET}, 400), "HOST answered 400"),
        (json_reply({}, 400), "HOST answered 400"),
        (json_reply([], 400), "HOST answered 400"),
        (Reply(403), "HOST answered 403"),
        (Reply(404, b"<h1>ann</h1>"), "HOST answered 404"),
        (Reply(199), "HOST answered 199"),
        (Reply(204), "HOST answered 204"),
        (json_reply({"error": "x" * 40}, 400), f"HOST answered 400 {'x' * 40}"),
        (json_reply({"error": "x" * 41}, 400), "HOST answered 400"),
        (json_reply({"error": "invalid_code"}), "HOST answered 200 invalid_code"),
    ],
)
def test_the_token_endpoint_refuses(hostile, reply, detail):  # L7, S7
    hostile.answers["/token"] = reply
    assert failure(hostile, TokenRequestRefused, "token") == detail


def test_an_error_code_is_not_a_way_to_have_a_secret_logged(hostile):  # S7
    hostile.answers["/token"] = json_reply({"error": "lettersonly"}, 400)
    with pytest.raises(TokenRequestRefused) as caught:
        backend_for(hostile).fetch_claims(code="lettersonly", nonce=NONCE, code_verifier=VERIFIER)
    assert "lettersonly" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_the_token_endpoint_is_down(hostile, status):  # L7
    hostile.answers["/token"] = Reply(status, b"SQL: ann")
    assert failure(hostile, ProviderUnavailable, "token") == f"HOST answered {status}"


@pytest.mark.parametrize("status", [302, 307, 308])
def test_secret_and_code_follow_no_redirect(hostile, status):  # S3
    with HostileProvider() as evil:
        hostile.answers["/token"] = Reply(status, headers={"Location": evil.url + "/token"})
        detail = failure(hostile, http.Redirected, "token")
        assert detail == f"HOST answered {status}, a redirect; no redirect is followed"
        assert evil.requests == []


@pytest.mark.parametrize(
    ("answer", "error", "detail"),
    [
        (Reply(200, b"<html>"), ProviderAnswerInvalid, "HOST answered 200, but it is not JSON"),
        (Reply(200), ProviderAnswerInvalid, "HOST answered 200, but it is not JSON"),
        (json_reply([]), ProviderAnswerInvalid, "HOST answered 200, but it is not a JSON object"),
        (hostile_provider.no_answer, http._HungUp, None),
        (hostile_provider.truncated, ProviderUnavailable, None),
        (hostile_provider.silent, ProviderTimeout, "HOST did not answer in time"),
        (hostile_provider.dripping_body, ProviderTimeout, "HOST did not answer in time"),
    ],
)
def test_the_token_endpoint_answers_nonsense(hostile, answer, error, detail):  # L7
    discovery.get_metadata(provider_at(hostile.metadata_url))
    hostile.answers["/token"] = answer
    assert failure(hostile, error, "token", timeout=0.3) in (
        detail,
        "HOST could not be talked to (RemoteDisconnected)",
        "HOST could not be talked to (IncompleteRead)",
    )
    assert hostile.paths()["/token"] == 1


NO_TYPE = '"token_type" is not "Bearer"'
NO_ACCESS_TOKEN = 'there is no "access_token" of printable ASCII'
NO_ID_TOKEN = 'there is no "id_token": is this an OpenID provider, and is "openid" in the scope?'


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({}, NO_TYPE),
        ({"token_type": None}, NO_TYPE),
        ({"token_type": "mac"}, NO_TYPE),
        ({"token_type": "basic"}, NO_TYPE),
        ({"token_type": ["Bearer"]}, NO_TYPE),
        ({"token_type": "Bearer"}, NO_ACCESS_TOKEN),
        ({"token_type": "bearer", "access_token": ""}, NO_ACCESS_TOKEN),
        ({"token_type": "bearer", "access_token": 1}, NO_ACCESS_TOKEN),
        ({"token_type": "bearer", "access_token": "a\r\nX-Evil: 1"}, NO_ACCESS_TOKEN),
        ({"token_type": "bearer", "access_token": "ä"}, NO_ACCESS_TOKEN),
        ({"token_type": "Bearer", "access_token": "a"}, NO_ID_TOKEN),
        ({"token_type": "Bearer", "access_token": "a", "id_token": None}, NO_ID_TOKEN),
        ({"token_type": "Bearer", "access_token": "a", "id_token": {}}, NO_ID_TOKEN),
    ],
)
def test_a_token_answer_that_lacks_something(hostile, changes, detail):  # L7
    hostile.answers["/token"] = json_reply(changes)
    assert failure(hostile, ProviderAnswerInvalid, "token") == f"the token endpoint's answer: {detail}"


@pytest.mark.parametrize("token_type", ["bearer", "BEARER"])
def test_the_token_type_in_any_case(hostile, token_type):
    hostile.tokens["token_type"] = token_type
    assert log_in(hostile)["sub"] == "ann-sub"


def test_an_empty_code(hostile):
    with pytest.raises(CallbackMalformed) as caught:
        backend_for(hostile).fetch_claims(code="", nonce=NONCE, code_verifier=VERIFIER)
    assert caught.value.detail == "the answer has neither a code nor an error"
    assert hostile.requests == []


def test_a_login_that_a_subclass_ends_without_a_word(hostile, caplog):
    class Reluctant(ProviderBackend):
        def get_or_create_user(self, access_token, id_token, payload):
            raise SuspiciousOperation("not today")

    with pytest.raises(LoginError) as caught:
        Reluctant(provider_at(hostile.metadata_url)).fetch_claims(
            code=CODE, nonce=NONCE, code_verifier=VERIFIER
        )
    assert caught.value.detail == "mozilla-django-oidc ended the login without saying why"
    assert caught.value.stage == "token"


# The ID token


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"iss": "https://evil.example"}, '"iss" is not the issuer of the discovery document, '),
        ({"aud": "another"}, '"aud" does not name our client_id'),
        ({"aud": [CLIENT_ID, "another"]}, '"aud" names others'),
        ({"azp": "another"}, '"azp" is not our client_id'),
        ({"exp": 1}, '"exp" has passed'),
        ({"iat": 1}, '"iat" lies more than'),
        ({"nonce": "another"}, '"nonce" is not the one of this login'),
        ({"at_hash": "another"}, '"at_hash" is not the hash of the access token'),
        ({"sub": ""}, '"sub" is not a string'),
    ],
)
def test_an_id_token_that_fails_a_check(hostile, changes, detail):  # S1
    hostile.claims |= changes
    assert failure(hostile, IDTokenInvalid, "token").startswith(detail)


def test_the_hash_of_the_access_token(hostile):  # S1
    hostile.claims["at_hash"] = hostile_provider.at_hash(ACCESS_TOKEN, "sha256")
    assert log_in(hostile)["sub"] == "ann-sub"


def test_an_id_token_signed_by_the_client_secret(hostile):  # S1
    token = signed(hostile.claims, key=CLIENT_SECRET.encode(), alg="HS256")
    hostile.metadata["id_token_signing_alg_values_supported"] = ["HS256", "RS256"]
    hostile.tokens["id_token"] = token
    assert failure(hostile, IDTokenAlgorithmRefused, "token").startswith(
        "the provider signs with 'HS256', a shared secret. Switch the signing algorithm"
    )


def test_only_the_advertised_algorithms(hostile):  # S1
    hostile.metadata["id_token_signing_alg_values_supported"] = ["ES256"]
    assert failure(hostile, IDTokenAlgorithmRefused, "token") == (
        "the algorithm 'RS256' is not allowed; of those that the provider advertises, these are: ES256"
    )


def test_a_forged_signature(hostile):  # S1
    hostile.key = private_key("RSA-2048", 1)
    detail = failure(hostile, KeyUnknown, "token")
    assert detail == "the signature does not fit the key that the provider publishes"
    assert hostile.paths()["/jwks"] == 2


@pytest.mark.parametrize("kid", ["two", "one", None])
def test_keys_are_fetched_again_after_a_rotation(hostile, kid):  # S1
    log_in(hostile)
    hostile.key = private_key("RSA-2048", 1)
    hostile.keys = [jwk(hostile.key, kid=kid)]
    hostile.tokens["id_token"] = signed(hostile.claims, key=hostile.key, kid=kid)
    assert log_in(hostile)["sub"] == "ann-sub"
    log_in(hostile)
    assert hostile.paths()["/jwks"] == 2


def test_a_login_that_asked_for_a_recent_one(hostile):  # S1
    params = {"scope": "openid", "max_age": "60"}
    hostile.claims["auth_time"] = hostile.claims["iat"]
    assert log_in(hostile, authorization_params=params)
    hostile.claims["auth_time"] -= 120
    assert failure(hostile, LoginNotRecent, "token", authorization_params=params) == (
        '"auth_time" lies further back than the max_age that was asked for'
    )
    for none in ("x", "\N{SUPERSCRIPT TWO}"):
        assert log_in(hostile, authorization_params={"scope": "openid", "max_age": none})


def test_a_multi_tenant_provider(hostile):  # S1
    tid = "9188040d-6c67-4c5b-b112-36a304b66dad"
    where = "/common/v2.0" + WELL_KNOWN
    hostile.metadata["issuer"] = hostile.url + "/{tenantid}/v2.0"
    hostile.answers[where] = json_reply(hostile.metadata)
    hostile.metadata_url = hostile.url + where
    hostile.claims |= {"tid": tid, "iss": f"{hostile.url}/{tid}/v2.0"}
    assert log_in(hostile)["tid"] == tid
    backend_for(hostile).check_issuer(f"{hostile.url}/{tid}/v2.0")
    hostile.claims["tid"] = "11111111-2222-3333-4444-555555555555"
    assert failure(hostile, IDTokenInvalid, "token").startswith('"iss" is not the issuer')


@pytest.mark.parametrize("name", OWN_PARAMS)
def test_what_the_login_itself_says_cannot_be_overridden(hostile, name):  # S2
    given = {name: "planted"}
    url = backend_for(hostile, authorization_params={"scope": "openid", **given}).authorization_url(
        state="the-state", nonce=NONCE, code_verifier=VERIFIER, params=given
    )
    assert "planted" not in url


def test_claims_that_were_asked_for(hostile):  # S1, U3
    params = {"scope": "openid", "claims": '{"id_token": {"acr": {"essential": true}}}'}
    assert failure(hostile, IDTokenInvalid, "token", authorization_params=params) == (
        '"acr" is not what was asked for as essential'
    )
    hostile.claims["acr"] = "mfa"
    log_in(hostile, authorization_params=params)
    assert "/userinfo" not in hostile.paths()
    hostile.userinfo["phone_number"] = "+1 555 0100"
    params["claims"] = '{"userinfo": {"phone_number": null}}'
    assert log_in(hostile, authorization_params=params)["phone_number"] == "+1 555 0100"


def test_a_token_for_an_audience_that_is_configured(hostile):  # S1
    hostile.claims["aud"] = [CLIENT_ID, "the-api"]
    assert log_in(hostile, audiences=frozenset({"the-api"}))["sub"] == "ann-sub"
    assert failure(hostile, IDTokenInvalid, "token").startswith('"aud" names others beside our client_id')


# To the UserInfo endpoint


def without(hostile, *names):
    for name in names:
        del hostile.claims[name]


def asked_for_userinfo(hostile, **changes) -> bool:
    hostile.requests.clear()
    log_in(hostile, **changes)
    return hostile.paths()["/userinfo"] == 1


def rules(**table) -> Rules:
    parsed, mistakes = parse_rules(table)
    assert mistakes == []
    return parsed


def scoped(scope):
    return {"authorization_params": {"scope": scope}}


def test_userinfo_is_asked_when_it_can_add_something(hostile):  # U3
    assert not asked_for_userinfo(hostile)
    assert asked_for_userinfo(hostile, **scoped("openid profile email groups"))
    assert asked_for_userinfo(hostile, rules=rules(roles={"editor": [{"groups": ["staff"]}]}))
    assert not asked_for_userinfo(hostile, rules=rules(admins=["ann@example.org"]))
    without(hostile, "name")
    assert asked_for_userinfo(hostile)
    assert not asked_for_userinfo(hostile, **scoped("openid email"))
    hostile.claims["name"] = None
    assert asked_for_userinfo(hostile)
    hostile.claims["name"] = "Ann"
    without(hostile, "email_verified")
    assert not asked_for_userinfo(hostile, rules=rules(admins=["ann@example.org"]))
    without(hostile, "email")
    assert asked_for_userinfo(hostile)
    assert not asked_for_userinfo(hostile, **scoped("openid profile"))
    assert asked_for_userinfo(hostile, rules=rules(admins=["ann@example.org"]), **scoped("openid"))


def test_userinfo_is_asked_for_a_claim_that_is_to_be_kept(hostile):  # U3, K5
    assert asked_for_userinfo(hostile, claims=frozenset({"phone_number"}))
    assert not asked_for_userinfo(hostile, claims=frozenset({"email"}))


def test_userinfo_always_and_never(hostile):  # U3
    assert asked_for_userinfo(hostile, userinfo="always")
    without(hostile, "name", "email", "email_verified")
    assert not asked_for_userinfo(hostile, userinfo="never")


def test_a_provider_without_userinfo(hostile):  # U3
    del hostile.metadata["userinfo_endpoint"]
    without(hostile, "name")
    assert not asked_for_userinfo(hostile)
    assert failure(hostile, DiscoveryInvalid, "userinfo", userinfo="always") == (
        'userinfo = "always", and the discovery document has no userinfo_endpoint'
    )


def test_two_calls_with_userinfo(hostile):  # P
    without(hostile, "name")
    log_in(hostile)
    hostile.requests.clear()
    log_in(hostile)
    assert hostile.paths() == {"/token": 1, "/userinfo": 1}
    assert hostile.requests[1].headers["Authorization"] == f"Bearer {ACCESS_TOKEN}"
    assert hostile.requests[1].headers["Accept"] == "application/json, application/jwt"
    assert hostile.connections == 1


def test_userinfo_completes_the_id_token(hostile):  # U3
    without(hostile, "name")
    hostile.userinfo |= {"name": "Ann Other", "locale": "no", "picture": None}
    assert log_in(hostile) == {**hostile.claims, "name": "Ann Other", "locale": "no"}


def test_the_id_token_goes_before_userinfo(hostile):  # U3
    hostile.userinfo |= {"name": "Eve", "locale": "no"}
    claims = log_in(hostile, userinfo="always")
    assert (claims["name"], claims["locale"]) == ("Ann", "no")


@pytest.mark.parametrize(
    "name",
    [
        "iss",
        "aud",
        "exp",
        "iat",
        "nbf",
        "jti",
        "nonce",
        "auth_time",
        "acr",
        "amr",
        "azp",
        "sid",
        "tid",
        "at_hash",
        "c_hash",
        "s_hash",
    ],
)
def test_userinfo_supplies_no_protocol_claim(hostile, name):  # U3
    hostile.userinfo[name] = "from userinfo"
    assert log_in(hostile, userinfo="always").get(name) == hostile.claims.get(name)


def test_a_claim_that_is_null_is_none(hostile):  # U3
    hostile.claims |= {"name": None, "email": None}
    hostile.userinfo |= {"name": "Ann", "email": "ann@example.com", "email_verified": False}
    claims = log_in(hostile)
    assert (claims["name"], claims["email"], claims["email_verified"]) == ("Ann", "ann@example.com", False)


def test_email_and_its_verification_come_from_one_source(hostile):  # U3, A2
    hostile.userinfo |= {"email": "eve@example.org", "email_verified": True}
    without(hostile, "email_verified")
    claims = log_in(hostile, userinfo="always")
    assert claims["email"] == "ann@example.org"
    assert "email_verified" not in claims
    hostile.claims["email_verified"] = True
    without(hostile, "email")
    del hostile.userinfo["email_verified"]
    claims = log_in(hostile)
    assert claims["email"] == "eve@example.org"
    assert "email_verified" not in claims
    del hostile.userinfo["email"]
    claims = log_in(hostile)
    assert not {"email", "email_verified"} & claims.keys()


@pytest.mark.parametrize("sub", [None, "", "eve-sub", 1, ["ann-sub"], "ANN-SUB"])
def test_userinfo_of_somebody_else(hostile, sub):  # S1
    hostile.userinfo["sub"] = sub
    detail = failure(hostile, UserinfoInvalid, "userinfo", userinfo="always")
    assert detail == '"sub" is not that of the ID token'


def test_userinfo_of_nobody(hostile):  # S1
    hostile.userinfo = {"name": "Ann"}
    assert "sub" in failure(hostile, UserinfoInvalid, "userinfo", userinfo="always")


@pytest.mark.parametrize(
    ("answer", "error", "detail"),
    [
        (Reply(199), UserinfoInvalid, "HOST answered 199"),
        (Reply(401), UserinfoInvalid, "HOST answered 401"),
        (Reply(404), UserinfoInvalid, "HOST answered 404"),
        (Reply(500, b"ann"), ProviderUnavailable, "HOST answered 500"),
        (Reply(302), http.Redirected, "HOST answered 302, a redirect; no redirect is followed"),
        (Reply(200, b"ann"), ProviderAnswerInvalid, "HOST answered 200, but it is not JSON"),
        (json_reply(["ann"]), ProviderAnswerInvalid, "HOST answered 200, but it is not a JSON object"),
    ],
)
def test_no_half_an_identity(hostile, answer, error, detail):  # U3, L7
    hostile.answers["/userinfo"] = answer
    assert failure(hostile, error, "userinfo", userinfo="always") == detail


def jwt_reply(token) -> Reply:
    return Reply(200, token.encode(), {"Content-Type": "Application/JWT; charset=utf-8"})


def test_signed_userinfo(hostile):  # S1
    hostile.userinfo |= {"locale": "no"}
    for extra in ({}, {"iss": hostile.url, "aud": CLIENT_ID}, {"aud": ["another", CLIENT_ID]}):
        token = signed({**hostile.userinfo, **extra}, key=hostile.key)
        hostile.answers["/userinfo"] = jwt_reply(token + "\n")
        assert log_in(hostile, userinfo="always")["locale"] == "no"
        assert log_in(hostile, userinfo="always")["aud"] == CLIENT_ID


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"iss": "https://evil.example"}, '"iss" is not the issuer of the discovery document'),
        ({"iss": None}, '"iss" is not the issuer of the discovery document'),
        ({"aud": "another"}, '"aud" does not name our client_id'),
        ({"aud": ["another"]}, '"aud" does not name our client_id'),
        ({"aud": None}, '"aud" does not name our client_id'),
        ({"sub": "eve-sub"}, '"sub" is not that of the ID token'),
    ],
)
def test_signed_userinfo_for_somebody_else(hostile, changes, detail):  # S1
    hostile.answers["/userinfo"] = jwt_reply(signed({**hostile.userinfo, **changes}, key=hostile.key))
    assert failure(hostile, UserinfoInvalid, "userinfo", userinfo="always") == detail


@pytest.mark.parametrize("media_type", ["application/jwtx", "application/json", "text/plain"])
def test_what_is_signed_says_so(hostile, media_type):  # Core section 5.3.2
    token = signed(hostile.userinfo, key=hostile.key)
    hostile.answers["/userinfo"] = Reply(200, token.encode(), {"Content-Type": media_type})
    detail = failure(hostile, ProviderAnswerInvalid, "userinfo", userinfo="always")
    assert detail == "HOST answered 200, but it is not JSON"


@pytest.mark.parametrize(
    ("changes", "typ", "detail"),
    [
        ({"exp": 1}, None, '"exp" has passed; check the clock of this machine'),
        ({"exp": "9"}, None, '"exp" is not a number of seconds'),
        ({"nbf": 9_999_999_999}, None, '"nbf" lies in the future; check the clock of this machine'),
        ({}, "at+jwt", "the header's \"typ\" is 'at+jwt': that is another kind of token"),
    ],
)
def test_signed_userinfo_that_is_not_good_now(hostile, changes, typ, detail):  # S1
    token = signed({**hostile.userinfo, **changes}, key=hostile.key, typ=typ)
    hostile.answers["/userinfo"] = jwt_reply(token)
    assert failure(hostile, UserinfoInvalid, "userinfo", userinfo="always") == detail


def test_signed_userinfo_with_a_bad_signature(hostile):  # S1
    for token, detail in [
        (signed(hostile.userinfo, key=private_key("RSA-2048", 1)), "the signature does not fit"),
        (signed(hostile.userinfo, key=b"x", alg="HS256"), "the provider signs with 'HS256'"),
        (signed(hostile.userinfo, key=hostile.key, alg="none", sign_as="RS256"), "the algorithm 'none'"),
        ("ä", "the token is not three parts"),
    ]:
        hostile.answers["/userinfo"] = jwt_reply(token)
        assert failure(hostile, UserinfoInvalid, "userinfo", userinfo="always").startswith(detail)


def test_signed_userinfo_by_an_algorithm_that_is_not_advertised(hostile):  # S1
    hostile.metadata["userinfo_signing_alg_values_supported"] = ["ES256"]
    hostile.answers["/userinfo"] = jwt_reply(signed(hostile.userinfo, key=hostile.key))
    assert failure(hostile, UserinfoInvalid, "userinfo", userinfo="always").startswith(
        "the algorithm 'RS256'"
    )


# Nothing of it is told


def test_no_secret_is_logged(hostile, caplog):  # S7
    without(hostile, "name")
    with caplog.at_level(logging.DEBUG):
        log_in(hostile)
        hostile.answers["/token"] = json_reply({"error": "invalid_grant"}, 400)
        failure(hostile, TokenRequestRefused, "token")
    assert not any(secret in caplog.text for secret in (*SECRETS, "ann-sub", "ann@example.org"))


def test_no_secret_in_the_repr(hostile):  # S7
    backend = backend_for(hostile)
    backend.fetch_claims(code=CODE, nonce=NONCE, code_verifier=VERIFIER)
    assert not any(secret in repr(backend) for secret in SECRETS)


def test_no_token_is_kept(hostile):  # S7
    log_in(hostile)
    backend = backend_for(hostile)
    backend.store_tokens(ACCESS_TOKEN, "the id token")
    assert ACCESS_TOKEN not in str(vars(backend))


# The development provider


@pytest.fixture
def person(op):
    op.auto_login("pat")
    yield
    op.auto_login(None)
    connections.clear()
    discovery.clear()


def callback_parameters(backend):
    url = backend.authorization_url(state=STATE, nonce=NONCE, code_verifier=VERIFIER, params={})
    location = requests.get(url, allow_redirects=False, timeout=5).headers["Location"]
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def whole_login(name):
    backend = ProviderBackend(configuration().providers[name])
    answer = callback_parameters(backend)
    assert answer["state"] == STATE
    backend.check_issuer(answer["iss"])
    return backend.fetch_claims(code=answer["code"], nonce=NONCE, code_verifier=VERIFIER)


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_a_login_at_the_development_provider(op, live_secrets, person, name):  # L1, L5, U3
    op.auto_login(op.organisations[name].organisation.people[0].key)
    claims = whole_login(name)
    assert claims["iss"] == op.organisations[name].issuer
    assert claims["name"] == op.organisations[name].organisation.people[0].name
    assert "email" in claims


@pytest.mark.parametrize(("name", "calls"), [("alpha", ["/token"]), ("beta", ["/token", "/userinfo"])])
def test_calls_of_a_login(op, live_secrets, person, name, calls):  # P
    op.auto_login(op.organisations[name].organisation.people[0].key)
    whole_login(name)
    backend = ProviderBackend(configuration().providers[name])
    answer = callback_parameters(backend)
    op.requests.clear()
    backend.fetch_claims(code=answer["code"], nonce=NONCE, code_verifier=VERIFIER)
    assert [path.removeprefix(f"/{name}") for _, path in op.requests] == calls


def test_a_key_rotation_at_the_development_provider(op, live_secrets, person):  # S1
    whole_login("alpha")
    op.rotate_keys()
    assert whole_login("alpha")["sub"]


def test_a_code_is_good_once(op, live_secrets, person):  # S2
    backend = ProviderBackend(configuration().providers["alpha"])
    code = callback_parameters(backend)["code"]
    backend.fetch_claims(code=code, nonce=NONCE, code_verifier=VERIFIER)
    with pytest.raises(TokenRequestRefused) as caught:
        backend.fetch_claims(code=code, nonce=NONCE, code_verifier=VERIFIER)
    assert "400 invalid_grant" in caught.value.detail


def test_another_logins_verifier_and_nonce(op, live_secrets, person):  # S2
    backend = ProviderBackend(configuration().providers["alpha"])
    code = callback_parameters(backend)["code"]
    with pytest.raises(TokenRequestRefused):
        backend.fetch_claims(code=code, nonce=NONCE, code_verifier="x" * 43)
    code = callback_parameters(backend)["code"]
    with pytest.raises(IDTokenInvalid) as caught:
        backend.fetch_claims(code=code, nonce="another", code_verifier=VERIFIER)
    assert caught.value.detail == '"nonce" is not the one of this login'


def test_a_wrong_client_secret(op, live_secrets, person, settings):  # L7
    live_secrets["alpha"]["client_secret"] = "wrong-but-long-enough-to-be-one"
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    with pytest.raises(TokenRequestRefused) as caught:
        whole_login("alpha")
    assert (
        "401 invalid_client: client_id, client_secret or client_private_key is wrong" in caught.value.detail
    )
