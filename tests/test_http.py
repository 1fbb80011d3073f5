from __future__ import annotations

import gzip
import logging
import os
import socket
import socketserver
import ssl
import threading
import time
import zlib
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import pytest

from django_multi_oidc import connections, http
from django_multi_oidc.exceptions import ProviderAnswerInvalid, ProviderTimeout, ProviderUnavailable

from . import hostile_provider
from .hostile_provider import HostileProvider, Reply, json_reply, provider_at

HTTPS = provider_at("https://op.example/.well-known/openid-configuration")
LOCAL = provider_at("http://localhost:9/.well-known/openid-configuration")


@pytest.fixture
def hostile():
    with HostileProvider() as op:
        yield op
        connections.clear()


def get(hostile, path="/x", timeout=10.0, **options):
    return http.get(
        provider_at(hostile.metadata_url, timeout=timeout), hostile.url + path, stage="discovery", **options
    )


def post(hostile, path="/x", timeout=10.0):
    return http.post(
        provider_at(hostile.metadata_url, timeout=timeout),
        hostile.url + path,
        stage="token",
        data={"code": "the code", "state": "ä&="},
        headers={"Authorization": "Basic abc"},
    )


def failure(hostile, answer, error, call=get, **options) -> str:
    hostile.answers["/x"] = answer
    with pytest.raises(error) as caught:
        call(hostile, **options)
    assert caught.value.stage == ("token" if call is post else "discovery")
    host = hostile.url.removeprefix("http://")
    assert caught.value.detail.startswith(host + " ")
    return caught.value.detail.removeprefix(host + " ")


def test_an_answer(hostile):
    hostile.answers["/x"] = json_reply({"a": 1}, Cache_Control="max-age=5")
    answer = get(hostile, headers={"Authorization": "Bearer t"})
    assert answer.json() == {"a": 1}
    assert answer.headers["cache-CONTROL"] == "max-age=5"
    assert repr(answer) == f"Answer(host='{hostile.url[7:]}', stage='discovery', status=200)"  # S7
    sent = hostile.requests[0].headers
    assert sent["User-Agent"] == "django-multi-oidc"
    assert sent["Accept"] == "application/json"
    assert sent["Accept-Encoding"] == "identity"
    assert sent["Authorization"] == "Bearer t"


def test_a_form(hostile):
    hostile.answers["/x"] = json_reply({})
    post(hostile)
    assert hostile.requests[0].method == "POST"
    assert hostile.requests[0].form == {"code": "the code", "state": "ä&="}
    assert hostile.requests[0].headers["Authorization"] == "Basic abc"
    assert hostile.requests[0].headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_4xx_is_for_the_caller_to_judge(hostile):
    hostile.answers["/x"] = json_reply({"error": "invalid_client"}, status=401)
    assert post(hostile).json() == {"error": "invalid_client"}


# S3: redirects, refusals, outages


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
@pytest.mark.parametrize("call", [get, post])
def test_no_redirect_is_followed(hostile, status, call):  # S3
    answer = Reply(status, headers={"Location": hostile.url + "/elsewhere?code=secret"})
    detail = failure(hostile, answer, http.Redirected, call)
    assert detail == f"answered {status}, a redirect; no redirect is followed"
    assert hostile.paths() == {"/x": 1}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 599])
def test_an_outage(hostile, status):  # L7
    assert failure(hostile, Reply(status, b"SQL text"), ProviderUnavailable) == f"answered {status}"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "it is not JSON"),
        (b"<!doctype html>", "it is not JSON"),
        (b"[]", "it is not a JSON object"),
        (b'{"a":1,"a":2}', "it names a member twice"),
    ],
)
def test_nonsense(hostile, body, what):  # L7
    hostile.answers["/x"] = Reply(200, body, {"Content-Type": "application/json"})
    answer = get(hostile)
    with pytest.raises(ProviderAnswerInvalid) as caught:
        answer.json()
    assert caught.value.detail == f"{hostile.url[7:]} answered 200, but {what}"
    assert caught.value.stage == "discovery"


def test_nobody_listens():  # L7
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x"
    with pytest.raises(ProviderUnavailable) as caught:
        http.get(provider_at(url), url, stage="discovery")
    assert caught.value.detail == f"{url[7:-2]} refused the connection"
    connections.clear()


def test_a_name_that_dns_does_not_know():  # L7
    provider = provider_at("https://no-such-host.invalid/.well-known/openid-configuration")
    with pytest.raises(ProviderUnavailable) as caught:
        http.get(provider, "https://no-such-host.invalid/x", stage="discovery")
    assert caught.value.detail == "no-such-host.invalid is a name that DNS does not know"


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "xn--a.example" * 30, ".example"])
def test_a_name_that_cannot_be(host):
    with pytest.raises(ProviderUnavailable) as caught:
        http.get(HTTPS, f"https://{host}/x", stage="token")
    assert caught.value.detail.startswith(f"{host} ")


