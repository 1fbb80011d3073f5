from __future__ import annotations

import html
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tests.real_site import ROOT, Person, answers, ctrl_c_works, environment, eventually, free_port

LAST_LINE = "Change it while the demo runs"


class Demo:
    """`manage.py demo`, running; ``greeting`` is what it printed."""

    def __init__(self, *options):
        self.port, self.provider_port, self.options = free_port(), free_port(), options
        self.site = f"http://localhost:{self.port}"

    @contextmanager
    def running(self):
        ports = ("--port", str(self.port), "--provider-port", str(self.provider_port))
        command = demo_command(*ports, *self.options)
        with TemporaryFile("w+", encoding="utf-8") as errors, ctrl_c_works():
            self.errors = errors
            self.process = subprocess.Popen(
                command,
                env=environment("demo_project.settings"),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # so that Ctrl-C can be pressed for the two processes of the site alone
            )
            try:
                self.greeting = "".join(
                    takewhile(lambda line: not line.startswith(LAST_LINE), self.process.stdout)
                )
                eventually(lambda: answers(self.site))
                yield self
            finally:
                self.press_ctrl_c()

    def press_ctrl_c(self):
        """Once is enough; whoever does not hear it must not stop the tests."""
        if self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()

    def said(self):
        self.errors.seek(0)
        return self.errors.read()

    @property
    def secrets(self):
        return Path(re.search(r"stands in (.+)", self.greeting)[1])


def demo_command(*options):
    # Django's reloader does not wait for its child at Ctrl-C, of which Python may warn.
    warnings = ("-W", "error", "-W", "ignore::ResourceWarning")
    return [sys.executable, *warnings, str(ROOT / "manage.py"), "demo", *options]


@pytest.fixture(scope="module")
def demo():
    with Demo().running() as demo:
        yield demo


def logged_in(demo, organisation, key):
    person = Person(demo.site)
    page = person.log_in(person.open("/"), organisation, key)
    assert page.url == f"{demo.site}/"
    return person


def test_the_greeting(demo):
    assert f"The demo is at {demo.site}/ (Ctrl-C ends it)." in demo.greeting
    assert "Alpha Observatory\n  pat@alpha.example     Pat Admin (Admin)\n" in demo.greeting
    assert "Beta Foods\n  pat@beta.example      Patrícia Nunes (Admin)\n" in demo.greeting


def test_a_stranger_gets_a_button_for_each_provider(demo):  # D3
    page = Person(demo.site).open("/").text
    assert "Hello, stranger" in page
    assert re.findall(r">(Log in with [^<]+)<", page) == [
        "Log in with Alpha Observatory",
        "Log in with Beta Foods",
    ]
    assert page.count("Log in first") == 4


def test_everybody_is_greeted_by_name(demo):  # U4
    assert "Hello, <bdi>ليلى حدّاد</bdi>" in logged_in(demo, "alpha", "layla").open("/").text


@pytest.mark.parametrize(
    ("organisation", "key", "editors", "admins"),
    [
        ("alpha", "pat", 403, 200),
        ("alpha", "kim", 200, 403),
        ("alpha", "uma", 403, 403),
        ("beta", "pat", 200, 200),
        ("beta", "uma", 403, 403),
        ("beta", "twin", 403, 403),
    ],
)
def test_who_sees_what(demo, organisation, key, editors, admins):  # A1, A2
    person = logged_in(demo, organisation, key)
    paths = ("/members/", "/claims/", "/signing/", "/editors/", "/admins/")
    statuses = [person.open(path).status_code for path in paths]
    assert statuses == [200, 200, 200, editors, admins]
    assert person.open("/").text.count("Not for this account") == statuses.count(403)


def test_a_stranger_comes_back_to_the_page_that_was_asked_for(demo):  # A1
    person = Person(demo.site)
    page = person.log_in(person.open("/members/"), "beta", "noa")
    assert page.url == f"{demo.site}/members/"
    assert '<p class="holder"><bdi>נועה לוי</bdi></p>' in page.text


def test_ones_claims(demo):  # U2
    page = logged_in(demo, "alpha", "pat").open("/claims/").text
    assert '<th scope="row"><code>email</code></th><td class="value"><bdi>pat@alpha.example</bdi>' in page
    assert re.search(r"<bdi>\d\d \w{3} \d{4}, \d\d:\d\d UTC</bdi>", page)
    assert '"email_verified": true' in html.unescape(page)


