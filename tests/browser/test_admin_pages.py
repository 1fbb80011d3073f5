"""Pages for some, in a real Chromium: what the others get, and the way back. The site runs in this process."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from django_multi_oidc import connections, discovery
from django_multi_oidc.dev_provider.server import DevProvider
from tests.browser import admin_site
from tests.browser.looks import LOOKS, looks_right
from tests.browser.steps import sees
from tests.conftest import COOKIE_SECRET
from tests.live_site import LiveSite
from tests.real_site import free_port

NOT_YOURS = "This page is not for this account"
NOT_SAVED = "Nothing was saved"
HTMX = pytest.mark.parametrize("htmx", [2, 4])


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def op(port):
    with DevProvider(redirect_uris=[f"http://localhost:{port}/oauth2callback"]) as provider:
        yield provider


@pytest.fixture
def configure(op, port, settings):
    """Write the secrets file anew, with these keys in Alpha's table."""

    def write(**keys):
        tables = {
            name: {
                "client_id": op.organisations[name].client_id,
                "client_secret": op.organisations[name].client_secret,
                "server_metadata_url": op.organisations[name].metadata_url,
                "client_kwargs": {"scope": "openid profile email groups"},
            }
            for name in ("alpha", "beta")
        }
        tables["alpha"] |= {
            "admins": ["pat@alpha.example"],
            "roles": {"staff": [{"groups": ["staff"]}]},
            **keys,
        }
        auth = {"redirect_uri": f"http://localhost:{port}/oauth2callback", "cookie_secret": COOKIE_SECRET}
        settings.MULTI_OIDC_SECRETS = {"auth": {**auth, **tables}}

    return write


@pytest.fixture
def site(configure, port, settings):
    configure()
    settings.ROOT_URLCONF = "tests.browser.admin_site"
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    discovery.clear()
    admin_site.NOTES.clear()
    with LiveSite(port):
        yield f"http://localhost:{port}"
    connections.clear()
    discovery.clear()


def pick(page, name):
    page.get_by_role("button", name=name).click()


def log_in(page, name="Pat Admin", organisation="alpha", next_url="/members/"):
    page.goto(f"/oidc/login/{organisation}/?next={next_url}")
    pick(page, name)


def forget(browser):
    """The identity ends: its cookie is gone, as after a logout in another tab."""
    browser.clear_cookies(name="multi_oidc_auth")


def test_who_may_not_see_a_page_can_use_another_account(page, site):  # A1, L8
    log_in(page, "Kim")
    sees(page, "Members")
    assert page.goto("/admins/").status == 403
    sees(page, NOT_YOURS)
    page.reload()
    sees(page, NOT_YOURS)
    page.get_by_role("link", name="Use another account").click()
    pick(page, "Pat Admin")
    sees(page, "Admins")
    assert page.url == f"{site}/admins/"


def test_a_rule_that_is_removed_acts_at_once(page, site, configure):  # A2
    log_in(page, next_url="/admins/")
    sees(page, "Admins")
    configure(admins=["kim@alpha.example"])
    page.reload()
    sees(page, NOT_YOURS)


def test_the_same_address_at_another_provider_is_somebody_else(page, site):  # A2
    log_in(page, "Pat Admin", "beta", "/admins/")
    sees(page, NOT_YOURS)
    page.get_by_role("link", name="Use another login provider").click()
    page.get_by_role("link", name="Log in with Alpha").click()
    pick(page, "Pat Admin")
    sees(page, "Admins")


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": "false"},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": "pat@alpha.example.evil.example"},
        {"email": "pat@\u0430lpha.example"},
        {"email": "pat@alpha.example@evil.example"},
        {"email": "\u212aim@alpha.example"},
    ],
    ids=[
        "no",
        "the word false",
        "the word true",
        "null",
        "domain",
        "Cyrillic a",
        "two at signs",
        "Kelvin sign",
    ],
)
def test_an_address_that_is_not_quite_it(page, site, op, configure, claims):  # A2
    configure(admins=["pat@alpha.example", "kim@alpha.example"])
    op.add_claims("pat", claims)
    log_in(page, next_url="/admins/")
    sees(page, NOT_YOURS)


