from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils.functional import lazystr

from django_multi_oidc.conf import Settings, conf

PACKAGE = Path(__file__).parent.parent / "django_multi_oidc"


def test_defaults(settings):
    assert conf.MULTI_OIDC_SECRETS is None
    assert conf.MULTI_OIDC_SECRETS_FILE is None
    assert (
        conf.MULTI_OIDC_COOKIE_NAME == "multi_oidc_auth"
    )  # S7: Django masks cookies with "auth" in the name
    assert conf.MULTI_OIDC_BACKEND == "django_multi_oidc.backends.ProviderBackend"
    assert conf.MULTI_OIDC_CACHE == "default"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MULTI_OIDC_SECRETS", {"auth": {}}),
        ("MULTI_OIDC_SECRETS_FILE", "x.toml"),
        ("MULTI_OIDC_COOKIE_NAME", "x_auth"),
        ("MULTI_OIDC_BACKEND", "project.Backend"),
        ("MULTI_OIDC_CACHE", "shared"),
        ("LOGIN_URL", "/in/"),
        ("LOGIN_REDIRECT_URL", "/home/"),
        ("LOGOUT_REDIRECT_URL", "/bye/"),
        ("FORCE_SCRIPT_NAME", "/app"),
        ("ROOT_URLCONF", "project.urls"),
        ("SECRET_KEY", "key"),
        ("MIDDLEWARE", ["x"]),
        ("AUTHENTICATION_BACKENDS", ["x"]),
        ("CACHES", {"x": {}}),
        ("SESSION_COOKIE_NAME", "s"),
        ("CSRF_COOKIE_NAME", "c"),
        ("DEBUG", True),
    ],
)
def test_settings_are_read_on_each_access(settings, name, value):
    setattr(settings, name, value)
    assert getattr(conf, name) == value


def test_an_empty_path_is_no_path(settings, monkeypatch):  # C6
    settings.MULTI_OIDC_SECRETS_FILE = ""
    monkeypatch.setenv("MULTI_OIDC_SECRETS_FILE", "")
    assert conf.MULTI_OIDC_SECRETS_FILE is None
    assert conf.secrets_file_from_environment is None


def test_the_environment_variable(monkeypatch):  # C6
    monkeypatch.setenv("MULTI_OIDC_SECRETS_FILE", "/run/secrets.toml")
    assert conf.secrets_file_from_environment == "/run/secrets.toml"


def test_a_project_may_have_no_base_dir(settings):  # C6
    del settings.BASE_DIR
    assert conf.BASE_DIR is None
    settings.BASE_DIR = "/srv/site"
    assert str(conf.BASE_DIR) == "/srv/site"


def test_lazy_urls_are_texts(settings):
    settings.LOGIN_URL = settings.LOGIN_REDIRECT_URL = settings.LOGOUT_REDIRECT_URL = lazystr("/home/")
    assert type(conf.LOGIN_URL) is type(conf.LOGIN_REDIRECT_URL) is type(conf.LOGOUT_REDIRECT_URL) is str
    settings.LOGOUT_REDIRECT_URL = None
    assert conf.LOGOUT_REDIRECT_URL is None


def test_no_other_module_reads_settings():
    readers = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if path.parent.name != "migrations"  # as makemigrations writes them
        and re.search(r"^\s*(from|import) django\.conf\b(?!\.)", path.read_text(), re.MULTILINE)
    }
    assert readers == {"conf.py"}


def test_every_setting_is_documented():  # D6
    text = (PACKAGE.parent / "docs" / "settings.md").read_text()
    names = [name for name in vars(Settings) if name.startswith("MULTI_OIDC_")]
    assert names
    assert [name for name in names if f"`{name}`" not in text] == []
    assert set(re.findall(r"MULTI_OIDC_[A-Z_]+", text)) <= set(names)
