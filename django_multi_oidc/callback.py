"""What the browser brings back from the provider, taken out of the request before anything else sees it."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import NoReverseMatch, reverse

from .exceptions import AuthorizationRefused, CallbackMalformed, LoginDenied, LoginError, ProviderUnavailable

DENIED = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "login_required",
    }
)
UNAVAILABLE = frozenset({"server_error", "temporarily_unavailable"})
MAX_DESCRIPTION = 200  # characters
SHORTEST_STATE = 43  # characters; a shorter query has nothing of a login in it
# Where a server, a proxy and a browser put path and query, perhaps in another spelling.
ADDRESSES = frozenset(
    {"RAW_URI", "REQUEST_URI", "HTTP_REFERER", "HTTP_X_FORWARDED_URI", "HTTP_X_REWRITE_URL"}
    | {"HTTP_X_ORIGINAL_URI", "HTTP_X_ORIGINAL_URL"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The authorization response (RFC 6749 section 4.1.2, RFC 9207 section 2); an absent parameter is empty."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    iss: str | None
    error: str
    error_description: str = field(repr=False)

    def raise_error(self) -> None:
        """Raise the LoginError that the provider's `error` stands for, if there is one."""
        if self.error:
            raise _refusal(self.error, _cut(self.error_description))


def take(request: HttpRequest) -> Answer:
    """The request's parameters, which the request no longer has: Django's error mails quote what it has.

    Raises CallbackMalformed when one stands twice (RFC 6749 section 3.1).
    """
    parameters = request.GET
    forget(request)
    for name in parameters:
        if len(parameters.getlist(name)) > 1:
            raise CallbackMalformed("a parameter stands in it twice")
    return Answer(
        state=parameters.get("state", ""),
        code=parameters.get("code", ""),
        iss=parameters.get("iss"),
        error=parameters.get("error", ""),
        error_description=parameters.get("error_description", ""),
    )


def forget_after_exception(*, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Receiver of ``got_request_exception``: a middleware may have failed before our view could `take`."""
    with suppress(NoReverseMatch):
        if request is not None and _is_callback(request.path, reverse("multi_oidc:callback")):
            forget(request)


def _is_callback(path: str, shared: str) -> bool:
    """The shared callback, and all that a provider may have as its own."""
    return path == shared or path.startswith(f"{shared}/")


def forget(request: HttpRequest) -> None:
    """Take the parameters out of the request, and out of all that says them once more."""
    query = request.META.get("QUERY_STRING", "")
    request.GET = QueryDict()
    request.META["QUERY_STRING"] = ""
    for name, value in request.META.items():
        if name in ADDRESSES:
            request.META[name] = value.partition("?")[0]
        elif len(query) >= SHORTEST_STATE and isinstance(value, str):
            request.META[name] = value.replace(query, "")


def _refusal(error: str, description: str) -> LoginError:
    if error in DENIED:
        return LoginDenied(f"the provider answered {error}", stage="authorization", provider_says=description)
    if error in UNAVAILABLE:
        return ProviderUnavailable(
            f"the provider answered {error}", stage="authorization", provider_says=description
        )
    known = (
        error if re.fullmatch(r"(?=.{1,64}$)[a-z]+(_[a-z]+)*", error) else "an error code out of any standard"
    )
    hint = '; a provider that knows no prompt wants client_kwargs = { prompt = "" }'
    return AuthorizationRefused(
        f"the provider answered {known}{hint if error == 'invalid_request' else ''}",
        stage="authorization",
        provider_says=description,
    )


def _cut(text: str) -> str:
    printable = "".join(character for character in text if character.isprintable())
    return f"{printable[:MAX_DESCRIPTION]}…" if len(printable) > MAX_DESCRIPTION else printable
