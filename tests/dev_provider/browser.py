"""A small browser and client of our own, for single rules; the independent one is in test_authlib.py."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from django_multi_oidc.dev_provider.realm import Realm

REDIRECT_URI = "http://localhost:8000/oauth2callback"
NOW = 1767225600  # 2026-01-01T00:00:00Z
VERIFIER = "verifier-verifier-verifier-verifier-verifier"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Browser(requests.Session):
    """Keeps cookies, follows no redirect."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # no proxy of this machine

    def authorize(self, realm: Realm, **changes: Any) -> requests.Response:
        return self.get(
            f"{realm.issuer}/authorize", params=authorization(realm, **changes), allow_redirects=False
        )

    def press(self, page: requests.Response, **button: str) -> requests.Response:
        form = {"interaction": interaction_of(page), **button}
        url = page.url.split("/authorize")[0] + "/pick"
        return self.post(url, data=form, allow_redirects=False)

    def code(self, realm: Realm, person: str = "pat", **changes: Any) -> str:
        page = self.authorize(realm, prompt="select_account", **changes)
        return query_of(self.press(page, person=person))["code"]

    def redeem(self, realm: Realm, code: str | None, **changes: Any) -> requests.Response:
        auth = changes.pop("auth", (realm.client_id, realm.client_secret))
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.post(f"{realm.issuer}/token", data=form, auth=auth)

    def tokens(self, realm: Realm, person: str = "pat", **changes: Any) -> dict[str, Any]:
        answer = self.redeem(realm, self.code(realm, person, **changes))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def userinfo(self, realm: Realm, access_token: str, method: str = "GET") -> requests.Response:
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.request(method, f"{realm.issuer}/userinfo", headers=headers)


def authorization(realm: Realm, **changes: Any) -> dict[str, Any]:
    """The parameters of a good request; a change to None takes one out."""
    good = {
        "client_id": realm.client_id,
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "openid profile email groups",
        "state": "the state & more",
        "nonce": "the nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def interaction_of(page: requests.Response) -> str:
    found = re.search(r'name="interaction" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def query_of(answer: requests.Response) -> dict[str, str]:
    """The parameters of the redirect to the client, each of them there once."""
    assert answer.status_code == 303, (answer.status_code, answer.text)
    url = urlsplit(answer.headers["Location"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == REDIRECT_URI
    parameters = parse_qs(url.query, strict_parsing=True)
    assert all(len(values) == 1 for values in parameters.values())
    return {name: values[0] for name, values in parameters.items()}
