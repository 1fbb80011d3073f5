"""O4: an issuer may have several tables, or none any more."""

from __future__ import annotations

import pytest

from django_multi_oidc import discovery
from django_multi_oidc.accounts.providers_of import providers_of


@pytest.fixture
def issuer(live_secrets, settings, op):
    live_secrets["sibling"] = {**live_secrets["alpha"], "client_id": "another-client"}
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    return op.organisations["alpha"].issuer


def test_all_that_have_the_issuer(issuer):
    assert providers_of(issuer) == ["alpha", "sibling"]


def test_a_name_that_is_of_another_issuer_now_is_none(issuer):
    assert providers_of("https://old.example") == []


def test_those_that_cannot_be_asked_are_among_them(issuer, op):
    discovery.clear()
    op.go_down()
    assert providers_of(issuer) == ["alpha", "beta", "sibling"]
