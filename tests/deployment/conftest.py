"""What sites are deployed with, started and stopped by the tests; and Chromium in front."""

from __future__ import annotations

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.conftest import OPTIONS, open_browser, shoot  # noqa: F401  # the latter are fixtures
from tests.deployment.deployed import deployed
from tests.deployment.programs import PostgreSQL, Redis, path_of

# As docs/configuration.md has it for who has many groups. The limits for requests are nginx's own.
ROOM_FOR_ANSWERS = "proxy_buffer_size 16k; proxy_buffers 8 16k;"


@pytest.fixture(scope="session")
def redis(tmp_path_factory):
    with Redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory):
    with PostgreSQL(tmp_path_factory.mktemp("postgresql")) as server:
        yield server


@pytest.fixture(scope="session")
def site(running_op, redis, tmp_path_factory):
    """The address of a site."""
    folder = tmp_path_factory.mktemp("site")
    with deployed(folder, running_op, redis, directives=ROOM_FOR_ANSWERS, response_header_bytes=16384) as url:
        yield url


@pytest.fixture(scope="session")
def plain_site(running_op, redis, tmp_path_factory):
    """The address of one whose nginx has no directive for any buffer."""
    with deployed(tmp_path_factory.mktemp("plain"), running_op, redis) as url:
        yield url


@pytest.fixture(scope="module")
def chromium():
    """For one module: as long as Playwright runs, this thread counts as a coroutine, where Django does no I/O."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path_of("chromium"), args=OPTIONS)
        yield browser
        browser.close()
