from __future__ import annotations

from collections.abc import Iterator

import pytest

from django_multi_oidc.dev_provider.realm import Realm
from django_multi_oidc.dev_provider.server import DevProvider
from tests.dev_provider.browser import Browser


@pytest.fixture(scope="session")
def running() -> Iterator[DevProvider]:
    with DevProvider() as provider:
        yield provider


@pytest.fixture
def provider(running: DevProvider) -> DevProvider:
    running.auto_login(None)
    running.come_back()
    running.requests.clear()
    return running


@pytest.fixture
def alpha(provider: DevProvider) -> Realm:
    return provider.organisations["alpha"]


@pytest.fixture
def beta(provider: DevProvider) -> Realm:
    return provider.organisations["beta"]


@pytest.fixture
def browser() -> Iterator[Browser]:
    with Browser() as session:
        yield session
