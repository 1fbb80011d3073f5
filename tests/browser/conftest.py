"""Real Chromium, in front of the demo site in a process of its own, whose people log in at panva's provider."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.site import Site
from tests.interop.real_provider import RealProvider
from tests.real_site import ROOT, free_port

SCREENSHOTS = ROOT / "artefacts" / "screenshots"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def ports():
    """Of the site, of the proxy that ends TLS, and of the site behind it."""
    return {name: free_port() for name in ("site", "tls", "behind_tls")}


@pytest.fixture(scope="session")
def real(ports):
    addresses = [f"http://localhost:{ports['site']}", f"https://localhost:{ports['tls']}"]
    with RealProvider([f"{address}/oauth2callback" for address in addresses]) as provider:
        yield provider


@pytest.fixture(scope="session")
def tables(real):
    """What the secrets file has: the two, and the second once more, with a secret that is not its own."""
    broken = {"client_secret": "not-the-secret-0123456789", "label": "Beta, misconfigured"}
    return {"alpha": real.alpha.table, "beta": real.beta.table, "broken": real.beta.table | broken}


@pytest.fixture(scope="session")
def site(ports, tables, tmp_path_factory):
    """The address of the site."""
    url = f"http://localhost:{ports['site']}"
    with Site(tmp_path_factory.mktemp("site"), ports["site"], url, tables):
        yield url


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium")
    assert path, "the browser tests need Chromium: see CONTRIBUTING.md"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def open_browser(chromium, site):
    """Makes a browser with nothing in it yet. In the end no page may have broken its Content-Security-Policy."""
    contexts, complaints = [], []

    def note(message):
        if "Content Security Policy" in message.text:
            complaints.append(f"{message.page.url}: {message.text}")

    def open_one(**options):
        context = chromium.new_context(**{"base_url": site, "locale": "en-GB", **options})
        context.set_default_timeout(10_000)
        context.on("console", note)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return context

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def browser(open_browser):
    return open_browser()


@pytest.fixture
def page(browser):
    return browser.new_page()


@pytest.fixture(scope="session")
def shoot():
    """Keep what a page looks like, for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def take(page, name):
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    return take
