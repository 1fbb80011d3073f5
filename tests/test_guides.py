"""The pages of the docs that are to be tried: their code, copied into a fresh project, in front of a provider."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.markdown import ROOT, blocks
from tests.real_site import Person, answers, eventually
from tests.test_readme import Project, python_blocks

SETTINGS = """
INSTALLED_APPS = [..., "django_multi_oidc"]
MIDDLEWARE = [..., "django_multi_oidc.middleware.OIDCUserMiddleware"]
"""


@pytest.fixture
def project(tmp_path) -> Project:
    made = Project(tmp_path)
    made.apply("settings.py", SETTINGS)
    return made


def rules(page: Path, project: Project) -> None:
    """What the page's tables say, in place of what the development provider wrote."""
    file = project.folder / "secrets.toml"
    written = file.read_text(encoding="utf-8")
    port = re.findall(r"localhost:(\d+)/alpha/", written)[0]
    tables = "\n".join(block.text for block in blocks(page, "toml"))
    file.write_text(written.split("[auth.alpha]")[0] + tables.replace("9400", port), encoding="utf-8")


class TestAdminPages:
    page = ROOT / "docs" / "admin_pages.md"

    @pytest.fixture
    def site(self, project):
        urls, views, public = python_blocks(self.page, "urlpatterns", "def home", "def imprint")
        project.apply("urls.py", urls)
        (project.folder / "mysite" / "views.py").write_text(f"{public}\n\n{views}", encoding="utf-8")
        provider = ("oidc_dev_provider", "--write", "--port", "0", "--site", project.site)
        with project.command(*provider, ready="# Ready."):
            rules(self.page, project)
            with project.command("runserver", "--noreload", str(project.port), ready="Quit the server"):
                eventually(lambda: answers(f"{project.site}/oidc/style.css"))
                yield project.site

    def test_who_sees_what(self, site):  # A1, A2
        pages = ["/", "/members/", "/drafts/", "/reports/", "/keys/"]
        seen = {}
        for person in ("pat", "kim", "max"):
            somebody = Person(site)
            assert somebody.pick(somebody.open("/members/"), person=person).text == "For members only."
            seen[person] = [somebody.open(page).status_code for page in pages]
        assert seen == {
            "pat": [200, 200, 200, 200, 200],
            "kim": [200, 200, 200, 403, 403],
            "max": [200, 200, 403, 403, 403],
        }
