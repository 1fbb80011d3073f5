from __future__ import annotations

import logging
import socket

import pytest
import requests

from django_multi_oidc.dev_provider.people import Organisation, Person
from django_multi_oidc.dev_provider.realm import Realm
from django_multi_oidc.dev_provider.server import DevProvider
from tests.dev_provider.browser import Browser


def exchange(provider: DevProvider, request: bytes) -> bytes:
    """Everything that the server says until it closes."""
    with socket.create_connection(("127.0.0.1", provider.port), timeout=5) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def host(provider: DevProvider) -> bytes:
    return f"Host: localhost:{provider.port}\r\n".encode()


@pytest.mark.parametrize(
    "name", ["evil.example", "localhost", "localhost:1", "localhost.evil.example:{port}"]
)
def test_a_name_pointed_at_loopback_reads_nothing(provider: DevProvider, browser: Browser, name: str) -> None:
    headers = {"Host": name.format(port=provider.port)}
    answer = browser.get(provider.url, headers=headers)
    assert answer.status_code == 421
    assert "secret" not in answer.text
    assert provider.requests == []


def test_no_host_no_answer(provider: DevProvider) -> None:
    assert exchange(provider, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 421 ")


def test_the_host_is_told_apart_by_no_case(provider: DevProvider) -> None:
    request = b"GET / HTTP/1.1\r\nConnection: close\r\n" + host(provider).replace(b"localhost", b"LocalHost")
    assert exchange(provider, request + b"\r\n").startswith(b"HTTP/1.1 200 ")


def test_connections_are_kept(provider: DevProvider) -> None:
    request = b"GET /style.css HTTP/1.1\r\n" + host(provider)
    answer = exchange(provider, request + b"\r\n" + request + b"Connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 OK") == 2


def test_head_has_no_body(provider: DevProvider) -> None:
    request = b"HEAD /style.css HTTP/1.1\r\nConnection: close\r\n" + host(provider) + b"\r\n"
    head, _, body = exchange(provider, request).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert body == b""


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Content-Length: 65537", b"413"),
        ("Content-Length: 9999999999", b"411"),
        ("Content-Length: -1", b"411"),
        ("Content-Length: +1", b"411"),
        ("Content-Length: \u0661", b"411"),
        ("Transfer-Encoding: chunked", b"411"),
    ],
)
def test_bodies_have_a_limit(provider: DevProvider, header: str, status: bytes) -> None:
    request = b"POST /alpha/token HTTP/1.1\r\n" + host(provider) + header.encode() + b"\r\n\r\n"
    answer = exchange(provider, request)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in answer
    assert provider.requests == []


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /" + b"x" * 65536 + b" HTTP/1.1", b"414"),
        (b"PUT / HTTP/1.1", b"501"),
        (b"OPTIONS / HTTP/1.1", b"501"),
        (b"GET / HTTP/9.9", b"505"),
        (b"nonsense <b> HTTP/1.1 x", b"400"),
    ],
)
def test_what_is_no_request(provider: DevProvider, request_line: bytes, status: bytes) -> None:
    answer = exchange(provider, request_line + b"\r\n" + host(provider) + b"\r\n")
    assert answer.split(b" ")[1] == status
    assert b"Content-Type: text/plain" in answer
    assert b"Traceback" not in answer


def test_a_mistake_of_ours_is_logged_and_not_shown(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    person = Person(key="ann", name="Ann", claims={"not JSON": object()})
    organisation = Organisation(name="x", people=(person,), algorithm="ES256")
    with DevProvider(organisations=[organisation]) as provider:
        realm = provider.organisations["x"]
        answer = browser.redeem(realm, browser.code(realm, "ann"))
    assert answer.status_code == 500
    assert answer.text == "Internal error of the development provider; see its log."
    (record,) = (record for record in caplog.records if record.levelno >= logging.INFO)
    assert record.getMessage() == "POST /x/token failed"
    assert record.exc_info


def test_nothing_is_printed(
    alpha: Realm, browser: Browser, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser.tokens(alpha)
    browser.get(alpha.issuer + "/nothing")
    assert capfd.readouterr() == ("", "")
    messages = [record.getMessage() for record in caplog.records if "dev_provider" in record.name]
    assert messages == [
        "GET /alpha/authorize",
        "POST /alpha/pick",
        "POST /alpha/token",
        "GET /alpha/nothing",
    ]


def test_a_browser_that_goes_away_is_no_drama(
    provider: DevProvider, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with socket.create_connection(("127.0.0.1", provider.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n" + host(provider))
        # A reset instead of a farewell.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    assert requests.get(provider.url, timeout=5).status_code == 200
    assert capfd.readouterr() == ("", "")
