"""0 to 300 groups, in Chromium: everybody is logged in with all of them, or told that they are too many."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.steps import sees

TOO_LARGE = "The login provider says more about you than this site can keep."
IDENTITY, SECOND_PIECE = "multi_oidc_auth", "multi_oidc_auth_1"


@pytest.fixture
def groups_of(op):
    """Gives Pat so many groups, as Entra ID names them; the groups."""

    def give(count):
        groups = [str(uuid.uuid4()) for _ in range(count)]
        op.add_claims("pat", {"groups": groups})
        return groups

    yield give
    op.add_claims("pat", None)


def ours(context):
    """The cookies that Chromium keeps of an identity and of logins under way, by name."""
    cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies()}
    return {name: value for name, value in cookies.items() if name.startswith(IDENTITY)}


def log_in(page, groups):
    """Whether the person is logged in, with all the groups; if not, it was said why. All else fails."""
    response = page.goto("/oidc/login/alpha/?next=/ask/")
    if response.status == 502:
        sees(page, "The login did not succeed")
        expect(page.get_by_role("alert")).to_have_text(TOO_LARGE)
        assert ours(page.context) == {}
        assert page.request.get("/ask/").json() == {"is_logged_in": False}
        return False
    check_logged_in(page, groups)
    return True


def check_logged_in(page, groups):
    response = page.goto("/ask/")
    assert response.status == 200, (response.status, response.text())
    user = response.json()
    assert user["is_logged_in"]
    assert user["groups"] == groups
    kept = {name: value for name, value in ours(page.context).items() if "_login_" not in name}
    pieces = int(kept[IDENTITY].partition("~")[0]) if "~" in kept[IDENTITY] else 1
    assert sorted(kept) == [IDENTITY, SECOND_PIECE][:pieces]


@pytest.mark.parametrize("count", [0, 50, 100, 110, 111, 150, 200, 215, 216, 220, 230, 260, 300])
def test_a_login_with_groups(open_browser, site, groups_of, shoot, count):  # K5, L7
    groups = groups_of(count)
    page = open_browser().new_page()
    is_in = log_in(page, groups)
    assert is_in or count > 200
    assert not is_in or count < 230
    if count in {200, 300}:
        shoot(page, "deployed-logged-in" if is_in else "deployed-too-large")


@pytest.mark.parametrize("count", [0, 50, 75, 77, 79, 82, 90, 100, 110, 150, 200, 230, 260, 300])
def test_a_login_behind_an_nginx_that_nobody_has_configured(
    open_browser, plain_site, groups_of, count
):  # K5, L7
    groups = groups_of(count)
    page = open_browser(base_url=plain_site).new_page()
    page.goto("/write-session/?note=x")  # so that a session's cookie goes with the answer
    page.goto("/oidc/logout/")  # and a CSRF cookie
    is_in = log_in(page, groups)
    assert is_in or count > 75
    assert not is_in or count < 100


@pytest.mark.parametrize("size", [1000, 2000, 4000])
@pytest.mark.parametrize("count", [0, 50, 100, 200])
def test_a_login_beside_the_sites_own_cookies(open_browser, site, groups_of, size, count):  # K5, L7
    groups = groups_of(count)
    context = open_browser()
    own = {"name": "basket", "value": "x" * size}
    context.add_cookies([own | {"url": site}])
    is_in = log_in(context.new_page(), groups)
    assert is_in or count > 50
    assert own["value"] in [cookie["value"] for cookie in context.cookies() if cookie["name"] == "basket"]


@pytest.fixture
def largest(open_browser, site, groups_of):
    """A page of somebody with as many groups as fit, and the groups."""
    for count in range(232, 200, -1):  # a few more or less, as random ids compress
        groups = groups_of(count)
        page = open_browser().new_page()
        if log_in(page, groups):
            return page, groups
    raise AssertionError("200 groups have to fit")


def test_another_login_beside_the_largest_identity(largest, op):  # K5, L4, O1
    page, groups = largest
    op.auto_login(None)
    begin_another(page)
    check_logged_in(page.context.new_page(), groups)
    finish_another(page)
    log_out(page)


def test_logins_in_many_tabs_beside_the_largest_identity(largest, op):  # K5, L4
    page, groups = largest
    op.auto_login(None)
    tabs = [page.context.new_page() for _ in range(6)]
    for tab in tabs:
        begin_another(tab)
    assert page.goto("/ask/").json()["groups"] == groups
    finish_another(tabs[-1])


def test_logging_out_of_the_largest_identity(largest):  # K5, O1
    page, _ = largest
    log_out(page)


def begin_another(page):
    assert page.goto("/oidc/login/beta/?next=/ask/").status == 200
    sees(page, "Who is logging in?")


def finish_another(page):
    page.get_by_role("button", name="Kim Lindqvist").click()
    page.wait_for_url("**/ask/")
    assert page.goto("/ask/").json()["email"] == "kim@beta.example"
    assert SECOND_PIECE not in ours(page.context)


def log_out(page):
    page.goto("/oidc/logout/")
    page.get_by_role("button", name="Log out", exact=True).click()
    page.wait_for_url(lambda url: "logout" not in url)
    assert page.goto("/ask/").json() == {"is_logged_in": False}
    assert ours(page.context) == {}
