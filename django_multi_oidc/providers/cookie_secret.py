"""``cookie_secret``: one, or a list of which the first signs and all verify."""

from __future__ import annotations

from .secret_values import weakness
from .table import MAKE_ONE, Table

LIST_MEND = (
    "The first signs, all verify: a new one goes to the end everywhere, then to the front, then the old one goes.\n"
    'cookie_secret = ["the one that signs", "another that verifies"]'
)


def cookie_secrets(table: Table) -> tuple[str, ...]:
    """The secrets in their order; empty where there is none, or something is wrong."""
    secrets = _listed(table)
    for place, secret in enumerate(secrets, start=1):
        if problem := weakness(secret):
            which = f"cookie_secret number {place}" if len(secrets) > 1 else "cookie_secret"
            table.wrong(f"{which} {problem}", MAKE_ONE)
    if len(set(secrets)) < len(secrets):
        table.wrong("cookie_secret has one secret twice.", "Remove one of the two.")
    return secrets


def _listed(table: Table) -> tuple[str, ...]:
    value = table.data.get("cookie_secret")
    if not isinstance(value, list):
        secret = table.text("cookie_secret")
        return (secret,) if secret else ()
    if value and all(isinstance(item, str) and item.strip() for item in value):
        return tuple(value)
    table.wrong("cookie_secret must be a string, or a list of strings with something in each.", LIST_MEND)
    return ()
