"""C1-C4, C6, C8, C8a, C9: the secrets file, from where it is looked for to what is said of each mistake."""

from __future__ import annotations

import json
import os
import re
import string
from contextlib import suppress
from dataclasses import FrozenInstanceError
from pathlib import Path
from threading import Thread

import certifi
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, path, set_script_prefix
from django.urls.base import get_script_prefix
from django.utils.autoreload import StatReloader, autoreload_started
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from django_multi_oidc.exceptions import ConfigurationError
from django_multi_oidc.providers import (
    callback_path_problem,
    configuration,
    configuration_mistakes,
    forget_configuration,
)
from django_multi_oidc.providers.addresses import is_loopback
from django_multi_oidc.providers.auth_table import parse_auth
from django_multi_oidc.providers.autoreload import AwaitedFile, watch_secrets_file
from django_multi_oidc.providers.claims_request import parse_claims_request
from django_multi_oidc.providers.keys import KNOWN_KEYS, NAMED_KEYS, PROVIDER_KEYS, SHARED_KEYS
from django_multi_oidc.providers.model import Configuration
from django_multi_oidc.providers.secret_values import is_placeholder, weakness

DOCS = Path(__file__).parent.parent / "docs"
COOKIE_SECRET = "Zt3-vT0hqN8mX_wR5kYb2JcLdE7uGfAoQs6pHi1nBVx"
CLIENT_SECRET = "kQ9-client-secret-of-google-7Hs"
SHARED = f"""\
[auth]
redirect_uri = "http://localhost:8501/oauth2callback"
cookie_secret = "{COOKIE_SECRET}"
"""
GOOGLE_URL = "https://accounts.google.com/.well-known/openid-configuration"
CREDENTIALS = f"""\
client_id = "the-id"
client_secret = "{CLIENT_SECRET}"
server_metadata_url = "{GOOGLE_URL}"
"""
DEFAULT = SHARED + CREDENTIALS
GOOGLE = f"{SHARED}[auth.google]\n{CREDENTIALS}"
MAKE_ONE = (
    "  Make one with:\n"
    '  python -c "import secrets; print(secrets.token_urlsafe(48))"\n'
    "  Whoever knows or guesses it can log in as anybody."
)
KNOWN_OF_PROVIDER = (
    "  Known keys: client_id, client_secret, server_metadata_url, client_kwargs, label, allow, admins, roles, "
    "trust_email, userinfo, claims, trim_to_rules, token_endpoint_auth_method, client_private_key, client_private_key_id, audiences, tenants, timeout, ca_bundle, proxy, allow_plain_http, lifetime, idle_timeout, follow_token_expiry, provider_logout, "
    "redirect_uri"
)
KNOWN = KNOWN_OF_PROVIDER.removesuffix(", redirect_uri").replace(
    "client_id,",
    "redirect_uri, cookie_secret, revocation, revocation_outage, response_header_bytes, client_id,",
)
NO_CLIENT_ID = """\
secrets.toml: [auth.google] has no key "client_id".
  Your provider gives it to you when you register this site there:
  client_id = "…\""""
NO_CLIENT_SECRET = """\
secrets.toml: [auth.google] has no key "client_secret".
  Your provider gave it to you together with the client id:
  client_secret = "…\""""
NO_METADATA_URL = """\
secrets.toml: [auth.google] has no key "server_metadata_url".
  It is the address of your provider's discovery document; Google's is:
  server_metadata_url = "https://accounts.google.com/.well-known/openid-configuration\""""
NO_REDIRECT_URI = """\
secrets.toml: [auth] has no key "redirect_uri".
  It is where the providers send people back to, the same as registered with each of them:
  redirect_uri = "http://localhost:8000/oauth2callback\""""
NO_PROVIDER = """\
secrets.toml: [auth] names no provider.
  Put client_id, client_secret and server_metadata_url into [auth], or into a table of its own
  for each provider, such as [auth.google]."""


@pytest.fixture
def project(settings, tmp_path, monkeypatch) -> Path:
    """A project's folder without a secrets file."""
    monkeypatch.delenv("MULTI_OIDC_SECRETS_FILE", raising=False)
    settings.BASE_DIR = tmp_path
    settings.MULTI_OIDC_SECRETS = settings.MULTI_OIDC_SECRETS_FILE = None
    yield tmp_path
    forget_configuration()


@pytest.fixture
def read(project):
    """Reads a text as the project's secrets.toml."""

    def read_text(text: str) -> Configuration:
        (project / "secrets.toml").write_text(text, encoding="utf-8")
        forget_configuration()
        return configuration()

    return read_text


@pytest.fixture
def error(read):
    """Reads a text that is wrong; what the first use says."""

    def text_of_error(text: str) -> str:
        with pytest.raises(ConfigurationError) as caught:
            read(text)
        assert isinstance(caught.value, ImproperlyConfigured)  # C8
        assert COOKIE_SECRET not in str(caught.value)
        assert CLIENT_SECRET not in str(caught.value)
        return str(caught.value)

    return text_of_error


# The guide's four configurations, as valid TOML.


def test_one_provider(read):  # C1, C2
    settings = read(DEFAULT)
    assert list(settings.providers) == ["default"]
    provider = settings.default
    assert provider.name == "default"
    assert provider.label == "accounts.google.com"
    assert provider.client_id == "the-id"
    assert provider.client_secret == CLIENT_SECRET
    assert provider.server_metadata_url == GOOGLE_URL
    assert provider.redirect_uri == settings.redirect_uri == "http://localhost:8501/oauth2callback"
    assert settings.cookie_secrets == (COOKIE_SECRET,)
    assert settings.source == "secrets.toml"
    assert settings.notice == ""


def test_two_providers(read):  # C3
    tenant = "https://login.microsoftonline.com/contoso.example/v2.0/.well-known/openid-configuration"
    settings = read(f"{GOOGLE}[auth.microsoft]\n{CREDENTIALS.replace(GOOGLE_URL, tenant)}")
    assert list(settings.providers) == ["google", "microsoft"]
    assert settings.default is None
    assert [provider.label for provider in settings.providers.values()] == ["Google", "Microsoft"]
    assert settings.providers["microsoft"].server_metadata_url == tenant


def test_auth0_with_client_kwargs(read):  # C4
    auth0 = read(f'{SHARED}[auth.auth0]\n{CREDENTIALS}client_kwargs = {{ "prompt" = "login" }}\n')
    assert auth0.providers["auth0"].authorization_params == {
        "scope": "openid profile email",
        "prompt": "login",
    }


def test_default_and_named_providers_side_by_side(read):  # C3
    settings = read(
        f"{DEFAULT}[auth.Google]\n{CREDENTIALS}[auth.google]\n{CREDENTIALS}[auth.a-b_1]\n{CREDENTIALS}"
    )
    assert list(settings.providers) == ["default", "Google", "google", "a-b_1"]
    assert settings.providers["a-b_1"].label == "A b 1"


def test_shared_tables_are_no_providers(read):  # C3
    settings = read(
        f'{DEFAULT}[auth.client_kwargs]\nmax_age = 300\n[auth.roles]\neditor = ["kim@example.org"]\n'
    )
    assert list(settings.providers) == ["default"]
    assert settings.default.authorization_params["max_age"] == "300"
    assert settings.default.rules.roles.keys() == {"editor"}


def test_hundreds_of_providers(read):  # C3
    tables = "".join(f"[auth.p{number}]\n{CREDENTIALS}" for number in range(500))
    assert len(read(SHARED + tables).providers) == 500


def test_other_tables_are_ignored(read):  # C5
    assert list(read(f'[connections.db]\nurl = "x"\n{DEFAULT}[other]\nclient_id = 3\n').providers) == [
        "default"
    ]


# A provider's keys.


def test_everything_that_a_provider_may_say(read):
    provider = read(
        GOOGLE
        + """\
label = "Our people"
allow = ["*@example.org"]
admins = ["pat@example.org"]
trust_email = true
userinfo = "always"
claims = ["name", "email"]
trim_to_rules = ["groups"]
token_endpoint_auth_method = "client_secret_post"
[auth.google.roles]
editor = [{ groups = ["staff"] }]
[auth.google.client_kwargs]
scope = "  openid   groups "
prompt = ""
max_age = 300
"""
    ).providers["google"]
    assert provider.label == "Our people"
    assert provider.trust_email is True
    assert provider.userinfo == "always"
    assert provider.claims == {"name", "email"}
    assert provider.trim_to_rules == {"groups"}
    assert provider.token_endpoint_auth_method == "client_secret_post"
    assert provider.authorization_params == {"scope": "openid groups", "max_age": "300"}  # C4
    assert provider.scope == "openid groups"
    assert provider.rules.allows({"email": "kim@example.org"})  # A2
    assert provider.rules.roles_of({"email": "pat@example.org", "groups": ["staff"]}) == {"admin", "editor"}


