"""Logins and logouts as a person has them, with windows and tabs."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.steps import answer, callback_of, log_in, sees

NOT_YOURS = "This page is not for this account"
FAILED = "The login did not succeed"


def ours(browser):
    """The names of our cookies. The provider's are localhost's, too."""
    return [cookie["name"] for cookie in browser.cookies() if "auth" in cookie["name"]]


@pytest.mark.parametrize("organisation", ["alpha", "beta"])
def test_the_page_greets_who_logged_in(page, site, organisation):  # L1, L5, L6, U4
    page.goto("/")
    sees(page, "Hello, stranger")
    page.get_by_role("link", name=f"Log in with {organisation.capitalize()} Real").click()
    answer(page)
    sees(page, "Hello, Kim Park")
    assert page.url == f"{site}/"
    expect(page.get_by_text(f"[auth.{organisation}] vouches for you")).to_contain_text(
        f"kim@{organisation}.example"
    )


def test_a_new_tab_is_logged_in(page, browser):  # U5
    log_in(page)
    tab = browser.new_page()
    tab.goto("/members/")
    sees(tab, "Members")
    tab.get_by_role("button", name="Log out").click()
    sees(tab, "Hello, stranger")
    page.reload()
    sees(page, "Hello, stranger")


def test_the_admins_page_refuses_one_and_lets_in_the_other(page, site):  # A1, A2
    log_in(page, username="kim")
    answered = page.goto("/admins/")
    sees(page, NOT_YOURS)
    assert answered.status == 403
    expect(page.get_by_text("kim@alpha.example (Alpha Real)")).to_be_visible()
    page.get_by_role("link", name="Use another account").click()
    answer(page, "pat")
    sees(page, "Admins")
    assert page.url == f"{site}/admins/"


def test_out_and_in_again_as_an_admin(page, browser):  # O1, O2, A1
    log_in(page, username="kim")
    page.get_by_role("button", name="Log out").click()
    sees(page, "Hello, stranger")
    assert ours(browser) == []
    page.get_by_role("navigation").get_by_role("link", name="Admins").click()
    sees(page, "Log in")
    page.get_by_role("link", name="Log in with Alpha Real", exact=True).click()
    answer(page, "pat")
    sees(page, "Admins")


def test_an_admin_of_one_organisation_is_none_of_the_other(page):  # A2
    log_in(page, "beta", "pat")
    page.goto("/admins/")
    sees(page, "Admins")
    page.get_by_role("button", name="Log out").click()
    log_in(page, "beta", "uma")
    page.goto("/admins/")
    sees(page, NOT_YOURS)


def test_the_logout_page(page):  # O1, S6
    log_in(page)
    page.goto("/oidc/logout/")
    sees(page, "Log out?")
    page.get_by_role("button", name="Log out").click()
    sees(page, "Hello, stranger")
    page.goto("/oidc/logout/")
    sees(page, "You are not logged in")


def test_two_logins_at_once_in_two_tabs(page, browser, site):  # L4
    tab = browser.new_page()
    page.goto("/oidc/login/beta/?next=/members/")
    tab.goto("/oidc/login/beta/?next=/claims/")
    answer(tab)
    sees(tab, "Your claims")
    answer(page)
    sees(page, "Members")
    assert (page.url, tab.url) == (f"{site}/members/", f"{site}/claims/")


def test_logins_at_two_providers_at_once(page, browser):  # L4
    tab = browser.new_page()
    page.goto("/oidc/login/alpha/?next=/members/")
    tab.goto("/oidc/login/beta/?next=/members/")
    answer(page)
    expect(page.get_by_text("kim@alpha.example")).to_be_visible()
    answer(tab)
    expect(tab.get_by_text("kim@beta.example")).to_be_visible()
    page.reload()
    expect(page.get_by_text("kim@beta.example")).to_be_visible()


def test_cancelling_leaves_everything_as_it_was(page, browser, site):  # L7
    log_in(page)
    page.goto("/oidc/login/beta/?next=/members/")
    page.get_by_role("button", name="Cancel").click()
    sees(page, FAILED)
    expect(page.get_by_text("You are still logged in as kim@alpha.example.")).to_be_visible()
    assert ours(browser) == ["multi_oidc_auth"]
    page.get_by_role("link", name="Try again").click()
    answer(page, "pat")
    sees(page, "Members")
    assert page.url == f"{site}/members/"


def test_the_callback_again_goes_quietly_home(page, site):  # L7
    with callback_of(page) as callbacks:
        log_in(page, next_url="/members/")
    page.goto(callbacks[0])
    sees(page, "Hello, Kim Park")
    assert page.url == f"{site}/"


def test_the_back_button(page, site):  # L7
    log_in(page, next_url="/members/")
    page.go_back()  # the provider's form, which is used up
    page.go_forward()
    sees(page, "Members")
    assert page.url == f"{site}/members/"


def test_somebody_elses_callback(page, open_browser):  # L3, L7
    with callback_of(page) as callbacks:
        log_in(page)
    stranger = open_browser().new_page()
    answered = stranger.goto(callbacks[0])
    assert answered.status == 400
    sees(stranger, FAILED)
    expect(stranger.get_by_text("This login was not begun in this browser")).to_be_visible()
    stranger.get_by_role("link", name="Try again").click()
    sees(stranger, "Log in")


def test_a_login_begun_at_the_address_that_runserver_prints(page, site):  # L1
    page.goto(site.replace("localhost", "127.0.0.1"))
    page.get_by_role("link", name="Log in with Alpha Real").click()
    answer(page)
    sees(page, "Hello, Kim Park")
    assert page.url == f"{site}/"


def test_a_page_asked_for_again_right_after_the_login(page, site):  # L8
    log_in(page, next_url="/members/")
    answered = page.goto("/oidc/login/alpha/?next=/members/")
    assert answered.status == 409
    sees(page, "You are logged in already")
    page.get_by_role("link", name="Use another account").click()
    answer(page, "pat")
    sees(page, "Members")
    expect(page.get_by_text("pat@alpha.example")).to_be_visible()
    assert page.url == f"{site}/members/"


FETCHERS = {
    "prefetch": '<link rel="prefetch" href="/oidc/login/alpha/">',
    "img": '<img src="/oidc/login/alpha/" alt="">',
    "script": '<script src="/oidc/login/alpha/"></script>',
}


@pytest.mark.parametrize("element", FETCHERS)
def test_only_a_person_starts_a_login(page, browser, element):  # L1
    body = f"<!doctype html><title>A page of this site</title>{FETCHERS[element]}"
    page.route("**/page-with-an-element", lambda route: route.fulfill(body=body, content_type="text/html"))
    with page.expect_response("**/oidc/login/alpha/") as answered:
        page.goto("/page-with-an-element")
    assert answered.value.status == 403
    assert browser.cookies() == []
