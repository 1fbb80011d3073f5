"""``response_header_bytes``: what the server in front of the site takes of a response's headers."""

from __future__ import annotations

from .model import RESPONSE_HEADER_BYTES
from .table import Table

LARGEST = 64 * 1024


def response_header_bytes(table: Table) -> int:
    """A number of bytes."""
    value = table.data.get("response_header_bytes", RESPONSE_HEADER_BYTES)
    if isinstance(value, int) and not isinstance(value, bool) and RESPONSE_HEADER_BYTES <= value <= LARGEST:
        return value
    table.wrong(
        f"response_header_bytes must be a whole number from {RESPONSE_HEADER_BYTES} to {LARGEST}.",
        "It is nginx's proxy_buffer_size, or what another server takes: response_header_bytes = 16384",
    )
    return RESPONSE_HEADER_BYTES