def test_defaults(read):  # C4
    provider = read(GOOGLE).providers["google"]
    assert provider.authorization_params == {"scope": "openid profile email", "prompt": "select_account"}
    assert provider.token_endpoint_auth_method is None
    assert provider.userinfo == "auto"
    assert provider.claims is None
    assert provider.trim_to_rules == set()
    assert provider.trust_email is False
    assert provider.allow_plain_http is False
    assert provider.rules.allow is None


def test_rules_are_per_provider(read):  # A2
    settings = read(f'{GOOGLE}admins = ["pat@example.org"]\n[auth.other]\n{CREDENTIALS}')
    pat = {"email": "pat@example.org", "email_verified": True}
    assert settings.providers["google"].rules.roles_of(pat) == {"admin"}
    assert settings.providers["other"].rules.roles_of(pat) == frozenset()


def test_what_was_read_does_not_change(read):
    settings = read(GOOGLE)
    provider = settings.providers["google"]
    with pytest.raises(FrozenInstanceError):
        provider.client_id = "other"
    with pytest.raises(TypeError):
        settings.providers["x"] = provider
    with pytest.raises(TypeError):
        provider.authorization_params["state"] = "x"
    assert hash(provider) == hash(settings.providers["google"])
    assert isinstance(hash(settings), int)


def test_a_fingerprint_stands_for_client_and_address(read):
    first = read(GOOGLE).providers["google"].fingerprint
    assert len(first) == 16
    assert read(GOOGLE + 'label = "x"\n').providers["google"].fingerprint == first
    assert read(GOOGLE.replace("the-id", "the-ie")).providers["google"].fingerprint != first
    assert read(GOOGLE.replace("google.com", "google.net")).providers["google"].fingerprint != first


def test_a_fingerprint_keeps_its_parts_apart(read):
    one = read(google(client_id='"a"', server_metadata_url='"https://b.example/https://c.example"'))
    other = read(google(client_id='"ahttps://b.example/"', server_metadata_url='"https://c.example"'))
    assert one.providers["google"].fingerprint != other.providers["google"].fingerprint


def test_secrets_are_in_no_repr(read):  # S7
    settings = read(GOOGLE)
    assert CLIENT_SECRET not in repr(settings) + repr(settings.providers["google"]) + str(settings)
    assert COOKIE_SECRET not in repr(settings)


# K1: the cookie's name.


@pytest.mark.parametrize(
    ("redirect_uri", "secure"),
    [
        ("https://example.org/oauth2callback", True),
        ("HTTPS://example.org/oauth2callback", True),
        ("http://localhost:8501/oauth2callback", False),
    ],
)
def test_the_cookie_is_secure_when_the_site_is(read, settings, redirect_uri, secure):  # K1
    settings.MULTI_OIDC_COOKIE_NAME = "my_auth"
    read_settings = read(DEFAULT.replace("http://localhost:8501/oauth2callback", redirect_uri))
    assert read_settings.secure is secure
    assert read_settings.cookie_name == ("__Host-my_auth" if secure else "my_auth")


# C6: where it is read from.


def test_the_mapping_in_settings_comes_first(read, settings):  # C6
    read(GOOGLE)
    settings.MULTI_OIDC_SECRETS_FILE = "no-such-file.toml"
    settings.MULTI_OIDC_SECRETS = {
        "auth": {
            "redirect_uri": "http://localhost/oauth2callback",
            "cookie_secret": COOKIE_SECRET,
            "mine": {
                "client_id": "a",
                "client_secret": "b",
                "server_metadata_url": GOOGLE_URL,
                "allow": ("pat@example.org",),
            },
        }
    }
    assert configuration().source == "MULTI_OIDC_SECRETS"
    assert list(configuration().providers) == ["mine"]
    assert configuration().providers["mine"].rules.allow is not None


def test_then_the_setting_then_the_environment_then_the_folder(project, settings, monkeypatch):  # C6
    for name in ("setting", "environment", "folder", "streamlit"):
        text = GOOGLE.replace("auth.google", f"auth.{name}")
        (project / ".streamlit").mkdir(exist_ok=True)
        file = {"folder": "secrets.toml", "streamlit": ".streamlit/secrets.toml"}.get(name, f"{name}.toml")
        (project / file).write_text(text)
    settings.MULTI_OIDC_SECRETS_FILE = project / "setting.toml"
    monkeypatch.setenv("MULTI_OIDC_SECRETS_FILE", "environment.toml")
    assert list(configuration().providers) == ["setting"]
    assert configuration().source == "setting.toml"
    settings.MULTI_OIDC_SECRETS_FILE = None
    assert list(configuration().providers) == ["environment"]
    monkeypatch.delenv("MULTI_OIDC_SECRETS_FILE")
    forget_configuration()
    assert list(configuration().providers) == ["folder"]
    (project / "secrets.toml").unlink()
    forget_configuration()
    assert list(configuration().providers) == ["streamlit"]
    assert configuration().source == ".streamlit/secrets.toml"


def test_a_file_elsewhere_goes_by_its_whole_path(project, settings, tmp_path_factory):  # C6
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "login.toml"
    elsewhere.write_text(GOOGLE)
    settings.MULTI_OIDC_SECRETS_FILE = str(elsewhere)
    assert configuration().source == str(elsewhere)


def test_without_a_base_dir_a_path_starts_where_the_process_does(project, settings, monkeypatch):  # C6
    (project / "login.toml").write_text(GOOGLE)
    monkeypatch.chdir(project)
    del settings.BASE_DIR
    settings.MULTI_OIDC_SECRETS_FILE = "login.toml"
    assert list(configuration().providers) == ["google"]


def test_windows_editors_marks_and_line_ends(project):  # C6
    (project / "secrets.toml").write_bytes(b"\xef\xbb\xbf" + GOOGLE.replace("\n", "\r\n").encode())
    assert list(configuration().providers) == ["google"]


def test_it_is_read_once(read, project):  # C9
    first = read(GOOGLE)
    (project / "secrets.toml").unlink()
    assert configuration() is first


def test_a_mistake_is_kept_and_raised_anew_with_the_same_text(error, project):  # C6, C8
    text = error(SHARED)
    (project / "secrets.toml").write_text(GOOGLE)
    with pytest.raises(ConfigurationError) as second:
        configuration()
    with pytest.raises(ConfigurationError) as third:
        configuration()
    assert str(second.value) == str(third.value) == text
    assert second.value is not third.value


@pytest.mark.parametrize("name", ["MULTI_OIDC_COOKIE_NAME", "BASE_DIR"])
def test_a_changed_setting_drops_what_was_read(read, settings, name):  # C6
    first = read(GOOGLE)
    setattr(settings, name, settings.BASE_DIR if name == "BASE_DIR" else "other_auth")
    assert configuration() is not first


def test_another_setting_does_not(read, settings):
    first = read(GOOGLE)
    settings.LOGIN_URL = "/in/"
    assert configuration() is first


