from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.site import Site
from tests.browser.steps import answer, log_in, sees
from tests.browser.tls_proxy import TLSProxy


@pytest.fixture(scope="module")
def https_site(ports, tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("https")
    url = f"https://localhost:{ports['tls']}"
    site = Site(folder, ports["behind_tls"], url, tables, settings="tests.browser.https_settings")
    with site, TLSProxy(ports["tls"], ports["behind_tls"], folder):
        yield url


@pytest.fixture
def browser(open_browser, https_site):
    return open_browser(base_url=https_site, ignore_https_errors=True)


def ours(browser):
    return [cookie for cookie in browser.cookies() if "auth" in cookie["name"]]


def test_cookies_on_https(page, browser):  # K1, L3
    page.goto("/oidc/login/alpha/?next=/members/")
    (login_state,) = ours(browser)
    answer(page)
    sees(page, "Members")
    (identity,) = ours(browser)
    assert identity["name"] == "__Host-multi_oidc_auth"
    for cookie in (login_state, identity):
        assert cookie["name"].startswith("__Host-")
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
        assert (cookie["domain"], cookie["path"]) == ("localhost", "/")
    assert 0 <= 30 - (identity["expires"] - page.evaluate("Date.now() / 1000")) / 86_400 < 0.01


def test_logout_on_https(page, browser, https_site):  # O1, S6
    log_in(page, "beta", "pat", next_url="/admins/")
    sees(page, "Admins")
    page.get_by_role("button", name="Log out").click()
    sees(page, "Hello, stranger")
    assert page.url == f"{https_site}/"
    assert ours(browser) == []


def test_begun_without_tls_a_login_moves_to_https(page, ports, https_site):  # L1
    page.goto(f"http://localhost:{ports['behind_tls']}/")
    page.get_by_role("link", name="Log in with Alpha Real").click()
    answer(page)
    expect(page.get_by_role("heading", name="Hello, Kim Park")).to_be_visible()
    assert page.url == f"{https_site}/"
