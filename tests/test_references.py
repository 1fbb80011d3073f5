"""C7: values taken from the environment or from a file. Each message is compared whole."""

from __future__ import annotations

import errno
import json
import os
import string
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.checks import Warning  # noqa: A004 - Django's name
from django.utils.autoreload import BaseReloader
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from django_multi_oidc import checks
from django_multi_oidc.checks import secrets_file
from django_multi_oidc.exceptions import ConfigurationError
from django_multi_oidc.providers import configuration, configuration_mistakes, forget_configuration
from django_multi_oidc.providers.autoreload import watch_secrets_file
from django_multi_oidc.providers.elsewhere import LARGEST
from django_multi_oidc.providers.keys import SECRETS, SHARED_KEYS
from django_multi_oidc.providers.references import OF_PROVIDER, References
from django_multi_oidc.providers.table import UNRESOLVED, Table
from tests.markdown import ROOT, blocks

COOKIE_SECRET = "Zt3-vT0hqN8mX_wR5kYb2JcLdE7uGfAoQs6pHi1nBVx"
CLIENT_SECRET = "kQ9-client-secret-of-google-7Hs"
REDIRECT_URI = "https://shop.example/oauth2callback"
GOOGLE_URL = "https://accounts.google.com/.well-known/openid-configuration"
MISSING = {"env": "NOT_SET"}
NOT_SET = 'is to come from the environment variable "NOT_SET", which is not set.'
VARIABLE_MEND = (
    "  Set it for the process that the site runs in, and for manage.py. What stands in the secrets file is the\n"
    "  name of the variable, not its value."
)
PEM = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\nByqGSM49\n-----END PRIVATE KEY-----"
READABLE_MEND = "  Give the user that the site runs as the right to read it."


@pytest.fixture
def project(settings, tmp_path, monkeypatch) -> Path:
    """A project's folder without a secrets file."""
    monkeypatch.delenv("MULTI_OIDC_SECRETS_FILE", raising=False)
    monkeypatch.delenv("NOT_SET", raising=False)
    settings.BASE_DIR = tmp_path
    settings.MULTI_OIDC_SECRETS = settings.MULTI_OIDC_SECRETS_FILE = None
    yield tmp_path
    forget_configuration()


