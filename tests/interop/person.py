"""Somebody at a browser without scripts: follows redirects, keeps cookies, fills in the provider's form."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import requests

from tests.interop.real_provider import PASSWORD


class Person(requests.Session):
    def __init__(self, site):
        super().__init__()
        self.site = site

    def get_page(self, path):
        """A page of the site, redirects on the site and at the provider followed."""
        return self.get(urljoin(self.site, path), timeout=10)

    def log_in(self, path="/oidc/login/alpha/", username="pat", action="login"):
        """The whole way, back to the site; its page."""
        return self.answer_form(self.get_page(path), username, action)

    def answer_form(self, form, username="pat", action="login"):
        """Send the provider's form, until it has asked everything that it wants to know."""
        for _ in range(5):
            if form.url.startswith(f"{self.site}/"):
                return form
            form = self.post(*filled_in(form, username, action), timeout=10)
        raise AssertionError(f"still at {form.url}: {form.text[:500]}")

    def come_back_at(self, path="/oidc/login/alpha/", username="pat"):
        """Log in at the provider, and stop before the callback; the callback's URL."""
        form = self.get_page(path)
        data = {"username": username, "password": PASSWORD, "action": "login"}
        answer = self.post(form.url, data=data, timeout=10, allow_redirects=False)
        while not answer.headers.get("Location", "").startswith(f"{self.site}/oauth2callback"):
            assert answer.is_redirect, answer.text[:500]
            answer = self.get(
                urljoin(answer.url, answer.headers["Location"]), timeout=10, allow_redirects=False
            )
        return answer.headers["Location"]

    def log_out(self):
        """By the site's button; where it leads."""
        return self.press(self.get_page("/oidc/logout/"))

    def go_on(self, page):
        """Where the page goes on to by itself."""
        return self.get(page.headers["Refresh"].partition("; url=")[2], timeout=10)

    def log_out_at(self, organisation):
        """At the provider, which the site has no part in; its page."""
        metadata = self.get(organisation.table["server_metadata_url"], timeout=10).json()
        return self.press(self.get(metadata["end_session_endpoint"], timeout=10), logout="yes")

    def press(self, page, **button):
        """A button of the page's form; where it leads."""
        action_url, data = form_of(page)
        return self.post(action_url, data={**data, **button}, timeout=10)

    def user(self):
        return self.get_page("/ask/").json()


def filled_in(form, username, action):
    """Where the form goes, and what it sends; where somebody else was logged in, it sends itself to log out first."""
    action_url, data = form_of(form)
    return action_url, data or {"username": username, "password": PASSWORD, "action": action}


def form_of(page):
    """Where the page's form goes, and what it sends unseen."""
    action_url = re.search(r'<form[^>]* action="([^"]*)"', page.text)
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return urljoin(page.url, action_url[1] if action_url else ""), dict(hidden)


def text(page):
    """What a page says."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text))
