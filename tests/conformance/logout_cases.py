"""Logging out: by the browser, at the provider too, and by the provider's word. RP-Initiated and Back-Channel Logout."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django_multi_oidc.shortcuts import end_access
from tests.conformance.case import Section
from tests.conformance.world import IDENTITY
from tests.hostile_provider import CLIENT_ID, b64, json_reply, private_key, signed

logout = Section("Logout")
backchannel = Section("Logout by the provider's word")

BACKCHANNEL = "Back-Channel Logout §2.6"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
NO_ALGORITHM = b'{"alg":"none"}'
ENDED = "its login was ended"


@logout.unchanged("RFC 9700 §4.7", "a link or an image to the logout page: it asks first", 200, "Log out")
def logout_by_link(world: Any) -> Any:
    return world.browser.open("/oidc/logout/")


@logout.unchanged("RFC 9700 §4.7", "a form of another site, without our token", 403, "Forbidden")
def logout_by_a_strangers_form(world: Any) -> Any:
    return world.browser.post(f"{world.site}/oidc/logout/", timeout=10)


@logout.unchanged(
    "RP-Initiated Logout §3", "a link to where a logout at the provider comes back", 200, "home"
)
def logged_out_by_link(world: Any) -> Any:
    return world.browser.open("/oidc/logged-out/?state=x")


def log_out(world: Any) -> Any:
    """By the button; where it leads."""
    page = world.browser.open("/oidc/logout/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
    return world.browser.post(f"{world.site}/oidc/logout/", data={"csrfmiddlewaretoken": token}, timeout=20)


@logout.nobody("ours", "a copy of the cookie of somebody who has logged out", ENDED)
def logged_out_cookie(world: Any) -> Any:
    world.log_in()
    header = f"{IDENTITY}={world.browser.cookies[IDENTITY]}"
    log_out(world)
    return world.browser.raw("/ask/", header)


def at_the_provider(name: str, module: str, what: str, answer: Callable[[str], str], *, ends: bool) -> None:
    """From the button to the provider and back; ``answer`` makes the query that it sends back of the state."""

    def act(world: Any) -> Any:
        world.op.metadata["end_session_endpoint"] = f"{world.op.url}/bye"
        world.configure(provider_logout=True)
        world.log_in()
        way = log_out(world).headers["Refresh"].removeprefix("0; url=")
        asked = {key: values[0] for key, values in parse_qs(urlsplit(way).query).items()}
        assert asked["client_id"] == CLIENT_ID
        home = world.browser.open(asked["post_logout_redirect_uri"] + answer(asked["state"]))
        assert (home.status_code, home.url) == (200, f"{world.site}/")
        assert bool([one for one in world.browser.cookies if one.name.endswith("_logout")]) is not ends
        return world.browser.open("/ask/")

    act.__name__ = name
    logout.nobody(module, what)(act)


_P = "oidcc-client-test-"
at_the_provider(
    "logout_there",
    f"{_P}rp-init-logout",
    "a logout at the provider too, and back",
    lambda state: f"?state={state}",
    ends=True,
)
at_the_provider(
    "logout_there_without_state",
    f"{_P}rp-init-logout-no-state",
    "a logout at the provider that comes back without the state: no second round",
    lambda state: "",
    ends=True,
)
at_the_provider(
    "logout_there_with_another_state",
    f"{_P}rp-init-logout-other-state",
    "a logout at the provider that comes back with another state",
    lambda state: "?state=another",
    ends=False,
)


# The provider's word


def claims(world: Any, **changes: Any) -> dict[str, Any]:
    """Those of a logout token about the honest provider's person; ... takes one out."""
    made = {
        "iss": world.honest.url,
        "aud": CLIENT_ID,
        "iat": int(time.time()),
        "exp": int(time.time()) + 120,
        "jti": secrets.token_urlsafe(16),
        "sub": "honest-sub",
        "events": {EVENT: {}},
    } | changes
    return {name: value for name, value in made.items() if value is not ...}


def say(world: Any, token: str, provider: str = "honest") -> Any:
    return world.browser.post(
        f"{world.site}/oidc/backchannel-logout/{provider}/", data={"logout_token": token}, timeout=20
    )


def told(name: str, source: str, what: str, make: Callable[[Any], str], status: int = 400) -> None:
    """A token, or what passes for one, that logs nobody out."""

    def act(world: Any) -> Any:
        return say(world, make(world))

    act.__name__ = name
    backchannel.unchanged(source, what, status)(act)


def token_with(
    name: str, what: str, source: str = BACKCHANNEL, header: dict[str, Any] | None = None, **changes: Any
) -> None:
    told(
        name,
        source,
        what,
        lambda world: signed(claims(world, **changes), key=world.honest.key, **(header or {})),
    )


