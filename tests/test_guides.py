"""The pages of the docs that are to be tried: their code, copied into a fresh project, in front of a provider."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import tomli

from django_multi_oidc.rules import parse_rules
from tests.markdown import ROOT, blocks
from tests.real_site import Person, answers, eventually
from tests.test_readme import SHARED, Project, python_blocks

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


class TestRules:
    page = ROOT / "docs" / "rules.md"
    pat = {"email": "pat@example.org", "email_verified": True}
    kim = {"email": "kim@partner.example", "email_verified": True}

    def rules(self, *parts):
        """Of the one block that has these words."""
        (block,) = (each for each in blocks(self.page, "toml") if all(part in each.text for part in parts))
        text = block.text.replace("[auth.google.roles]", "[roles]").replace("[auth.google]", "[google]")
        table = tomli.loads(text)
        parsed, mistakes = parse_rules({**table.pop("google", {}), **table})
        assert mistakes == []
        return parsed

    def test_the_first_example(self):  # A2
        google = self.rules("allow", "editor")
        assert google.allows(self.pat)
        assert google.allows(self.kim)
        assert not google.allows({"email": "eve@partner.example", "email_verified": True})
        assert google.roles_of(self.pat) == {"admin"}
        assert google.roles_of(self.kim) == google.roles_of({"groups": ["chiefs"]}) == {"editor"}

    def test_several_claims(self):  # A2
        google = self.rules("department")
        assert google.allows({"hd": "example.org", "department": "sales"})
        assert not google.allows({"hd": "example.org", "department": "it"})

    def test_a_function(self, monkeypatch):  # A2
        (code,) = python_blocks(self.page, "def is_auditor")
        module = ModuleType("shop.rules")
        exec(code, vars(module))
        monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
        monkeypatch.setitem(sys.modules, "shop.rules", module)
        sys.modules["shop"].rules = module
        google = self.rules("is_auditor")
        assert google.gives("auditor", {"hd": "audit.example", "sub": "17"})
        assert not google.gives("auditor", {"hd": "audit.example", "sub": "71"})

    def test_what_why_says(self):  # A2
        google = self.rules("allow", "editor")
        unverified = {**self.kim, "email_verified": False}
        (said,) = (each.text for each in blocks(self.page, "text") if "not editor" in each.text)
        reasons = [google.why("editor", {"groups": ["editors"]}), google.why("editor", unverified)]
        assert said.splitlines() == [str(reason) for reason in reasons]

    def test_a_function_in_a_project(self, project):  # A2
        (code,) = python_blocks(self.page, "def is_auditor")
        (rule,) = (each.text for each in blocks(self.page, "toml") if "is_auditor" in each.text)
        shop = project.folder / "shop"
        shop.mkdir()
        (shop / "rules.py").write_text(code, encoding="utf-8")
        project.apply(
            "urls.py",
            'urlpatterns = [..., path("", include("django_multi_oidc.urls"))]\nfrom django.urls import include, path',
        )
        google = """[auth.google]
client_id = "shop.apps.googleusercontent.com"
client_secret = "GOCSPX-Qm3v0pZ8"
server_metadata_url = "https://accounts.google.com/.well-known/openid-configuration"
"""
        (project.folder / "secrets.toml").write_text(f"{SHARED}\n{google}\n{rule}", encoding="utf-8")
        check = [sys.executable, "manage.py", "check", "--fail-level", "WARNING"]
        assert "no issues" in project.run(check).stdout
        (shop / "rules.py").unlink()
        with pytest.raises(AssertionError, match=r"E016.*shop\.rules\.is_auditor"):
            project.run(check)
