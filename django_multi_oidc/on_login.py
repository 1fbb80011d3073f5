"""The project's own word at a login: ``MULTI_OIDC_ON_LOGIN``, and the receivers of `oidc_logging_in`."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Any
from weakref import ref

from asgiref.sync import async_to_sync
from django.http import HttpRequest
from django.utils.module_loading import import_string

from . import strict_json
from .conf import conf
from .exceptions import NO_DETAIL, LoginRefused, OnLoginFailed
from .kept_claims import ALWAYS
from .signals import oidc_logging_in
from .users import Identity, OIDCUser, account_of

logger = logging.getLogger(__name__)


def ask(request: HttpRequest, provider: str, claims: Mapping[str, Any]) -> dict[str, Any]:
    """The claims to keep, of these verified ones: all of them where no function is set.

    Who, by whom and when (`kept_claims.ALWAYS`) stays as the provider has said it, whatever the function does.
    Raises LoginRefused, which the function has raised, and OnLoginFailed where it did not answer.
    """
    path = conf.MULTI_OIDC_ON_LOGIN
    if path is None:
        return dict(claims)
    try:
        answer = _checked(_answer(import_string(path), request, provider, json.loads(json.dumps(claims))))
    except LoginRefused as refusal:
        raise _named(refusal, account_of(claims), "the function of MULTI_OIDC_ON_LOGIN said no") from None
    except Exception as error:
        # As text: of an exc_info, Django's error mails would show the local variables, claims and all.
        logger.error("%s failed at a login, provider %r\n%s", path, provider, traceback.format_exc())
        raise OnLoginFailed(f"{path} raised {type(error).__name__}") from error
    verified = {name: value for name, value in claims.items() if name in ALWAYS}
    return {**{name: value for name, value in answer.items() if name not in ALWAYS}, **verified}


def announce(request: HttpRequest, identity: Identity) -> None:
    """Tell the receivers of `oidc_logging_in` who is about to be logged in.

    Raises LoginRefused, which one of them has raised, and OnLoginFailed where one failed.
    """
    user = OIDCUser(ref(request), lambda _: identity)
    try:
        oidc_logging_in.send(sender=identity.provider, request=request, user=user)
    except LoginRefused as refusal:
        raise _named(refusal, identity.account, "a receiver of oidc_logging_in said no") from None
    except Exception as error:
        logger.error(
            "a receiver of oidc_logging_in failed, provider %r\n%s", identity.provider, traceback.format_exc()
        )
        raise OnLoginFailed(f"a receiver of oidc_logging_in raised {type(error).__name__}") from error


def _answer(function: Callable[..., Any], *arguments: Any) -> Any:
    # By what it returns: a decorator, or an object that can be called, hides of which kind a function is.
    answer = function(*arguments)
    return async_to_sync(_awaited)(answer) if isawaitable(answer) else answer


def _named(refusal: LoginRefused, account: str, detail: str) -> LoginRefused:
    """A new one, for the project's may be the same for everybody; of its class, which may be the project's too."""
    named = BaseException.__new__(type(refusal), *refusal.args)  # its own constructor wants who knows what
    vars(named).update(vars(refusal), account=account)
    if refusal.detail == NO_DETAIL:
        named.detail = detail
    return named


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer


def _checked(answer: Any) -> dict[str, Any]:
    """A copy of its own, of JSON and nothing else."""
    if not isinstance(answer, Mapping):
        raise TypeError(f"the function returned an object of type {type(answer).__name__}: return the claims")
    if not all(isinstance(name, str) for name in answer):
        raise TypeError("a claim's name is a string")
    # As strict as with a provider: half a character, or nesting without end, would break pages later.
    return strict_json.parse_object(json.dumps(dict(answer)).encode())