def toml(value) -> str:
    """A value as TOML has it, tables in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def auth(*, shared=None, name="google", **google) -> str:
    """A secrets file with one provider, and changes to it; None takes a key out."""
    own = {
        "client_id": "the-id",
        "client_secret": CLIENT_SECRET,
        "server_metadata_url": GOOGLE_URL,
        **google,
    }
    both = {"redirect_uri": REDIRECT_URI, "cookie_secret": COOKIE_SECRET, **(shared or {})}
    lines = ["[auth]", *lines_of(both), f"[auth.{name}]", *lines_of(own)]
    return "\n".join(lines)


def lines_of(table):
    return [f"{key} = {toml(value)}" for key, value in table.items() if value is not None]


@pytest.fixture
def read(project):
    def read_text(text: str):
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
        assert COOKIE_SECRET not in str(caught.value)
        assert CLIENT_SECRET not in str(caught.value)
        return str(caught.value)

    return text_of_error


# What is taken.


def test_from_the_environment(read, monkeypatch):  # C7
    monkeypatch.setenv("GOOGLE_CLIENT_SECRET", f" {CLIENT_SECRET}\r\n")
    assert (
        read(auth(client_secret={"env": "GOOGLE_CLIENT_SECRET"})).providers["google"].client_secret
        == f" {CLIENT_SECRET}\r\n"  # as it is
    )


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (CLIENT_SECRET, CLIENT_SECRET),
        (f"{CLIENT_SECRET}\n", CLIENT_SECRET),
        (f"{CLIENT_SECRET}\r\n", CLIENT_SECRET),
        (f"{CLIENT_SECRET}\n\n", f"{CLIENT_SECRET}\n"),
        (f"{CLIENT_SECRET}\r", f"{CLIENT_SECRET}\r"),
        (f" {CLIENT_SECRET} \n", f" {CLIENT_SECRET} "),
        (f"\ufeff{CLIENT_SECRET}\u00e9", f"{CLIENT_SECRET}\u00e9"),
        ("x-" * (LARGEST // 2), "x-" * (LARGEST // 2)),
    ],
)
def test_from_a_file(project, read, content, value):  # C7
    (project / "google").write_bytes(content.encode())
    text = auth(client_secret={"file": str(project / "google")})
    assert read(text).providers["google"].client_secret == value


def test_a_private_key_from_a_file(project, read):  # C7
    (project / "key.pem").write_text(f"{PEM}\n")
    text = auth(
        client_secret=None,
        token_endpoint_auth_method="private_key_jwt",
        client_private_key={"file": "key.pem"},
    )
    assert read(text).providers["google"].client_private_key == PEM


def test_a_path_begins_at_the_secrets_file(project, settings, read):  # C7
    (project / "config").mkdir()
    (project / "config" / "google").write_text(CLIENT_SECRET)
    (project / "config" / "login.toml").write_text(auth(client_secret={"file": "google"}))
    settings.MULTI_OIDC_SECRETS_FILE = "config/login.toml"
    assert configuration().providers["google"].client_secret == CLIENT_SECRET
    assert configuration().files == (project / "config" / "login.toml", project / "config" / "google")


def mapping(**google):
    own = {"client_id": "the-id", "client_secret": CLIENT_SECRET, "server_metadata_url": GOOGLE_URL, **google}
    return {"auth": {"redirect_uri": REDIRECT_URI, "cookie_secret": COOKIE_SECRET, "google": own}}


def test_a_path_of_the_mapping_begins_at_base_dir(project, settings):  # C7
    (project / "google").write_text(CLIENT_SECRET)
    settings.MULTI_OIDC_SECRETS = mapping(client_secret={"file": "google"})
    assert configuration().providers["google"].client_secret == CLIENT_SECRET
    assert configuration().files == (project / "google",)


def test_a_path_begins_where_the_process_is_without_base_dir(project, settings, monkeypatch):  # C7
    (project / "google").write_text(CLIENT_SECRET)
    monkeypatch.chdir(project)
    settings.BASE_DIR = None
    settings.MULTI_OIDC_SECRETS = mapping(client_secret={"file": "google"})
    assert configuration().providers["google"].client_secret == CLIENT_SECRET


def test_every_string_may_come_from_elsewhere(read, monkeypatch):  # C7
    values = {
        "AN_ID": "the-other-id",
        "URL": "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration",
        "LABEL": "Our people",
        "PROXY": "http://proxy.example.org:3128",
        "METHOD": "client_secret_post",
        "USERINFO": "never",
        "TENANT": "7c1d1f3e-2b60-4b0f-9f0b-5d7b6a1e8c22",
        "SCOPE": "openid groups",
        "MAX_AGE": "300",
        "OWN": f"{REDIRECT_URI}/google",
        "REDIRECT": REDIRECT_URI,
        "COOKIE": COOKIE_SECRET,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings = read(
        auth(
            shared={"redirect_uri": {"env": "REDIRECT"}, "cookie_secret": {"env": "COOKIE"}},
            client_id={"env": "AN_ID"},
            server_metadata_url={"env": "URL"},
            label={"env": "LABEL"},
            proxy={"env": "PROXY"},
            token_endpoint_auth_method={"env": "METHOD"},
            userinfo={"env": "USERINFO"},
            audiences=["api", {"env": "AN_ID"}],
            tenants=[{"env": "TENANT"}],
            client_kwargs={"scope": {"env": "SCOPE"}, "max_age": {"env": "MAX_AGE"}},
            redirect_uri={"env": "OWN"},
        )
    )
    provider = settings.providers["google"]
    assert settings.redirect_uri == REDIRECT_URI
    assert settings.cookie_secrets == (COOKIE_SECRET,)
    assert provider.client_id == "the-other-id"
    assert provider.server_metadata_url == values["URL"]
    assert provider.label == "Our people"
    assert provider.proxy == values["PROXY"]
    assert provider.token_endpoint_auth_method == "client_secret_post"
    assert provider.userinfo == "never"
    assert provider.audiences == {"api", "the-other-id"}
    assert provider.tenants == {values["TENANT"]}
    assert provider.authorization_params == {
        "scope": "openid groups",
        "prompt": "select_account",
        "max_age": "300",
    }
    assert provider.redirect_uri == values["OWN"]


def test_the_default_provider(read, monkeypatch):  # C7
    monkeypatch.setenv("A_SECRET", CLIENT_SECRET)
    own = {"client_id": "x-id", "client_secret": {"env": "A_SECRET"}, "server_metadata_url": GOOGLE_URL}
    assert read(auth(shared=own)).default.client_secret == CLIENT_SECRET


def test_a_rotating_secret_from_two_variables(monkeypatch, settings):  # C7, K4
    monkeypatch.setenv("NEW", COOKIE_SECRET[::-1])
    monkeypatch.setenv("OLD", COOKIE_SECRET)
    provider = {"client_id": "id", "client_secret": "the-secret", "server_metadata_url": "https://a.example"}
    secrets = [{"env": "NEW"}, {"env": "OLD"}]
    settings.MULTI_OIDC_SECRETS = {
        "auth": {
            "redirect_uri": REDIRECT_URI,
            "cookie_secret": secrets,
            "lifetime": {"env": "OLD"},
            "a": provider,
        }
    }
    assert [mistake.what for mistake in configuration_mistakes()] == [
        "[auth] lifetime must be a time from one minute to 400 days."
    ]
    settings.MULTI_OIDC_SECRETS = {
        "auth": {"redirect_uri": REDIRECT_URI, "cookie_secret": secrets, "lifetime": MISSING, "a": provider}
    }
    assert [mistake.what for mistake in configuration_mistakes()] == [f"[auth] lifetime {NOT_SET}"]
    settings.MULTI_OIDC_SECRETS = {
        "auth": {"redirect_uri": REDIRECT_URI, "cookie_secret": secrets, "a": provider}
    }
    assert configuration().cookie_secrets == (COOKIE_SECRET[::-1], COOKIE_SECRET)


def test_a_list_of_cookie_secrets(monkeypatch):  # C7
    monkeypatch.setenv("NEW", "new")
    monkeypatch.delenv("NOT_SET", raising=False)
    table = Table("secrets.toml", "auth", {"cookie_secret": [{"env": "NEW"}, "old", 3]}, [])
    assert References(Path()).resolve(table).data == {"cookie_secret": ["new", "old", 3]}
    assert table.mistakes == []
    table = Table("secrets.toml", "auth", {"cookie_secret": ["old", MISSING]}, [])
    assert References(Path()).resolve(table).data == {"cookie_secret": UNRESOLVED}
    assert [mistake.what for mistake in table.mistakes] == [f"[auth] cookie_secret {NOT_SET}"]


def test_a_claim_of_a_role_with_the_name_of_a_key_is_no_variable(read):  # C7
    own = {"client_id": "x-id", "client_secret": "y-secret", "server_metadata_url": GOOGLE_URL}
    rules = read(auth(shared={**own, "roles": {"label": [{"env": "HOME"}]}})).default.rules
    assert rules.roles_of({"env": "HOME"}) == {"label"}


@pytest.mark.parametrize("name", ["env", "file"])
def test_a_provider_with_the_name_of_a_way(read, name):  # C7
    assert list(read(auth(name=name)).providers) == [name]


# What is none.


def test_a_claim_is_no_variable(read):  # C7
    rule = [{"env": "HOME"}]
    rules = read(auth(allow=rule, admins=rule, roles={"editor": rule, "env": rule})).providers["google"].rules
    assert rules.roles_of({"env": "HOME"}) == {"admin", "editor", "env"}
    assert rules.allows({"env": "HOME"})
    assert not rules.allows({"env": "x"})


def test_a_claim_that_is_asked_for_is_no_variable(read):  # C7
    text = auth(client_kwargs={"claims": {"file": {"essential": True}}, "env": "test"})
    params = read(text).providers["google"].authorization_params
    assert params["claims"] == '{"file": {"essential": true}}'
    assert params["env"] == "test"  # a parameter of that name


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "trust_email",
            "trust_email must be true or false, not a table.\n  Without quotes: trust_email = true",
        ),
        ("timeout", "timeout must be a number of seconds from 1 to 60.\n  timeout = 10"),
        (
            "allow_plain_http",
            "allow_plain_http must be true or false, not a table.\n  Without quotes: allow_plain_http = true",
        ),
        (
            "allow",
            'allow must be a list, not a table.\n  Put it into brackets:\n  allow = ["pat@example.org"]',
        ),
        (
            "roles",
            'roles.env must be a list, not a string.\n  Put it into brackets:\n  env = ["NOT_SET"]',
        ),
    ],
)
def test_what_is_no_string_stands_in_the_file(error, key, message):  # C7
    assert error(auth(**{key: MISSING})) == f"secrets.toml: [auth.google] {message}"


def test_another_table_is_no_reference(error):  # C7
    assert error(auth(label={"x": "y"})) == (
        'secrets.toml: [auth.google] label must be a string, not a table.\n  Put it into quotes: label = "…"'
    )


def test_client_kwargs_that_are_no_table(error):  # C7
    assert error(auth(client_kwargs="x")) == (
        "secrets.toml: [auth.google] client_kwargs must be a table, not a string.\n"
        '  client_kwargs = { prompt = "login" }'
    )


def test_a_table_of_a_reference_alone_is_a_provider(error):  # C7
    told = error(f"{auth()}\n[auth.other]\nenv = 'HOME'").splitlines()
    assert [line for line in told if line.startswith("secrets")] == [
        'secrets.toml: [auth.other] has an unknown key "env".',
        'secrets.toml: [auth.other] has no key "client_id".',
        'secrets.toml: [auth.other] has no key "client_secret".',
        'secrets.toml: [auth.other] has no key "server_metadata_url".',
    ]


def test_another_table_with_nearly_the_name_of_a_key_is_a_provider(error):  # C3
    told = error(f"{auth()}\n[auth.labels]\nlabel = 'x'").splitlines()
    assert told[0] == 'secrets.toml: [auth.labels] has no key "client_id".'


def test_what_is_neither_table_nor_known_is_an_unknown_key(error):  # C3
    told = error(auth(shared={"x": 3})).splitlines()
    assert told[0] == 'secrets.toml: [auth] has an unknown key "x".'


def test_a_reference_under_a_misspelled_key_is_no_provider(error):  # C7
    told = error(auth(shared={"cookie_secret": None, "cookie_secert": {"env": "HOME"}})).splitlines()
    assert [line for line in told if line.startswith("secrets")] == [
        'secrets.toml: [auth] has an unknown key "cookie_secert". Did you mean "cookie_secret"?',
    ]


# What is wrong with a reference.

ONE = 'One of the two, and nothing beside: client_secret = { env = "NAME" } or { file = "/path" }'


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            {"enviroment": "HOME"},
            f'client_secret has an unknown key "enviroment". Did you mean "env"?\n  {ONE}',
        ),
        ({"path": "/x"}, f'client_secret has an unknown key "path". Did you mean "file"?\n  {ONE}'),
        ({"env": "HOME", "default": "x"}, f'client_secret has an unknown key "default".\n  {ONE}'),
        ({"env": "HOME", "file": "/x"}, f"client_secret has both env and file.\n  {ONE}"),
        ({"env": ["HOME"]}, f"client_secret.env must be a string, not a list.\n  {ONE}"),
        ({"file": 3}, f"client_secret.file must be a string, not a whole number.\n  {ONE}"),
        ({"env": " "}, f"client_secret.env is empty.\n  {ONE}"),
        ({"file": ""}, f"client_secret.file is empty.\n  {ONE}"),
        (MISSING, f"client_secret {NOT_SET}\n{VARIABLE_MEND}"),
        (
            {"env": "EMPTY"},
            f'client_secret is to come from the environment variable "EMPTY", which is empty.\n{VARIABLE_MEND}',
        ),
        (
            {"env": "BYTES"},
            'client_secret is to come from the environment variable "BYTES", which is not UTF-8.\n'
            "  Set it in an UTF-8 environment, or take the value from a file.",
        ),
        (
            {"env": CLIENT_SECRET},
            f"client_secret is to come from an environment variable, which is not set.\n{VARIABLE_MEND}",
        ),
        (
            {"file": CLIENT_SECRET},
            "client_secret is to come from a file, which is not there.\n"
            "  A path that is not absolute begins at {project}.",
        ),
        (
            {"file": "secrets/google.txt"},
            'client_secret is to come from the file "secrets/google.txt", which is not there.\n'
            "  A path that is not absolute begins at {project}.",
        ),
        (
            {"file": "./file/x"},
            'client_secret is to come from the file "./file/x", which is not there.\n'
            "  A path that is not absolute begins at {project}.",
        ),
        (
            {"file": "/no/such/FILE"},
            'client_secret is to come from the file "/no/such/FILE", which is not there.\n'
            "  Docker and Kubernetes put a secret there only for a service that lists it.",
        ),
        (
            {"file": "a\0b"},
            "client_secret is to come from a file, which has no path.\n  Write the path of a file.",
        ),
        (
            {"file": "./"},
            'client_secret is to come from the file "./", which is a directory.\n'
            "  Kubernetes mounts a secret as a directory with a file for each key: name the file. Docker makes an empty\n"
            "  directory where the file to be mounted is missing on the host.",
        ),
        (
            {"file": "x" * 300},
            f"client_secret is to come from a file, which cannot be read: {os.strerror(errno.ENAMETOOLONG)}.\n"
            f"{READABLE_MEND}",
        ),
        (
            {"file": "./latin"},
            'client_secret is to come from the file "./latin", which is not UTF-8.\n'
            "  Save it as UTF-8; PowerShell's > writes UTF-16.",
        ),
        (
            {"file": "./empty"},
            'client_secret is to come from the file "./empty", which is empty.\n  Write the value into it.',
        ),
        (
            {"file": "./large"},
            'client_secret is to come from the file "./large", which is larger than 64 KiB.\n'
            "  Name the file with this one value.",
        ),
    ],
)
def test_a_wrong_reference(project, error, monkeypatch, reference, message):  # C7, C8
    monkeypatch.setenv("EMPTY", " ")
    monkeypatch.setenv("BYTES", f"{CLIENT_SECRET}\udce9")
    (project / "file").write_text(CLIENT_SECRET)
    (project / "latin").write_bytes(f"{CLIENT_SECRET}\u00e9".encode("latin-1"))
    (project / "empty").write_bytes(b"\xef\xbb\xbf\n")
    (project / "large").write_text((CLIENT_SECRET * LARGEST)[: LARGEST + 1])
    assert error(auth(client_secret=reference)) == (
        f"secrets.toml: [auth.google] {message.replace('{project}', str(project))}"
    )


def test_half_of_a_surrogate_pair(project, settings):  # C7
    for way, what in (
        ("env", "an environment variable, which is not set."),
        ("file", "a file, which has no path."),
    ):
        settings.MULTI_OIDC_SECRETS = mapping(client_secret={way: "\ud800"})
        assert [mistake.headline for mistake in configuration_mistakes()] == [
            f"MULTI_OIDC_SECRETS: [auth.google] client_secret is to come from {what}"
        ]


# One mistake, not two.


@pytest.mark.parametrize("key", sorted(OF_PROVIDER - {"client_kwargs"} | {"redirect_uri"}))
def test_a_key_of_a_provider_that_is_not_resolved_is_one_mistake(error, key):  # C7
    rest = {"tenants": ["7c1d1f3e-2b60-4b0f-9f0b-5d7b6a1e8c22"]} if key == "server_metadata_url" else {}
    if key == "client_private_key":
        rest = {"token_endpoint_auth_method": "private_key_jwt", "client_secret": None}
    if key == "client_private_key_id":
        rest = {
            "token_endpoint_auth_method": "private_key_jwt",
            "client_secret": None,
            "client_private_key": PEM,
        }
    if key == "token_endpoint_auth_method":
        rest = {"client_private_key": PEM, "client_secret": None}
    value = [MISSING] if key in ("audiences", "tenants") else MISSING
    told = error(auth(**{**rest, key: value}))
    assert told == f"secrets.toml: [auth.google] {key} {NOT_SET}\n{VARIABLE_MEND}"


@pytest.mark.parametrize("key", SHARED_KEYS)
def test_a_shared_key_that_is_not_resolved_is_one_mistake(error, key):  # C7
    own = {"redirect_uri": f"{REDIRECT_URI}/google"}
    assert (
        error(auth(shared={key: MISSING}, **own)) == f"secrets.toml: [auth] {key} {NOT_SET}\n{VARIABLE_MEND}"
    )


@pytest.mark.parametrize("key", ["scope", "max_age", "state"])
def test_a_parameter_that_is_not_resolved_is_one_mistake(error, key):  # C7
    told = error(auth(client_kwargs={key: MISSING}))
    assert told == f"secrets.toml: [auth.google] client_kwargs.{key} {NOT_SET}\n{VARIABLE_MEND}"


def test_a_shared_key_in_a_providers_table_is_one_mistake(error):  # C7
    assert error(auth(cookie_secret=MISSING)) == (
        'secrets.toml: [auth.google] must not have "cookie_secret", which all providers share.\n'
        "  Move it to [auth]."
    )


def test_all_mistakes_are_told_at_once(error):  # C7, C8
    told = error(auth(shared={"cookie_secret": MISSING}, client_id="xxx", client_secret=MISSING)).splitlines()
    assert [line for line in told if line.startswith("secrets")] == [
        f"secrets.toml: [auth] cookie_secret {NOT_SET}",
        f"secrets.toml: [auth.google] client_secret {NOT_SET}",
        "secrets.toml: [auth.google] client_id is a placeholder.",
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("client_id", "xxx"),
        ("client_secret", "your-client-secret"),
        ("server_metadata_url", "accounts.google.com"),
        ("proxy", "proxy"),
        ("userinfo", "sometimes"),
        ("client_private_key", "no PEM"),
        ("redirect_uri", REDIRECT_URI),
    ],
)
def test_a_value_from_elsewhere_passes_the_same_checks(error, monkeypatch, key, value):  # C7
    monkeypatch.setenv("A_VALUE", value)
    assert error(auth(**{key: {"env": "A_VALUE"}})) == error(auth(**{key: value}))


@pytest.mark.parametrize("value", ["changeme", "short", "ab" * 20])
def test_a_cookie_secret_from_elsewhere_may_not_be_weak(error, monkeypatch, value):  # C7
    monkeypatch.setenv("A_VALUE", value)
    weak = error(auth(shared={"cookie_secret": {"env": "A_VALUE"}}))
    assert weak == error(auth(shared={"cookie_secret": value}))


# S7: no message and no repr holds what was taken.

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=12, max_size=80)
PLAIN = st.text(string.ascii_letters + string.digits + "-_=+/. @#:'", min_size=12, max_size=80)


@profile(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    key=st.sampled_from(sorted(SECRETS)),
    way=st.sampled_from(["env", "file"]),
    value=(TEXT | PLAIN).map("Zq7".__add__),  # so that no message happens to have it
    ending=st.sampled_from([b"", b"\n", b"\xff", b"x" * LARGEST]),
)
def test_no_message_and_no_repr_holds_what_was_taken(project, monkeypatch, key, way, value, ending):  # C7, S7
    monkeypatch.setenv("A_VALUE", value)
    (project / "a-value").write_bytes(value.encode() + ending)
    taken = {way: "A_VALUE" if way == "env" else "a-value"}
    shared = {"cookie_secret": taken} if key == "cookie_secret" else {}
    provider = {} if shared else {key: taken}
    (project / "secrets.toml").write_text(auth(shared=shared, **provider), encoding="utf-8")
    forget_configuration()
    mistakes = configuration_mistakes()
    told = f"{mistakes!r} {' '.join(map(str, mistakes))}"
    if not mistakes:
        settings = configuration()
        told = repr((settings, settings.providers, *settings.providers.values()))
    assert not value.strip() or value.strip() not in told


@pytest.mark.parametrize(
    "secret",
    [
        "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",  # base32
        "/8Qm3v0pZ8vN7w4TzLq/kX2pQ9aB1cD2eF3gH4iJ5k=",  # base64
        "vN7w-4TzLq",
    ],
)
@pytest.mark.parametrize("way", ["env", "file"])
def test_the_secret_in_place_of_its_name_is_not_quoted(error, way, secret):  # C7, S7
    assert secret not in error(auth(client_secret={way: secret}))


def test_a_table_keeps_what_was_taken_out_of_its_repr(monkeypatch):  # C7, S7
    monkeypatch.setenv("A_VALUE", CLIENT_SECRET)
    references = References(Path())
    table = references.resolve(Table("secrets.toml", "auth", {"client_secret": {"env": "A_VALUE"}}, []))
    assert table.data == {"client_secret": CLIENT_SECRET}
    assert CLIENT_SECRET not in f"{table!r} {references!r}"


# C9: autoreload.


def watched() -> set[Path]:
    started = BaseReloader()
    watch_secrets_file(started)
    return set(started.extra_files)


def test_a_file_that_is_referred_to_is_watched(project):  # C7, C9
    references = {
        "client_id": {"file": "there"},
        "client_secret": {"file": "not-there"},
        "label": {"file": "a\0b"},
    }
    (project / "secrets.toml").write_text(auth(**references))
    (project / "there").write_text("x")
    streamlit = project / ".streamlit" / "secrets.toml"
    assert watched() == {project / "secrets.toml", streamlit, project / "there", project / "not-there"}


def test_a_file_that_the_mapping_refers_to_is_watched(project, settings):  # C7, C9
    settings.MULTI_OIDC_SECRETS = mapping(client_secret={"file": "google"})
    assert watched() == {project / "google"}


def test_a_secrets_file_that_is_wrong_is_watched(project):  # C7, C9
    (project / "secrets.toml").write_text("[auth")
    assert watched() == {project / "secrets.toml", project / ".streamlit" / "secrets.toml"}


# W005.


def readable(path: str, absolute: Path) -> Warning:
    return Warning(
        f"{path} can be read by every user of the machine.",
        hint="It holds secrets. Mode 600 where the site's user owns it, 640 where one of that user's groups does:\n"
        f'chmod 640 "{absolute}"',
        id="django_multi_oidc.W005",
    )


@pytest.fixture
def deployed(project, read):
    """The secrets file and a file that it refers to, twice, with these modes."""

    def set_modes(secrets: int, google: int) -> list:
        (project / "google").write_text(CLIENT_SECRET)
        read(auth(client_id={"file": "google"}, client_secret={"file": "google"}))
        (project / "google").chmod(google)
        (project / "secrets.toml").chmod(secrets)
        return checks.check_permissions(None)

    return set_modes


def test_files_that_everybody_can_read(project, deployed, monkeypatch):  # C7, S7
    assert deployed(0o640, 0o600) == []
    secrets, google = (readable(name, project / name) for name in ("secrets.toml", "google"))
    assert deployed(0o644, 0o600) == [secrets]
    assert deployed(0o640, 0o444) == [google]
    assert deployed(0o644, 0o604) == [secrets, google]
    (project / "google").unlink()
    assert checks.check_permissions(None) == [secrets]
    monkeypatch.setattr(secrets_file, "os", SimpleNamespace(name="nt"))
    assert checks.check_permissions(None) == []


def test_files_outside_of_the_project_that_everybody_can_read(project, settings, tmp_path_factory):  # C7, S7
    path = tmp_path_factory.mktemp("secrets") / "google"
    path.write_text(CLIENT_SECRET)
    path.chmod(0o644)
    settings.MULTI_OIDC_SECRETS = mapping(client_secret={"file": str(path)})
    assert checks.check_permissions(None) == [readable(str(path), path)]


def test_permissions_of_a_mapping_and_of_a_wrong_file(project, settings, error):  # C7
    assert error(auth(client_secret=MISSING))
    (project / "secrets.toml").chmod(0o644)
    assert checks.check_permissions(None) == []
    settings.MULTI_OIDC_SECRETS = mapping()
    assert checks.check_permissions(None) == []


def test_the_permissions_check_opens_nothing(deployed, monkeypatch):  # C7
    assert deployed(0o600, 0o600) == []

    def refuse(*args, **kwargs):
        raise AssertionError("a check opened a file")

    monkeypatch.setattr("io.open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    assert checks.check_permissions(None) == []


# Docs.


def test_the_examples_of_secrets_from_elsewhere(project, read, monkeypatch):  # D6
    page = ROOT / "docs" / "configuration.md"
    examples = [block.text for block in blocks(page, "toml") if block.text.startswith("# secrets.toml\n")]
    assert len(examples) == 2
    (project / "oidc").mkdir()
    for name, value in {"google_client_secret": "x-1", "oidc/client-id": "x-2", "oidc/key.pem": PEM}.items():
        (project / name).write_text(value)
    for name, value in {
        "REDIRECT_URI": REDIRECT_URI,
        "COOKIE_SECRET": COOKIE_SECRET,
        "GOOGLE_DOMAIN": "shop.example",
    }.items():
        monkeypatch.setenv(name, value)
    for example in examples:
        assert read(example.replace("/run/secrets", project.as_posix())).providers
