"""Django's own admin in a real Chromium, in the demo as `manage.py demo --admin` starts it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error, expect

from tests.browser.looks import LOOKS, looks_right
from tests.browser.steps import sees
from tests.real_site import eventually
from tests.test_demo import Demo

NOT_YOURS = "This page is not for this account"
COOKIE = "multi_oidc_auth"


@pytest.fixture
def demo():
    with Demo("--admin").running() as demo:
        yield demo


@pytest.fixture
def site(demo):
    return demo.site


def log_in(page, name="Pat Admin", organisation="Alpha Observatory", path="/admin/"):
    page.goto(path)
    page.get_by_role("link", name=f"Log in with {organisation}").click()
    page.get_by_role("button", name=name).first.click()


def add_group(page, name):
    page.goto("/admin/auth/group/add/")
    page.get_by_label("Name:").fill(name)


def save(page):
    page.get_by_role("button", name="Save", exact=True).click()


def groups(page):
    page.goto("/admin/auth/group/")
    return page.locator("th.field-__str__").all_inner_texts()


def status(page):
    """The admin's answer; 0 while the site is starting anew."""
    try:
        return page.goto("/admin/").status
    except Error:
        return 0


def test_from_the_login_page_to_work_and_out_again(page, site, shoot):
    page.goto("/admin/auth/group/")
    expect(page.get_by_role("link", name="Log in with")).to_have_count(2)
    expect(page.get_by_label("Password")).to_have_count(0)
    shoot(page, "admin-login")
    log_in(page, path="/admin/auth/group/")
    assert page.url == f"{site}/admin/auth/group/"
    add_group(page, "Choir")
    save(page)
    assert groups(page) == ["Choir"]
    page.get_by_role("button", name="Log out").click()
    sees(page, "Logged out")
    page.goto("/")
    expect(page.get_by_role("link", name="Log in with Alpha Observatory")).to_be_visible()


def test_who_is_not_staff_is_told_so_and_does_not_go_round(page, site, shoot):  # L8
    visited = []
    page.on("framenavigated", lambda frame: visited.append(frame.url.split("?")[0]))
    log_in(page, "Kim")
    sees(page, NOT_YOURS)
    expect(page.get_by_role("alert")).to_contain_text("kim@alpha.example")
    expect(page.get_by_text("not admin: no entry of admins matches")).to_be_visible()
    shoot(page, "admin-not-staff")
    assert [url for url in visited if url.startswith(site)] == [f"{site}/admin/login/", f"{site}/admin/"]
    page.get_by_role("link", name="Use another account").click()
    page.get_by_role("button", name="Pat Admin").click()
    sees(page, "Site administration")


@pytest.mark.parametrize("look", LOOKS)
def test_how_these_pages_look(open_browser, shoot, look):
    page = open_browser(**LOOKS[look]).new_page()
    page.goto("/admin/")
    shoot(page, f"admin-login-{look}")
    log_in(page, "Kim")
    sees(page, NOT_YOURS)
    page.wait_for_load_state("load")  # with its style
    looks_right(page)
    shoot(page, f"admin-not-staff-{look}")


def test_who_is_demoted_at_work_is_out_at_the_next_click(page, demo, shoot):
    log_in(page)
    add_group(page, "Choir")
    text = demo.secrets.read_text(encoding="utf-8")
    demo.secrets.write_text(text.replace("admins = [", "admins = [] # ["), encoding="utf-8")
    probe = page.context.new_page()
    eventually(lambda: status(probe) == 403)
    save(page)
    sees(page, NOT_YOURS)
    expect(page.get_by_role("alert")).to_contain_text("What you sent was not taken.")
    shoot(page, "admin-demoted")
    demo.secrets.write_text(text, encoding="utf-8")
    eventually(lambda: status(probe) == 200)
    assert groups(page) == []


def test_a_cookie_of_somebody_else_is_somebody_else(open_browser, page, site):
    other = open_browser()
    log_in(page)
    kim = other.new_page()
    log_in(kim, "Kim")
    sees(kim, NOT_YOURS)
    add_group(page, "Choir")
    [stolen] = [cookie for cookie in other.cookies() if cookie["name"] == COOKIE]
    page.context.add_cookies([stolen])
    save(page)
    sees(page, NOT_YOURS)
    expect(page.get_by_role("alert")).to_contain_text("kim@alpha.example")


def test_the_same_address_at_a_second_provider_opens_nothing(page):
    log_in(page, "Pat Admin", "Beta Foods")  # the first of that name there has Alpha's admin's address
    sees(page, NOT_YOURS)
    expect(page.get_by_role("alert")).to_contain_text("pat@alpha.example")


def test_what_is_sent_after_the_identity_ended_is_not_lost_silently(page, shoot):
    log_in(page)
    add_group(page, "Choir")
    page.context.clear_cookies(name=COOKIE)
    save(page)
    sees(page, "Nothing was saved")
    shoot(page, "admin-not-saved")
    page.get_by_role("link", name="Log in").click()
    page.get_by_role("link", name="Log in with Alpha Observatory").click()
    page.get_by_role("button", name="Pat Admin").click()
    assert page.url.endswith("/admin/auth/group/add/")
    assert groups(page) == []


def test_access_is_ended_now(open_browser, page, shoot):
    kim = open_browser().new_page()
    log_in(kim, "Kim", path="/members/")
    sees(kim, "Members")
    log_in(page)
    page.goto("/admin/multi_oidc_accounts/oidcidentity/")
    shoot(page, "admin-identities")
    page.get_by_role("row", name="kim").get_by_role("checkbox").check()
    page.get_by_label("Action:").select_option(label="End access now")
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).first.click()
    expect(page.locator(".messagelist .success")).to_contain_text("Access by alpha has ended for")
    kim.goto("/members/")
    expect(kim.get_by_role("link", name="Log in with Alpha Observatory")).to_be_visible()


def test_a_user_who_is_deactivated_is_out_and_cannot_come_back(open_browser, page, shoot):
    kim = open_browser().new_page()
    log_in(kim, "Kim", path="/members/")
    log_in(page)
    page.goto("/admin/auth/user/?q=kim@alpha.example")
    page.locator("th.field-username a").click()
    page.get_by_label("Active").uncheck()
    save(page)
    log_in(kim, "Kim", path="/members/")
    expect(kim.get_by_role("alert")).to_have_text("Your account on this site is deactivated.")
    shoot(kim, "admin-deactivated")