def test_threads_that_come_first_all_get_it(read, project):  # C6
    read(GOOGLE)
    forget_configuration()
    seen: list[list[str]] = []
    threads = [Thread(target=lambda: seen.append(list(configuration().providers))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [["google"]] * 8


# C8a: nothing to read.


def nothing(settings=None) -> str:
    found = configuration()
    assert found.providers == {}
    assert found.default is None
    assert found.source == found.redirect_uri == ""
    assert found.cookie_secrets == ()
    assert found.cookie_name == "multi_oidc_auth"
    assert configuration_mistakes() == ()
    return found.notice


def test_no_file_is_no_mistake(project):  # C8a
    assert nothing() == (
        "No login provider is configured: BASE_DIR has neither secrets.toml nor .streamlit/secrets.toml. "
        "See docs/configuration.md of django-multi-oidc."
    )


def test_no_file_and_no_base_dir(project, settings):  # C8a
    del settings.BASE_DIR
    assert nothing() == (
        "No login provider is configured: the settings name no secrets file, and have no BASE_DIR to look "
        "for one. See docs/configuration.md of django-multi-oidc."
    )


def test_a_setting_that_names_a_missing_file(project, settings):  # C8a
    settings.MULTI_OIDC_SECRETS_FILE = "config/login.toml"
    assert nothing() == (
        'No login provider is configured: the setting MULTI_OIDC_SECRETS_FILE names "config/login.toml", '
        "which is not there. See docs/configuration.md of django-multi-oidc."
    )


def test_an_environment_variable_that_names_a_missing_file(project, monkeypatch):  # C8a
    (project / "file").write_text("")
    monkeypatch.setenv("MULTI_OIDC_SECRETS_FILE", "file/login.toml")  # a file in place of the folder
    assert nothing() == (
        "No login provider is configured: the environment variable MULTI_OIDC_SECRETS_FILE names "
        '"file/login.toml", which is not there. See docs/configuration.md of django-multi-oidc.'
    )


@pytest.mark.parametrize(
    ("text", "other"), [("", ""), ("[db]\nx = 1\n", ""), ("[Auth]\nx = 1\n", ", but [Auth]")]
)
def test_a_file_without_auth_is_like_no_file(read, text, other):  # C8a, C5
    assert read(text).notice == (
        f"No login provider is configured: secrets.toml has no [auth] table{other}. "
        "See docs/configuration.md of django-multi-oidc."
    )


def test_an_empty_mapping_turns_the_file_off(read, settings):  # C8a
    read(GOOGLE)
    settings.MULTI_OIDC_SECRETS = {}
    assert nothing().startswith("No login provider is configured: MULTI_OIDC_SECRETS has no [auth] table.")


# C8: a file that cannot be read.


@pytest.mark.parametrize("name", ["\0", "\ud800"])
def test_a_name_that_no_file_can_have(project, settings, name):  # C8
    settings.MULTI_OIDC_SECRETS_FILE = name
    assert [str(mistake) for mistake in configuration_mistakes()] == [
        "MULTI_OIDC_SECRETS_FILE: is no path.\n  Write the path of a file."
    ]


def test_a_directory(project):  # C8
    (project / "secrets.toml").mkdir()
    assert [str(mistake) for mistake in configuration_mistakes()] == [
        "secrets.toml: is a directory, not a file.\n"
        "  Docker makes an empty directory where the file to be mounted is missing on the host."
    ]


def test_a_file_that_the_site_may_not_read(project, settings):  # C8
    # Root may read all files, so a name that is too long for any file stands in for a forbidden one.
    settings.MULTI_OIDC_SECRETS_FILE = project / ("x" * 300)
    (mistake,) = configuration_mistakes()
    assert mistake.what == "cannot be read: File name too long."
    assert mistake.mend == "Give the user that the site runs as the right to read it."


def test_bytes_that_are_not_utf8(project):  # C8
    (project / "secrets.toml").write_bytes(SHARED.encode() + b'label = "\xe9"\n')
    assert [str(mistake) for mistake in configuration_mistakes()] == [
        "secrets.toml: line 4 is not UTF-8.\n  Save the file as UTF-8; PowerShell's > writes UTF-16."
    ]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("x", "must be a mapping, not a string."),
        ([], "must be a mapping, not a list."),
        ({"auth": 3}, "auth must be a table, not a whole number."),
        ({"cookie_secret": COOKIE_SECRET}, 'has "cookie_secret", and no table [auth] to hold it.'),
    ],
)
def test_a_mapping_of_the_wrong_shape(project, settings, value, what):  # C8
    settings.MULTI_OIDC_SECRETS = value
    (mistake,) = configuration_mistakes()
    assert (mistake.source, mistake.what) == ("MULTI_OIDC_SECRETS", what)


def test_a_path_of_the_wrong_type(project, settings):  # C8
    settings.MULTI_OIDC_SECRETS_FILE = 3
    assert [str(mistake) for mistake in configuration_mistakes()] == [
        "MULTI_OIDC_SECRETS_FILE: must be a path, not a whole number.\n  Write it as a string or a Path."
    ]


def test_auth_forgotten(error):  # C8
    assert error(f'redirect_uri = "x"\ncookie_secret = "{COOKIE_SECRET}"\n') == (
        'secrets.toml: has "redirect_uri", and no table [auth] to hold it.\n'
        '  Write [auth] into a line above it; as a mapping: {"auth": {…}}.'
    )


# C8: what is not TOML.

PARENTHESES = (
    "  TOML has no parentheses. Remove both, and write the value on the line of its key:\n"
    f'  server_metadata_url = "{GOOGLE_URL}"'
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f'[auth]\nserver_metadata_url = (\n    "{GOOGLE_URL}"\n)\n',
            "line 2, column 23 is not TOML: Invalid value.\n"
            "  server_metadata_url = (\n"
            "                        ^\n" + PARENTHESES,
        ),
        (
            f'[auth]\n  server_metadata_url = ( "{GOOGLE_URL}" )\n',
            "line 2, column 25 is not TOML: Invalid value.\n"
            f'  server_metadata_url = ( "{GOOGLE_URL}" )\n'
            "                        ^\n" + PARENTHESES,
        ),
        (
            f'[auth] redirect_uri = "x" cookie_secret = "{COOKIE_SECRET}"',
            "line 1, column 8 is not TOML: Expected newline or end of document after a statement.\n"
            "  [auth] redirect_uri…\n"
            "         ^\n"
            "  Write each table's [name] and each key on a line of its own.",
        ),
        (
            f'client_id = "x" client_secret = "{CLIENT_SECRET}"',
            "line 1, column 17 is not TOML: Expected newline or end of document after a statement.\n"
            '  client_id = "x" client_secret…\n'
            "                  ^\n"
            "  Write each table's [name] and each key on a line of its own.",
        ),
        (
            f'client_id = "x" client_secert = "{CLIENT_SECRET}"',
            "line 1, column 17 is not TOML: Expected newline or end of document after a statement.\n"
            '  client_id = "x" client_secert…\n'
            "                  ^\n"
            "  Write each table's [name] and each key on a line of its own.",
        ),
        (
            f'cookie_secret = "{COOKIE_SECRET}',
            "line 1, column 61 is not TOML: Unterminated string.\n"
            "  cookie_secret =…\n"
            "  The quote at the end of the text is missing.",
        ),
        (
            f'{SHARED}cookie_secret = "{COOKIE_SECRET}"\n',
            "line 4, column 62 is not TOML: Cannot overwrite a value.\n"
            "  cookie_secret =…\n"
            "  The key stands twice in its table: keep one.",
        ),
        (
            f'cookie_secret "{COOKIE_SECRET}"',
            'line 1, column 15 is not TOML: Expected ….\n  After a key stands an equals sign: key = "value"',
        ),
        (
            f"cookie_secert = {COOKIE_SECRET}",
            'line 1, column 17 is not TOML: Invalid value.\n  Text stands in quotes: key = "value"',
        ),
        (
            "[auth]\nlabel = Google",
            "line 2, column 9 is not TOML: Invalid value.\n"
            "  label = Google\n"
            "          ^\n"
            '  Text stands in quotes: key = "value"',
        ),
        (
            "trust_email = True",
            "line 1, column 15 is not TOML: Invalid value.\n"
            "  trust_email = True\n"
            "                ^\n"
            "  Write true or false, in lower case.",
        ),
        (
            "label = \u201cGoogle\u201d",
            "line 1, column 9 is not TOML: Invalid value.\n"
            "  label = \u201cGoogle\u201d\n"
            "          ^\n"
            '  Use straight quotes: "…"',
        ),
        (
            'label = "Google\nallow = []',
            "line 1, column 16 is not TOML: Illegal character ….\n"
            '  label = "Google\n'
            "                 ^\n"
            "  The quote at the end of the text is missing.",
        ),
        (
            "[auth]\n[auth]\n",
            "line 2, column 6 is not TOML: Cannot declare ….\n"
            "  [auth]\n"
            "       ^\n"
            "  The table stands twice in the file: make it one.",
        ),
        (
            'label = "C:\\dir"',
            "line 1, column 14 is not TOML: Unescaped ….\n"
            '  label = "C:\\dir"\n'
            "               ^\n"
            "  Write a backslash twice, or put the text into 'single quotes'.",
        ),
        (
            'allow = ["a@b"\n"c@d"]',
            "line 2, column 1 is not TOML: Unclosed array.\n"
            "  The entries of a list stand in quotes, with commas between them.",
        ),
        (
            "client_kwargs = { a = 1, a = 2 }",
            "line 1, column 31 is not TOML: Duplicate inline table key ….\n"
            "  client_kwargs = { a…\n"
            "  The rules of TOML: https://toml.io/",
        ),
    ],
)
def test_what_is_not_toml(error, text, message):  # C8
    assert error(text) == f"secrets.toml: {message}"


# C8: mistakes in [auth].


def auth(text: str) -> str:
    """[auth] with the two shared keys replaced or left out."""
    return f"[auth]\n{text}\n[auth.google]\n{CREDENTIALS}"


REDIRECT = 'redirect_uri = "http://localhost/oauth2callback"'
SECRET = f'cookie_secret = "{COOKIE_SECRET}"'


def redirect(value: str) -> str:
    return auth(f'redirect_uri = "{value}"\n{SECRET}')


def not_absolute(value: str) -> str:
    return f"redirect_uri is no absolute address: {json.dumps(value, ensure_ascii=False)}.\n" + "\n".join(
        NO_REDIRECT_URI.splitlines()[1:]
    )


AT = 'has an "@", as a user or password in front of the host has.\n  Remove all from "://" to the "@"; in a path, write it as %40.'
PLAIN_HTTP = """.
  Anybody on the way could take over logins. Write https://, and register that with each
  provider; plain http is for localhost, *.localhost, 127.0.0.1 and [::1]."""
