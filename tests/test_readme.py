from __future__ import annotations

import ast
import re
import subprocess
import sys
from contextlib import contextmanager
from difflib import ndiff
from pathlib import Path

import pytest
import tomli

from django_multi_oidc.providers import configuration
from tests.conftest import COOKIE_SECRET
from tests.markdown import README, ROOT, blocks, section
from tests.real_site import Person, answers, environment, eventually, free_port

PYPROJECT = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
QUICKSTART = ROOT / "docs" / "quickstart.md"
SHARED = f"""
[auth]
redirect_uri = "http://localhost:8000/oauth2callback"
cookie_secret = "{COOKIE_SECRET}"
"""


# The two commands


def test_the_first_screen_has_a_picture_and_the_two_commands():
    first, second = blocks(README, "sh")[:2]
    assert "manage.py demo\n" in first.text
    assert "\n## " not in README.read_text(encoding="utf-8").split(second.text)[0]
    assert README.read_text(encoding="utf-8").index("![") < README.read_text(encoding="utf-8").index(
        first.text
    )
    for block in (first, second):
        assert block.text.count("\n") == 1
        (extra,) = re.findall(r"'\.\[(\w+)\]'", block.text)
        assert extra in PYPROJECT["optional-dependencies"]


def test_ci_finds_the_test_command():
    text = README.read_text(encoding="utf-8")
    (command,) = re.findall(r"^<!-- test-command -->\n```sh\n(.+)\n```$", text, re.MULTILINE)
    assert command.endswith("/pytest")


def test_the_versions_are_those_of_the_package():  # D6
    said = section(README, "Versions")
    for name in ("Python", "Framework :: Django"):
        pattern = re.compile(rf"(?:Programming Language :: )?{name} :: (\d+\.\d+)")
        claimed = [match[1] for entry in PYPROJECT["classifiers"] if (match := pattern.fullmatch(entry))]
        *most, last = claimed
        assert f"{name.rpartition(' ')[2]} {', '.join(most)} and {last}" in said
    floor = re.search(r"with Python (\S+) or newer", README.read_text(encoding="utf-8"))[1]
    assert PYPROJECT["requires-python"] == f">={floor}"


# The blocks


@pytest.mark.parametrize(
    "block", [*blocks(README, "toml"), *blocks(QUICKSTART, "toml")], ids=lambda b: f"{b.page}:{b.line}"
)
def test_the_toml_is_right(block, settings, tmp_path):  # C1-C4, A2
    file = tmp_path / "secrets.toml"
    text = block.text.replace("COOKIE-SECRET", COOKIE_SECRET)
    file.write_text(text if "[auth]" in text else SHARED + text, encoding="utf-8")
    settings.MULTI_OIDC_SECRETS_FILE = file
    names = re.findall(r"^\[auth\.(\w+)\]$", block.text, re.MULTILINE)
    assert list(configuration().providers) == (names or ["default"])


def test_the_rules_say_what_the_text_says(settings, tmp_path):  # A2
    (rules,) = (block for block in blocks(README, "toml") if "roles" in block.text)
    file = tmp_path / "secrets.toml"
    file.write_text(SHARED + rules.text, encoding="utf-8")
    settings.MULTI_OIDC_SECRETS_FILE = file
    google = configuration().providers["google"].rules
    kim = {"email": "kim@example.org", "email_verified": True}
    assert google.allows(kim)
    assert google.roles_of(kim) == {"editor"}
    assert not google.allows(kim | {"email_verified": False})
    assert google.roles_of({"email": "pat@example.org", "email_verified": True}) == {"admin"}
    assert google.roles_of({"groups": ["editors"]}) == {"editor"}


# The installation


