from __future__ import annotations

from html.parser import HTMLParser

import pytest

from django_multi_oidc.dev_provider import pages
from django_multi_oidc.dev_provider.people import Organisation, Person
from django_multi_oidc.dev_provider.realm import Realm
from django_multi_oidc.dev_provider.server import DevProvider
from tests.dev_provider.browser import Browser, authorization


class Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_the_picker_says_who_asks_and_that_nothing_is_real(alpha: Realm, browser: Browser) -> None:  # D8
    page = browser.authorize(alpha, scope="openid email x")
    for text in (
        "<strong>Development provider.</strong> No password needed; nobody here is real.",
        "Alpha Observatory",
        "To continue to <strong>localhost:8000</strong>, choose somebody.",
        "Client <code>dev-provider-alpha</code>, scopes <code>openid email</code>",
        '<bdi class="name">ليلى حدّاد</bdi>',
        '<span class="remark admin">Admin</span>',
        '<span class="remark warning">Email not verified</span>',
        '<span class="remark plain">200 groups</span>',
        'aria-hidden="true">PA</span>',
    ):
        assert text in page.text
    buttons = Elements(page.text).of("button")
    assert [button.get("value") for button in buttons] == ["pat", "kim", "uma", "layla", "max", "1"]
    assert buttons[-1]["name"] == "cancel"
    assert not any("autofocus" in button for button in buttons)


@pytest.mark.parametrize("hint", ["uma", "Uma@Alpha.Example"])
def test_login_hint_comes_first_and_has_the_focus(alpha: Realm, browser: Browser, hint: str) -> None:
    buttons = Elements(browser.authorize(alpha, login_hint=hint).text).of("button")
    assert [button.get("value") for button in buttons] == ["uma", "pat", "kim", "layla", "max", "1"]
    assert ["autofocus" in button for button in buttons] == [True] + [False] * 5


def test_no_hint_means_nobody_without_an_email() -> None:
    assert not Person(key="a", name="A").is_called("")


def test_the_pages_policy_has_no_room_for_scripts(alpha: Realm, browser: Browser) -> None:  # S6
    page = browser.authorize(alpha)
    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; "
        # A form's answer that redirects is held against form-action, too.
        "form-action 'self' http://localhost:8000"
    )
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    elements = Elements(page.text)
    assert not elements.of("script")
    assert not elements.of("style")
    assert not any("style" in each or any(k.startswith("on") for k in each) for _, each in elements.found)


@pytest.mark.parametrize(
    ("redirect_uri", "source"),
    [
        ("https://app.example:8443/oauth2callback", "https://app.example:8443"),
        ("http://[::1]:8000/oauth2callback", "http:"),
    ],
)
def test_form_target(redirect_uri: str, source: str) -> None:
    assert pages.form_target(redirect_uri) == source


HOSTILE = "\"><script>alert('x')</script>"


def test_everything_is_escaped(browser: Browser) -> None:
    person = Person(key=HOSTILE, name=HOSTILE, email=HOSTILE, remark=HOSTILE)
    organisation = Organisation(
        name="x", label=HOSTILE, people=(person,), client_id=HOSTILE, algorithm="ES256"
    )
    redirect_uri = "http://<script>localhost/" + HOSTILE
    with DevProvider(organisations=[organisation], redirect_uris=[redirect_uri]) as provider:
        realm = provider.organisations["x"]
        params = authorization(realm, redirect_uri=redirect_uri)
        picker = browser.get(f"{realm.issuer}/authorize", params=params)
        index = browser.get(provider.url)
    assert len(Elements(picker.text).of("button")) == 2
    assert HOSTILE not in picker.text + index.text
    assert "<script" not in picker.text + index.text


@pytest.mark.parametrize(
    ("name", "initials"),
    [("Pat Admin", "PA"), ("cher", "C"), ("Ana Maria de Souza", "AS"), ("ليلى حدّاد", "لح"), ("", "")],
)
def test_initials(name: str, initials: str) -> None:
    assert pages.initials(name) == initials


def test_initials_are_escaped() -> None:
    assert ">&lt;&amp;</span>" in pages.card(Person(key="a", name="<b> &c"))


def test_a_person_without_remark_and_email_has_a_card() -> None:
    card = pages.card(Person(key="a", name="A"))
    assert "no email address" in card
    assert "remark" not in card


def test_the_style_sheet_has_every_tone(provider: DevProvider, browser: Browser) -> None:
    css = browser.get(f"{provider.url}/style.css")
    assert css.headers["Content-Type"] == "text/css; charset=utf-8"
    assert all(f".tone-{number} " in css.text for number in range(pages.TONES))
    assert "prefers-color-scheme: dark" in css.text


def test_the_index_lists_everything(provider: DevProvider, browser: Browser) -> None:  # D8
    page = browser.get(provider.url)
    for realm in provider.organisations.values():
        for text in (
            realm.label,
            realm.issuer,
            realm.metadata_url,
            realm.client_id,
            realm.organisation.algorithm,
        ):
            assert text in page.text
        for person in realm.organisation.people:
            assert person.email in page.text
    assert "cookie_secret = " in page.text
    assert "http://localhost:8000/oauth2callback" in page.text
    assert page.headers["Content-Security-Policy"].endswith("form-action 'self'")
