"""What a browser brings that nobody gave it: the identity cookie, RFC 6265 and RFC 9700."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import time_machine
from django.core import signing

from tests.conformance.case import Section
from tests.conformance.world import IDENTITY
from tests.conftest import COOKIE_SECRET
from tests.hostile_provider import b64

cookies = Section("The identity cookie")

ALTERED = "it was altered, or signed with another secret"
OURS = "django_multi_oidc.identity"
DAYS = 24 * 60 * 60


def identity(world: Any) -> str:
    """The cookie's value after an honest login, in a browser of its own."""
    browser = world.another_browser()
    assert browser.open("/oidc/login/op/").status_code == 200
    [value] = [cookie.value for cookie in browser.cookies if cookie.name == IDENTITY]
    return value


def forged(value: Any, *, key: str = COOKIE_SECRET, salt: str = OURS) -> str:
    signer = signing.TimestampSigner(key=key, fallback_keys=[], salt=salt)
    return signer.sign_object(value, compress=True)


def brought(name: str, source: str, what: str, detail: str, make: Callable[[str], str]) -> None:
    """The browser's Cookie header, made from the value of a good identity cookie."""

    def act(world: Any) -> Any:
        return world.browser.raw("/ask/", make(identity(world)))

    act.__name__ = name
    cookies.nobody(source, what, detail)(act)


def value(
    name: str, what: str, detail: str, make: Callable[[str], str], source: str = "RFC 6265 §8.6"
) -> None:
    brought(name, source, what, detail, lambda good: f"{IDENTITY}={make(good)}")


def other_end(text: str) -> str:
    return text[:-1] + ("A" if text[-1] != "A" else "B")


value("cookie_tampered", "its signature was changed", ALTERED, other_end)
value("cookie_payload_changed", "its payload was changed", ALTERED, lambda good: "A" + good)
value("cookie_truncated", "half of it", ALTERED, lambda good: good[: len(good) // 2])
value("cookie_unsigned", "a payload without a signature", ALTERED, lambda good: good.split(":")[0])
value(
    "cookie_empty_signature",
    "a payload with an empty signature",
    ALTERED,
    lambda good: good.rpartition(":")[0] + ":",
)
value(
    "cookie_time_changed",
    "its time was set to now",
    ALTERED,
    lambda good: good.replace(good.split(":")[-2], signing.b62_encode(int(time.time()) + 1)),
)
value("cookie_plain_json", "claims in plain JSON", ALTERED, lambda _: '{"sub":"admin"}')
value(
    "cookie_jwt",
    "a JWT without a signature",
    ALTERED,
    lambda _: f"{b64(b'{}')}.{b64(json.dumps({'sub': 'admin'}).encode())}.",
)
value("cookie_odd_bytes", "bytes that are no text", ALTERED, lambda _: "\xff\xfe\x80")
value(
    "cookie_of_djangos_key",
    "signed with the project's SECRET_KEY",
    ALTERED,
    lambda _: forged({"v": 1}, key="tests-only-secret-key-of-the-django-project"),
)
value(
    "cookie_of_another_purpose",
    "signed for another purpose, by the same secret",
    ALTERED,
    lambda _: forged({"v": 1}, salt="django_multi_oidc.login-state"),
)
value(
    "cookie_of_djangos_salt",
    "signed by Django's own helper with the same secret",
    ALTERED,
    lambda _: forged({"v": 1}, salt="django.core.signing"),
)
value(
    "cookie_of_another_format",
    "signed by us, and of a format that does not exist",
    "it is of another format",
    lambda _: forged({"v": 99}),
)
value(
    "cookie_is_a_list", "signed by us, and no mapping", "it is of another format", lambda _: forged(["admin"])
)
value("cookie_empty", "an empty value", "", lambda _: "")
brought(
    "cookie_twice",
    "RFC 6265 §4.2.2",
    "its name came twice: a sibling host can plant one",
    "its name stands more than once in the header",
    lambda good: f"{IDENTITY}={good}; {IDENTITY}={good}",
)
brought(
    "cookie_of_another_name",
    "RFC 6265 §4.1",
    "its name in capitals",
    "",
    lambda good: f"{IDENTITY.upper()}={good}",
)
brought(
    "cookie_quoted", "RFC 6265 §4.1.1", "its value in quotes", ALTERED, lambda good: f'{IDENTITY}="{good}"'
)
brought(
    "cookie_unicode_space",
    "RFC 6265bis §4.1.3",
    "its name after a space that only Python strips",
    "",
    lambda good: f"a=b; \xa0{IDENTITY}={good}",
)


@cookies.nobody("RFC 9700 §4.7", "the state cookie of a login under way, in the identity's place", ALTERED)
def state_cookie_as_identity(world: Any) -> Any:
    browser = world.another_browser()
    world.begin(browser)
    [state] = [cookie.value for cookie in browser.cookies if "_login_" in cookie.name]
    return world.browser.raw("/ask/", f"{IDENTITY}={state}")


@cookies.nobody(
    "RFC 9700 §4.7",
    "the sum of two people's cookies: the payload of one, the signature of the other",
    ALTERED,
)
def two_people_glued(world: Any) -> Any:
    one = identity(world)
    world.op.claims |= {"sub": "bob-sub"}
    world.op.userinfo["sub"] = "bob-sub"
    another = identity(world)
    return world.browser.raw("/ask/", f"{IDENTITY}={one.split(':')[0]}:{another.partition(':')[2]}")


def later(name: str, what: str, detail: str, change: Callable[[Any], None]) -> None:
    """A good identity, and then something changes."""

    def act(world: Any) -> Any:
        good = identity(world)
        change(world)
        return world.browser.raw("/ask/", f"{IDENTITY}={good}")

    act.__name__ = name
    cookies.nobody("ours", what, detail)(act)


later(
    "provider_removed",
    "its provider was taken out of the file",
    "its provider is no longer in the secrets file",
    lambda world: world.configure_auth(op=..., third=world.op.entry()),
)
later(
    "provider_changed",
    "its provider has another `client_id`",
    "its provider has another client_id or server_metadata_url since",
    lambda world: world.configure(client_id="another"),
)
later(
    "no_longer_allowed",
    "`allow` no longer names the account",
    "its provider's allow or tenants do not let it in",
    lambda world: world.configure(allow=["bob@example.org"]),
)
later(
    "secret_changed",
    "`cookie_secret` was changed",
    ALTERED,
    lambda world: world.configure_auth(cookie_secret="another-cookie-secret-0123456789-abcdefghij"),
)


def at(name: str, what: str, detail: str, seconds: int) -> None:
    """A good identity, asked at another time."""

    def act(world: Any) -> Any:
        good = identity(world)
        with time_machine.travel(time.time() + seconds, tick=True):
            return world.browser.raw("/ask/", f"{IDENTITY}={good}")

    act.__name__ = name
    cookies.nobody("ours", what, detail)(act)


at(
    "after_a_month",
    "it is 31 days old, whatever the browser does",
    "it is older than its lifetime",
    31 * DAYS,
)
at("from_the_future", "it was signed an hour from now", ALTERED, -3600)
