"""Who the visitor is: `Identity`, what the cookie holds, and `OIDCUser`, what a view sees of it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar
from weakref import ReferenceType, ref

from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from .exceptions import OIDCError
from .providers import Provider, configuration
from .rules import ADMIN, Reason

T = TypeVar("T")
_quiet_user: ContextVar[OIDCUser | None] = ContextVar("_quiet_user", default=None)
MAX_HINT = 200  # characters; it stands in a cookie and in a URL


class ReadOnlyDict(dict[str, Any]):
    """A dict that nobody changes; a dict all the same, for `json` and for equality."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("claims are read-only; to_dict() gives a copy that is yours")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


class ReadOnlyList(list[Any]):
    """A list that nobody changes; a list all the same, for `json` and for equality."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("claims are read-only; to_dict() gives a copy that is yours")

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)


def read_only(value: Any) -> Any:
    """The same JSON value, immutable all the way down."""
    if isinstance(value, dict):
        return ReadOnlyDict({name: read_only(item) for name, item in value.items()})
    if isinstance(value, list):
        return ReadOnlyList(read_only(item) for item in value)
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One login: the claims (the ID token's, completed by userinfo) in an envelope of ours.

    ``login_id`` is random per login, ``login_at`` in seconds since the epoch; ``next_digest`` stands for
    the page that the login was asked for, and for what it asked; empty when none was named.
    """

    provider: str
    fingerprint: str
    login_id: str
    login_at: float
    next_digest: str
    claims: Mapping[str, Any] = field(repr=False)
    issued_at: float = field(default=0.0, compare=False)
    """When its cookie was signed, in whole seconds since the epoch: at the login, or at a re-issue."""

    @property
    def account(self) -> str:
        """What the person would call this account, to be shown to that person alone."""
        return account_of(self.claims)

    @property
    def hint(self) -> str:
        """What the provider knows the account by (``login_hint``); empty where nothing is short enough for a URL.

        RP-Initiated Logout 1.0 section 2 and Core 1.0 section 3.1.2.1. Entra's is a claim of its own.
        """
        names = (self.claims.get(name) for name in ("login_hint", "preferred_username", "email"))
        return next((name for name in names if isinstance(name, str) and 0 < len(name) <= MAX_HINT), "")


def account_of(claims: Mapping[str, Any]) -> Untold:
    """What the person would call the account of these claims, to be shown to that person alone."""
    names = (claims.get(name) for name in ("email", "preferred_username", "name"))
    return Untold(next((name for name in names if isinstance(name, str) and name), claims["sub"]))


