"""The demo behind a proxy that speaks TLS."""

from __future__ import annotations

from demo_project.settings import *  # noqa: F403  # the demo's settings, and one more

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
