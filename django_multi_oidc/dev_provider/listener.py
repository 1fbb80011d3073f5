"""HTTP on loopback: requests in, responses out, connections closed in the end."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from .messages import Request, Response

LIMIT = 64 * 1024
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Under no-referrer Chromium would send the picker's form with "Origin: null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

logger = logging.getLogger(__name__)


class Listener(ThreadingHTTPServer):
    """One loopback address, served in a thread of its own, with a thread for each connection."""

    # False: closing waits for them, so that no thread and no socket outlives a test.
    daemon_threads = False
    # The base class's 5 makes a sixth browser that comes at once wait a second.
    request_queue_size = 128
    # On Windows this option would let two programs share the port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, family: socket.AddressFamily, address: str, port: int) -> None:
        self.address_family = family
        self.connections: set[socket.socket] = set()
        super().__init__((address, port), Handler)
        self.port: int = self.server_address[1]

    def server_bind(self) -> None:
        """As the base class does, without its look-up of the host's name, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def start(self, respond: Callable[[Request], Response], authorities: set[str]) -> None:
        """Answer requests; only those that name one of ``authorities`` (``host:port``) as their host."""
        self.respond = respond
        self.authorities = authorities
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away; the base class would print a stack trace."""
        logger.debug("Connection lost", exc_info=True)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Listener
    protocol_version = "HTTP/1.1"
    server_version = "oidc_dev_provider"
    sys_version = ""
    # A request line too broken to name its version gets headers, too; the base class means HTTP/0.9.
    default_request_version = "HTTP/1.0"
    timeout = 60
    # Headers and body in one packet: two would wait for each other's acknowledgement, 40 ms.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.answer()

    def do_HEAD(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        # A name that somebody pointed at loopback (DNS rebinding) must not read our pages.
        if self.headers.get("Host", "").lower() not in self.server.authorities:
            return self.send_error(421, f"This server is {', '.join(sorted(self.server.authorities))}")
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch("[0-9]{1,9}", length):
            return self.send_error(411, "A Content-Length is required, in up to nine digits")
        if int(length) > LIMIT:
            return self.send_error(413, f"The limit is {LIMIT} bytes")
        return self.reply(self.response_to(self.request_of(self.rfile.read(int(length)))))

    def request_of(self, body: bytes) -> Request:
        path, _, query = self.path.partition("?")
        method = "GET" if self.command == "HEAD" else self.command
        return Request(method=method, path=path, query=query, headers=self.headers, body=body)

    def response_to(self, request: Request) -> Response:
        try:
            return self.server.respond(request)
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            return Response(status=500, body=b"Internal error of the development provider; see its log.")

    def reply(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in {**HEADERS, **response.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A request that is refused unread; what is left of it cannot be told from the next one."""
        self.close_connection = True
        self.reply(Response(status=code, body=(message or "Bad request").encode()))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        # Never the query: it holds states and nonces.
        logger.debug("%s %s", self.command, self.path.partition("?")[0] if self.command else "-")
