"""A site behind a socket, a person with a browser, a provider that lies and one that is honest."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from tests.conformance.case import HOST, URL
from tests.hostile_provider import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    NONCE,
    Handler,
    HostileProvider,
    Reply,
    signed,
)

STATE = "the state that the site sent"
IDENTITY = "multi_oidc_auth"


class Issuer(HostileProvider):
    """A provider with an authorization endpoint. It behaves well until a case changes something.

    ``response`` is what it sends the browser back with, STATE for the state that it was asked with. ``claims``
    go into the ID token, with this login's nonce where they say NONCE; ``sign`` makes a token of them.
    """

    def __init__(self, person: str) -> None:
        super().__init__()
        self.claims |= {
            "sub": f"{person}-sub",
            "name": f"{person.title()} Tester",
            "email": f"{person}@example.org",
        }
        self.userinfo["sub"] = f"{person}-sub"
        self.response: list[tuple[str, str]] = [("code", CODE), ("state", STATE)]
        self.answers["/authorize"] = self.authorize
        self.asked: dict[str, str] = {}
        self.secrets: set[str] = set()
        self.sign = lambda claims: signed(claims, key=self.key)

    def authorize(self, handler: Handler) -> None:
        self.note(handler.path)
        handler.send(Reply(302, headers={"Location": self.way_back()}))

    def note(self, url: str) -> None:
        """What the site asks with."""
        self.asked = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
        self.secrets |= {self.asked["state"], self.asked["nonce"]}

    def way_back(self) -> str:
        return f"{self.asked['redirect_uri']}?{urlencode(self.parameters())}"

    def parameters(self) -> list[tuple[str, str]]:
        return [(name, self.asked["state"] if value == STATE else value) for name, value in self.response]

    def id_token(self) -> str:
        nonce = {"nonce": self.asked.get("nonce")} if self.claims.get("nonce") == NONCE else {}
        token = self.sign({**self.claims, **nonce})
        self.secrets |= {token} - {""}
        return token

    def heard(self) -> set[str]:
        """What it knows and nobody else is to know: what it was asked with and told, and its person's details."""
        forms = [seen.form for seen in self.requests]
        told = {
            form[name] for form in forms for name in ("code_verifier", "client_assertion") if name in form
        }
        headers = {seen.headers.get("Authorization", "").rpartition(" ")[2] for seen in self.requests} - {""}
        person = {str(self.claims.get(name)) for name in ("sub", "name", "email")}
        return self.secrets | told | headers | {text for text in person if len(text) > 5}

    def entry(self) -> dict[str, Any]:
        """Its table in the secrets file."""
        return {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "server_metadata_url": self.metadata_url,
        }


class Browser(requests.Session):
    """Follows redirects and keeps cookies."""

    def __init__(self, site: str) -> None:
        super().__init__()
        self.trust_env = False  # no proxy of this machine
        self.site = site

    def open(self, url: str, **options: Any) -> requests.Response:
        url = url if url.startswith("http") else f"{self.site}{url}"
        return self.get(url, timeout=20, **options)

    def user(self) -> dict[str, Any]:
        return self.open("/ask/").json()

    def raw(self, path: str, cookie: str) -> requests.Response:
        """A request whose Cookie header is exactly this."""
        url = f"{self.site}{path}"
        prepared = requests.Request("GET", url, headers={"Cookie": cookie}).prepare()
        return self.send(prepared, timeout=20)

    def cookie_header(self) -> str:
        return "; ".join(
            f"{cookie.name}={cookie.value}" for cookie in self.cookies if cookie.domain != "127.0.0.1"
        )


class World:
    """What a case may use."""

    def __init__(self, site: str, op: Issuer, honest: Issuer, settings: Any, cookie_secret: str) -> None:
        self.site, self.op, self.honest, self._settings = site, op, honest, settings
        self.browsers: list[Browser] = []
        self.browser = self.another_browser()
        self.secrets = {CLIENT_SECRET, CODE, ACCESS_TOKEN, cookie_secret}
        self._auth: dict[str, Any] = {
            "redirect_uri": f"{site}/oauth2callback",
            "cookie_secret": cookie_secret,
            "revocation": True,
            "op": op.entry(),
            "honest": honest.entry(),
        }
        self.configure()

    def configure(self, **keys: Any) -> None:
        """Change keys of the hostile provider's table; ... takes one out."""
        self.configure_auth(op=_without_dots({**self._auth["op"], **keys}))

    def configure_auth(self, **keys: Any) -> None:
        """Change keys of ``[auth]``; ... takes one out."""
        self._auth = _without_dots({**self._auth, **keys})
        self._settings.MULTI_OIDC_SECRETS = {"auth": self._auth}

    def set(self, name: str, value: Any) -> None:
        """Change a Django setting."""
        setattr(self._settings, name, value)

    @contextmanager
    def without_cache(self) -> Iterator[None]:
        """Within it the site's cache is down."""
        before = self._settings.CACHES
        self._settings.CACHES = {"default": {"BACKEND": "tests.broken_caches.DownCache"}}
        yield
        self._settings.CACHES = before

    def another_browser(self) -> Browser:
        browser = Browser(self.site)
        self.browsers.append(browser)
        return browser

    def known(self) -> set[str]:
        """All that neither a log nor a mail may tell (requirement S7)."""
        cookies = {cookie.value or "" for browser in self.browsers for cookie in browser.cookies}
        return (
            self.secrets
            | self.op.heard()
            | self.honest.heard()
            | {value for value in cookies if len(value) > 16}
        )

    def log_in(self, provider: str = "op", query: str = "") -> requests.Response:
        """From the button to wherever it ends."""
        return self.browser.open(f"/oidc/login/{provider}/{query}")

    def begin(self, browser: Browser | None = None, provider: str = "op", query: str = "") -> str:
        """Up to the provider, which has been asked; the address that it sends the browser back to."""
        begun = (browser or self.browser).open(f"/oidc/login/{provider}/{query}", allow_redirects=False)
        assert begun.status_code == 302, begun.text
        issuer = self.op if provider == "op" else self.honest
        issuer.note(begun.headers["Location"])
        return issuer.way_back()

    def named(self, text: str) -> str:
        """A case's text with the hostile provider's real address in it."""
        return text.replace(URL, self.op.url).replace(HOST, urlsplit(self.op.url).netloc)


def _without_dots(table: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if value is not ...}


def text_of(page: requests.Response) -> str:
    """What a person reads."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page.text)))
