"""``python -m tests.deployment.peers.log_in METHOD PATH``: logs in by the site's own views, and prints who is there."""

from __future__ import annotations

import sys

import django
import requests
from django.test import Client


def main(method, path):
    django.setup()
    browser = Client(SERVER_NAME="localhost")
    begun = getattr(browser, method)(path)
    assert begun.status_code == 302, (begun.status_code, begun.content)
    at_provider = requests.get(begun["Location"], allow_redirects=False, timeout=10, proxies={"http": ""})
    assert at_provider.is_redirect, (at_provider.status_code, at_provider.text)
    back = browser.get(at_provider.headers["Location"].removeprefix("http://localhost"))
    assert back.status_code == 302, (back.status_code, back.content)
    print(browser.get("/who/").content.decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
