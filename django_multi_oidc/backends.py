"""mozilla-django-oidc's backend bound to one Provider: everything that is said to that provider.

Never to be listed in AUTHENTICATION_BACKENDS: the callback view builds the one that it needs.
docs/protocol.md says what of the base class stays in use and what is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote, unquote_plus, urlencode, urljoin

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.utils import generate_code_challenge

from . import client_auth, discovery, http, id_token, logout_token
from .copies import Asker
from .discovery import ProviderMetadata
from .exceptions import (
    CallbackMalformed,
    DiscoveryInvalid,
    IDTokenInvalid,
    IssuerMismatch,
    LoginError,
    ProviderAnswerInvalid,
    TokenRequestRefused,
    UserinfoInvalid,
)
from .issuer import is_one_of, of_tenant
from .jws import JWK, KEY_TYPES, KeyUnknown, KeyUnusable, verify
from .logout_token import LogoutToken
from .providers import Provider
from .providers.claims_request import ClaimsRequest, parse_claims_request
from .providers.keys import OWN_PARAMS
from .token_checks import check_lifetime
from .wording import whole

T = TypeVar("T")

DEFAULT_SCOPES = frozenset({"openid", "profile", "email"})
E_MAIL = frozenset({"email", "email_verified"})  # one is worth nothing without the other: from one source
# What says who, for whom and when: never from userinfo (OpenID Connect Core 1.0 section 2, RFC 7519).
PROTOCOL_CLAIMS = frozenset(
    {"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "nonce", "auth_time", "acr", "amr", "azp", "sid", "tid"}
    | {"at_hash", "c_hash", "s_hash"}
)
HINTS = {
    "invalid_client": "client_id, client_secret or client_private_key is wrong, or the provider wants another "
    "token_endpoint_auth_method",
    "unauthorized_client": "client_id or client_secret is wrong, or this client may not use the "
    "authorization code flow",
    "invalid_grant": "the code is spent or too old, or redirect_uri is not the one that was asked with",
    "redirect_uri_mismatch": "register exactly the redirect_uri of the secrets file with the provider",
}


class ProviderBackend(OIDCAuthenticationBackend):  # type: ignore[misc]  # the base class is untyped
    """One login at one provider. Building one costs no I/O.

    Every method that speaks to the provider raises LoginError.
    """

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._access_token = ""
        self._max_age = _seconds(provider.authorization_params.get("max_age", ""))
        super().__init__()

    @cached_property
    def metadata(self) -> ProviderMetadata:
        return discovery.get_metadata(self.provider)

    def get_settings(self, attr: str, *args: Any) -> Any:
        """Answer for the base class from the Provider alone: no global OIDC_* setting reaches it."""
        known = {
            "OIDC_RP_CLIENT_ID": self.provider.client_id,
            "OIDC_RP_CLIENT_SECRET": self.provider.client_secret,
            "OIDC_AUTHENTICATION_CALLBACK_URL": "multi_oidc:callback",
            # Never used, the methods that would are replaced; yet __init__ asks.
            "OIDC_OP_TOKEN_ENDPOINT": None,
            "OIDC_OP_USER_ENDPOINT": None,
            "OIDC_RP_SIGN_ALGO": "as advertised",
        }
        if attr not in known and not args:
            raise ImproperlyConfigured(
                f"mozilla-django-oidc asks for {attr}, which ProviderBackend does not know"
            )
        return known[attr] if attr in known else args[0]

    # To the authorization endpoint

    def authorization_url(
        self, *, state: str, nonce: str, code_verifier: str, params: Mapping[str, str]
    ) -> str:
        """Where to send the browser (OpenID Connect Core 1.0 section 3.1.2.1, RFC 7636 section 4.3).

        ``params`` override the provider's own authorization parameters; "" removes one. What the login itself
        says (`OWN_PARAMS`) is in neither of them.
        """
        asked = {**self.provider.authorization_params, **params}
        query = {
            **{name: value for name, value in asked.items() if value and name not in OWN_PARAMS},
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self.provider.redirect_uri,
            "state": state,
            "nonce": nonce,
            "code_challenge": generate_code_challenge(code_verifier, "S256"),
            "code_challenge_method": "S256",
        }
        return _with_query(self.metadata.authorization_endpoint, query)

    def check_issuer(self, iss: str | None, *, required: bool = True) -> None:
        """Compare the callback's ``iss`` with the provider's (RFC 9207 section 2.4).

        ``required``: its absence is an error where the discovery document promises it; True for a success
        response. Raises IssuerMismatch.
        """
        metadata = self.metadata
        if iss is None:
            if required and metadata.authorization_response_iss_parameter_supported:
                raise IssuerMismatch('the callback has no "iss", which the discovery document promises')
        elif not is_one_of(iss, metadata.issuer):
            raise IssuerMismatch(f'the callback\'s "iss" is {whole(iss, 200)}, not {metadata.issuer!r}')

    # To the end session endpoint

    def logout_url(self, *, state: str, logout_hint: str) -> str:
        """Where to send the browser to log out there (OpenID Connect RP-Initiated Logout 1.0 section 2).

        ``logout_hint`` may be empty. Raises DiscoveryInvalid where the provider has no such place.
        """
        endpoint = self.metadata.end_session_endpoint
        if endpoint is None:
            raise DiscoveryInvalid("the discovery document has no end_session_endpoint that can be used")
        query = {
            "client_id": self.provider.client_id,
            "post_logout_redirect_uri": urljoin(self.provider.redirect_uri, reverse("multi_oidc:logged_out")),
            "state": state,
            **({"logout_hint": logout_hint} if logout_hint else {}),
        }
        return _with_query(endpoint, query)

    # To the token endpoint

    def fetch_claims(
        self, *, code: str, nonce: str, code_verifier: str, max_age: str | None = None
    ) -> dict[str, Any]:
        """Swap ``code`` for the verified claims: the ID token's, completed by userinfo.

        ``max_age`` is what this login asked for, in seconds, "" for none; None: the provider's own holds.
        """
        if max_age is not None:
            self._max_age = _seconds(max_age)
        if not code:
            raise CallbackMalformed("the answer has neither a code nor an error")
        request = _Callback(code, self.provider.redirect_uri)
        claims: dict[str, Any] | None = self.authenticate(request, nonce=nonce, code_verifier=code_verifier)
        if claims is None:
            raise LoginError("mozilla-django-oidc ended the login without saying why", stage="token")
        return claims

    def get_token(self, payload: dict[str, str]) -> dict[str, Any]:
        """The token endpoint's answer to the form ``payload`` (RFC 6749 sections 4.1.3 and 5)."""
        headers, data = self._authenticated(payload)
        answer = http.post(
            self.provider, self.metadata.token_endpoint, stage="token", headers=headers, data=data
        )
        if answer.status != 200:
            raise _token_refusal(answer, {**payload, **data})
        tokens = answer.json()
        if "error" in tokens:  # some say no with a 200
            raise _token_refusal(answer, {**payload, **data})
        _check_token_response(tokens)
        self._access_token = tokens["access_token"]
        return tokens

    def _authenticated(self, payload: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and form, with who we are in one of them."""
        form = {name: value for name, value in payload.items() if name != "client_secret"}
        method = client_auth.method_of(self.provider, self.metadata.token_endpoint_auth_methods_supported)
        if method == "client_secret_basic":
            return client_auth.with_secret_in_header(self.provider, form)
        if method == "client_secret_post":
            form["client_secret"] = self.provider.client_secret
        elif method == "private_key_jwt":
            form |= {
                "client_assertion_type": client_auth.ASSERTION_TYPE,
                "client_assertion": self._assertion(),
            }
        return {}, form

    def _assertion(self) -> str:
        try:
            return client_auth.assertion(
                self.provider,
                issuer=self.metadata.issuer,
                token_endpoint=self.metadata.token_endpoint,
                algorithms=self.metadata.token_endpoint_auth_signing_alg_values_supported,
            )
        except KeyUnusable as error:
            raise DiscoveryInvalid(str(error), stage="token") from None

    # The ID token

    def verify_token(self, token: str, **kwargs: Any) -> dict[str, Any]:
        """The claims of the ID token ``token``; ``kwargs`` has the ``nonce`` of this login."""
        return self._with_fresh_keys(
            lambda keys: id_token.validate(
                token,
                keys=keys,
                algorithms=self.metadata.id_token_signing_alg_values_supported,
                issuer=self.metadata.issuer,
                client_id=self.provider.client_id,
                audiences=self.provider.audiences,
                nonce=kwargs["nonce"],
                access_token=self._access_token,
                max_age=self._max_age,
                asked=self._claims_request,
            )
        )

    def _with_fresh_keys(self, check: Callable[[tuple[JWK, ...]], T], asker: Asker = "login") -> T:
        """``check`` with the keys that are known, and once more with newer ones where none of them fits."""
        keys = discovery.get_keys(self.provider)
        with suppress(KeyUnknown):
            return check(keys)
        return check(discovery.refetch_keys(self.provider, seen=keys, asker=asker))

    @property
    def _claims_request(self) -> ClaimsRequest:
        return parse_claims_request(self.provider.authorization_params.get("claims", ""))

    def store_tokens(self, access_token: str, id_token: str) -> None:
        """Keep none."""

    # The logout token

    def verify_logout_token(self, token: str) -> LogoutToken:
        """Whom the provider has logged out (OpenID Connect Back-Channel Logout 1.0 section 2.6)."""
        return self._with_fresh_keys(
            lambda keys: logout_token.validate(
                token,
                keys=keys,
                algorithms=self.metadata.id_token_signing_alg_values_supported,
                issuer=self.metadata.issuer,
                client_id=self.provider.client_id,
                audiences=self.provider.audiences,
            ),
            asker="logout",
        )

    # To the UserInfo endpoint

    def get_or_create_user(self, access_token: str, id_token: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The base class makes a user of the claims here; we let them out."""
        claims = _without_null(payload)
        if not self._userinfo_adds_something(claims):
            return claims
        return _completed(claims, _without_null(self.get_userinfo(access_token, id_token, payload)))

    def _userinfo_adds_something(self, claims: Mapping[str, Any]) -> bool:
        if self.provider.userinfo != "auto":
            return self.provider.userinfo == "always"
        if self.metadata.userinfo_endpoint is None:
            return False
        scopes = frozenset(self.provider.scope.split())
        there = claims.keys() | (E_MAIL if "email" in claims else frozenset())
        return bool(scopes - DEFAULT_SCOPES or self._wanted(scopes) - there)

    def _wanted(self, scopes: frozenset[str]) -> frozenset[str]:
        by_scope = {"profile": "name", "email": "email"}
        kept = self.provider.claims or frozenset()
        asked = self.provider.rules.claim_names | self._claims_request.userinfo | kept
        return asked | {by_scope[scope] for scope in scopes & by_scope.keys()}

    def get_userinfo(self, access_token: str, id_token: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """What the UserInfo endpoint says of the ID token's person (OpenID Connect Core 1.0 section 5.3)."""
        endpoint = self.metadata.userinfo_endpoint
        if endpoint is None:
            detail = 'userinfo = "always", and the discovery document has no userinfo_endpoint'
            raise DiscoveryInvalid(detail, stage="userinfo")
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json, application/jwt"}
        answer = http.get(self.provider, endpoint, stage="userinfo", headers=headers)
        if answer.status != 200:
            raise UserinfoInvalid(f"{answer.host} answered {answer.status}")
        claims = self._userinfo_claims(answer)
        if claims.get("sub") != payload["sub"]:
            raise UserinfoInvalid('"sub" is not that of the ID token')
        return claims

    def _userinfo_claims(self, answer: http.Answer) -> dict[str, Any]:
        media_type = answer.headers.get("Content-Type", "").partition(";")[0]
        if media_type.strip().lower() != "application/jwt":
            return answer.json()
        try:
            return self._with_fresh_keys(lambda keys: self._signed_userinfo(answer.body, keys))
        except IDTokenInvalid as error:
            raise UserinfoInvalid(error.detail) from None

    def _signed_userinfo(self, body: bytes, keys: tuple[JWK, ...]) -> dict[str, Any]:
        """Section 5.3.2: where ``iss`` and ``aud`` are there, they are the provider's and ours."""
        algorithms = self.metadata.userinfo_signing_alg_values_supported or KEY_TYPES
        verified = verify(body.decode("ascii", "replace").strip(), keys=keys, algorithms=algorithms)
        id_token.check_type(verified)
        check_lifetime(verified.claims)
        self._check_signed_userinfo(verified.claims)
        return verified.claims

    def _check_signed_userinfo(self, claims: Mapping[str, Any]) -> None:
        issuer = of_tenant(self.metadata.issuer, claims.get("tid"))
        if "iss" in claims and claims["iss"] != issuer:
            raise UserinfoInvalid('"iss" is not the issuer of the discovery document')
        aud = claims.get("aud", self.provider.client_id)
        if self.provider.client_id not in (aud if isinstance(aud, list) else [aud]):
            raise UserinfoInvalid('"aud" does not name our client_id')


class _Callback:
    """What of a request the base class's ``authenticate`` looks at.

    The code stays out of the real request, which an error report would quote; and redirect_uri is the
    configured one, whatever the Host header says.
    """

    def __init__(self, code: str, redirect_uri: str) -> None:
        self.GET = {"code": code, "state": "checked by the view"}
        self._redirect_uri = redirect_uri

    def build_absolute_uri(self, location: str) -> str:
        return self._redirect_uri


def _with_query(endpoint: str, query: Mapping[str, str]) -> str:
    """RFC 6749 section 3.1: the endpoint's own query stays, and no parameter is there twice."""
    url, _, own = endpoint.partition("?")
    kept = [pair for pair in own.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in query]
    return f"{url}?{'&'.join([*kept, urlencode(query, quote_via=quote)])}"


def _seconds(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() else None


def _token_refusal(answer: http.Answer, payload: Mapping[str, str]) -> TokenRequestRefused:
    error = _error_code(answer, payload)
    said = f"{answer.host} answered {answer.status}" + (f" {error}" if error else "")
    hint = HINTS.get(error)
    return TokenRequestRefused(f"{said}: {hint}" if hint else said)


def _error_code(answer: http.Answer, payload: Mapping[str, str]) -> str:
    """The OAuth error code (RFC 6749 section 5.2), unless it is something else than a code of that kind."""
    try:
        error = answer.json().get("error")
    except ProviderAnswerInvalid:
        return ""
    is_code = isinstance(error, str) and len(error) <= 40 and re.fullmatch(r"[a-z]+(_[a-z]+)*", error)
    return str(error) if is_code and error not in payload.values() else ""


def _check_token_response(tokens: Mapping[str, Any]) -> None:
    """RFC 6749 section 5.1, OpenID Connect Core 1.0 section 3.1.3.3."""
    token_type = tokens.get("token_type")
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        _answer_invalid('"token_type" is not "Bearer"')
    access_token = tokens.get("access_token")
    if not isinstance(access_token, str) or not re.fullmatch(r"[ -~]+", access_token):
        _answer_invalid('there is no "access_token" of printable ASCII')
    if not isinstance(tokens.get("id_token"), str):
        _answer_invalid('there is no "id_token": is this an OpenID provider, and is "openid" in the scope?')


def _answer_invalid(detail: str) -> None:
    raise ProviderAnswerInvalid(f"the token endpoint's answer: {detail}", stage="token")


def _completed(claims: Mapping[str, Any], userinfo: Mapping[str, Any]) -> dict[str, Any]:
    """``claims`` and what ``userinfo`` adds. The ID token's own stand: they are signed for us."""
    theirs = PROTOCOL_CLAIMS | (E_MAIL if "email" in claims else frozenset())
    kept = claims if "email" in claims else {k: v for k, v in claims.items() if k not in E_MAIL}
    return {**{name: value for name, value in userinfo.items() if name not in theirs}, **kept}


def _without_null(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Section 5.3.2 wants a claim that is not there left out; some providers send null."""
    return {name: value for name, value in claims.items() if value is not None}