class Untold(str):
    """A string for a page that no repr tells: a template that fails puts its whole context into Django's mails."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


Reader = Callable[[HttpRequest], Identity | None]
AsyncReader = Callable[[HttpRequest], Awaitable[Identity | None]]


class OIDCUser(Mapping[str, Any]):
    """``request.oidc_user``: the identity as a read-only mapping of its claims; nobody when there is none.

    Nothing is read or verified before the first question. Claims are items and attributes
    (``user["email"]``, ``user.email``); the public names of this class are never answered by a claim,
    and a claim that such a name hides stands in ``user.claims``.
    """

    __slots__ = ("_aread", "_failure", "_known", "_read", "_request", "_was_asked")

    def __init__(
        self, request: ReferenceType[HttpRequest], read: Reader, aread: AsyncReader | None = None
    ) -> None:
        # Weakly: the request holds us, and a cycle per request is work for the garbage collector.
        self._request = request
        self._read: Reader | None = read
        self._aread = aread
        self._known: Identity | None = None
        self._failure: Exception | None = None
        self._was_asked = False  # and then narrowed

    @property
    def is_logged_in(self) -> bool:
        """Whether a provider vouched for this visitor."""
        return identity_of(self) is not None

    @property
    def provider(self) -> str:
        """The name of the provider, as in ``[auth.<name>]``; empty for nobody."""
        identity = identity_of(self)
        return identity.provider if identity else ""

    @property
    def claims(self) -> Mapping[str, Any]:
        """All claims, read-only; empty for nobody."""
        identity = identity_of(self)
        return identity.claims if identity else ReadOnlyDict()

    @property
    @sensitive_variables()  # here and below: a project's own rule may fail
    def roles(self) -> frozenset[str]:
        """The roles that the secrets file gives this identity now; `admins` there is the role ``admin``.

        Here and below: raises RuleFailed where a function of the rules does not answer.
        """
        identity = identity_of(self)
        if identity is None:
            return frozenset()
        rules = _provider(identity).rules
        if _is_quiet(self):  # all but those whose rule fails
            return frozenset(filter(self.has_role, rules.roles))
        return asked(self, lambda: rules.roles_of(identity.claims), frozenset())

    @property
    def is_admin(self) -> bool:
        """Whether an `admins` rule of the identity's own provider matches."""
        return self.has_role(ADMIN)

    @sensitive_variables()
    def has_role(self, role: str) -> bool:
        """Whether a rule of the identity's own provider gives this role."""
        identity = identity_of(self)
        if identity is None:
            return False
        return asked(self, lambda: _provider(identity).rules.gives(role, identity.claims), False)

    @sensitive_variables()
    def why(self, role: str) -> Reason:
        """Which rule gives this role, or why none does; as text it is a sentence for who runs the site."""
        identity = identity_of(self)
        if identity is None:
            return Reason(role=role, granted=False, notes=("nobody is logged in",))
        unknown = Reason(role=role, granted=False, notes=("its rule fails",))
        return asked(self, lambda: _provider(identity).rules.why(role, identity.claims), unknown)

    def to_dict(self) -> dict[str, Any]:
        """A fresh copy of everything the mapping shows, yours to change and ready for JSON."""
        copy: dict[str, Any] = json.loads(json.dumps(dict(self)))
        return copy

    def __getitem__(self, name: str) -> Any:
        if name == "is_logged_in":
            return self.is_logged_in
        if name in RESERVED or name not in self.claims:
            raise KeyError(self._no_claim(name))
        return self.claims[name]

    def __getattr__(self, name: str) -> Any:
        # An underscore asks for Python's or a template's protocol (__html__), never for a claim; and a
        # property of ours that failed must not be answered by a claim of its name.
        if name.startswith("_") or name in RESERVED or name not in self.claims:
            raise AttributeError(self._no_claim(name), name=name, obj=self)
        return self.claims[name]

    def __iter__(self) -> Iterator[str]:
        yield "is_logged_in"
        yield from (name for name in self.claims if name not in RESERVED)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return self.is_logged_in

    def __repr__(self) -> str:
        if self._read is not None:  # a log line or an error report is no question
            return "<OIDCUser: not asked for>"
        return f"<OIDCUser: logged in by {self.provider!r}>" if self else "<OIDCUser: nobody>"

    def _no_claim(self, name: str) -> str:
        if name.startswith("_"):
            return name
        if not self.is_logged_in:
            return f"no claim {name!r}: nobody is logged in"
        return f"no claim {name!r}; there are: {', '.join(sorted(self))}"


RESERVED = frozenset(name for name in dir(OIDCUser) if not name.startswith("_"))


class OIDCRequest(HttpRequest):
    """For annotations: a request that went through `OIDCUserMiddleware`."""

    oidc_user: OIDCUser
    aoidc_user: Callable[[], Awaitable[OIDCUser]]


def identity_of(user: OIDCUser) -> Identity | None:
    """The identity behind the mapping. Raises RuntimeError when first asked after its request is gone."""
    request = user._request()
    if request is not None:
        _never_cache(request)
    if user._read is not None:
        if request is None:
            raise RuntimeError("request.oidc_user was first asked after its request had ended")
        read = user._read
        asked(user, lambda: _learn(user, read(request)), None)
    return user._known


def asked(user: OIDCUser, question: Callable[[], T], otherwise: T) -> T:
    """The answer; where none can be given, `failure_of` knows from now on: a template takes what is raised for a no.

    ``otherwise``: for the frame of a page of ours, which is there for who cannot be told.
    """
    try:
        return question()
    except Exception as error:
        if _is_quiet(user):
            return otherwise
        note_failure(user, error)
        raise


def note_failure(user: OIDCUser, error: Exception) -> None:
    """Remember it for this request, whatever a later question is answered by: a first one may have decided."""
    # A copy: the error itself would keep its frames, and through them the request, alive.
    known = isinstance(error, OIDCError | SynchronousOnlyOperation)
    user._failure = type(error)(*error.args) if known else RuntimeError(f"raised: {type(error).__name__}")


@contextmanager
def quiet(request: HttpRequest) -> Iterator[None]:
    """Within it, the request's user answers every question: by nobody, and by no, where nobody can say."""
    # Of this thread or task alone: a request may be in two.
    before = _quiet_user.set(getattr(request, "oidc_user", None))
    try:
        yield
    finally:
        _quiet_user.reset(before)