NO_LIST_OF_SECRETS = """\
cookie_secret must be a string, or a list of strings with something in each.
  The first signs, all verify: a new one goes to the end everywhere, then to the front, then the old one goes.
  cookie_secret = ["the one that signs", "another that verifies"]"""


@pytest.mark.parametrize(
    ("above", "message"),
    [
        (
            "revocation = true\n",
            'has "revocation" outside of [auth], where nothing reads it.\n  Move it below the line [auth].',
        ),
        (
            f"[alpha]\n{CREDENTIALS}\n",
            "has a provider in [alpha], outside of [auth].\n  Write [auth.alpha].",
        ),
    ],
)
def test_what_stands_outside_of_auth(error, above, message):  # C8: nothing is ignored in silence
    assert error(f"{above}{GOOGLE}") == f"secrets.toml: {message}"


def test_other_tables_are_anybodys(read):  # C5
    settings = read(f'title = "x"\n[connections.db]\nclient_id = "x"\n{GOOGLE}')
    assert list(settings.providers) == ["google"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (auth(SECRET), NO_REDIRECT_URI.removeprefix("secrets.toml: [auth] ")),
        (auth(REDIRECT), f'has no key "cookie_secret".\n{MAKE_ONE}'),
        (auth(f'{REDIRECT}\ncookie_secret = "xxx"'), f"cookie_secret is a placeholder.\n{MAKE_ONE}"),
        (auth(f'{REDIRECT}\ncookie_secret = ""'), f"cookie_secret is empty.\n{MAKE_ONE}"),
        (
            auth(f'{REDIRECT}\ncookie_secret = "short-but-not-xxx"'),
            f"cookie_secret has only 17 characters; 32 are the least.\n{MAKE_ONE}",
        ),
        (
            auth(f'{REDIRECT}\ncookie_secret = "{"abcdefghij" * 4}"'),
            f"cookie_secret is long, but too regular to be random.\n{MAKE_ONE}",
        ),
        (
            auth(f"{REDIRECT}\ncookie_secret = 5"),
            'cookie_secret must be a string, not a whole number.\n  Put it into quotes: cookie_secret = "…"',
        ),
        (auth(f"{REDIRECT}\ncookie_secret = []"), NO_LIST_OF_SECRETS),
        *(
            (auth(f"{REDIRECT}\ncookie_secret = {value}"), f"cookie_secret {problem}\n{MAKE_ONE}")
            for value, problem in (
                (f'\'["{COOKIE_SECRET}", "{COOKIE_SECRET}"]\'', "looks like a list in one string."),
                (f"' {COOKIE_SECRET}'", "begins or ends with a space or a new line."),
                (f'"{COOKIE_SECRET}\\n"', "begins or ends with a space or a new line."),
                *(
                    (f'"{name}"', 'is the name of a variable, not its value: cookie_secret = { env = "…" }.')
                    for name in (
                        "${THE_COOKIE_SECRET_OF_OUR_SITE_IN_PRODUCTION}",
                        "$THE_COOKIE_SECRET_OF_OUR_SITE_IN_PRODUCTION",
                        "%(THE_COOKIE_SECRET_OF_OUR_SITE_IN_PRODUCTION)s",
                        "env:THE_COOKIE_SECRET_OF_OUR_SITE_IN_PRODUCTION",
                    )
                ),
            )
        ),
        (auth(f'{REDIRECT}\ncookie_secret = ["{COOKIE_SECRET}", " "]'), NO_LIST_OF_SECRETS),
        (auth(f'{REDIRECT}\ncookie_secret = ["{COOKIE_SECRET}", 5]'), NO_LIST_OF_SECRETS),
        (
            auth(f'{REDIRECT}\ncookie_secret = ["{COOKIE_SECRET}", "xxx"]'),
            f"cookie_secret number 2 is a placeholder.\n{MAKE_ONE}",
        ),
        (
            auth(f'{REDIRECT}\ncookie_secret = ["xxx"]'),
            f"cookie_secret is a placeholder.\n{MAKE_ONE}",
        ),
        (
            auth(f'{REDIRECT}\ncookie_secret = ["{COOKIE_SECRET}", "{COOKIE_SECRET}"]'),
            "cookie_secret has one secret twice.\n  Remove one of the two.",
        ),
        (
            auth(f"redirect_uri = 8501\n{SECRET}"),
            'redirect_uri must be a string, not a whole number.\n  Put it into quotes: redirect_uri = "…"',
        ),
        (redirect("/oauth2callback"), not_absolute("/oauth2callback")),
        (redirect("localhost:8501/oauth2callback"), not_absolute("localhost:8501/oauth2callback")),
        (redirect("//localhost/oauth2callback"), not_absolute("//localhost/oauth2callback")),
        (redirect("ftp://localhost/oauth2callback"), not_absolute("ftp://localhost/oauth2callback")),
        (redirect("http://localhost:99999/"), not_absolute("http://localhost:99999/")),
        (redirect("http://[::1/"), not_absolute("http://[::1/")),
        (redirect("https:///x"), not_absolute("https:///x")),
        (redirect(" https://example.org/x"), not_absolute(" https://example.org/x")),
        (redirect("https://ex\u00e4mple.org/x"), not_absolute("https://ex\u00e4mple.org/x")),
        (redirect(f"https://pat:{CLIENT_SECRET}@example.org/x"), f"redirect_uri {AT}"),
        (
            redirect("http://localhost:{port}/oauth2callback"),
            "redirect_uri has {port} in it.\n  Write the value itself in place of {port}.",
        ),
        (
            redirect("https://example.org/x?y=1"),
            'redirect_uri goes on after the path: "https://example.org/x?y=1".\n  Remove all from ? or # on.',
        ),
        (
            redirect("https://example.org/x#"),
            'redirect_uri goes on after the path: "https://example.org/x#".\n  Remove all from ? or # on.',
        ),
        (
            redirect("http://example.org/x"),
            f'redirect_uri is plain http, and not on this machine: "http://example.org/x"{PLAIN_HTTP}',
        ),
        (
            redirect("http://localhost.example.org/x"),
            f'redirect_uri is plain http, and not on this machine: "http://localhost.example.org/x"{PLAIN_HTTP}',
        ),
        (
            f'{SHARED}redirect_url = "x"\n[auth.google]\n{CREDENTIALS}',
            f'has an unknown key "redirect_url". Did you mean "redirect_uri"?\n{KNOWN}',
        ),
        (
            auth(f'redirect_url = "x"\n{SECRET}'),
            f'has an unknown key "redirect_url". Did you mean "redirect_uri"?\n{KNOWN}',
        ),
        (
            f'{SHARED}Cookie-Secret = "{COOKIE_SECRET}"\n[auth.google]\n{CREDENTIALS}',
            f'has an unknown key "Cookie-Secret". Did you mean "cookie_secret"?\n{KNOWN}',
        ),
        (
            f"{GOOGLE}[auth.client_kwarg]\nx = 1\n",
            f'has an unknown key "client_kwarg". Did you mean "client_kwargs"?\n{KNOWN}',
        ),
        (
            f'{SHARED}expose_tokens = "id"\n[auth.google]\n{CREDENTIALS}',
            f'has an unknown key "expose_tokens".\n{KNOWN}',
        ),
        (
            f'{GOOGLE}[[auth.other]]\nclient_id = "x"\n',
            'has a list of tables "other".\n  Single brackets make a provider: [auth.other]',
        ),
        (
            f"{GOOGLE}[auth.default]\n{CREDENTIALS}",
            'must not have a table "default", the name of the provider that stands in [auth] itself.\n'
            "  Put its keys right into [auth], or give the table another name.",
        ),
        (
            f'{GOOGLE}[auth."my provider"]\n{CREDENTIALS}',
            'has a provider with the name "my provider".\n'
            "  A name has letters from a to z, digits, _ and -: it is part of the login's address.",
        ),
        (
            f'{SHARED}allow = ["pat@example.org"]\n[auth.google]\n{CREDENTIALS}',
            'has "allow", which belongs to a provider, and none stands in [auth] itself.\n'
            "  Move it to the table of each provider that it is meant for: [auth.google]",
        ),
        (
            f"{GOOGLE}[auth.roles]\neditor = []\n",
            'has "roles", which belongs to a provider, and none stands in [auth] itself.\n'
            "  Move it to the table of each provider that it is meant for: [auth.google.roles]",
        ),
        (
            f'{SHARED}lifetime = "1y"\n[auth.google]\n{CREDENTIALS}',
            "lifetime must be a time from one minute to 400 days.\n"
            '  A whole number and its unit, s, m, h or d, without a space; a bare number is in seconds: lifetime = "8h"',
        ),
        (
            f'{SHARED}lifetime = "1y"\n{CREDENTIALS}',
            "lifetime must be a time from one minute to 400 days.\n"
            '  A whole number and its unit, s, m, h or d, without a space; a bare number is in seconds: lifetime = "8h"',
        ),
        *(
            (
                f"{SHARED}response_header_bytes = {value}\n{CREDENTIALS}",
                "response_header_bytes must be a whole number from 4096 to 65536.\n"
                "  It is nginx's proxy_buffer_size, or what another server takes: response_header_bytes = 16384",
            )
            for value in ("4095", "65537", "true", '"16k"', "8192.0")
        ),
        (
            f'{SHARED}revocation = "yes"\n{CREDENTIALS}',
            'revocation must be true or false, not "yes".\n  Without quotes: revocation = true',
        ),
        (
            f'{SHARED}revocation = true\nrevocation_outage = "ignore"\n{CREDENTIALS}',
            'revocation_outage must be "refuse" or "allow", not "ignore".\n  revocation_outage = "refuse"',
        ),
        *(
            (
                f'{SHARED}{off}revocation_outage = "allow"\n{CREDENTIALS}',
                "has revocation_outage, and revocation is off.\n  revocation = true",
            )
            for off in ("", "revocation = false\n")
        ),
        (SHARED, NO_PROVIDER.removeprefix("secrets.toml: [auth] ")),
    ],
)
def test_a_mistake_in_auth(error, text, message):  # C8
    assert error(text) == f"secrets.toml: [auth] {message}"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://example.org/oauth2callback",
        "https://example.org:8443/app/oauth2callback",
        "http://localhost/oauth2callback",
        "http://shop.localhost:8000/oauth2callback",
        "http://127.0.0.1:8000/oauth2callback",
        "http://127.8.9.1/oauth2callback",
        "http://[::1]:8000/oauth2callback",
        "http://LOCALHOST/oauth2callback",
    ],
)
def test_a_right_redirect_uri(read, redirect_uri):  # C1
    assert read(redirect(redirect_uri)).redirect_uri == redirect_uri


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("a.b.localhost", True),
        ("127.0.0.1", True),
        ("127.255.0.3", True),
        ("::1", True),
        ("[::1]", True),
        ("notlocalhost", False),
        ("localhost.example.org", False),
        ("126.0.0.1", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("::2", False),
        ("keycloak", False),
        ("", False),
        (None, False),
    ],
)
def test_loopback(host, loopback):  # S3
    assert is_loopback(host) is loopback


