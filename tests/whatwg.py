"""Where a browser goes that is sent to a URL: the URL Standard's parser (https://url.spec.whatwg.org/), written anew."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import unquote

DEFAULT_PORTS = {"http": "80", "https": "443", "ftp": "21", "ws": "80", "wss": "443"}


class Place(NamedTuple):
    """``host`` is empty where the scheme has none, or where a browser refuses the URL."""

    scheme: str
    host: str
    port: str
    path: str


def place(url: str, base: Place) -> Place:
    """What a browser opens that is sent to ``url`` by the page at ``base``, which is http or https."""
    url = url.strip("".join(map(chr, range(0x21))))
    url = re.sub(r"[\t\n\r]", "", url)
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", url)
    scheme, rest = (match[1].lower(), url[match.end() :]) if match else (base.scheme, url)
    if scheme not in DEFAULT_PORTS:
        return Place(scheme, "", "", "")
    rest = re.split(r"[?#]", rest)[0].replace("\\", "/")
    if scheme != base.scheme or rest.startswith("//"):
        return _absolute(scheme, rest.lstrip("/"))
    path = rest if rest.startswith("/") else f"{base.path.rpartition('/')[0]}/{rest}" if rest else base.path
    return base._replace(path=_normal(path))


def _absolute(scheme: str, rest: str) -> Place:
    authority, _, path = rest.partition("/")
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", authority.rpartition("@")[2])
    if match is None:
        return Place(scheme, "", "", "")
    host = unicodedata.normalize("NFKC", unquote(match[1])).replace("\u3002", ".").lower()
    return Place(scheme, host, match[2] or DEFAULT_PORTS[scheme], _normal(f"/{path}"))


def _normal(path: str) -> str:
    done: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            del done[-1:]
        elif plain != ".":
            done.append(segment)
    if segments[-1].lower().replace("%2e", ".") in (".", ".."):
        done.append("")
    return "/" + "/".join(done)
