"""What the server hands to a realm, and what it gets back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

FORM = "application/x-www-form-urlencoded"
Parameters = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request; ``path`` without the query."""

    method: str
    path: str
    query: str = ""
    headers: Message = field(default_factory=Message)
    body: bytes = b""

    def parameters(self) -> Parameters:
        """The query's parameters, or a POST's form. One without a value is left out (RFC 6749 section 3.1).

        Raises ValueError when they are too many, or no form.
        """
        return parse_qsl(self._form() if self.method == "POST" else self.query, max_num_fields=100)

    def _form(self) -> str:
        if self.headers.get_content_type() != FORM:
            raise ValueError(f"the body must be {FORM}")
        return self.body.decode("ascii", "replace")

    def cookie(self, name: str) -> str:
        """The cookie's value; "" when there is none. Other sites on localhost send theirs here too."""
        for pair in self.headers.get("Cookie", "").split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name:
                return str(value)
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response. What all responses have in common the server adds."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps(value, indent=2).encode()
    return Response(status=status, body=body, content_type="application/json", headers=headers or {})


def repeated(parameters: Parameters) -> list[str]:
    """The names that stand more than once, which RFC 6749 sections 3.1 and 3.2 forbid."""
    return [name for name, count in Counter(name for name, _ in parameters).items() if count > 1]
