from __future__ import annotations

import tomli
from hypothesis import example, given
from hypothesis import strategies as st

from django_multi_oidc.dev_provider.people import Organisation, Person
from django_multi_oidc.dev_provider.secrets_file import admins, quoted
from django_multi_oidc.dev_provider.server import DevProvider


def test_the_secrets_file(provider: DevProvider) -> None:  # D8
    first, second = (tomli.loads(provider.secrets_file())["auth"] for _ in range(2))
    assert len(first["cookie_secret"]) == 43
    assert first.pop("cookie_secret") != second.pop("cookie_secret")
    assert first == second
    assert first == {
        "redirect_uri": "http://localhost:8000/oauth2callback",
        "alpha": {
            "client_id": "dev-provider-alpha",
            "client_secret": "published-for-development-alpha",
            "server_metadata_url": f"{provider.url}/alpha/.well-known/openid-configuration",
            "label": "Alpha Observatory",
            "admins": ["pat@alpha.example"],
        },
        "beta": {
            "client_id": "dev-provider-beta",
            "client_secret": "published-for-development-beta",
            "server_metadata_url": f"{provider.url}/beta/.well-known/openid-configuration",
            "label": "Beta Foods",
            "admins": ["pat@beta.example"],
        },
    }


def test_admins_are_those_of_the_group_who_have_an_address() -> None:
    people = (
        Person(key="a", name="A", email="a@x.example", groups=("admins",)),
        Person(key="b", name="B", groups=("admins",)),
        Person(key="c", name="C", email="c@x.example", groups=("staff",)),
    )
    assert admins(Organisation(name="x", people=people)) == ["a@x.example"]


@given(st.text())
@example("\x7f")
def test_quoted_is_a_toml_string(text: str) -> None:
    assert tomli.loads(f"key = {quoted(text)}") == {"key": text}