# C8: mistakes in a provider's table.


PEM = f'"""\n-----BEGIN PRIVATE KEY-----\n{CLIENT_SECRET}\n-----END PRIVATE KEY-----\n"""'
SIGNS = {
    "client_secret": "",
    "token_endpoint_auth_method": '"private_key_jwt"',
    "client_private_key": PEM,
}
TENANT = "0d2f3a7c-5c4e-4c57-9d0e-3f0f4f6f2c11"
COMMON = "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration"


def google(**changes: str) -> str:
    """[auth.google] with keys replaced, or left out where the value is empty."""
    keys = {
        "client_id": '"the-id"',
        "client_secret": f'"{CLIENT_SECRET}"',
        "server_metadata_url": f'"{GOOGLE_URL}"',
    } | changes
    lines = [f"{key} = {value}\n" for key, value in keys.items() if value]
    return f"{SHARED}[auth.google]\n{''.join(lines)}"


def metadata(url: str, **more: str) -> str:
    return google(server_metadata_url=json.dumps(url, ensure_ascii=False), **more)


def no_address(url: str) -> str:
    mend = "\n".join(NO_METADATA_URL.splitlines()[1:])
    return f"server_metadata_url is no absolute address: {json.dumps(url, ensure_ascii=False)}.\n{mend}"


