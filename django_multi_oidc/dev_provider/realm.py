"""One organisation's OpenID provider: its endpoints, its keys, and what it remembers."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import backchannel, pages
from .authorization import (
    PROMPTS,
    SCOPES,
    AuthorizationError,
    AuthorizationRequest,
    UnansweredError,
    authorization_request,
)
from .backchannel import LogoutAnswer
from .client import Client
from .end_session import LogoutRefusedError, LogoutRequest, logout_request
from .keys import SigningKey, new_keys
from .messages import Request, Response, json_response
from .people import Organisation, Person
from .sessions import Login, Sessions
from .store import ExpiringStore
from .tokens import TokenError, TokenRequest, at_hash, proves, token_request

CODE_LIFETIME = 60
INTERACTION_LIFETIME = 10 * 60
TOKEN_LIFETIME = 60 * 60
REMEMBERED_LOGOUTS = 1000

NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a code or an access token stands for."""

    asked: AuthorizationRequest
    login: Login


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutQuestion:
    """What somebody is asked to confirm, and in which session."""

    asked: LogoutRequest
    session: str


class Realm:
    """The OpenID provider of one organisation.

    ``refusals`` is shared between the realms of one server: the next login, wherever, ends with
    the next ``(error, error_description)`` in it. So is ``logout_answers``: what clients said to logout
    tokens.
    """

    def __init__(
        self,
        organisation: Organisation,
        *,
        url: str,
        client: Client,
        refusals: deque[tuple[str, str]],
        logout_answers: list[LogoutAnswer],
    ) -> None:
        self.name = organisation.name
        self.label = organisation.label or organisation.name.capitalize()
        self.organisation = organisation
        self.issuer = f"{url}/{organisation.name}"
        self.metadata_url = f"{self.issuer}/.well-known/openid-configuration"
        self.client = client
        self.keys = new_keys(organisation.algorithm)
        self.auto_person: Person | None = None
        self.ignores_max_age = False
        self.hides_auth_time = False
        self.extra_claims: dict[str, Mapping[str, Any]] = {}
        self.sessions = Sessions(organisation.name)
        self._former_keys: tuple[SigningKey, ...] = ()
        self._refusals = refusals
        self._logout_answers = logout_answers
        self._interactions: ExpiringStore[AuthorizationRequest] = ExpiringStore(lifetime=INTERACTION_LIFETIME)
        self._logout_questions: ExpiringStore[LogoutQuestion] = ExpiringStore(lifetime=INTERACTION_LIFETIME)
        self._codes: ExpiringStore[Grant] = ExpiringStore(lifetime=CODE_LIFETIME)
        self._access_tokens: ExpiringStore[Grant] = ExpiringStore(lifetime=TOKEN_LIFETIME)
        self._spent_codes: ExpiringStore[str] = ExpiringStore(lifetime=TOKEN_LIFETIME)
        self._redeeming = threading.Lock()

    @property
    def client_id(self) -> str:
        return self.client.client_id

    @property
    def client_secret(self) -> str:
        return self.client.client_secret

    @property
    def key(self) -> SigningKey:
        """The one that signs."""
        return self.keys[0]

    def person(self, key: str) -> Person | None:
        return next((person for person in self.organisation.people if person.key == key), None)

    def rotate_keys(self) -> None:
        """Sign with a new key from now on; the old ones are published no more."""
        self._former_keys += self.keys
        self.keys = new_keys(self.organisation.algorithm)

    def respond(self, request: Request) -> Response:
        """The answer to a request below the issuer."""
        methods, endpoint = self._endpoints().get(request.path[len(self.name) + 1 :], ((), None))
        if endpoint is None:
            return pages.message(404, "Nothing here", f"{self.label} has no page at this address.")
        if request.method not in methods:
            return Response(status=405, body=b"Method not allowed", headers={"Allow": ", ".join(methods)})
        return endpoint(request)

    def _endpoints(self) -> Mapping[str, tuple[tuple[str, ...], Callable[[Request], Response]]]:
        return {
            "/.well-known/openid-configuration": (("GET",), self._metadata),
            "/jwks": (("GET",), self._jwks),
            "/authorize": (("GET", "POST"), self._authorization_endpoint),
            "/pick": (("POST",), self._pick),
            "/token": (("POST",), self._token),
            "/userinfo": (("GET", "POST"), self._userinfo),
            "/end_session": (("GET", "POST"), self._end_session),
            "/confirm_logout": (("POST",), self._confirm_logout),
        }

    def _metadata(self, _request: Request) -> Response:
        return json_response(self.metadata())

    def metadata(self) -> dict[str, Any]:
        """The discovery document (OpenID Connect Discovery 1.0 section 3): what is there, no more."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/end_session",
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [key.algorithm for key in self.keys],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": list(SCOPES),
            "claims_supported": self._claim_names(),
            "prompt_values_supported": list(PROMPTS),
            "authorization_response_iss_parameter_supported": True,
            "claims_parameter_supported": False,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
        }

    def _claim_names(self) -> list[str]:
        protocol = ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid"]
        people = [name for person in self.organisation.people for name in person.claims_for(SCOPES)]
        return list(dict.fromkeys(protocol + people))

    def _jwks(self, _request: Request) -> Response:
        return json_response({"keys": [key.public_jwk() for key in self.keys]})

    def _authorization_endpoint(self, request: Request) -> Response:
        try:
            return self._authorize(request)
        except AuthorizationError as error:
            return self._deny(error)
        except (UnansweredError, ValueError) as error:
            return pages.message(400, "This login cannot start", str(error))

    def _deny(self, error: AuthorizationError) -> Response:
        """Tell the client by redirect (OpenID Connect Core 1.0 section 3.1.2.6), with ``iss`` (RFC 9207)."""
        described = {"error_description": error.description} if error.description else {}
        return self._redirect(error.reply.answer(error=error.error, iss=self.issuer, **described))

    def _authorize(self, request: Request) -> Response:
        asked = authorization_request(request.parameters(), self.client)
        self._refuse_when_told(asked)
        session = self._session(request, asked)
        if "none" in asked.prompts and session is None:
            raise AuthorizationError(asked.reply, "login_required", "nobody is logged in")
        if self.auto_person and "none" not in asked.prompts:
            return self._log_in(request, asked, self.auto_person)
        if session and asked.prompts <= {"none"}:
            return self._redirect(self._success(asked, session))
        return pages.picker(self.organisation, self.label, self.client, asked, self._interactions.add(asked))

    def _refuse_when_told(self, asked: AuthorizationRequest) -> None:
        try:
            error, description = self._refusals.popleft()
        except IndexError:
            return
        raise AuthorizationError(asked.reply, error, description)

    def _session(self, request: Request, asked: AuthorizationRequest) -> Login | None:
        """The login that this browser keeps here, where it is good enough for what is asked."""
        login = self.sessions.of(request)
        if login is None or (asked.login_hint and not login.person.is_called(asked.login_hint)):
            return None
        return None if self._is_too_old(login, asked.max_age) else login

    def _is_too_old(self, login: Login, max_age: int | None) -> bool:
        return max_age is not None and not self.ignores_max_age and time.time() - login.auth_time >= max_age

    def _pick(self, request: Request) -> Response:
        """What the person pressed on the picker. An interaction is good for one answer."""
        try:
            given = dict(request.parameters())
        except ValueError as error:
            return pages.message(400, "This is not the form", str(error))
        asked = self._interactions.pop(given.get("interaction", ""))
        if asked is None:
            return pages.message(400, "This login is over", "Go back to the site and start a new one.")
        person = self.person(given.get("person", ""))
        if person is None:
            return self._deny(AuthorizationError(asked.reply, "access_denied", "the person pressed Cancel"))
        return self._log_in(request, asked, person)

    def _log_in(self, request: Request, asked: AuthorizationRequest, person: Person) -> Response:
        login, cookie = self.sessions.log_in(request, person)
        return self._redirect(self._success(asked, login), {"Set-Cookie": cookie})

    def _success(self, asked: AuthorizationRequest, login: Login) -> str:
        """The callback's URL with a new code, and with ``iss`` (RFC 9207)."""
        return asked.reply.answer(code=self._codes.add(Grant(asked=asked, login=login)), iss=self.issuer)

    def _redirect(self, url: str, headers: Mapping[str, str] | None = None) -> Response:
        # 303, never 307: a form must not be posted on to the client (RFC 9700 section 4.12).
        return Response(status=303, headers={"Location": url, **NO_STORE, **(headers or {})})

    def _token(self, request: Request) -> Response:
        try:
            asked = token_request(request, self.client)
            with self._redeeming:
                answer = self._redeem(asked)
        except TokenError as error:
            return token_error(error, self.name)
        return json_response(answer, headers=NO_STORE)

    def _redeem(self, asked: TokenRequest) -> dict[str, Any]:
        """Swap a code for tokens, once. A second try ends what the first got (RFC 6749 section 4.1.2)."""
        grant = self._codes.pop(asked.code)
        if grant is None:
            self._access_tokens.pop(self._spent_codes.pop(asked.code) or "")
            raise TokenError("invalid_grant", "the code is unknown, spent or older than a minute")
        if asked.redirect_uri != grant.asked.reply.redirect_uri:
            raise TokenError("invalid_grant", "the redirect_uri is not the one of the authorization request")
        if not proves(asked.code_verifier, grant.asked.code_challenge):
            raise TokenError("invalid_grant", "the code_verifier does not fit the code_challenge")
        access_token = self._access_tokens.add(grant)
        self._spent_codes.put(asked.code, access_token)
        return self._tokens(grant, access_token)

    def _tokens(self, grant: Grant, access_token: str) -> dict[str, Any]:
        return {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME,
            "scope": " ".join(grant.asked.scopes),
            "id_token": self.key.sign(self._id_token_claims(grant, access_token)),
        }

    def _id_token_claims(self, grant: Grant, access_token: str) -> dict[str, Any]:
        """OpenID Connect Core 1.0 sections 2 and 3.1.3.6."""
        now = int(time.time())
        person_claims = self._person_claims(grant) if self.organisation.claims_in_id_token else {}
        nonce = {} if grant.asked.nonce is None else {"nonce": grant.asked.nonce}
        return {
            **person_claims,
            "iss": self.issuer,
            "sub": grant.login.person.subject,
            "aud": self.client_id,
            "iat": now,
            "exp": now + TOKEN_LIFETIME,
            "at_hash": at_hash(access_token),
            "sid": grant.login.sid,
            **({} if self.hides_auth_time else {"auth_time": grant.login.auth_time}),
            **nonce,
        }

    def _person_claims(self, grant: Grant) -> dict[str, Any]:
        """The claims that the scopes ask for, and what a test added; without ``sub``."""
        person = grant.login.person
        return {**person.claims_for(grant.asked.scopes), **self.extra_claims.get(person.key, {})}

    def _userinfo(self, request: Request) -> Response:
        """OpenID Connect Core 1.0 section 5.3; the token in the header only (RFC 6750 section 2.1)."""
        scheme, _, access_token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return unauthorized("Bearer")
        grant = self._access_tokens.get(access_token.strip())
        if grant is None:
            return unauthorized('Bearer error="invalid_token"')
        return json_response(
            {**self._person_claims(grant), "sub": grant.login.person.subject}, headers=NO_STORE
        )

    def _end_session(self, request: Request) -> Response:
        """OpenID Connect RP-Initiated Logout 1.0 section 2."""
        keys = (*self.keys, *self._former_keys)
        try:
            asked = logout_request(request.parameters(), self.client, self.issuer, keys)
        except (LogoutRefusedError, ValueError) as error:
            return pages.message(400, "This logout cannot start", str(error))
        session = self.sessions.key(request)
        if self.auto_person or self._is_hinted(request, asked):
            return self._log_out(asked, session)
        question = LogoutQuestion(asked=asked, session=session)
        return pages.logout_question(self.name, self.label, asked.reply, self._logout_questions.add(question))

    def _is_hinted(self, request: Request, asked: LogoutRequest) -> bool:
        """Whether the hint is of this browser's session; anybody may hold a token of another (section 2)."""
        login = self.sessions.of(request)
        return asked.sid is not None and (login is None or login.sid == asked.sid)

    def _confirm_logout(self, request: Request) -> Response:
        """Good for one answer, from the browser that was asked: no other site may log it out."""
        try:
            given = dict(request.parameters())
        except ValueError as error:
            return pages.message(400, "This is not the form", str(error))
        question = self._logout_questions.pop(given.get("interaction", ""))
        if question is None or question.session != self.sessions.key(request):
            return pages.message(400, "This logout is over", "Go back to the site and start a new one.")
        return self._log_out(question.asked, question.session)

    def _log_out(self, asked: LogoutRequest, session: str) -> Response:
        self._tell_client(self.sessions.end(session))
        if asked.reply:
            return self._redirect(asked.reply.answer())
        return pages.message(200, "You are logged out", f"Your session at {self.label} is over.")

    def end_all_sessions_of(self, person: str) -> None:
        self._tell_client(self.sessions.end_all_of(person))

    def _tell_client(self, ended: Iterable[Login]) -> None:
        """OpenID Connect Back-Channel Logout 1.0 section 2.5, where the client has an address for it."""
        uri = self.client.backchannel_logout_uri
        for login in ended if uri else ():
            sub, sid = login.person.subject, login.sid
            status, error = backchannel.post(uri, self.logout_token(sub=sub, sid=sid))
            self._logout_answers.append(LogoutAnswer(self.name, sub, sid, status, error))
        del self._logout_answers[:-REMEMBERED_LOGOUTS]

    def logout_token(self, **changes: Any) -> str:
        """A signed logout token; a change to None takes a claim out."""
        claims = {**backchannel.logout_claims(self.issuer, self.client_id), **changes}
        given = {name: value for name, value in claims.items() if value is not None}
        return self.key.sign(given, typ=backchannel.TYPE)


def token_error(error: TokenError, realm: str) -> Response:
    body = {"error": error.error, "error_description": error.description}
    if error.error != "invalid_client":
        return json_response(body, status=400, headers=NO_STORE)
    return json_response(body, status=401, headers={**NO_STORE, "WWW-Authenticate": f'Basic realm="{realm}"'})


def unauthorized(challenge: str) -> Response:
    return Response(status=401, body=b"Unauthorized", headers={**NO_STORE, "WWW-Authenticate": challenge})
