from __future__ import annotations

import ast
import re
from typing import get_args

import pytest

from django_multi_oidc import exceptions
from django_multi_oidc.exceptions import LoginError, Mender, Stage
from tests.markdown import DOCS, PAGES, ROOT, anchors, blocks, links, rows

ERRORS = ROOT / "docs" / "errors.md"


# The table of errors


def kinds(parent=LoginError):
    """LoginError and everything below it that exceptions.py has."""
    children = [child for child in parent.__subclasses__() if child.__module__ == exceptions.__name__]
    return [parent, *(kind for child in children for kind in kinds(child))]


def stages_in_the_code(kind):
    """The class's own stage, and every one that is written where it is raised."""
    written = rf"\b{kind.__name__}\((?:[^()]|\([^()]*\))*?stage=\"(\w+)\""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "django_multi_oidc").glob("*.py")]
    own = {kind.__dict__["stage"]} if "stage" in kind.__dict__ and kind is not LoginError else set()
    return own | {stage for text in sources for stage in re.findall(written, text)}


def table():
    found = {cells[0].strip("`"): cells for cells in rows(ERRORS, "code")}
    assert len(found) == len(rows(ERRORS, "code"))
    return found


def test_every_error_has_its_row():  # L7
    assert sorted(table()) == sorted(kind.code for kind in kinds())


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_a_row_says_what_the_code_does(kind):  # L7
    _, status, stages, meaning, who, mend = table()[kind.code]
    assert status == str(kind.status)
    assert who == kind.mender
    assert set(stages.split(", ")) <= set(get_args(Stage))
    assert stages_in_the_code(kind) <= set(stages.split(", "))
    assert meaning.endswith(".")
    assert mend.endswith(".")


def test_who_can_mend_it_is_explained():
    introduction = ERRORS.read_text(encoding="utf-8").split("\n## ")[0]
    assert all(re.search(rf"\bthe {mender}\b", introduction) for mender in get_args(Mender))


def test_the_stages_are_found():
    assert stages_in_the_code(exceptions.LoginDenied) == {"authorization"}
    assert stages_in_the_code(exceptions.DiscoveryInvalid) == {"discovery", "userinfo", "token"}


# All pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_is_named_is_there(page):  # D6
    for module, name in re.findall(r"`(test_\w+\.py)::(\w+)`", page.read_text(encoding="utf-8")):
        tests = (ROOT / "tests" / module).read_text(encoding="utf-8")
        assert f"def {name}(" in tests, f"{module}::{name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):  # D6
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), (link, sorted(anchors(target)))


def test_the_index_has_every_page():  # D6
    linked = {(ROOT / "docs" / link).resolve() for link in links(ROOT / "docs" / "index.md")}
    assert {page for page in DOCS if page.name != "index.md"} <= linked


@pytest.mark.parametrize(
    "block", [block for page in PAGES for block in blocks(page, "python")], ids=lambda b: f"{b.page}:{b.line}"
)
def test_python_in_the_docs_is_python(block):  # D6
    ast.parse(block.text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_plain(page):
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert not re.search("[\U0001f000-\U0001faff\u2600-\u27bf]", text), "no emojis"


def test_pictures_are_small_and_few():
    pictures = sorted((ROOT / "docs" / "images").glob("*.png"))
    used = {(page.parent / link).resolve() for page in PAGES for link in links(page) if link.endswith(".png")}
    assert {picture.resolve() for picture in pictures} == used
    assert sum(picture.stat().st_size for picture in pictures) <= 200 * 1024
