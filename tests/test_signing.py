from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode

import pytest
import time_machine
from django.core import signing as django_signing
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc import signing
from tests.conftest import COOKIE_SECRET

DAY = 24 * 60 * 60
pytestmark = pytest.mark.usefixtures("secrets")


def test_what_was_signed_is_read_back():  # K1
    value = {"sub": "é", "groups": ["a"] * 50}
    assert signing.loads(signing.dumps(value, "identity"), "identity", max_age=60) == value


def test_repetitions_are_compressed():  # K5
    assert len(signing.dumps(["staff"] * 500, "identity")) < 200


def test_a_value_of_one_purpose_is_not_read_as_another():  # K1
    with pytest.raises(signing.BadSignature):
        signing.loads(signing.dumps("x", "login-state"), "identity", max_age=60)


def test_what_an_older_version_signed_is_read():  # K4: the salt is a promise
    signer = django_signing.TimestampSigner(key=COOKIE_SECRET, salt="django_multi_oidc.identity")
    assert signing.loads(signer.sign_object("x"), "identity", max_age=60) == "x"


def test_it_expires_after_max_age():  # K1
    with time_machine.travel(1_000_000, tick=False):
        text = signing.dumps("x", "identity")
    with time_machine.travel(1_000_000 + 60, tick=False):
        assert signing.loads(text, "identity", max_age=60) == "x"
    with time_machine.travel(1_000_000 + 61, tick=False), pytest.raises(signing.SignatureExpired):
        signing.loads(text, "identity", max_age=60)


def test_a_timestamp_in_the_future_is_refused_beyond_the_skew_of_clocks():  # K1
    with time_machine.travel(1_000_030, tick=False):
        text = signing.dumps("x", "identity")
    with time_machine.travel(1_000_000, tick=False):
        assert signing.loads(text, "identity", max_age=60) == "x"
    with (
        time_machine.travel(999_999, tick=False),
        pytest.raises(signing.BadSignature, match=r"^signed in the future$"),
    ):
        signing.loads(text, "identity", max_age=60)


@pytest.mark.parametrize("fallbacks", [[], ["an-old-key"]])
def test_djangos_own_keys_are_never_valid(settings, fallbacks):  # K1
    settings.SECRET_KEY_FALLBACKS = fallbacks
    for key in [settings.SECRET_KEY, *fallbacks]:
        signer = django_signing.TimestampSigner(key=key, salt="django_multi_oidc.identity")
        with pytest.raises(signing.BadSignature):
            signing.loads(signer.sign_object("x"), "identity", max_age=60)


def test_another_cookie_secret_reads_nothing(secrets, settings):  # K3
    text = signing.dumps("x", "identity")
    settings.MULTI_OIDC_SECRETS = {
        "auth": {**secrets, "cookie_secret": "another-secret-0123456789-0123456789-abc"}
    }
    with pytest.raises(signing.BadSignature):
        signing.loads(text, "identity", max_age=60)


def test_without_a_secrets_file_nothing_was_ever_signed(settings):  # C9
    text = signing.dumps("x", "identity")
    settings.MULTI_OIDC_SECRETS = None
    with pytest.raises(signing.BadSignature, match=r"^without a secrets file nothing is ever signed$"):
        signing.loads(text, "identity", max_age=60)


@given(st.text())
def test_no_text_is_an_exception_but_ours(text):  # K3
    with pytest.raises(signing.BadSignature):
        signing.loads(text, "identity", max_age=60)


def test_text_that_no_header_can_hold_is_no_exception_but_ours():  # K3
    with pytest.raises(signing.BadSignature, match=r"^not text that was ever signed$"):
        signing.loads("\ud800:a:b", "identity", max_age=60)


def test_derived_values_depend_on_secret_purpose_and_text(secrets, settings):  # L3
    nonce = signing.derive("nonce", "state")
    assert len(nonce) == 43
    assert nonce == signing.derive("nonce", "state")
    others = {signing.derive("nonce", "state2"), signing.derive("code-verifier", "state")}
    settings.MULTI_OIDC_SECRETS = {
        "auth": {**secrets, "cookie_secret": "another-secret-0123456789-0123456789-abc"}
    }
    others.add(signing.derive("nonce", "state"))
    assert len(others | {nonce}) == 4


def test_every_worker_and_every_version_derives_the_same():  # L3
    key = hashlib.sha256(f"django_multi_oidc.nonce{COOKIE_SECRET}".encode()).digest()
    expected = urlsafe_b64encode(hmac.digest(key, b"state", "sha256")).decode().rstrip("=")
    assert signing.derive("nonce", "state") == expected
    key = hashlib.sha256(f"django_multi_oidc.key-name{COOKIE_SECRET}".encode()).digest()
    assert signing.name_of_key() == urlsafe_b64encode(hmac.digest(key, b"", "sha256")).decode()[:8]


def test_what_was_derived_is_derived_again_after_a_rotation(secrets, settings):  # K4
    name, nonce = signing.name_of_key(), signing.derive("nonce", "state")
    newer = "another-secret-0123456789-0123456789-abc"
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "cookie_secret": [newer, COOKIE_SECRET]}}
    assert signing.name_of_key() != name
    assert signing.derive("nonce", "state") != nonce
    assert signing.derive("nonce", "state", key_name=name) == nonce
    assert len(name) == 8


def test_the_first_secret_signs_and_all_verify(secrets, settings):  # K4
    newer = "another-secret-0123456789-0123456789-abc"
    older = signing.dumps("x", "identity")
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "cookie_secret": [newer, COOKIE_SECRET]}}
    text = signing.dumps("x", "identity")
    assert [signing.loads(value, "identity", max_age=60) for value in (older, text)] == ["x", "x"]
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "cookie_secret": newer}}
    assert signing.loads(text, "identity", max_age=60) == "x"


def test_when_it_was_signed():  # K2
    with time_machine.travel(1_000_000.9, tick=False):
        assert signing.signed_at(signing.dumps(["x", ":"], "identity")) == 1_000_000


def test_a_digest_needs_no_key():
    assert signing.digest("state") == "S6aXNcpTdl7WpwnttWxuoj"
    assert signing.digest("state") != signing.digest("state2")
