"""The pages of the docs that are to be tried: their code, copied into a fresh project, in front of a provider."""

from __future__ import annotations

import ast
import re
import sys
from contextlib import contextmanager
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


def with_accounts(project: Project) -> None:
    """What docs/accounts.md says, applied."""
    (block,) = python_blocks(ROOT / "docs" / "accounts.md", "INSTALLED_APPS")
    for statement in ast.parse(block).body:
        if "..." in ast.unparse(statement):
            project.apply("settings.py", ast.unparse(statement))
        else:
            append(project, "settings.py", ast.unparse(statement))


def append(project: Project, name: str, text: str) -> None:
    with (project.folder / "mysite" / name).open("a", encoding="utf-8") as file:
        file.write(f"\n{text}\n")


@contextmanager
def running(project: Project, tables: str, warnings: list[str]):
    """The migrated project, with these tables in its secrets file after the provider's own keys for Alpha."""
    check = [sys.executable, "manage.py", "check", "--fail-level", "ERROR"]
    project.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"])
    provider = ("oidc_dev_provider", "--write", "--port", "0", "--site", project.site)
    with project.command(*provider, ready="# Ready."):
        file = project.folder / "secrets.toml"
        written = file.read_text(encoding="utf-8")
        ours = re.sub(r"(?m)^admins = .*\n", "", written.split("[auth.beta]")[0])
        file.write_text(ours + tables, encoding="utf-8")
        assert re.findall(r"\(([\w.]+)\) ", project.run(check).stderr) == warnings
        with project.command("runserver", "--noreload", str(project.port), ready="Quit the server"):
            eventually(lambda: answers(f"{project.site}/oidc/style.css"))
            yield


class TestAccounts:
    page = ROOT / "docs" / "accounts.md"

    @pytest.fixture
    def project(self, tmp_path):
        made = Project(tmp_path)
        with_accounts(made)
        return made

    def test_the_first_example(self, project):  # A3
        (view,) = python_blocks(self.page, "def orders")
        (project.folder / "mysite" / "views.py").write_text(view, encoding="utf-8")
        project.apply("urls.py", URLS)
        with running(project, "", ["multi_oidc_accounts.W003", "multi_oidc_accounts.W004"]):
            pat = Person(project.site)
            page = pat.open("/orders/")
            assert "/oidc/login/alpha/" in page.url or "/authorize" in page.url, page.url
            assert pat.pick(page, person="pat").text == "Orders of Pat Admin"


class TestDjangoAdmin:
    page = ROOT / "docs" / "django_admin.md"

    @pytest.fixture
    def project(self, tmp_path):
        made = Project(tmp_path)
        with_accounts(made)
        settings = made.folder / "mysite" / "settings.py"
        config = re.search(r"`\"(\S+Config)\"`", self.page.read_text(encoding="utf-8"))[1]
        before = settings.read_text(encoding="utf-8")
        settings.write_text(before.replace("django.contrib.admin", config, 1), encoding="utf-8")
        (names,) = python_blocks(self.page, "SUPERUSER_ROLE")
        (max_age,) = python_blocks(self.page, "ADMIN_MAX_AGE")
        append(made, "settings.py", names + max_age)
        (site,) = python_blocks(self.page, "class ShopAdmin")
        (made.folder / "mysite" / "shop_admin.py").write_text(site, encoding="utf-8")
        made.apply("urls.py", URLS_OF_ADMIN)
        return made

    def test_who_may_do_what(self, project):  # A3
        (table,) = (block.text for block in blocks(self.page, "toml"))
        tables = re.sub(r"(?s)\[auth\.google\].*?(?=admins)", "", table).replace("google", "alpha")
        with running(project, tables.replace("example.org", "alpha.example"), []):
            seen = {}
            for name in ("pat", "kim", "layla"):
                person = Person(project.site)
                page = person.log_in(person.open("/admin/"), "alpha", name)
                seen[name] = page.status_code, "OpenID Connect identities" in page.text
                assert person.open("/shop-admin/").status_code == page.status_code
            assert seen == {"pat": (200, True), "kim": (200, False), "layla": (403, False)}


URLS = """
from django.urls import include, path
from mysite import views
urlpatterns = [..., path("", include("django_multi_oidc.urls")), path("orders/", views.orders)]
"""
URLS_OF_ADMIN = """
from django.urls import include, path
from mysite.shop_admin import ShopAdmin
urlpatterns = [..., path("", include("django_multi_oidc.urls")), path("shop-admin/", ShopAdmin("shop").urls)]
"""


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
