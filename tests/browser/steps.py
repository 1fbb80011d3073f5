"""What a person does at the provider's page and at ours."""

from __future__ import annotations

from contextlib import contextmanager

from playwright.sync_api import expect

from tests.interop.real_provider import PASSWORD


def answer(page, username="kim"):
    """The provider's form."""
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def log_in(page, organisation="alpha", username="kim", next_url="/"):
    """From the chooser to the page where the login ends."""
    page.goto(f"/oidc/login/?next={next_url}")
    page.get_by_role("link", name=f"Log in with {organisation.capitalize()} Real", exact=True).click()
    answer(page, username)
    expect(page.get_by_role("button", name="Log out").first).to_be_visible()


def sees(page, heading):
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


@contextmanager
def callback_of(page):
    """Gathers the URLs with which the provider sends this page back to the site."""
    urls = []

    def note(request):
        if "/oauth2callback?" in request.url:
            urls.append(request.url)

    page.on("request", note)
    yield urls
    page.remove_listener("request", note)
