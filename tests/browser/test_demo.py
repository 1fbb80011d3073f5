"""The demo as the README starts it: its own site, and the development provider that people pick themselves at."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.looks import LOOKS, looks_right
from tests.browser.steps import sees
from tests.test_demo import Demo


@pytest.fixture(scope="module")
def site():
    with Demo().running() as demo:
        yield demo.site


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