class Project:
    """A fresh startproject that gets what a page says."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.run([sys.executable, "-m", "django", "startproject", "mysite", "."])
        self.added = 0

    @property
    def site(self):
        return f"http://localhost:{self.port}"

    def run(self, command):
        options = {"cwd": self.folder, "env": environment("mysite.settings"), "capture_output": True}
        done = subprocess.run(command, **options, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done

    def apply(self, name, block):
        """Put the block's new lines where the block has them, and count them."""
        file = self.folder / "mysite" / name
        before = file.read_text(encoding="utf-8")
        after = before
        for statement in ast.parse(block).body:
            after = with_statement(after, statement)
        file.write_text(after, encoding="utf-8")
        self.added += sum(line.startswith("+ ") for line in ndiff(before.splitlines(), after.splitlines()))

    @contextmanager
    def command(self, *arguments, ready):
        """manage.py with these arguments, beside us; ended like by Ctrl-C, but on every platform."""
        process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=self.folder,
            env=environment("mysite.settings"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        try:
            printed = []
            for line in process.stdout:
                printed.append(line)
                if line.startswith(ready):
                    break
            yield "".join(printed)
        finally:
            process.terminate()
            process.communicate(timeout=20)


def with_statement(source, statement):
    lines = source.splitlines()
    if isinstance(statement, ast.Assign):
        name = statement.targets[0].id
        new = [ast.unparse(item) for item in statement.value.elts if ast.unparse(item) != "..."]
        (there,) = (
            node
            for node in ast.parse(source).body
            if isinstance(node, ast.Assign) and node.targets[0].id == name
        )
        lines[there.end_lineno - 1 : there.end_lineno - 1] = [f"    {item}," for item in new]
    else:
        line = ast.unparse(statement)
        place = lines.index("from django.urls import path") if "django.urls" in line else 0
        if place:
            lines[place] = line
        else:
            lines.insert(lines.index("urlpatterns = [") - 1, line)
    return "\n".join([*lines, ""])


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


def python_blocks(page: Path, *parts):
    """The one block for each part, which stands in it."""
    found = blocks(page, "python")
    return [next(block.text for block in found if part in block.text) for part in parts]


def try_it(project, admins_page, views):
    """What a new user does then: the development provider, the site, and a login from the printed address."""
    (project.folder / "mysite" / "views.py").write_text(views, encoding="utf-8")
    assert "W001" in project.run([sys.executable, "manage.py", "check"]).stderr  # C8a: no secrets file yet
    provider = ("oidc_dev_provider", "--write", "--port", "0", "--site", project.site)
    with (
        project.command(*provider, ready="# Ready.") as printed,
        project.command("runserver", "--noreload", str(project.port), ready="Quit the server"),
    ):
        assert f"# Wrote {project.folder / 'secrets.toml'}\n" in printed
        eventually(lambda: answers(f"{project.site}/oidc/style.css"))
        pat = Person(f"http://127.0.0.1:{project.port}")
        page = pat.log_in(pat.open("/"), "alpha", "pat")
        assert (page.url, page.text) == (f"{project.site}/", "Welcome, Pat Admin!")
        pat.site = project.site
        assert pat.open(admins_page).text == "For admins only."
        impostor = Person(project.site)
        page = impostor.log_in(impostor.open("/"), "beta", "twin")
        refused = impostor.open(admins_page)
        assert (page.text, refused.status_code) == ("Welcome, Pat Admin!", 403)
        assert "pat@alpha.example" in refused.text
        assert "Beta Foods" in refused.text


def test_the_lines_of_the_readme_log_somebody_in(project):  # D1
    settings, urls, views = python_blocks(README, "INSTALLED_APPS", "urlpatterns", "def home")
    project.apply("settings.py", settings)
    project.apply("urls.py", urls)
    assert project.added == 4
    own_pages = (
        'from mysite import views\nurlpatterns = [..., path("", views.home), path("admins/", views.admins)]'
    )
    project.apply("urls.py", own_pages)
    body = [line for line in views.splitlines() if line and not line.startswith("from ")]
    assert len(body) <= 8
    try_it(project, "/admins/", views)


def test_the_lines_of_the_quickstart_log_somebody_in(project):  # D1
    settings, urls, views = python_blocks(QUICKSTART, "INSTALLED_APPS", "urlpatterns", "def home")
    project.apply("settings.py", settings)
    project.apply("urls.py", urls)
    try_it(project, "/reports/", views)
