"""A client's address for logout tokens, on the standard library's server: none of ours on this side."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


class Site(ThreadingHTTPServer):
    """Keeps what was posted to it, and answers with ``status``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/oidc/backchannel-logout/x/"
        self.status = 200
        self.posts: list[tuple[str, dict[str, list[str]]]] = []

    @property
    def logout_tokens(self) -> list[str]:
        return [form["logout_token"][0] for _, form in self.posts]


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
        self.server.posts.append((self.path, parse_qs(body, strict_parsing=True)))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass
