"""A site in a process of its own, and a person with a browser in front of it."""

from __future__ import annotations

import html
import os
import re
import signal
import socket
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

ROOT = Path(__file__).parents[1]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def environment(settings):
    """This process's own, without what pytest-django put into it."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("MULTI_OIDC_")}
    return {**known, "DJANGO_SETTINGS_MODULE": settings, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def eventually(holds, seconds=20):
    """Another process needs real time, and may be starting anew meanwhile; nothing here measures it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(requests.ConnectionError):
            if holds():
                return
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def answers(url):
    try:
        return requests.get(url, timeout=5, proxies={"http": ""}).status_code < 500
    except requests.ConnectionError:
        return False


@contextmanager
def ctrl_c_works():
    """A shell starts its background jobs with Ctrl-C ignored, which their own children would inherit."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Person(requests.Session):
    """Follows links and redirects, presses buttons, keeps cookies."""

    def __init__(self, site):
        super().__init__()
        self.trust_env = False  # no proxy of this machine
        self.site = site

    def open(self, path):
        return self.get(f"{self.site}{path}", timeout=10)

    def log_in(self, page, organisation, person):
        """From a page with login links to the page where the login ends."""
        link = re.search(rf'href="([^"]*/oidc/login/{organisation}/[^"]*)"', page.text)
        assert link, page.text
        return self.pick(self.open(html.unescape(link[1])), person=person)

    def pick(self, picker, **button):
        """Press a button of the development provider's page."""
        interaction = re.search(r'name="interaction" value="([^"]+)"', picker.text)
        assert interaction, (picker.status_code, picker.url, picker.text)
        form = {"interaction": interaction[1], **button}
        return self.post(f"{picker.url.split('/authorize')[0]}/pick", data=form, timeout=10)

    def log_out(self, page):
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token, page.text
        form = {"csrfmiddlewaretoken": token[1]}
        return self.post(f"{self.site}/oidc/logout/", data=form, timeout=10)
