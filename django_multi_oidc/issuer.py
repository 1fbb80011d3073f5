"""Whose an issuer is: compared as exact strings, and bound to a tenant where the provider has many.

Entra's multi-tenant endpoints publish one discovery document for all tenants. Its issuer is a template,
and each token's issuer is that template with the token's "tid" in it.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

SUFFIX = "/.well-known/openid-configuration"
TENANT = "{tenantid}"
MULTI_TENANT = ("common", "organizations")  # what stands in such a URL where the template has TENANT
GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def publishes(url: str, issuer: str) -> bool:
    """Whether ``url`` is where the document of ``issuer`` stands (Discovery 1.0 sections 4.1 and 4.3)."""
    url = url.partition("?")[0]  # Entra takes ?appid= there
    place = issuer.removesuffix("/") + SUFFIX
    return url == place or _is_template_of(place, url)


def _is_template_of(place: str, url: str) -> bool:
    segments = urlsplit(url).path.split("/")
    return place.count(TENANT) == 1 and any(
        tenants in segments and place.replace(TENANT, tenants) == url for tenants in MULTI_TENANT
    )


def of_tenant(issuer: str, tid: object) -> str | None:
    """The issuer of tokens whose "tid" is ``tid``; None where a template needs a GUID, and it is none."""
    if TENANT not in issuer:
        return issuer
    return issuer.replace(TENANT, tid) if isinstance(tid, str) and GUID.fullmatch(tid) else None


def is_one_of(iss: str, issuer: str) -> bool:
    """Whether ``iss`` is ``issuer``, or what the template ``issuer`` makes of some tenant."""
    before, _, after = issuer.partition(TENANT)
    return iss == of_tenant(issuer, iss.removeprefix(before).removesuffix(after))
