"""What of a login's claims an identity keeps: as little as the provider's table says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .providers import Provider, configuration

# Said once, at login, and verified then; of no use to anybody later.
PROTOCOL_NOISE = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "aud", "azp"})
# Distributed claims (Core 1.0 section 5.6.2) bring access tokens along.
NEVER = frozenset({"_claim_sources"})
# By which an admin may end somebody's logins.
ADDRESSES = ("email", "preferred_username")
# Who, by whom, when and how: kept whatever `claims` names.
ALWAYS = frozenset({"iss", "sub", "exp", "iat", "auth_time", "acr", "amr", "sid", "tid"})


def kept(provider: Provider, claims: Mapping[str, Any], *, added: Collection[str] = ()) -> dict[str, Any]:
    """The claims without protocol noise, of these the ones that ``claims`` wants, lists cut by ``trim_to_rules``.

    ``added`` are the names that the site itself has put there: wanted, whatever ``claims`` lists.
    Whomever a rule's list matches with all claims, it matches with these.
    """
    wanted = _wanted(provider)
    found = {
        name: value
        for name, value in claims.items()
        if name not in NEVER
        and (
            name in provider.rules.kept_names
            or name in added
            or (name not in PROTOCOL_NOISE and (wanted is None or name in wanted))
        )
    }
    for name in sorted(provider.trim_to_rules):
        found = _trimmed(provider, name, (name,) if name in found else tuple(name.split(".")), found)
    return found


def _wanted(provider: Provider) -> frozenset[str] | None:
    if provider.claims is None:
        return None
    named = provider.claims.union(ADDRESSES if configuration().revocation else ())
    # An address is worth nothing without whether it was verified.
    return ALWAYS.union(named, {"email_verified"} if "email" in named else ())


def _trimmed(
    provider: Provider, name: str, path: tuple[str, ...], claims: Mapping[str, Any]
) -> dict[str, Any]:
    """A copy, with the list at ``path`` cut to what the rules mention under ``name``."""
    first, *rest = path
    value = claims.get(first)
    if rest and isinstance(value, Mapping):
        return {**claims, first: _trimmed(provider, name, tuple(rest), value)}
    if not rest and isinstance(value, list):
        return {**claims, first: [item for item in value if provider.rules.mention(name, item)]}
    return dict(claims)
