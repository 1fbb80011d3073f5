"""Pages that ask for a login which has just succeeded, and would go on asking."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from django.http import HttpRequest

from . import signing, visitor
from .clocks import is_recent
from .login_params import LoginParams
from .users import Identity

# A login asked for again this soon, for the same page, was asked for by that page and not by a person.
LOOP_SECONDS = 15
MOST_ROUNDS = 3


def goes_round(request: HttpRequest, next_url: str, asked: LoginParams) -> Identity | None:
    """Who has just logged in for this very page, which goes on asking; None where a person asks for the login.

    For the same, or for something else each time: a page that wants more of the same person has a few tries.
    """
    identity = visitor.identity(request)
    if identity is None or asked.asks_a_person or not _is_a_repetition(identity, next_url):
        return None
    _, question, rounds = _parts(identity)
    if asked.max_age is not None and not is_recent(identity.claims, asked.max_age):
        return None  # the provider has to ask the person
    if question != _question(asked.params) and rounds < MOST_ROUNDS:
        return None
    # Who is no longer let in is asked to log in for a reason, which the login will say.
    return identity if visitor.is_admitted(request) else None


def asked_for(next_url: str, params: Mapping[str, str], before: Identity | None) -> str:
    """What an identity keeps of its login: the page, the question, and how many logins in a row that page had.

    Empty without a page. ``before`` is who was there until then.
    """
    if not next_url:
        return ""
    rounds = _parts(before)[2] + 1 if before and _is_a_repetition(before, next_url) else 1
    return f"{signing.digest(next_url)} {_question(params)} {rounds}"


def _is_a_repetition(identity: Identity, next_url: str) -> bool:
    is_fresh = time.time() - identity.login_at < LOOP_SECONDS
    return is_fresh and _parts(identity)[0] == signing.digest(next_url)


def _parts(identity: Identity) -> tuple[str, str, int]:
    # An identity of an earlier version has the page alone.
    page, question, rounds = [*identity.next_digest.split(" "), "", "1"][:3]
    return page, question, int(rounds)


def _question(params: Mapping[str, str]) -> str:
    return signing.digest(json.dumps(dict(params), sort_keys=True)) if params else ""