def test_a_group_list_that_is_not_all_there(page, site, op):  # A2
    log_in(page, next_url="/staff/")
    sees(page, "Staff")
    op.add_claims(
        "pat",
        {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://x.example"}}},
    )
    log_in(page)
    page.goto("/staff/")
    sees(page, NOT_YOURS)


def test_a_fresh_login(page, site, time_machine):  # A1
    log_in(page)
    page.goto("/keys/")
    sees(page, "Keys")
    time_machine.move_to(time.time() + 1000)
    page.goto("/keys/")
    pick(page, "Pat Admin")  # the provider asks again
    sees(page, "Keys")
    assert page.url == f"{site}/keys/"


def test_a_provider_that_ignores_max_age(page, site, op, time_machine, shoot):  # A1, L8
    log_in(page)
    op.ignore_max_age()
    time_machine.move_to(time.time() + 1000)
    page.goto("/keys/")
    sees(page, "The login did not succeed")
    expect(page.get_by_role("alert")).to_have_text(
        "This site asked for a fresh login, and the login provider has let you in by an older one."
    )
    expect(page.get_by_text("You are still logged in as pat@alpha.example.")).to_be_visible()
    shoot(page, "step-up-ignored")
    page.get_by_role("link", name="Try again").click()
    pick(page, "Pat Admin")  # by prompt=login
    sees(page, "Keys")


def test_a_provider_that_sends_no_auth_time(page, site, op):  # A1, L8
    op.hide_auth_time()
    log_in(page)
    page.goto("/keys/")
    sees(page, "The login did not succeed")
    expect(page.get_by_role("alert")).to_have_text(
        "This site needs to know when you last proved who you are, and the login provider does not tell it."
    )
    page.goto("/members/")
    sees(page, "Members")


def test_two_tabs_and_two_accounts(page, browser, site):  # U5, A1
    log_in(page, "Kim")
    page.goto("/admins/")
    sees(page, NOT_YOURS)
    tab = browser.new_page()
    log_in(tab, "Pat Admin", next_url="/admins/")
    sees(tab, "Admins")
    page.reload()
    sees(page, "Admins")


def test_what_is_sent_after_the_identity_has_ended(page, browser, site, shoot):  # A1
    log_in(page, next_url="/form/")
    page.get_by_role("textbox").fill("a long note")
    forget(browser)
    page.get_by_role("button", name="Save").click()
    sees(page, NOT_SAVED)
    shoot(page, "nothing-was-saved")
    assert admin_site.NOTES == []
    page.get_by_role("link", name="Log in").click()
    page.get_by_role("link", name="Log in with Alpha").click()
    pick(page, "Pat Admin")
    sees(page, "Form")
    page.get_by_role("textbox").fill("a long note")
    page.get_by_role("button", name="Save").click()
    sees(page, "Form")
    assert admin_site.NOTES == ["a long note"]


def test_a_script_after_the_identity_has_ended(page, browser, site):  # A1
    log_in(page, next_url="/members/?page=2")
    fetch = "fetch('/api/').then(async answer => [answer.status, await answer.json()])"
    assert page.evaluate(fetch) == [200, {"name": "Pat Admin"}]
    forget(browser)
    status, body = page.evaluate(fetch)
    assert (status, body["error"]) == (401, "login_required")
    page.evaluate("url => { location.href = url }", body["login_url"])
    page.get_by_role("link", name="Log in with Alpha").click()
    pick(page, "Pat Admin")
    sees(page, "Members")
    assert page.url == f"{site}/members/?page=2"


@HTMX
def test_htmx_after_the_identity_has_ended(page, browser, site, htmx):  # A1
    log_in(page, next_url=f"/list/{htmx}/%23here")
    page.get_by_role("button", name="Load").click()
    expect(page.locator("#out")).to_have_text("the fragment")
    forget(browser)
    page.get_by_role("button", name="Load").click()
    page.get_by_role("link", name="Log in with Alpha").click()
    pick(page, "Pat Admin")
    sees(page, "List")
    assert page.url == f"{site}/list/{htmx}/#here"


@HTMX
def test_htmx_that_sends_after_the_identity_has_ended(page, browser, site, htmx):  # A1
    log_in(page, next_url=f"/list/{htmx}/")
    forget(browser)
    page.get_by_role("button", name="Send").click()
    sees(page, NOT_SAVED)
    assert admin_site.NOTES == []
    page.get_by_role("link", name="Log in").click()
    page.get_by_role("link", name="Log in with Alpha").click()
    pick(page, "Pat Admin")
    sees(page, "List")


@HTMX
def test_htmx_for_who_may_not(page, site, htmx):  # A1, L8
    log_in(page, "Kim", next_url=f"/list/{htmx}/")
    page.get_by_role("button", name="Administer").click()
    sees(page, NOT_YOURS)
    page.get_by_role("link", name="Use another account").click()
    pick(page, "Pat Admin")
    sees(page, "List")
    page.get_by_role("button", name="Administer").click()
    expect(page.locator("#out")).to_have_text("the admins' fragment")


@HTMX
def test_htmx_and_a_fresh_login(page, site, htmx, time_machine):  # A1
    log_in(page, next_url=f"/list/{htmx}/")
    time_machine.move_to(time.time() + 1000)
    page.get_by_role("button", name="Confirm").click()
    pick(page, "Pat Admin")
    sees(page, "List")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#out")).to_have_text("the confirmed fragment")


@HTMX
def test_a_boosted_link_after_the_identity_has_ended(page, browser, site, htmx):  # A1
    log_in(page, next_url=f"/list/{htmx}/")
    forget(browser)
    page.get_by_role("link", name="Members").click()
    page.get_by_role("link", name="Log in with Alpha").click()
    pick(page, "Pat Admin")
    sees(page, "Members")
    assert page.url == f"{site}/members/?page=2"


@pytest.mark.parametrize("next_url", ["//evil.example/", "https://evil.example/"])
def test_next_leads_nowhere_else(page, site, next_url):  # L6
    log_in(page, next_url=next_url)
    sees(page, "Home of Pat Admin")
    assert page.url == f"{site}/"


def test_the_back_button_shows_nothing_after_a_logout(page, site):  # A1
    log_in(page)
    page.goto("/oidc/logout/")
    page.get_by_role("button", name="Log out").click()
    sees(page, "Home of nobody")
    page.go_back()
    page.go_back()
    sees(page, "Log in")
    expect(page.get_by_text("Members")).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
def test_how_the_refusals_look(open_browser, site, shoot, configure, look):  # D3
    browser = open_browser(**LOOKS[look])
    page = browser.new_page()
    log_in(page, "Kim")
    page.goto("/admins/")
    looks_right(page)
    shoot(page, f"not-for-this-account-{look}")
    page.goto("/form/")
    forget(browser)
    page.get_by_role("button", name="Save").click()
    looks_right(page)
    shoot(page, f"nothing-was-saved-{look}")
