from __future__ import annotations

import pytest

from django_multi_oidc.dev_provider.client import derived_post_logout_redirect_uris, is_on_loopback


@pytest.mark.parametrize(
    ("redirect_uri", "expected"),
    [
        ("http://localhost:8000/oauth2callback", "http://localhost:8000/oidc/logged-out/"),
        ("https://a.example/sso/oauth2callback", "https://a.example/sso/oidc/logged-out/"),
        ("http://[::1]:8000/oauth2callback/alpha", "http://[::1]:8000/oidc/logged-out/"),
        ("http://localhost/oauth2callback?a=b", "http://localhost/oidc/logged-out/"),
        ("http://localhost/oauth2callbacks", None),
        ("http://localhost/callback?next=/oauth2callback", None),
        ("http://oauth2callback/", None),
        ("app:/oauth2callback", None),
    ],
)
def test_where_people_land_is_derived_from_the_callback(redirect_uri: str, expected: str | None) -> None:
    assert derived_post_logout_redirect_uris([redirect_uri]) == ((expected,) if expected else ())


def test_two_callbacks_of_one_site_have_one_address() -> None:
    uris = ["http://localhost/oauth2callback/alpha", "http://localhost/oauth2callback/beta"]
    assert derived_post_logout_redirect_uris(uris) == ("http://localhost/oidc/logged-out/",)


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost",
        "http://localhost:8000/oidc/backchannel-logout/alpha/",
        "https://127.0.0.1/?a=b@c",
        "http://[::1]:1/",
    ],
)
def test_this_machine(uri: str) -> None:
    assert is_on_loopback(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "localhost",
        "//localhost/",
        "ftp://localhost/",
        "http://example.org/",
        "http://192.168.0.1/",
        "http://127.0.0.1.example.org/",
        "http://127x0.0.1/",
        "http://localhost.example.org/",
        "http://localhost@example.org/",
        "http://localhost:80@example.org/",
        "http://example.org\\@localhost/",  # urlsplit means localhost, urllib3 example.org
        "http://localhost\\@example.org/",
        "http://localhost/a\\b",
        "http://localhost/a b",
        "http://localhost/#a",
        "http://localhost/\n",
        "http://localhost:000080/",
    ],
)
def test_another_machine_or_hard_to_tell(uri: str) -> None:
    assert not is_on_loopback(uri)