MULTI_TENANT = """\
must not have trust_email = true with an address for all of Entra's tenants.
  There, any organisation decides which e-mail addresses its people have. Name your own tenant
  in server_metadata_url, or write rules with other claims: { tid = "…", oid = ["…"] }"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (google(client_id=""), NO_CLIENT_ID.removeprefix("secrets.toml: [auth.google] ")),
        (google(client_secret=""), NO_CLIENT_SECRET.removeprefix("secrets.toml: [auth.google] ")),
        (google(server_metadata_url=""), NO_METADATA_URL.removeprefix("secrets.toml: [auth.google] ")),
        (
            google(client_id='"xxx"'),
            'client_id is a placeholder.\n  Your provider gives it to you when you register this site there:\n  client_id = "…"',
        ),
        (
            google(client_secret='"xxx"'),
            'client_secret is a placeholder.\n  Your provider gave it to you together with the client id:\n  client_secret = "…"',
        ),
        (
            google(client_secret='""'),
            'client_secret is empty.\n  Your provider gave it to you together with the client id:\n  client_secret = "…"',
        ),
        (
            google(client_secret=f'{{ env = "{CLIENT_SECRET}" }}'),
            "client_secret is to come from an environment variable, which is not set.\n"
            "  Set it for the process that the site runs in, and for manage.py. What stands in the secrets file is the\n"
            "  name of the variable, not its value.",
        ),
        (
            google(client_id="2026-11-25"),
            'client_id must be a string, not a date or time.\n  Put it into quotes: client_id = "…"',
        ),
        (
            google(client_secret="", client_secert=f'"{CLIENT_SECRET}"'),
            f'has an unknown key "client_secert". Did you mean "client_secret"?\n{KNOWN_OF_PROVIDER}',
        ),
        (
            google(frobnicate="1"),
            f'has an unknown key "frobnicate".\n{KNOWN_OF_PROVIDER}',
        ),
        (
            google(prompt='"login"'),
            'has an unknown key "prompt".\n'
            "  To send it with the authorization request: client_kwargs = { prompt = … }\n"
            f"{KNOWN_OF_PROVIDER}",
        ),
        (
            google(redirect_uri='"https://example.org/x"'),
            'redirect_uri is at "https://example.org", and that of [auth] at "http://localhost:8501".\n'
            "  Cookies are kept for one scheme and host: write the same in both.",
        ),
        (
            google(redirect_uri='"http://localhost:8501/oauth2callback"'),
            "redirect_uri is that of [auth].\n"
            "  Remove it here; or, for a callback of the provider's own, add its name: "
            'redirect_uri = "http://localhost:8501/oauth2callback/<name>"',
        ),
        (
            google(redirect_uri='"http://localhost:8501/oauth2callback/google?x=1"'),
            'redirect_uri goes on after the path: "http://localhost:8501/oauth2callback/google?x=1".\n'
            "  Remove all from ? or # on.",
        ),
        (
            google(cookie_secret=f'"{COOKIE_SECRET}"'),
            'must not have "cookie_secret", which all providers share.\n  Move it to [auth].',
        ),
        (google(label='""'), "label is empty.\n  Give label a value, or remove it."),
        (
            google(userinfo='"sometimes"'),
            'userinfo must be "auto" or "always" or "never", not "sometimes".\n  userinfo = "auto"',
        ),
        (
            google(claims="{ name = true }"),
            'claims must be a list of strings with something in it.\n  claims = ["…"]',
        ),
        *(
            (
                google(idle_timeout=value),
                "idle_timeout must be a time from one minute to 400 days.\n"
                '  A whole number and its unit, s, m, h or d, without a space; a bare number is in seconds: idle_timeout = "8h"',
            )
            for value in (
                "59",
                '"59s"',
                "34560001",
                '"401d"',
                '"8"',
                '"8w"',
                '"8 h"',
                '"1h30m"',
                "true",
                "1.5",
                '""',
                '"-1h"',
                '"٣h"',
            )
        ),
        (
            google(follow_token_expiry='"yes"'),
            'follow_token_expiry must be true or false, not "yes".\n  Without quotes: follow_token_expiry = true',
        ),
        (
            google(trim_to_rules='["groups"]', admins='["groups@example.org", { group = "x" }]'),
            'trim_to_rules has "groups", which no rule looks at: nothing of it would be kept.\n'
            "  Remove it here; or, to keep it out altogether, name the claims to keep: "
            'claims = ["name", "email"]',
        ),
        (
            google(userinfo="true"),
            'userinfo must be "auto" or "always" or "never", not true or false.\n  userinfo = "auto"',
        ),
        (
            google(token_endpoint_auth_method='"client_secret_jwt"'),
            'token_endpoint_auth_method must be "client_secret_basic" or "client_secret_post" or "private_key_jwt" '
            'or "none", not "client_secret_jwt".\n  token_endpoint_auth_method = "client_secret_basic"',
        ),
        (
            google(client_secret="", token_endpoint_auth_method='"private_key_jwt"'),
            'has no key "client_private_key".\n'
            "  It signs what this site says to the token endpoint; the provider knows the public key:\n"
            '  client_private_key = """…"""',
        ),
        (
            google(client_private_key=PEM),
            "has client_private_key, which nothing uses.\n"
            '  To sign with it: token_endpoint_auth_method = "private_key_jwt"',
        ),
        (
            google(token_endpoint_auth_method='"none"', client_secret="", client_private_key_id='"one"'),
            "has client_private_key_id, which nothing uses.\n"
            '  To sign with it: token_endpoint_auth_method = "private_key_jwt"',
        ),
        *[
            (
                google(token_endpoint_auth_method=f'"{method}"', **more),
                f'has a client_secret, which token_endpoint_auth_method = "{method}" has no use for.\n'
                "  Remove one of the two.",
            )
            for method, more in [("none", {}), ("private_key_jwt", {"client_private_key": PEM})]
        ],
        *[
            (
                google(**SIGNS | {"client_private_key": PEM.replace("PRIVATE", kind)}),
                "client_private_key is no private key in PEM.\n"
                '  The PEM text, BEGIN and END lines included, between """ and """.',
            )
            for kind in ("PUBLIC", "private", "RSA")
        ],
        (
            google(**SIGNS | {"client_private_key": PEM.replace("PRIVATE", "ENCRYPTED PRIVATE")}),
            "client_private_key is encrypted.\n  Decrypt it: openssl pkey -in key.pem",
        ),
        *[
            (
                google(audiences=value),
                'audiences must be a list of strings with something in it.\n  audiences = ["…"]',
            )
            for value in ('"api"', "[]", "[1]", '["api", ""]', "{}")
        ],
        (
            metadata(COMMON, tenants='["contoso.example"]'),
            'tenants has "contoso.example", which is no GUID.\n'
            "  Write each tenant's id: Entra's admin center shows it as Tenant ID.",
        ),
        *[
            (
                metadata(url, tenants=f'["{TENANT}"]'),
                "must not have tenants with an address that is not for many of them.\n"
                "  It goes with https://login.microsoftonline.com/common/… or …/organizations/…",
            )
            for url in (GOOGLE_URL, COMMON.replace("common", TENANT), COMMON.replace("common", "consumers"))
        ],
        *[
            (
                google(timeout=value),
                "timeout must be a number of seconds from 1 to 60.\n  timeout = 10",
            )
            for value in ("0", "0.9", "61", '"10"', "true", "nan", "inf")
        ],
        (
            google(ca_bundle='"company.pem"'),
            'ca_bundle is no absolute path: "company.pem".\n  ca_bundle = "/etc/ssl/company.pem"',
        ),
        *[
            (
                google(ca_bundle=json.dumps(str(path))),
                f'ca_bundle names no file of certificates: "{path}".\n'
                "  It has to be there, readable for this process, and have certificates in PEM.",
            )
            for path in (Path("/no/such/file.pem"), Path(__file__).resolve(), Path(__file__).resolve().parent)
        ],
        *[
            (
                google(proxy=f'"{url}"'),
                "proxy is no address of a proxy.\n"
                '  It is http:// or https://, a host and a port: proxy = "http://proxy.example.org:3128"',
            )
            for url in (
                *(f"pat:{CLIENT_SECRET}@proxy:3128", f"socks5://pat:{CLIENT_SECRET}@proxy", "proxy:3128"),
                *("http://", "http://proxy:99999", "http://proxy/path", "http://proxy/?x=1"),
            )
        ],
        (
            google(trust_email='"true"'),
            'trust_email must be true or false, not "true".\n  Without quotes: trust_email = true',
        ),
        (
            metadata("https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration"),
            "server_metadata_url still has {tenant} in it: "
            '"https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration".\n'
            "  Write your tenant's id in place of {tenant}: Entra's admin center shows it as Tenant ID.",
        ),
        (
            metadata("https://{account}.{region}.auth0.com/.well-known/openid-configuration"),
            "server_metadata_url still has {account} in it: "
            '"https://{account}.{region}.auth0.com/.well-known/openid-configuration".\n'
            "  Write your account's name in place of {account}: Auth0 shows both as the Domain.",
        ),
        (
            metadata("https://me.{region}.auth0.com/x"),
            'server_metadata_url still has {region} in it: "https://me.{region}.auth0.com/x".\n'
            "  Write your account's region in place of {region}: Auth0 shows both as the Domain.",
        ),
        (
            metadata("https://{host}/x"),
            'server_metadata_url still has {host} in it: "https://{host}/x".\n'
            "  Write the value itself in place of {host}, without braces.",
        ),
        (metadata("xxx"), no_address("xxx")),
        (metadata("accounts.google.com/x"), no_address("accounts.google.com/x")),
        (metadata("https://accounts google.com/x"), no_address("https://accounts google.com/x")),
        (metadata("https:\\\\example.org"), no_address("https:\\\\example.org")),
        (metadata(f"https://x:{CLIENT_SECRET}@example.org/x"), f"server_metadata_url {AT}"),
        (metadata(f"https://x:{CLIENT_SECRET}/@example.org/x"), f"server_metadata_url {AT}"),
        (
            metadata("https://example.org/x#y"),
            'server_metadata_url has a fragment: "https://example.org/x#y".\n  Remove all from # on.',
        ),
        (
            metadata("http://keycloak:8080/x"),
            'server_metadata_url is plain http, and not on this machine: "http://keycloak:8080/x".\n'
            "  Anybody on the way could log in as anybody. Write https://, or for development alone:\n"
            "  allow_plain_http = true",
        ),
        (
            google(allow_plain_http="true"),
            "has allow_plain_http = true, and its address is https.\n  Remove allow_plain_http.",
        ),
        (
            google(allow_plain_http="1"),
            "allow_plain_http must be true or false, not a whole number.\n  Without quotes: allow_plain_http = true",
        ),
        *[
            (metadata(f"https://{host}/{tenant}/v2.0/x", trust_email="true"), MULTI_TENANT)
            for host, tenant in [
                ("login.microsoftonline.com", "common"),
                ("login.microsoftonline.com", "organizations"),
                ("login.microsoftonline.com", "consumers"),
                ("LOGIN.microsoftonline.com", "Common"),
                ("login.microsoftonline.com:443", "%63ommon"),
                ("login.microsoftonline.com", "/common"),
                ("login.microsoftonline.us", "common"),
                ("sts.windows.net", "common"),
            ]
        ],
        (
            google(allow='["@example.org"]'),
            'allow has the entry "@example.org": no e-mail address, and not "*@" and a domain.\n'
            '  All addresses of this domain: "*@example.org"',
        ),
        (
            google(admins='"pat@example.org"'),
            'admins must be a list, not a string.\n  Put it into brackets:\n  admins = ["pat@example.org"]',
        ),
        (
            google(client_kwargs='"login"'),
            'client_kwargs must be a table, not a string.\n  client_kwargs = { prompt = "login" }',
        ),
        (
            google(client_kwargs="{ foo = 1.5 }"),
            'client_kwargs has a number with a fraction as "foo".\n'
            '  A parameter is a string, or a whole number. Put it into quotes: foo = "…"',
        ),
        *[
            (
                google(client_kwargs=f"{{ max_age = {value} }}"),
                "client_kwargs has a max_age that is no number of seconds.\n  max_age = 300",
            )
            for value in ('"x"', "-1", '"1.5"', "10000000000")
        ],
        *[
            (
                google(client_kwargs=f"{{ claims = {value} }}"),
                f"client_kwargs has claims that nobody can ask for: {what}.\n"
                "  A table, or the same as JSON:\n"
                "  claims = { id_token = { acr = { essential = true } } }",
            )
            for value, what in [
                ('"acr"', "it is not JSON"),
                ("'[]'", "it is no JSON object"),
                ("1", "it is no JSON object"),
                ("{ id_token = 1 }", '"id_token" is no JSON object'),
                ("{ userinfo = ['name'] }", '"userinfo" is no JSON object'),
                ("{ id_token = { acr = 'mfa' } }", '"acr" is no JSON object'),
                (
                    "{ id_token = { acr = { essential = 'true' } } }",
                    '"essential" of "acr" is neither true nor false',
                ),
                ("{ id_token = { acr = { values = 'mfa' } } }", 'the values of "acr" are no strings'),
                ("{ id_token = { acr = { value = 1 } } }", 'the values of "acr" are no strings'),
                ("{ id_token = { sub = { values = ['a', 'b'] } } }", '"sub" has several values'),
                ("{ id_token = { birth = 2026-11-25 } }", "it has a value that JSON does not know"),
            ]
        ],
        (
            google(client_kwargs="{ foo = true }"),
            'client_kwargs has true or false as "foo".\n'
            '  A parameter is a string, or a whole number. For the word: foo = "true"',
        ),
        (
            google(client_kwargs='{ scope = ["openid"] }'),
            'client_kwargs has a list as "scope".\n'
            '  A parameter is a string, or a whole number. Several values are one string with spaces between: scope = "… …"',
        ),
        (
            google(client_kwargs='{ scope = "openid,email" }'),
            'client_kwargs has a scope without "openid", so there would be no ID token.\n'
            '  Spaces stand between scopes: client_kwargs = { scope = "openid email" }',
        ),
        (
            google(client_kwargs='{ scope = "" }'),
            'client_kwargs has a scope without "openid", so there would be no ID token.\n'
            '  Spaces stand between scopes: client_kwargs = { scope = "openid" }',
        ),
        (
            google(client_kwargs=f'{{ client_secret = "{CLIENT_SECRET}" }}'),
            'client_kwargs must not have "client_secret", which is no parameter of a request.\n'
            "  Move it out of client_kwargs, into [auth.google] itself.",
        ),
        *[
            (
                google(client_kwargs=f'{{ {key} = "x" }}'),
                f'client_kwargs must not have "{key}": the login sets it itself.\n'
                "  Remove it. The same holds for state, nonce, code_challenge, code_challenge_method, client_id, "
                "redirect_uri, response_type, response_mode, request, request_uri.",
            )
            for key in (
                *("state", "nonce", "code_challenge", "client_id", "redirect_uri"),
                *("response_type", "response_mode", "request", "request_uri"),
            )
        ],
    ],
)
def test_a_mistake_of_a_provider(error, text, message):  # C4, C8, S3
    assert error(text) == f"secrets.toml: [auth.google] {message}"


def test_all_mistakes_at_once(error):  # C8
    text = error('[auth]\ncookie_secret = "xxx"\n[auth.google]\nclient_id = ""\nlabel = 3\n[auth.default]\n')
    assert [line for line in text.splitlines() if not line.startswith("  ")] == [
        'secrets.toml: [auth] has no key "redirect_uri".',
        "secrets.toml: [auth] cookie_secret is a placeholder.",
        'secrets.toml: [auth.google] has no key "client_secret".',
        'secrets.toml: [auth.google] has no key "server_metadata_url".',
        "secrets.toml: [auth.google] label must be a string, not a whole number.",
        "secrets.toml: [auth.google] client_id is empty.",
        'secrets.toml: [auth] must not have a table "default", the name of the provider that stands in [auth] '
        "itself.",
    ]


def test_a_misspelled_credential_makes_a_default_provider(error):  # C2, C8
    text = error(f'{SHARED}client_idd = "the-id"\n')
    assert [line for line in text.splitlines() if not line.startswith("  ")] == [
        'secrets.toml: [auth] has an unknown key "client_idd". Did you mean "client_id"?',
        'secrets.toml: [auth] has no key "client_secret".',
        'secrets.toml: [auth] has no key "server_metadata_url".',
    ]


def test_the_mapping_is_named_in_its_mistakes(project, settings):  # C6, C8
    settings.MULTI_OIDC_SECRETS = {"auth": {"google": {}, 3: "x"}}
    assert {mistake.source for mistake in configuration_mistakes()} == {"MULTI_OIDC_SECRETS"}


def test_plain_http_for_development(read):  # S3
    text = metadata("http://keycloak:8080/x", allow_plain_http="true")
    assert read(text).providers["google"].allow_plain_http is True
    assert read(metadata("http://127.0.0.1:9000/x")).providers["google"].allow_plain_http is False


@pytest.mark.parametrize("tenant", ["contoso.example", "72f988bf-86f1-41af-91ab-2d7cd011db47"])
def test_trust_email_is_fine_with_one_tenant(read, tenant):  # A2
    text = metadata(f"https://login.microsoftonline.com/{tenant}/v2.0/x", trust_email="true")
    assert read(text).providers["google"].trust_email is True


def test_a_label_for_a_name_without_letters(read):
    assert read(GOOGLE.replace("auth.google", "auth.-")).providers["-"].label == "-"


# Placeholders and weak secrets.


@pytest.mark.parametrize(
    "value",
    [
        "xxx",
        "XXXXXX",
        "...",
        "…",
        "changeme",
        "Change-Me!",
        "change_this",
        "your-client-id",
        "YOUR_CLIENT_SECRET",
        "<client id>",
        "{client_id}",
        "replace me with the real one",
        "TODO",
        "my-client-id",
        "cookie_secret",
        " xxx ",
        "*****",
    ],
)
def test_placeholders(value):  # C8
    assert is_placeholder(value)


@pytest.mark.parametrize("value", ["xx", "secret", "app-one", "xxx1", "yours", "alpha-client", "0oa1b2c3"])
def test_no_placeholders(value):
    assert not is_placeholder(value)


@pytest.mark.parametrize(
    "value", ["x1" * 20, "0123456789" * 4, "0123456789" * 4 + "012", "aaaaaaab" * 4 + "bcc"]
)
def test_long_and_regular(value):  # C8
    assert weakness(value) == "is long, but too regular to be random."


@given(st.binary(min_size=24, max_size=48))
def test_random_hexadecimal_is_never_too_regular_by_its_alphabet(value):
    text = value.hex()
    repeats = any(text.startswith(text[period:]) for period in range(1, len(text) // 2 + 1))
    assert bool(weakness(text)) is (len(set(text)) < 8 or repeats)


# S7: no mistake elsewhere brings a secret into a message.

KEYS = st.sampled_from([*SHARED_KEYS, *PROVIDER_KEYS, "google", "default", "client_secert", "x y", "é"])
SECRET_TEXT = st.text(string.ascii_letters + string.digits + "-_=+/. @#'", min_size=20, max_size=60)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "xxx", "https://example.org/", "http://x", "{tenant}", "a@b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@given(auth=st.dictionaries(KEYS, VALUES, max_size=6), client_secret=SECRET_TEXT, cookie_secret=SECRET_TEXT)
def test_no_mistake_shows_a_secret(auth, client_secret, cookie_secret):  # S7, C8
    provider = auth.get("google") if isinstance(auth.get("google"), dict) else {}
    holder = {**auth, "cookie_secret": cookie_secret, "google": {**provider, "client_secret": client_secret}}
    parsed = parse_auth("secrets.toml", holder)
    text = repr(parsed) if isinstance(parsed, Configuration) else "\n".join(map(str, parsed))
    assert client_secret not in text
    assert cookie_secret not in text


@profile(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    lines=st.permutations(
        [
            "[auth]",
            "[auth.google]",
            'redirect_uri = "http://localhost/oauth2callback"',
            "cookie_secret = $C",
            "client_secret = $P",
            'client_id = "x"',
            f'server_metadata_url = ("{GOOGLE_URL}")',
        ]
    ),
    glue=st.sampled_from(["\n", " ", "\r\n", "\n\n  ", ", "]),
    quotes=st.sampled_from(['""', '"', "''", "'", "\u201c\u201d", '("")', "{}", '["",', '"""']),
    client_secret=st.text(string.ascii_letters + string.digits + "-_", min_size=20, max_size=60),
    cookie_secret=st.text(string.ascii_letters + string.digits + "-_", min_size=20, max_size=60),
)
def test_no_syntax_error_shows_a_secret(project, lines, glue, quotes, client_secret, cookie_secret):  # S7, C8
    half = max(1, len(quotes) // 2)
    text = glue.join(lines)
    text = text.replace("$C", quotes[:half] + cookie_secret + quotes[half:])
    text = text.replace("$P", quotes[:half] + client_secret + quotes[half:])
    (project / "secrets.toml").write_text(text, encoding="utf-8", newline="")
    forget_configuration()
    told = "\n".join(map(str, configuration_mistakes()))
    assert client_secret not in told
    assert cookie_secret not in told


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                ["id_token", "userinfo", "acr", "sub", "auth_time", "essential", "value", "values"]
            ),
            inner,
        )
    ),
)


