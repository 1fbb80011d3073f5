"""The demo as the README starts it: its own site, and the development provider that people pick themselves at."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.looks import LOOKS, looks_right
from tests.browser.steps import sees
from tests.test_demo import Demo


@pytest.fixture(scope="module")
def demo():
    with Demo().running() as demo:
        yield demo


@pytest.fixture(scope="module")
def site(demo):
    return demo.site


def pick(page, organisation, name, next_url="/"):
    page.goto(f"/oidc/login/{organisation}/?next={next_url}")
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("button", name="Log out").first).to_be_visible()


def test_one_may_and_the_other_may_not(page, site):  # A1, A2, D8
    page.goto("/")
    page.get_by_role("link", name="Log in with Alpha Observatory").click()
    page.get_by_role("button", name="Kim").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello, Kim")
    page.goto("/admins/")
    sees(page, "This page is not for this account")
    page.get_by_role("link", name="Use another account").click()
    page.get_by_role("button", name="Pat Admin").click()
    sees(page, "Admins")
    page.get_by_role("button", name="Log out").click()
    sees(page, "Hello, stranger")
    assert page.url == f"{site}/"


def test_a_name_written_from_right_to_left(page, shoot):  # D8
    page.goto("/oidc/login/alpha/?next=/members/")
    page.get_by_role("button", name="ليلى حدّاد").click()
    sees(page, "Members")
    shoot(page, "demo-members-rtl")


def test_cancelling_at_the_development_provider(page):  # L7, D8
    page.goto("/oidc/login/beta/")
    page.get_by_role("button", name="Cancel").click()
    sees(page, "The login did not succeed")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("organisation", ["alpha", "beta"])
def test_how_the_picker_looks(open_browser, shoot, organisation, look):  # D8
    page = open_browser(**LOOKS[look]).new_page()
    page.goto(f"/oidc/login/{organisation}/")
    page.wait_for_url("**/authorize?*")
    shoot(page, f"picker-{organisation}-{look}")
    looks_right(page)


def test_picking_without_a_mouse(page):  # D8, D3
    page.goto("/oidc/login/alpha/")
    page.wait_for_url("**/authorize?*")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello, ")


def test_logging_out_at_the_provider_too(page, site, shoot):  # O3
    pick(page, "beta", "Patrícia")
    page.get_by_role("button", name="Log out").click()
    sees(page, "Do you want to log out?")
    assert "/beta/" in page.url
    shoot(page, "logout-at-beta")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{site}/")
    sees(page, "Hello, stranger")


@pytest.mark.parametrize("look", LOOKS)
def test_how_the_way_to_the_providers_logout_looks(open_browser, shoot, look):  # O3, D3
    context = open_browser(**LOOKS[look])
    page = context.new_page()
    pick(page, "beta", "Patrícia")
    # 204: whoever goes on stays where they are.
    context.route("**/end_session?*", lambda route: route.fulfill(status=204))
    page.get_by_role("button", name="Log out").click()
    sees(page, "You are logged out here")
    shoot(page, f"logging-out-{look}")
    looks_right(page)


@pytest.mark.parametrize("look", LOOKS)
def test_how_logging_out_everywhere_looks(open_browser, shoot, look):  # O4, D3
    page, other = open_browser(**LOOKS[look]).new_page(), open_browser().new_page()
    for tab in (page, other):
        pick(tab, "alpha", "Kim")
    page.goto("/oidc/logout/")
    sees(page, "Log out?")
    shoot(page, f"logout-everywhere-{look}")
    looks_right(page)
    page.get_by_role("button", name="Log out in all browsers").click()
    sees(page, "Hello, stranger")
    other.reload()
    sees(other, "Hello, stranger")


@pytest.mark.parametrize("look", LOOKS)
def test_an_admin_ends_somebodys_access(open_browser, shoot, look):  # O4, D3
    admin, member = open_browser(**LOOKS[look]).new_page(), open_browser().new_page()
    pick(member, "alpha", "Kim", "/members/")
    pick(admin, "alpha", "Pat Admin", "/admins/")
    shoot(admin, f"admins-end-{look}")
    looks_right(admin)
    admin.get_by_role("button", name="End the access of Kim Park").click()
    expect(admin.get_by_role("cell", name="ended", exact=True).first).to_be_visible()
    member.reload()
    expect(member.get_by_role("heading", level=1)).not_to_have_text("Members")
    member.goto("/")
    sees(member, "Hello, stranger")


@pytest.mark.parametrize("look", LOOKS)
def test_without_the_cache_nobody_loses_a_login(open_browser, demo, shoot, look):  # O4, D3
    page = open_browser(**LOOKS[look]).new_page()
    pick(page, "alpha", "ليلى", "/members/")
    cache = demo.secrets.parent / "cache"
    kept = cache.rename(demo.secrets.parent / "kept")
    cache.write_text("no folder")
    try:
        answered = page.goto("/members/")
        assert answered.status == 503
        sees(page, "This page is not available at the moment")
        shoot(page, f"unavailable-{look}")
        looks_right(page)
    finally:
        cache.unlink()
        kept.rename(cache)
    page.reload()
    sees(page, "Members")


@pytest.mark.parametrize("look", LOOKS)
def test_two_hundred_groups(open_browser, shoot, look):  # K5, D3
    context = open_browser(**LOOKS[look])
    page = context.new_page()
    pick(page, "alpha", "Max", "/claims/")
    sees(page, "Your claims")
    shoot(page, f"claims-of-max-{look}")
    looks_right(page)
    names = sorted(
        cookie["name"] for cookie in context.cookies() if cookie["name"].startswith("multi_oidc_auth")
    )
    assert names == ["multi_oidc_auth", "multi_oidc_auth_1"]


@pytest.mark.parametrize("look", LOOKS)
def test_signing(open_browser, shoot, look):  # A1, D3
    page = open_browser(**LOOKS[look]).new_page()
    page.goto("/signing/")
    page.get_by_role("link", name="Log in with Alpha Observatory").click()
    page.get_by_role("button", name="Kim").click()
    sees(page, "Signing")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_text("Signed, as Kim Park.")).to_be_visible()
    shoot(page, f"demo-signing-{look}")
    looks_right(page)


def test_why_somebody_has_a_role(page, shoot):  # A2
    pick(page, "beta", "Kim", "/claims/")
    expect(page.get_by_text('editor: roles.editor has "*@beta.example"')).to_be_visible()
    expect(page.get_by_text("not admin: no entry of admins matches")).to_be_visible()
    shoot(page, "demo-claims-why")
