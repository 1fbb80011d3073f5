"""E-mail addresses of rules, and what people write in place of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..wording import quoted
from .entries import EmailEntry
from .mistakes import InvalidEntryError

REGULAR_EXPRESSION = re.compile(r"^\^|\$$|\.\*|\.\+|[\\()\[\]|]")
UNWANTED = re.compile(r"[\s<>,;\x00-\x1f\x7f]")
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
NEITHER_MEND = 'All addresses of a domain: "*@example.org"\nThe value of a claim: { groups = ["staff"] }'


def parse_email(entry: str, *, trust_email: bool) -> EmailEntry:
    mend = _email_mend(entry)
    if mend:
        raise InvalidEntryError(
            f'has the entry {quoted(entry)}: no e-mail address, and not "*@" and a domain.', mend
        )
    local_part, _, domain = entry.lower().partition("@")
    return EmailEntry("" if local_part == "*" else local_part, domain, trust_email)


def _email_mend(entry: str) -> str:
    """How to mend the entry; empty when it is right."""
    return next((mend for wrong, mend in _email_slips(entry) if wrong), "")


def _email_slips(entry: str) -> Iterator[tuple[bool, str]]:
    """Whether the entry has the slip, and the mend for it: the one that tells most first."""
    local_part, at, domain = entry.partition("@")
    bare = entry.removeprefix("*").removeprefix(".")
    yield not entry.isascii(), 'Only ASCII is compared; write a domain with other letters in its "xn--" form.'
    yield entry == "*", "Remove the key to let in everybody whom the provider vouches for."
    yield (
        REGULAR_EXPRESSION.search(entry) is not None,
        'Regular expressions are not known here. All addresses of a domain: "*@example.org"',
    )
    yield "@" in domain, "Write one address per entry, each in quotes, with commas between the entries."
    yield (
        UNWANTED.search(entry) is not None,
        "Write the bare address, without spaces, names, brackets and commas.",
    )
    yield DOMAIN.fullmatch(bare) is not None, f'All addresses of this domain: "*@{bare}"'
    yield at == "", NEITHER_MEND
    yield domain == "", 'The domain is missing: "pat@example.org"'
    yield local_part == "", f'All addresses of this domain: "*{entry}"'
    yield (
        "*" in domain or (local_part != "*" and "*" in local_part),
        'A star stands only for everything before the "@"; each subdomain needs an entry of its own.',
    )
