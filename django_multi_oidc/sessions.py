"""Django's session, where the project has one: new at login and logout, and never handed on to another person.

Cycling the key alone would keep the first person's data, so a session carries a digest of its owner.
"""

from __future__ import annotations

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, alogout, logout
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from .signing import digest
from .users import Identity

OWNER = "_multi_oidc_owner"
DJANGOS_OWN = {SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY}


def renew(request: HttpRequest, identity: Identity, before: Identity | None) -> None:
    """At login: a new session key, and an empty session where another identity used it.

    ``before``: who was logged in until now. What middleware outside of ours wrote is not stamped.
    """
    session = _session(request)
    if session is not None and not session.is_empty():
        owner = _owner(identity)
        if session.get(OWNER, _owner(before) if before else owner) == owner:
            session.cycle_key()
            session[OWNER] = owner
        else:
            session.flush()
    if "CSRF_COOKIE" in request.META:
        rotate_token(request)


def is_written(request: HttpRequest) -> bool:
    """Whether this request changed its session."""
    session = _session(request)
    return session is not None and session.modified and not session.is_empty()


def stamp(request: HttpRequest, identity: Identity) -> None:
    """Write down whose session it is: called whenever it is written while somebody is logged in."""
    request.session.setdefault(OWNER, _owner(identity))


async def astamp(request: HttpRequest, identity: Identity) -> None:
    """`stamp` for async code: a session may have to be loaded first."""
    await request.session.asetdefault(OWNER, _owner(identity))


def flush(request: HttpRequest) -> None:
    """At logout: an empty session under a new key; an empty one costs no query. Django's own login ends with it."""
    session = _session(request)
    if session is None or session.is_empty():
        return
    if SESSION_KEY in session:
        logout(request)  # which flushes it, and says so
    else:
        session.flush()


async def aflush(request: HttpRequest) -> None:
    """`flush` for async views."""
    session = _session(request)
    if session is None or session.is_empty():
        return
    if await session.ahas_key(SESSION_KEY):
        await alogout(request)
    else:
        await session.aflush()


def keep_only_djangos(request: HttpRequest, identity: Identity | None) -> None:
    """Empty a session of what another one than ``identity`` wrote, but for Django's own login, which has just begun."""
    session = _session(request)
    if session is None or session.get(OWNER) in (None, _owner(identity) if identity else None):
        return
    for name in session.keys() - DJANGOS_OWN:
        del session[name]


def _session(request: HttpRequest) -> SessionBase | None:
    return getattr(request, "session", None)


def _owner(identity: Identity) -> str:
    return digest(f"{identity.claims['iss']} {identity.claims['sub']}")