def test_admins_see_what_happened(demo):  # D5
    cancelling = Person(demo.site)
    picker = cancelling.open("/oidc/login/beta/")
    assert cancelling.pick(picker, cancel="1").status_code == 403
    leaving = logged_in(demo, "beta", "max")
    between = leaving.log_out(leaving.open("/"))
    assert (
        "One moment: you are being logged out at <strong><bdi>Beta Foods</bdi></strong> too." in between.text
    )
    assert between.headers["Refresh"].startswith(
        f"0; url=http://localhost:{demo.provider_port}/beta/end_session?"
    )
    assert "Hello, stranger" in leaving.open("/").text
    page = logged_in(demo, "alpha", "pat").open("/admins/").text
    events = re.findall(r"<td>([^<]+)</td><td>(\w+)</td><td><bdi>([^<]+)</bdi>", page)
    assert ("logged in", "alpha", "Pat Admin") in events
    assert ("logged out", "beta", "Max Ferreira") in events
    assert ("login_denied", "beta", "nobody") in events


def test_admins_end_somebodys_access(demo):  # O4
    kim, pat = logged_in(demo, "alpha", "kim"), logged_in(demo, "alpha", "pat")
    page = pat.open("/admins/").text
    row = re.search(r"<td><bdi>Kim [^<]*</bdi></td><td>alpha</td>(.*?)</tr>", page)[1]
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', row))
    assert pat.post(f"{demo.site}/admins/end/", data=form, timeout=10).url == f"{demo.site}/admins/"
    assert "Hello, stranger" in kim.open("/").text
    assert "Hello, <bdi>Pat Admin</bdi>" in pat.open("/").text
    assert kim.post(f"{demo.site}/admins/end/", data=form, timeout=10).status_code == 403
    page = pat.open("/admins/").text
    assert not re.search(r"<td><bdi>Kim [^<]*</bdi></td><td>alpha</td>", page)
    assert re.search(r"<td>ended</td><td>alpha</td><td><bdi>Kim ", page)


def test_a_page_shows_its_own_code(demo):
    page = html.unescape(logged_in(demo, "alpha", "pat").open("/admins/").text)
    assert '@oidc_admin_required\ndef admins(request):\n    return render(request, "demo/admins.html"' in page


@pytest.mark.parametrize("path", ["/", "/members/", "/editors/", "/signing/", "/claims/"])
def test_nothing_needs_a_looser_policy(demo, path):  # S6
    response = logged_in(demo, "alpha", "kim").open(path)
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; ")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", response.text)
    outside = [
        url for url in re.findall(r'(?:src|href)="([^"]+)"', response.text) if not url.startswith(("/", "#"))
    ]
    assert outside == []


def test_what_a_page_refers_to_is_there(demo):
    page = Person(demo.site).open("/")
    for url in {*re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text), "/favicon.ico"}:
        assert Person(demo.site).open(url).status_code == 200


def test_the_rules_follow_the_file_and_ctrl_c_leaves_nothing_behind():  # C9, D8
    with Demo().running() as demo:
        kim = logged_in(demo, "alpha", "kim")
        assert kim.open("/editors/").status_code == 200
        text = demo.secrets.read_text(encoding="utf-8")
        demo.secrets.write_text(text.replace('"kim@alpha.example", ', ""), encoding="utf-8")
        eventually(lambda: kim.open("/editors/").status_code == 403)
        # The provider is no part of what starts anew.
        assert "Hello, <bdi>Pat Admin</bdi>" in logged_in(demo, "alpha", "pat").open("/").text
        demo.press_ctrl_c()
        assert demo.process.returncode == 0, demo.said()
        assert "Traceback" not in demo.said()
    assert not demo.secrets.parent.exists()
    for port in (demo.port, demo.provider_port):
        socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize("option", ["--port", "--provider-port"])
def test_a_taken_port_is_one_line(option):  # D8
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        free = {"--port": str(free_port()), "--provider-port": str(free_port()), option: taken}
        options = [part for pair in free.items() for part in pair]
        done = subprocess.run(
            demo_command(*options),
            env=environment("demo_project.settings"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"CommandError: Port {taken} is in use already. Choose another with {option}.\n"


def test_what_is_no_port():
    done = subprocess.run(
        demo_command("--port", "65536"),
        env=environment("demo_project.settings"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.endswith("error: argument --port: '65536' is not a port: 1 to 65535\n")


def test_with_djangos_own_users_and_admin():  # A3
    with Demo("--admin").running() as demo:
        pat = logged_in(demo, "alpha", "pat")
        assert "Django admin" in pat.open("/").text
        assert "Site administration" in pat.open("/admin/").text
        assert logged_in(demo, "alpha", "kim").open("/admin/").status_code == 403
        demo.press_ctrl_c()
        assert "Traceback" not in demo.said()
