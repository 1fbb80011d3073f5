"""A visitor: Django's test client on our side, an HTTP client at the provider's, as a browser is both."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import requests
from django.test import Client


class Visitor:
    """One browser. Its person at the provider is chosen with ``op.auto_login``."""

    def __init__(self, **client_options):
        self.client = Client(SERVER_NAME="localhost", **client_options)

    def get(self, path, **headers):
        return self.client.get(path, headers=headers)

    def begin(self, path="/oidc/login/alpha/"):
        """Start a login; the provider's URL that the browser is sent to."""
        response = self.get(path)
        assert response.status_code == 302, (response.status_code, response.content)
        return response["Location"]

    def at_provider(self, url):
        """Be at the provider; the callback's path and query."""
        response = requests.get(url, allow_redirects=False, timeout=10)
        assert response.is_redirect, (response.status_code, response.text)
        back = urlsplit(response.headers["Location"])
        return f"{back.path}?{back.query}"

    def log_in(self, path="/oidc/login/alpha/"):
        """The whole way; the callback's response."""
        return self.get(self.at_provider(self.begin(path)))

    def user(self):
        return self.get("/ask/").json()

    @property
    def cookies(self):
        return {name: morsel.value for name, morsel in self.client.cookies.items() if morsel.value}

    @property
    def logins_under_way(self):
        return [name for name in self.cookies if "_login_" in name]


def parameters(url):
    """The query of a URL, each parameter once."""
    query = parse_qs(
        urlsplit(url).query, strict_parsing=bool(urlsplit(url).query)
    )  # Python 3.10 reads none as wrong
    assert all(len(values) == 1 for values in query.values()), query
    return {name: values[0] for name, values in query.items()}


def auth(op):
    """The [auth] table of a site whose two providers are the development provider's."""
    return {
        "redirect_uri": "http://localhost/oauth2callback",
        "cookie_secret": "a-cookie-secret-of-the-tests-0123456789-abcdefgh",
        **{
            name: {
                "client_id": organisation.client_id,
                "client_secret": organisation.client_secret,
                "server_metadata_url": organisation.metadata_url,
                "admins": ["pat@alpha.example"],
                "roles": {"editor": ["kim@alpha.example"]},
            }
            for name, organisation in op.organisations.items()
        },
    }