@pytest.mark.parametrize(
    "answer", [hostile_provider.garbage, hostile_provider.truncated, hostile_provider.no_answer]
)
@pytest.mark.parametrize("call", [get, post])
def test_a_broken_answer(hostile, answer, call):  # L7
    assert failure(hostile, answer, ProviderUnavailable, call).startswith("could not be talked to (")


def test_too_many_headers(hostile):
    answer = Reply(200, b"{}", {f"X-{number}": "x" for number in range(200)})
    assert failure(hostile, answer, ProviderUnavailable).startswith("could not be talked to (")


# S3: limits


@pytest.mark.parametrize(
    "answer", [hostile_provider.silent, hostile_provider.dripping_headers, hostile_provider.dripping_body]
)
@pytest.mark.parametrize("call", [get, post])
def test_a_provider_that_does_not_come_to_an_end(hostile, answer, call):  # S3
    begun = time.monotonic()
    assert failure(hostile, answer, ProviderTimeout, call, timeout=0.3) == "did not answer in time"
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("call", [get, post])
def test_no_time_left(hostile, call):  # S3
    detail = failure(hostile, hostile_provider.dripping_headers, ProviderTimeout, call, timeout=0.001)
    assert detail == "did not answer in time"


@contextmanager
def a_port_that_nobody_answers_at():
    """On Linux: a listener that is busy, whose backlog is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def addresses(monkeypatch, *found):
    """What DNS says of any name."""
    families = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in found]
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *more: families if host == "op.example" else resolve(host, *more)
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: //[\r\nContent-Length: 0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("call", [get, post])
def test_an_answer_that_no_client_can_read(hostile, answer, call):  # L7
    def send(handler):
        handler.raw(answer)
        handler.close_connection = True

    assert failure(hostile, send, ProviderUnavailable, call).startswith("could not be talked to (")


def test_a_host_with_many_dead_addresses(monkeypatch):  # S3
    with a_port_that_nobody_answers_at() as port:
        addresses(monkeypatch, *[("127.0.0.1", port)] * 20)
        provider = provider_at("https://op.example/x", timeout=0.4)
        begun = time.monotonic()
        with pytest.raises(ProviderTimeout) as caught:
            http.get(provider, "https://op.example/x", stage="discovery")
    assert caught.value.detail == "op.example did not answer in time"
    assert time.monotonic() - begun < 2


def test_a_host_whose_first_address_is_dead(hostile, monkeypatch):  # S3
    hostile.answers["/x"] = json_reply({})
    addresses(monkeypatch, ("127.0.0.1", 9), ("127.0.0.1", hostile.server_port))
    url = f"http://op.example:{hostile.server_port}/x"
    provider = provider_at(url, allow_plain_http=True)
    assert http.get(provider, url, stage="discovery").status == 200


def test_a_handshake_that_does_not_come_to_an_end(hostile):  # S3
    provider = provider_at(hostile.metadata_url, timeout=0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/x"
        begun = time.monotonic()
        with pytest.raises(ProviderTimeout):
            http.get(provider, url, stage="discovery")
    assert time.monotonic() - begun < 2


def test_silence_ends_before_the_total(hostile):  # S3
    begun = time.monotonic()
    assert failure(hostile, hostile_provider.silent, ProviderTimeout, timeout=4.0) == "did not answer in time"
    assert time.monotonic() - begun < 3.5


@pytest.mark.parametrize("size", [http.MAX_BYTES + 1, 50 * 1024 * 1024])
def test_an_answer_over_the_limit(hostile, size):  # S3
    def endless(handler):
        handler.raw(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(size // 4096 + 1):
            handler.raw(b" " * 4096)

    detail = failure(hostile, endless, ProviderAnswerInvalid)
    assert detail == "sent more than 1048576 bytes"


def test_a_chunked_answer_over_the_limit(hostile):  # S3
    def endless(handler):
        handler.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        handler.drip(b"10000\r\n" + b" " * 0x10000 + b"\r\n")

    assert failure(hostile, endless, ProviderAnswerInvalid) == "sent more than 1048576 bytes"


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_bomb(hostile, encoding, compress):  # S3
    bomb = compress(b" " * 100_000_000)
    answer = Reply(200, bomb, {"Content-Encoding": encoding})
    assert failure(hostile, answer, ProviderAnswerInvalid) == "sent more than 1048576 bytes"


def test_the_largest_answer_allowed(hostile):  # S3
    body = b"{}" + b" " * (http.MAX_BYTES - 2)
    for reply in (Reply(200, body), Reply(200, gzip.compress(body), {"Content-Encoding": "gzip"})):
        hostile.answers["/x"] = reply
        assert get(hostile).json() == {}


def test_an_answer_that_cannot_be_decompressed(hostile):
    answer = Reply(200, b"{}", {"Content-Encoding": "gzip"})
    assert failure(hostile, answer, ProviderAnswerInvalid) == "sent an answer that cannot be decompressed"


# Connections


def test_connections_are_kept(hostile):
    hostile.answers["/x"] = json_reply({})
    for _ in range(3):
        get(hostile)
        post(hostile)
    assert hostile.connections == 1


def test_each_provider_has_connections_of_its_own(hostile):
    hostile.answers["/x"] = json_reply({})
    get(hostile)
    other = provider_at(hostile.url + "/other")
    http.get(other, hostile.url + "/x", stage="discovery")
    assert hostile.connections == 2


def answer_once(handler):
    """What a server does whose patience with the kept connection ends just when we use it again."""
    if handler.served > 1:
        handler.close_connection = True
    else:
        handler.send(json_reply({}))


def test_a_kept_connection_that_is_dead(hostile):
    hostile.answers["/x"] = answer_once
    get(hostile)
    assert get(hostile).status == 200
    assert hostile.connections == 2


def test_a_code_is_never_sent_twice(hostile):  # S2
    hostile.answers["/x"] = answer_once
    post(hostile)
    with pytest.raises(ProviderUnavailable):
        post(hostile)
    assert hostile.paths() == {"/x": 2}


def test_only_one_retry(hostile):
    failure(hostile, hostile_provider.no_answer, ProviderUnavailable)
    assert hostile.paths() == {"/x": 2}


def test_no_retry_after_a_timeout(hostile):
    failure(hostile, hostile_provider.silent, ProviderTimeout, timeout=0.2)
    assert hostile.paths() == {"/x": 1}


def test_a_connection_that_was_idle_for_long_is_not_used(hostile, monkeypatch):
    hostile.answers["/x"] = json_reply({})
    post(hostile)
    monkeypatch.setattr(connections, "IDLE_SECONDS", -1.0)
    post(hostile)
    assert hostile.connections == 2


def test_a_forked_process_opens_connections_of_its_own(hostile, monkeypatch):
    hostile.answers["/x"] = json_reply({})
    get(hostile)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    get(hostile)
    assert hostile.connections == 2


def test_no_cookie_of_one_login_is_sent_with_another(hostile):  # S7
    hostile.answers["/x"] = json_reply({}, Set_Cookie="session=of-ann; Path=/")
    get(hostile)
    get(hostile)
    assert "Cookie" not in hostile.requests[1].headers


def test_netrc_and_proxies_of_the_environment_are_not_looked_at(hostile, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    hostile.answers["/x"] = json_reply({})
    get(hostile, headers={"Authorization": "Bearer t"})
    get(hostile)
    assert hostile.requests[0].headers["Authorization"] == "Bearer t"
    assert "Authorization" not in hostile.requests[1].headers


def test_many_threads_at_once(hostile, caplog):
    hostile.answers["/x"] = json_reply({})
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: get(hostile).status, range(100)))
    assert statuses == [200] * 100
    assert hostile.connections <= 20
    assert caplog.text == ""


def test_nothing_of_an_answer_is_logged(hostile, caplog):  # S7
    hostile.answers["/x"] = json_reply({"access_token": "the access token"})
    with caplog.at_level(logging.DEBUG):
        post(hostile)
    assert not any(secret in caplog.text for secret in ("the access token", "the code", "Basic abc"))


# TLS


def test_a_certificate_that_nobody_trusts(tmp_path):  # S3
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=shake_hands, args=(listener, context))
        thread.start()
        url = f"https://localhost:{listener.getsockname()[1]}/x"
        with pytest.raises(ProviderUnavailable) as caught:
            http.get(provider_at(url), url, stage="discovery")
        thread.join()
    reason = "self-signed certificate"
    assert caught.value.detail == f"{url[8:-2]} has a certificate that is not trusted ({reason})"
    connections.clear()


def test_a_certificate_that_is_trusted(tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))
    with HostileProvider() as op:
        op.socket = context.wrap_socket(op.socket, server_side=True)
        op.answers["/x"] = json_reply({})
        url = f"https://localhost:{op.server_port}/x"
        provider = provider_at(url, ca_bundle=str(tmp_path / "server.pem"))
        assert [http.get(provider, url, stage="discovery").status for _ in range(2)] == [200, 200]
        assert op.connections == 1
        with pytest.raises(ProviderUnavailable, match="a certificate that is not trusted"):
            http.get(
                provider_at(url), url, stage="discovery"
            )  # the connection of the other one is not its own
        connections.clear()


def shake_hands(listener, context):
    connection, _ = listener.accept()
    try:
        context.wrap_socket(connection, server_side=True).close()
    except (ssl.SSLError, OSError):
        connection.close()


def certificate(folder):
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID

    key = hostile_provider.private_key("P-256")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_an_address_that_may_not_be_asked_is_not_asked(hostile):  # S3
    with pytest.raises(ProviderUnavailable) as caught:
        http.get(HTTPS, hostile.url + "/x?code=secret", stage="token")
    assert (
        caught.value.detail == f"'{hostile.url}/x' points at this machine, and op.example is not this machine"
    )
    assert caught.value.stage == "token"
    assert hostile.connections == 0


# A proxy


class Proxy(socketserver.ThreadingTCPServer):
    """Tells what it is asked, and either connects, or does as ``answer`` says."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, answer=None):
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        self.answer, self.heard = answer, []
        self.closing = threading.Event()

    @property
    def url(self):
        return f"http://pat:{PASSWORD}@127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,)).start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.shutdown()
        self.server_close()
        connections.clear()


