"""Whatever mixture of cookies a browser brings: one of the people they were made for, whole, or nobody."""

from __future__ import annotations

import random
import uuid

import pytest
from django.core import signing as django_signing
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from django_multi_oidc import cookies, pieces
from django_multi_oidc.providers import configuration
from django_multi_oidc.users import Identity, read_only
from tests.conftest import COOKIE_SECRET, REDIRECT_URI

NAME = "multi_oidc_auth"
OLD = "the-old-secret-of-the-tests-0123456789-abcdefgh"
FOREIGN = "a-foreign-secret-of-nobody-0123456789-abcdefgh"
PROVIDER = {
    "client_id": "alpha-client",
    "client_secret": "alpha-client-secret",
    "server_metadata_url": "http://localhost:9/alpha/.well-known/openid-configuration",
}
REQUESTS = RequestFactory()


def auth(*secrets):
    return {"auth": {"redirect_uri": REDIRECT_URI, "cookie_secret": list(secrets), "alpha": PROVIDER}}


def identity(person, groups):
    letters = random.Random(person)
    ids = [str(uuid.UUID(int=letters.getrandbits(128), version=4)) for _ in range(groups)]
    return Identity(
        provider="alpha",
        fingerprint=configuration().providers["alpha"].fingerprint,
        login_id=f"login-of-{person}",
        login_at=1_800_000_000.5,
        next_digest="",
        claims=read_only({"iss": "https://alpha.example", "sub": person, "groups": ids}),
    )


def jar_of(who):
    response = HttpResponse()
    cookies.write(REQUESTS.get("/"), response, who)
    return {name: morsel.value for name, morsel in response.cookies.items()}


def jar_of_another_format(who):
    """Signed by us, small or large, and of a format that is not known here."""
    signer = django_signing.TimestampSigner(key=COOKIE_SECRET, salt="django_multi_oidc.identity")
    parts = pieces.split(signer.sign_object({"v": 7, "p": "alpha", "c": dict(who.claims)}), 3900)
    return dict(zip(pieces.names(NAME, len(parts)), parts, strict=True))


@pytest.fixture(scope="module")
def people():
    """Everybody who may be told by a mixture, and the jars of these and of others."""
    known, jars = [], []
    for secret, accepted in ((COOKIE_SECRET, True), (OLD, True), (FOREIGN, False)):
        with override_settings(MULTI_OIDC_SECRETS=auth(secret)):
            for groups in (0, 150, 200):
                who = identity(f"{secret[4:7]}-{groups}", groups)
                jars.append(jar_of(who))
                known += [who] if accepted else []
    with override_settings(MULTI_OIDC_SECRETS=auth(COOKIE_SECRET)):
        jars += [jar_of_another_format(who) for who in (identity("format-0", 0), identity("format-200", 200))]
    return known, jars


@settings(max_examples=400)
@given(data=st.data())
def test_a_mixture_is_one_of_the_people_or_nobody(people, data):  # K3, K4, K5
    known, jars = people
    chosen = data.draw(st.lists(st.sampled_from(jars), min_size=1, max_size=3))
    found = [(name, value) for jar in chosen for name, value in jar.items()]
    kept = data.draw(st.lists(st.sampled_from(found), max_size=4, unique=True))
    swapped = [
        (data.draw(st.sampled_from([NAME, f"{NAME}_1", f"{NAME}_2", name])), value) for name, value in kept
    ]
    header = "; ".join(f"{name}={value}" for name, value in data.draw(st.permutations(swapped)))
    with override_settings(MULTI_OIDC_SECRETS=auth(COOKIE_SECRET, OLD)):
        read = cookies.read(REQUESTS.get("/", headers={"cookie": header}))
    assert read is None or read in known


def test_each_jar_by_itself_is_its_owner_or_nobody(people):  # K3, K4, K5
    known, jars = people
    read = []
    with override_settings(MULTI_OIDC_SECRETS=auth(COOKIE_SECRET, OLD)):
        for jar in jars:
            header = "; ".join(f"{name}={value}" for name, value in jar.items())
            read.append(cookies.read(REQUESTS.get("/", headers={"cookie": header})))
    assert read == [*known, *[None] * 5]
    assert [len(jar) for jar in jars] == [1, 2, 2, 1, 2, 2, 1, 2, 2, 1, 3]