def _is_quiet(user: OIDCUser) -> bool:
    return _quiet_user.get() is user


def _learn(user: OIDCUser, identity: Identity | None) -> None:
    user._known, user._read = identity, None


def _never_cache(request: HttpRequest) -> None:
    """Django's cache_page stores a page before our Vary reaches it: Bob would get Alice's."""
    request._cache_update_cache = False  # type: ignore[attr-defined]  # django.middleware.cache's


def keep_private(request: HttpRequest) -> None:
    """Have the answer to this request kept out of every cache: it is made for one person, or about one."""
    request._oidc_private = True  # type: ignore[attr-defined]  # read by our middleware


def is_private(request: HttpRequest) -> bool:
    """Whether `keep_private` was called."""
    return getattr(request, "_oidc_private", False)


def attach(request: HttpRequest, read: Reader, aread: AsyncReader | None = None) -> OIDCUser:
    """Set ``request.oidc_user`` and ``request.aoidc_user``; one of the two is called at the first question.

    ``aread`` may be left out where ``read`` does no I/O.
    """
    user = OIDCUser(ref(request), read, aread)

    async def aoidc_user() -> OIDCUser:
        there, read = user._request(), user._read
        if read is not None and there is not None:
            _never_cache(there)
            try:
                _learn(user, await user._aread(there) if user._aread else read(there))
            except Exception as error:
                note_failure(user, error)
                raise
        return user

    request.oidc_user = user  # type: ignore[attr-defined]  # annotate a view's request as OIDCRequest
    request.aoidc_user = aoidc_user  # type: ignore[attr-defined]  # likewise
    for function in _followers(request):
        function(request)
    return user


def narrow(request: HttpRequest, admits: Callable[[HttpRequest, Identity], bool]) -> None:
    """Let the request's user be nobody unless ``admits`` lets the identity in; it may ask a database."""
    user: OIDCUser = request.oidc_user  # type: ignore[attr-defined]  # our middleware's
    known, read, aread = user._known, user._read, user._aread

    def narrowed(request: HttpRequest) -> Identity | None:
        identity = read(request) if read else known
        return identity if identity is not None and admits(request, identity) else None

    async def anarrowed(request: HttpRequest) -> Identity | None:
        identity = await aread(request) if read and aread else read(request) if read else known
        if identity is None:
            return None
        return identity if await sync_to_async(admits)(request, identity) else None

    user._was_asked = was_asked(user)  # the page varies on it all the same
    user._read, user._aread = narrowed, anarrowed  # once more, if it was asked already


def follow(request: HttpRequest, function: Callable[[HttpRequest], None]) -> None:
    """Call the function whenever this request's user becomes another one: at a login, and at a logout."""
    request._oidc_followers = [*_followers(request), function]  # type: ignore[attr-defined]  # read below


def _followers(request: HttpRequest) -> list[Callable[[HttpRequest], None]]:
    return getattr(request, "_oidc_followers", [])


def attach_identity(request: HttpRequest, identity: Identity | None) -> OIDCUser:
    """Set both to who is there from now on in this request: who has just logged in, or nobody."""
    user = attach(request, lambda _: identity)
    identity_of(user)
    return user


def known_identity(user: OIDCUser) -> Identity | None:
    """The identity behind the mapping where somebody asked for it; asks nobody itself."""
    return user._known


def is_known(user: OIDCUser) -> bool:
    """Whether anybody was told who the visitor is."""
    return user._read is None


def failure_of(user: OIDCUser) -> Exception | None:
    """Why somebody who asked was not told. A template's ``{% if %}`` takes what is raised for a no."""
    return user._failure


def note_exception(*, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Receiver of ``got_request_exception``: Django answers by a 500 of its own, and logs why."""
    if request is not None:
        request._oidc_broken = True  # type: ignore[attr-defined]  # read below


def is_broken(request: HttpRequest) -> bool:
    """Whether Django has made a 500 of this request already; a 404 or 403, which views raise too, is none."""
    return getattr(request, "_oidc_broken", False)


def was_asked(user: OIDCUser) -> bool:
    """Whether anybody wanted to know who the visitor is."""
    return user._was_asked or is_known(user) or user._failure is not None


def _provider(identity: Identity) -> Provider:
    return configuration().providers[identity.provider]