class ProxyHandler(socketserver.StreamRequestHandler):
    def handle(self):
        head = b"".join(iter(self.rfile.readline, b"\r\n"))
        self.server.heard.append(head.decode())
        if self.server.answer:
            self.server.answer(self)
            return
        method, target, _ = head.decode().split(" ", 2)
        if method == "CONNECT":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            self.tunnel(target, b"")
        else:
            parts = urlsplit(target)
            self.tunnel(parts.netloc, head.replace(target.encode(), parts.path.encode(), 1) + b"\r\n")

    def tunnel(self, target, first):
        host, _, port = target.partition(":")
        with socket.create_connection((host, int(port))) as there:
            there.sendall(first)
            back = threading.Thread(target=pump, args=(there, self.connection))
            back.start()
            pump(self.connection, there)
            back.join()


def pump(source, sink):
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


PASSWORD = "the-password-of-the-proxy"


def test_a_call_through_a_proxy(hostile):  # S3
    hostile.answers["/x"] = json_reply({"a": 1})
    with Proxy() as proxy:
        provider = provider_at(hostile.metadata_url, proxy=proxy.url)
        assert http.get(provider, f"{hostile.url}/x", stage="discovery").json() == {"a": 1}
        assert proxy.heard[0].startswith(f"GET {hostile.url}/x HTTP/1.1")
        assert (
            f"Proxy-Authorization: Basic {b64encode(f'pat:{PASSWORD}'.encode()).decode()}" in proxy.heard[0]
        )
    assert "Proxy-Authorization" not in repr(provider)
    assert PASSWORD not in repr(provider)


