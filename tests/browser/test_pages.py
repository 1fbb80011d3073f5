"""Every page of ours, as people meet it: by day, by night, on a phone, and without a mouse."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.looks import LOOKS, looks_right
from tests.browser.site import Site
from tests.browser.steps import answer, callback_of, log_in, sees
from tests.real_site import free_port


def chooser(page, open_browser):
    page.goto("/oidc/login/")


def cancelled(page, open_browser):
    page.goto("/oidc/login/alpha/")
    page.get_by_role("button", name="Cancel").click()


def misconfigured(page, open_browser):
    page.goto("/oidc/login/broken/")
    answer(page)


def unknown_provider(page, open_browser):
    page.goto("/oidc/login/nosuch/")


def not_begun_here(page, open_browser):
    other = open_browser().new_page()
    with callback_of(other) as callbacks:
        log_in(other)
    page.goto(callbacks[0])


def forbidden(page, open_browser):
    log_in(page)
    page.goto("/admins/")


def loop(page, open_browser):
    log_in(page, next_url="/members/")
    page.goto("/oidc/login/alpha/?next=/members/")


def logout(page, open_browser):
    log_in(page)
    page.goto("/oidc/logout/")


def logout_of_nobody(page, open_browser):
    page.goto("/oidc/logout/")


def home(page, open_browser):
    page.goto("/")


def home_of_somebody(page, open_browser):
    log_in(page, "beta", "pat")


def members(page, open_browser):
    log_in(page, next_url="/members/")


def claims(page, open_browser):
    log_in(page, next_url="/claims/")


def admins(page, open_browser):
    log_in(page, username="pat", next_url="/admins/")


HEADINGS = {
    chooser: "Log in",
    cancelled: "The login did not succeed",
    misconfigured: "The login did not succeed",
    unknown_provider: "The login did not succeed",
    not_begun_here: "The login did not succeed",
    forbidden: "This page is not for this account",
    loop: "You are logged in already",
    logout: "Log out?",
    logout_of_nobody: "You are not logged in",
    home: "Hello, stranger",
    home_of_somebody: "Hello, Pat Admin",
    members: "Members",
    claims: "Your claims",
    admins: "Admins",
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("reach", HEADINGS, ids=lambda reach: reach.__name__)
def test_how_a_page_looks(open_browser, shoot, reach, look):  # D3
    page = open_browser(**LOOKS[look]).new_page()
    reach(page, open_browser)
    sees(page, HEADINGS[reach])
    shoot(page, f"{reach.__name__}-{look}")
    looks_right(page)
    assert page.evaluate("document.documentElement.lang").startswith("en")
    assert page.title()


def test_nobody_can_log_in_where_nothing_is_configured(open_browser, shoot, tmp_path):  # C8a
    port = free_port()
    with Site(tmp_path, port, f"http://localhost:{port}", {}) as site:
        page = open_browser(base_url=site.url).new_page()
        answered = page.goto("/oidc/login/")
        shoot(page, "nothing-configured")
    assert answered.status == 503
    expect(page.get_by_text("no login provider is set up")).to_be_visible()


def focused(page):
    return page.evaluate("document.activeElement.textContent.trim()")


def tab_to(page, name):
    for _ in range(15):
        page.keyboard.press("Tab")
        if focused(page) == name:
            return
    raise AssertionError(f"Tab never reached {name!r}")


def outline(page):
    return page.evaluate("getComputedStyle(document.activeElement).outlineStyle")


def test_the_chooser_without_a_mouse(page, shoot):  # D3
    page.goto("/oidc/login/?next=/members/")
    tab_to(page, "Log in with Beta Real")
    assert outline(page) != "none"
    shoot(page, "chooser-focus")
    page.keyboard.press("Enter")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("kim")
    page.keyboard.press("Tab")
    page.keyboard.type("pw")
    page.keyboard.press("Enter")
    sees(page, "Members")


def test_another_account_without_a_mouse(page):  # A1, D3
    log_in(page, next_url="/admins/")
    sees(page, "This page is not for this account")
    tab_to(page, "Use another account")
    assert outline(page) != "none"
    page.keyboard.press("Enter")
    answer(page, "pat")
    sees(page, "Admins")


def test_logout_without_a_mouse(page):  # O1, D3
    log_in(page)
    page.goto("/oidc/logout/")
    tab_to(page, "Log out")
    assert outline(page) != "none"
    page.keyboard.press("Enter")
    sees(page, "Hello, stranger")
