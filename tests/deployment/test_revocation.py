"""Logins are ended in every worker, and nobody is taken for somebody else while Redis is down."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.steps import sees


def log_in(page):
    assert page.goto("/oidc/login/alpha/?next=/ask/").json()["email"] == "pat@alpha.example"


def who_is_in(page):
    """What the site says, several times: it has two workers."""
    answers = [page.request.get("/ask/") for _ in range(10)]
    assert {answer.status for answer in answers} == {200}
    return {answer.json().get("email", "nobody") for answer in answers}


def test_the_providers_word_reaches_every_worker(open_browser, site, op):  # O4
    op.register_backchannel_logout_uri("alpha", f"{site}/oidc/backchannel-logout/alpha/")
    page = open_browser().new_page()
    log_in(page)
    assert who_is_in(page) == {"pat@alpha.example"}
    op.end_session("pat")
    assert {answer.status for answer in op.logout_answers} == {200}
    assert who_is_in(page) == {"nobody"}
    log_in(page)
    assert who_is_in(page) == {"pat@alpha.example"}


def test_a_copied_cookie_ends_with_its_login(open_browser, site, op):  # O1, O4
    page, copy = open_browser().new_page(), open_browser().new_page()
    log_in(page)
    copy.context.add_cookies(page.context.cookies(site))
    assert who_is_in(copy) == {"pat@alpha.example"}
    page.goto("/oidc/logout/")
    page.get_by_role("button", name="Log out", exact=True).click()
    page.wait_for_url(lambda url: "logout" not in url)
    assert who_is_in(copy) == {"nobody"}


def test_redis_goes_and_comes_back(open_browser, site, op, redis, shoot):  # O4
    page = open_browser().new_page()
    log_in(page)
    before = page.context.cookies()
    redis.stop()
    try:
        response = page.goto("/ask/")
        assert response.status == 503
        sees(page, "This page is not available at the moment")
        expect(page.get_by_role("alert")).to_have_text(
            "This site cannot check at the moment whether a login is still good."
        )
        assert "set-cookie" not in response.all_headers()
        assert page.context.cookies() == before
        shoot(page, "deployed-not-available")
    finally:
        redis.start()
    assert who_is_in(page) == {"nobody"}
    log_in(page)
    assert who_is_in(page) == {"pat@alpha.example"}
