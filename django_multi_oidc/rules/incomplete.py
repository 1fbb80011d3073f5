"""Claims of which a provider has sent a part, or only the place where they can be had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# OpenID Connect Core 1.0 section 5.6.2: names of claims that stand elsewhere. Entra's "overage" uses it for groups.
CLAIM_NAMES = "_claim_names"
# Entra's other way to say so.
HAS_GROUPS = "hasgroups"
MARKERS = frozenset({CLAIM_NAMES, HAS_GROUPS})


def incomplete(claims: Mapping[str, Any]) -> frozenset[str]:
    """Names of the claims that are not all there: a rule must not match what happens to be."""
    names = claims.get(CLAIM_NAMES)
    elsewhere = [name for name in names if isinstance(name, str)] if isinstance(names, dict | list) else []
    # Entra sends true, or the word; nothing but a no counts as one.
    has_groups = claims.get(HAS_GROUPS, False) not in (False, None, "false")
    return frozenset([*elsewhere, *(["groups"] if has_groups else [])])