@given(JSON)
def test_any_claims_are_read_or_refused(value):  # C8
    with suppress(ValueError):
        asked = parse_claims_request(json.dumps(value))
        assert asked.acr is None or all(isinstance(acr, str) for acr in asked.acr)


def test_claims_without_end():  # C8
    with pytest.raises(ValueError, match="it is not JSON"):
        parse_claims_request("[" * 100_000)


OWN = '"http://localhost:8501/oauth2callback/google"'


def test_a_callback_of_a_providers_own(read):  # S2
    found = read(f"{google(redirect_uri=OWN)}[auth.okta]\n{CREDENTIALS}")
    assert found.redirect_uri == "http://localhost:8501/oauth2callback"
    own, shared = found.providers["google"], found.providers["okta"]
    assert (own.own_callback, f'"{own.redirect_uri}"') == (True, OWN)
    assert (shared.own_callback, shared.redirect_uri) == (False, found.redirect_uri)


@pytest.mark.parametrize(
    "claims",
    ["""'{"id_token": {"acr": {"essential": true}}}'""", "{ id_token = { acr = { essential = true } } }"],
)
def test_claims_asked_for(read, claims):  # C4
    params = read(google(client_kwargs=f"{{ claims = {claims} }}")).providers["google"].authorization_params
    assert params["claims"] == '{"id_token": {"acr": {"essential": true}}}'


