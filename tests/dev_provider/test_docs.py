from __future__ import annotations

import re
from pathlib import Path

import pytest

from django_multi_oidc.dev_provider.people import DEFAULT_ORGANISATIONS
from django_multi_oidc.dev_provider.people_file import ORGANISATION, PERSON, load_people
from django_multi_oidc.dev_provider.server import DevProvider
from django_multi_oidc.management.commands.oidc_dev_provider import Command

PAGE = (Path(__file__).parents[2] / "docs" / "dev_provider.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (text,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return text


def test_the_people_file_of_the_docs_loads_and_shows_every_key(tmp_path: Path) -> None:
    path = tmp_path / "people.toml"
    path.write_text(block("toml"), encoding="utf-8")
    assert [organisation.name for organisation in load_people(path)] == ["gamma"]
    assert all(f"{key} = " in block("toml") for key in {**ORGANISATION, **PERSON} if key != "people")


def test_the_python_of_the_docs_runs() -> None:
    exec(compile(block("python"), "docs/dev_provider.md", "exec"), {})


@pytest.mark.parametrize("option", ["--port", "--site", "--prefix", "--people", "--write"])
def test_every_option_is_documented(option: str) -> None:
    assert f"| `{option}" in PAGE
    assert option in Command().create_parser("manage.py", "oidc_dev_provider").format_help()


def test_everybody_is_documented() -> None:
    keys = {person.key for organisation in DEFAULT_ORGANISATIONS for person in organisation.people}
    assert all(f"`{key}`" in PAGE for key in keys)


def test_the_whole_api_is_documented() -> None:
    names = {name for name in vars(DevProvider) if not name.startswith("_")} - {"respond"}
    assert [name for name in sorted(names) if f"op.{name}" not in PAGE] == []