def test_an_https_call_through_a_proxy(tmp_path):  # S3
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))
    with HostileProvider() as op, Proxy() as proxy:
        op.socket = context.wrap_socket(op.socket, server_side=True)
        op.answers["/x"] = json_reply({"a": 1})
        url = f"https://localhost:{op.server_port}/x"
        provider = provider_at(url, ca_bundle=str(tmp_path / "server.pem"), proxy=proxy.url)
        assert http.get(provider, url, stage="discovery").json() == {"a": 1}
        assert proxy.heard[0].startswith(f"CONNECT localhost:{op.server_port} HTTP/1.")
        connections.clear()


def drips(handler):
    end = time.monotonic() + 5
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    with suppress(OSError):
        while not handler.server.closing.wait(0.02) and time.monotonic() < end:
            handler.wfile.write(b"x")


@pytest.mark.parametrize("url", ["https://op.example/x", "http://op.example/x"])
def test_a_proxy_that_does_not_come_to_an_end(url):  # S3
    with Proxy(drips) as proxy:
        provider = provider_at(url, proxy=proxy.url, timeout=0.3, allow_plain_http=True)
        begun = time.monotonic()
        with pytest.raises(ProviderTimeout) as caught:
            http.get(provider, url, stage="discovery")
        assert time.monotonic() - begun < 2
        assert caught.value.detail == "op.example did not answer in time, or its proxy cannot reach it"


def test_a_proxy_that_refuses(caplog):  # S7
    def refuse(handler):
        handler.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with Proxy(refuse) as proxy:
        provider = provider_at("https://op.example/x", proxy=proxy.url)
        with pytest.raises(ProviderUnavailable) as caught:
            http.get(provider, "https://op.example/x", stage="discovery")
    assert caught.value.detail == "op.example could not be talked to (OSError), or its proxy cannot reach it"
    assert PASSWORD not in str(caught.value) + caplog.text


def test_a_proxy_of_the_environment_is_not_used_and_said(hostile, monkeypatch):  # S3
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    hostile.answers["/x"] = json_reply({})
    assert get(hostile).status == 200
    detail = failure(hostile, hostile_provider.silent, ProviderTimeout, timeout=0.2)
    assert detail == (
        "did not answer in time; HTTPS_PROXY of the environment is not read: write proxy = … into [auth.op]"
    )