def test_a_client_that_signs(read):  # S1, S7
    provider = read(google(**SIGNS, client_private_key_id='"2026-11"')).providers["google"]
    assert provider.token_endpoint_auth_method == "private_key_jwt"
    assert provider.client_private_key == PEM.strip('"').removeprefix("\n")
    assert (provider.client_private_key_id, provider.client_secret) == ("2026-11", "")
    assert CLIENT_SECRET not in repr(provider)


def test_a_public_client(read):
    provider = read(google(client_secret="", token_endpoint_auth_method='"none"')).providers["google"]
    assert (provider.token_endpoint_auth_method, provider.client_secret) == ("none", "")


@pytest.mark.parametrize(
    "broken",
    [
        f'client_private_key = "{CLIENT_SECRET}',
        f"client_private_key = {CLIENT_SECRET}",
        f'client_private_key = "a" client_private_key_id = "{CLIENT_SECRET}',
        f'client_private_key = """\n-----BEGIN PRIVATE KEY-----\n{CLIENT_SECRET}==\n',
        f'proxy = "http://pat:{CLIENT_SECRET}',
        f"client_private_key =\n-----BEGIN PRIVATE KEY-----\n{CLIENT_SECRET}==\n",
    ],
)
def test_a_private_key_is_never_in_an_excerpt(error, broken):  # S7
    assert CLIENT_SECRET not in error(f"{SHARED}[auth.google]\n{broken}")


def test_the_way_to_a_provider(read):  # S3, S7
    proxy = f"http://pat:{CLIENT_SECRET}@proxy:3128"
    keys = {"timeout": "2.5", "ca_bundle": json.dumps(certifi.where()), "proxy": f'"{proxy}"'}
    provider = read(google(**keys)).providers["google"]
    assert (provider.timeout, provider.ca_bundle, provider.proxy) == (2.5, certifi.where(), proxy)
    assert CLIENT_SECRET not in repr(provider)
    usual = read(google()).providers["google"]
    assert (usual.timeout, usual.ca_bundle, usual.proxy) == (10.0, "", "")
    assert len({provider.route, usual.route}) == 2


def test_audiences_and_tenants(read):  # S1
    text = metadata(COMMON, audiences='["api", "api2"]', tenants=f'["{TENANT.upper()}"]')
    provider = read(text).providers["google"]
    assert provider.audiences == {"api", "api2"}
    assert provider.tenants == {TENANT}
    nobody_special = read(google()).providers["google"]
    assert nobody_special.audiences == nobody_special.tenants == frozenset()


# C8: the path of redirect_uri.

urlpatterns: list = []


def included(prefix: str) -> list:
    def view(request): ...

    return [
        path(f"{prefix}oauth2callback", view, name="callback"),
        path(f"{prefix}oauth2callback/<str:name>", view, name="callback"),
    ]


@pytest.fixture
def urls(settings):
    """Mounts the callback view under a prefix."""

    def mount(prefix: str) -> None:
        class URLs:
            urlpatterns = [path("", (included(prefix), "multi_oidc", "multi_oidc"))]

        settings.ROOT_URLCONF = URLs

    return mount


@pytest.fixture
def script_prefix():
    before = get_script_prefix()
    yield set_script_prefix
    set_script_prefix(before)


def test_the_path_of_the_callback(read, urls):  # C8
    urls("")
    assert callback_path_problem(read(GOOGLE)) is None
    assert callback_path_problem(read(redirect("http://localhost/oauth2%63allback"))) is None
    assert callback_path_problem(Configuration()) is None
    assert callback_path_problem(read(redirect("http://localhost:8000/oauth2callback/"))) == (
        'secrets.toml: [auth] redirect_uri leads to "/oauth2callback/", and the callback view is at '
        '"/oauth2callback".\n'
        "  Write it like this, and register the same with each provider:\n"
        '  redirect_uri = "http://localhost:8000/oauth2callback"'
    )


def test_the_path_of_the_callback_under_a_prefix(read, urls, script_prefix):  # C8
    urls("login/")
    script_prefix("/app/")
    assert callback_path_problem(read(redirect("https://example.org/app/login/oauth2callback"))) is None
    assert callback_path_problem(read(redirect("https://example.org"))) == (
        'secrets.toml: [auth] redirect_uri leads to "", and the callback view is at '
        '"/app/login/oauth2callback".\n'
        "  Write it like this, and register the same with each provider:\n"
        '  redirect_uri = "https://example.org/app/login/oauth2callback"'
    )


def test_the_path_of_a_callback_of_a_providers_own(read, urls):  # C8, S2
    urls("")
    assert callback_path_problem(read(google(redirect_uri=OWN))) is None
    wrong = google(redirect_uri=OWN.replace("/google", "/gogle")).replace("8501/oauth2callback", "8501/x", 1)
    assert callback_path_problem(read(wrong)) == (
        'secrets.toml: [auth] redirect_uri leads to "/x", and the callback view is at "/oauth2callback".\n'
        "  Write it like this, and register the same with each provider:\n"
        '  redirect_uri = "http://localhost:8501/oauth2callback"\n'
        'secrets.toml: [auth.google] redirect_uri leads to "/oauth2callback/gogle", and the callback view is at '
        '"/oauth2callback/google".\n'
        "  Write it like this, and register the same with the provider:\n"
        '  redirect_uri = "http://localhost:8501/oauth2callback/google"'
    )


def test_urls_that_are_not_included(read, settings):  # C8
    settings.ROOT_URLCONF = "tests.test_providers"
    with pytest.raises(NoReverseMatch):
        callback_path_problem(read(GOOGLE))


# C9: autoreload.


class Reloader(StatReloader):
    """Django's reloader without its second of sleep, and noting in place of ending the process."""

    SLEEP_TIME = 0

    def __init__(self) -> None:
        super().__init__()
        self.changed: list[Path] = []

    def notify_file_changed(self, path: Path) -> None:
        self.changed.append(path)

    def watched_files(self, include_globs=True):
        yield from self.extra_files


@pytest.fixture
def reloader(project):
    started = Reloader()
    autoreload_started.send(sender=started)
    yield started, started.tick()
    started.stop()


def test_creating_the_file_reloads(project, reloader):  # C9
    started, ticker = reloader
    next(ticker)
    (project / "secrets.toml").write_text(GOOGLE)
    next(ticker)
    assert started.changed == [project / "secrets.toml"]


def test_creating_the_file_in_a_new_folder_reloads(project, reloader):  # C9
    started, ticker = reloader
    next(ticker)
    (project / ".streamlit").mkdir()
    next(ticker)
    assert started.changed == []
    (project / ".streamlit" / "secrets.toml").write_text(GOOGLE)
    next(ticker)
    assert started.changed == [project / ".streamlit" / "secrets.toml"]


def test_editing_the_file_reloads(project, reloader):  # C9
    started, ticker = reloader
    file = project / "secrets.toml"
    file.write_text(GOOGLE)
    next(ticker)
    assert started.changed == []
    os.utime(file, (2_000_000_000, 2_000_000_000))
    next(ticker)
    assert started.changed == [file]


def test_removing_and_writing_it_anew_reloads(project, reloader):  # C9
    started, ticker = reloader
    file = project / "secrets.toml"
    file.write_text(GOOGLE)
    next(ticker)
    file.unlink()
    next(ticker)
    assert started.changed == []
    file.write_text(GOOGLE)
    next(ticker)
    assert started.changed == [file]


def test_only_the_named_file_is_watched(project, settings):  # C9
    settings.MULTI_OIDC_SECRETS_FILE = "login.toml"
    started = Reloader()
    watch_secrets_file(started)
    assert started.extra_files == {project / "login.toml"}


@pytest.mark.parametrize(("name", "value"), [("MULTI_OIDC_SECRETS", {}), ("MULTI_OIDC_SECRETS_FILE", 3)])
def test_nothing_to_watch(project, settings, name, value):  # C9
    setattr(settings, name, value)
    started = Reloader()
    watch_secrets_file(started)
    assert started.extra_files == set()


def test_an_awaited_file_that_exists_is_an_ordinary_one(project):  # C9
    (project / "x").write_text("12")
    assert AwaitedFile(project / "x").stat().st_size == 2
    assert AwaitedFile(project / "y").stat().st_mtime == 0


# Docs.


def test_every_key_is_documented():  # D6
    text = (DOCS / "configuration.md").read_text()
    rows = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert rows == {*KNOWN_KEYS, *NAMED_KEYS}


def test_the_examples_of_the_docs_are_right(read):  # D6
    blocks = re.findall(r"```toml\n(.*?)```", (DOCS / "configuration.md").read_text(), re.DOTALL)
    whole = [block for block in blocks if block.startswith("[auth]")]
    assert len(whole) >= 4
    for block in whole:
        assert read(block.replace("COOKIE-SECRET", COOKIE_SECRET)).providers
