"""What one login asks the provider beside its table, carried signed in the URL of our login view.

Whoever writes a link could otherwise have a login take place silently, or with a weaker proof.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from django.http import HttpRequest

from . import signing
from .clocks import MAX_AGE_DIGITS
from .providers import Provider, configuration
from .providers.keys import KNOWN_KEYS, OWN_PARAMS

MAX_BYTES = 1024  # they stand in a URL, and in the cookie of the login
LIFETIME = 24 * 60 * 60  # seconds; a page with such a link may stay open for long
PARAMETER = "params"
NONE: Mapping[str, str] = MappingProxyType({})
# They say how the answer is read, and an answer comes to whichever worker.
OF_THE_PROVIDER = ("scope", "claims")
# OpenID Connect Core 1.0 section 3.1.2.1; "create" is Initiating User Registration 1.0's.
PROMPTS_FOR_A_PERSON = frozenset({"login", "consent", "select_account", "create"})


@dataclass(frozen=True, slots=True)
class LoginParams:
    """Authorization parameters for one login; ``providers`` are the names to choose among, empty for all."""

    params: Mapping[str, str] = field(default_factory=lambda: NONE)
    providers: tuple[str, ...] = ()

    @property
    def choices(self) -> list[Provider]:
        """The providers to choose among: all of them where none of the named ones is there any more."""
        known = configuration().providers
        return [provider for name, provider in known.items() if name in self.providers] or [*known.values()]

    @property
    def max_age(self) -> int | None:
        """Seconds (OpenID Connect Core 1.0 section 3.1.2.1); None where this login asks for none itself."""
        value = self.params.get("max_age")
        return int(value) if value else None

    @property
    def is_step_up(self) -> bool:
        """Whether the same person is to prove once more who they are, so that no account is to be chosen."""
        return self.max_age is not None and self.params.get("prompt") == ""

    @property
    def asks_a_person(self) -> bool:
        """Whether the provider never answers by itself, so that no page can ask for such a login in a loop."""
        prompts = self.params.get("prompt", "").split()
        return self.max_age == 0 or not PROMPTS_FOR_A_PERSON.isdisjoint(prompts)


def checked(params: Mapping[str, str | int | None]) -> dict[str, str]:
    """The parameters as they are sent; None is one that was not given, "" one that is not to be sent.

    Raises TypeError or ValueError for what no login can ask for.
    """
    return {name: _value(name, value) for name, value in params.items() if value is not None}


def of_a_view(params: Mapping[str, str | int | None]) -> dict[str, str]:
    """`checked`, and small enough. What a page of ours asks beside them, for another try, has room as well."""
    texts = checked(params)
    size = sum(len(f"{name}{text}".encode()) for name, text in texts.items())
    if size > MAX_BYTES:
        raise ValueError(f"login(): names and values have {size} bytes, and a login has room for {MAX_BYTES}")
    return texts


def _value(name: str, value: str | int) -> str:
    _check_name(name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(
            f"login(): {name!r} is a string or a whole number, not of type {type(value).__name__}"
        )
    text = str(value)
    if name == "max_age" and text and not (text.isascii() and text.isdigit() and len(text) <= MAX_AGE_DIGITS):
        raise ValueError(f"login(): max_age is a number of seconds, not {value!r}")
    if not text.isprintable():
        raise ValueError(f"login(): {name!r} has a character that cannot be printed")
    return text


def _check_name(name: str) -> None:
    """RFC 6749 section 8.2: what a request's parameter can be called; and that it is not somebody else's to say."""
    if not isinstance(name, str) or not re.fullmatch(r"[-._0-9A-Za-z]+", name):
        raise TypeError(
            f"login(): {name!r} is no name of a parameter: it has ASCII letters, digits, -, . and _"
        )
    if name in OWN_PARAMS:
        raise TypeError(f"login(): {name!r} is set by the login itself, as are {', '.join(OWN_PARAMS)}")
    if name in OF_THE_PROVIDER:
        raise TypeError(
            f"login(): {name!r} belongs into the client_kwargs of the provider, for all its logins"
        )
    if name in KNOWN_KEYS:  # client_secret among them, which would stand in a URL
        raise TypeError(f"login(): {name!r} is a key of the secrets file, and no parameter of a request")


def signed(params: Mapping[str, str], providers: Collection[str]) -> str:
    """For the parameter `PARAMETER` of our login URL."""
    return signing.dumps([dict(params), list(providers)], "login-params")


def of(request: HttpRequest) -> LoginParams:
    """What `signed` put into the request's URL; what anybody else put there counts for nothing."""
    try:
        params, providers = signing.loads(request.GET.get(PARAMETER, ""), "login-params", max_age=LIFETIME)
    except signing.BadSignature:
        return LoginParams()
    return LoginParams(MappingProxyType(params), tuple(providers))
