"""Spellings of "somewhere else", and where a browser would go by each: the URL Standard (WHATWG), written anew."""

from __future__ import annotations

import re
import unicodedata
from itertools import product
from urllib.parse import unquote

HOSTS = [
    *(
        "evil.example",
        "evil.example:80",
        "evil\u3002example",
        "evil%E3%80%82example",
        "localhost.evil.example",
    ),
    *("evil.example/%2f..", "evil.example%23", "evil.example#localhost", "127.0.0.1:9999", "[::1]:9"),
]
PREFIXES = [
    *(
        "//",
        "///",
        "////",
        "/////",
        "/\\",
        "\\/",
        "\\\\",
        "\\\\\\",
        "/\\/",
        "\\",
        "//\\",
        "/\t/",
        "/\n/",
        "/\r/",
    ),
    *(
        "\t//",
        "\n//",
        "\r//",
        " //",
        "\x00//",
        "\x0b//",
        "\x1f//",
        "\u2028//",
        "\xa0//",
        "\u200b//",
        "\u3000//",
    ),
    *(
        "\uff0f\uff0f",
        "/\uff0f",
        "/%09/",
        "/%0a/",
        "/%0d/",
        "/%00/",
        "/%5c",
        "/%5c/",
        "%5c%5c",
        "/%2f",
        "%2f%2f",
    ),
    *(
        "//%2f",
        "//%5c",
        "/.//",
        "/..//",
        "/./\\",
        "/;//",
        "/?//",
        "/#//",
        ".//",
        "..//",
        ";//",
        "?//",
        "@",
        "/@",
    ),
    *(
        "http:",
        "http:/",
        "http://",
        "http:///",
        "http:\\",
        "http:\\\\",
        "http:/\\",
        "ht\ttp://",
        "HtTp://",
        " http://",
    ),
    *(
        "https:",
        "https:/",
        "https://",
        "https:///",
        "https:\\\\",
        "\x01https://",
        "HTTPS://",
        "http%3a//",
        "http&colon;//",
    ),
    *(
        "//localhost@",
        "//localhost:80@",
        "//localhost%40",
        "//localhost\\@",
        "//localhost%00.",
        "//localhost.",
    ),
    *(
        "http://localhost@",
        "http://localhost:80@",
        "http://localhost%40",
        "http://localhost%2f@",
        "http://localhost\\@",
    ),
    *(
        "http://localhost#@",
        "http://localhost?@",
        "http://localhost/@",
        "http://localhost.",
        "http://localhost:",
    ),
    *("http:localhost@", "http://local\thost@", "http://loc\nalhost@", "///localhost@", "/\\localhost@"),
]
SCHEMES = [
    *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)"),
    *("\x01javascript:alert(1)", "javascript://localhost/%0aalert(1)", "javascript&colon;alert(1)"),
    *(
        "data:text/html,x",
        "data:text/html;base64,eA==",
        "vbscript:x",
        "file:///etc/passwd",
        "file://localhost/",
    ),
    *(
        "ftp://localhost/",
        "blob:http://localhost/x",
        "mailto:a@evil.example",
        "intent://x",
        "view-source:http://localhost/",
    ),
    *("ws://localhost/", "about:blank", "filesystem:http://localhost/x", "feed:http://localhost/", "tel:1"),
]
PAYLOADS = [*(prefix + host for prefix, host in product(PREFIXES, HOSTS)), *SCHEMES]


def origin(url: str) -> tuple[str, str]:
    """Scheme and host (with its port) of what a browser opens that is sent to ``url`` from http://localhost/x/."""
    url = re.sub(r"[\t\n\r]", "", url.strip("".join(map(chr, range(0x21)))))
    scheme, rest = _scheme(url)
    if scheme not in ("http", "https"):
        return scheme, ""
    rest = re.split(r"[?#]", rest.replace("\\", "/"))[0]
    relative = not rest.startswith("//") and scheme == "http"  # the scheme of the page itself: nothing new
    if relative:
        return "http", "localhost"
    authority = rest.lstrip("/").partition("/")[0].rpartition("@")[2]
    host = unicodedata.normalize("NFKC", unquote(authority)).replace("\u3002", ".").lower()
    return scheme, host.removesuffix(":80" if scheme == "http" else ":443")


def _scheme(url: str) -> tuple[str, str]:
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", url, re.DOTALL)
    return (match[1].lower(), match[2]) if match else ("http", url)