@backchannel.nobody(
    f"{_P}rp-backchannel-rpinitlogout", "a good logout token: the person is out at the next request", ENDED
)
def logout_token(world: Any) -> Any:
    world.log_in("honest")
    assert say(world, signed(claims(world), key=world.honest.key, typ="logout+jwt")).status_code == 200
    return world.browser.open("/ask/")


@backchannel.nobody(BACKCHANNEL, "one that names a session, and a login that knows of none", ENDED)
def logout_token_with_a_sid(world: Any) -> Any:
    world.log_in("honest")
    assert say(world, signed(claims(world, sid="one"), key=world.honest.key)).status_code == 200
    return world.browser.open("/ask/")


told(
    "logout_token_unsigned",
    f"{_P}rp-backchannel-rpinitlogout-alg-none",
    "no signature",
    lambda world: f"{b64(NO_ALGORITHM)}.{b64(json.dumps(claims(world)).encode())}.",
)
told(
    "logout_token_hmac",
    f"{_P}rp-backchannel-rpinitlogout-wrong-alg",
    "signed with the client secret",
    lambda world: signed(claims(world), key=b"the-client-secret", alg="HS256"),
)
told(
    "logout_token_of_a_foreign_key",
    BACKCHANNEL,
    "signed by somebody else",
    lambda world: signed(claims(world), key=private_key("RSA-2048", 1)),
)
token_with("logout_token_no_event", "no `events`", f"{_P}rp-backchannel-rpinitlogout-no-event", events=...)
token_with(
    "logout_token_wrong_event",
    "another event",
    f"{_P}rp-backchannel-rpinitlogout-wrong-event",
    events={"http://schemas.openid.net/event/other": {}},
)
token_with("logout_token_event_is_true", "the event is no object", events={EVENT: True})
token_with("logout_token_with_nonce", "a `nonce`", f"{_P}rp-backchannel-rpinitlogout-with-nonce", nonce="x")
token_with(
    "logout_token_wrong_aud", "another `aud`", f"{_P}rp-backchannel-rpinitlogout-wrong-aud", aud="other"
)
token_with(
    "logout_token_wrong_iss",
    "another `iss`",
    f"{_P}rp-backchannel-rpinitlogout-wrong-iss",
    iss="https://evil.example",
)
token_with("logout_token_of_nobody", "neither `sub` nor `sid`", sub=...)
token_with("logout_token_without_jti", "no `jti`", jti=...)
token_with("logout_token_without_iat", "no `iat`", iat=...)
token_with("logout_token_expired", "`exp` has passed", exp=1)
token_with("logout_token_old", "made an hour ago, and it never expires", iat=int(time.time()) - 3600, exp=...)
token_with(
    "logout_token_of_another_type", "typed as an access token", "RFC 8725 §3.11", header={"typ": "at+jwt"}
)
told("logout_token_missing", "Back-Channel Logout §2.5", "no token at all", lambda world: "")
told("logout_token_garbage", "Back-Channel Logout §2.5", "no JWT", lambda world: "x.y.z")


@backchannel.unchanged("Back-Channel Logout §4.1", "an ID token in its place", 400)
def id_token_as_logout_token(world: Any) -> Any:
    return say(world, world.honest.id_token())


@backchannel.unchanged("ours", "the logout token of another provider", 400)
def logout_token_of_another_provider(world: Any) -> Any:
    return say(world, signed(claims(world, iss=world.op.url), key=world.op.key))


@backchannel.unchanged("ours", "a provider's word about another provider's person", 200)
def logout_token_about_anothers_person(world: Any) -> Any:
    return say(world, signed(claims(world, iss=world.op.url), key=world.op.key), "op")


@backchannel.unchanged(BACKCHANNEL, "a token once more, after the person has logged in again", 400)
def logout_token_again(world: Any) -> Any:
    token = signed(claims(world), key=world.honest.key)
    assert say(world, token).status_code == 200
    world.log_in("honest")
    return say(world, token)


@backchannel.unchanged("Back-Channel Logout §2.5", "by GET, as an image of another site could", 405)
def logout_token_by_get(world: Any) -> Any:
    token = signed(claims(world), key=world.honest.key)
    return world.browser.open(f"/oidc/backchannel-logout/honest/?logout_token={token}")


@backchannel.refused(
    "Back-Channel Logout §2.7",
    "everybody is logged out while a login fetches its tokens",
    "login_ended",
    "the person's logins were ended since the callback came",
)
def ended_under_way(world: Any) -> None:
    def token_endpoint(handler: Any) -> None:
        end_access("op", everybody=True)
        handler.send(json_reply({"id_token": world.op.id_token(), **world.op.tokens}))

    world.op.answers["/token"] = token_endpoint


@backchannel.refused(
    "ours",
    "the cache that knows who was logged out is down",
    "revocation_unknown",
    "the cache cannot be asked: ConnectionError",
)
def cache_down(world: Any) -> Any:
    back = world.begin()
    with world.without_cache():
        return world.browser.open(back)
