"""The table of one provider."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import cast

from ..rules import Rules, parse_rules
from ..wording import quoted
from . import addresses
from .client_kwargs import authorization_params
from .credentials import auth_method, own_value, private_key, required_keys
from .inherited import Inherited, inherited
from .keys import NAMED_KEYS, OPTIONAL_KEYS, PROVIDER_KEYS, SHARED_KEYS
from .model import DEFAULT, Provider, Userinfo
from .outgoing import ca_bundle, proxy, timeout
from .redirect_uri import own_redirect_uri
from .table import MISSING_MENDS, Table

SHARED_AND_OPTIONAL = (*SHARED_KEYS, *OPTIONAL_KEYS)
USERINFO = ("auto", "always", "never")
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def parse_provider(
    table: Table, name: str, redirect_uri: str, outer: Inherited, meant: set[str]
) -> Iterator[Provider]:
    """The provider, when the table holds no mistake.

    ``redirect_uri`` and ``outer`` as [auth] has them; ``meant``: keys that stand in the table misspelled.
    """
    before = len(table.mistakes)
    table.missing(required_keys(table), besides=meant | _note_foreign_keys(table))
    provider = _provider(table, name, redirect_uri, outer)
    if len(table.mistakes) == before:
        yield provider


def _note_foreign_keys(table: Table) -> set[str]:
    for key in SHARED_AND_OPTIONAL:
        if key in table.data and key not in NAMED_KEYS:
            table.wrong(f"must not have {quoted(key)}, which all providers share.", "Move it to [auth].")
    unknown = [key for key in table.data if key not in PROVIDER_KEYS and key not in SHARED_AND_OPTIONAL]
    return table.unknown(unknown, (*PROVIDER_KEYS, *NAMED_KEYS))


def _provider(table: Table, name: str, redirect_uri: str, outer: Inherited) -> Provider:
    metadata_url = _metadata_url(table)
    own = own_redirect_uri(table, redirect_uri)
    return Provider(
        name=name,
        label=table.text("label") or _label(name, metadata_url),
        client_id=own_value(table, "client_id"),
        client_secret=own_value(table, "client_secret"),
        server_metadata_url=metadata_url,
        redirect_uri=own or redirect_uri,
        own_callback=bool(own),
        authorization_params=authorization_params(table),
        token_endpoint_auth_method=auth_method(table),
        client_private_key=private_key(table),
        client_private_key_id=table.text("client_private_key_id"),
        timeout=timeout(table),
        ca_bundle=ca_bundle(table),
        proxy=proxy(table),
        allow_plain_http=_allow_plain_http(table, metadata_url),
        audiences=table.texts("audiences"),
        tenants=_tenants(table, metadata_url),
        trust_email=_trust_email(table, metadata_url),
        userinfo=cast(Userinfo, table.choice("userinfo", USERINFO) or "auto"),
        rules=(rules := _rules(table)),
        claims=table.texts("claims") or None,
        trim_to_rules=_trim_to_rules(table, rules),
        **asdict(inherited(table, outer)),
    )


def _label(name: str, metadata_url: str) -> str:
    parts = addresses.split(metadata_url)
    if name == DEFAULT and parts:
        return parts.netloc
    words = name.replace("_", " ").replace("-", " ").strip() or name
    return words[0].upper() + words[1:]


def _metadata_url(table: Table) -> str:
    url = table.text("server_metadata_url")
    mistake = _metadata_url_mistake(table, url) if url else None
    if mistake:
        table.wrong(*mistake)
    return url


def _metadata_url_mistake(table: Table, url: str) -> tuple[str, str] | None:
    if "@" in url:
        return f"server_metadata_url {addresses.AT}", addresses.AT_MEND
    brace = addresses.braces(url)
    if brace:
        return f"server_metadata_url still has {brace} in it: {quoted(url)}.", _brace_mend(brace)
    if addresses.split(url) is None or addresses.has_foreign_characters(url):
        return f"server_metadata_url is no absolute address: {quoted(url)}.", MISSING_MENDS[
            "server_metadata_url"
        ]
    if "#" in url:
        return f"server_metadata_url has a fragment: {quoted(url)}.", "Remove all from # on."
    if addresses.is_plain_http_abroad(url) and table.data.get("allow_plain_http") is not True:
        return (
            f"server_metadata_url is plain http, and not on this machine: {quoted(url)}.",
            "Anybody on the way could log in as anybody. Write https://, or for development alone:\n"
            "allow_plain_http = true",
        )
    return None


def _brace_mend(brace: str) -> str:
    return BRACE_MENDS.get(brace, f"Write the value itself in place of {brace}, without braces.")


BRACE_MENDS = {
    "{tenant}": "Write your tenant's id in place of {tenant}: Entra's admin center shows it as Tenant ID.",
    "{account}": "Write your account's name in place of {account}: Auth0 shows both as the Domain.",
    "{region}": "Write your account's region in place of {region}: Auth0 shows both as the Domain.",
}


def _allow_plain_http(table: Table, url: str) -> bool:
    allowed = table.flag("allow_plain_http")
    parts = addresses.split(url)
    if allowed and parts and parts.scheme == "https":
        table.wrong("has allow_plain_http = true, and its address is https.", "Remove allow_plain_http.")
    return allowed


def _tenants(table: Table, url: str) -> frozenset[str]:
    tenants = table.texts("tenants")
    for tenant in sorted(tenants):
        if not GUID.fullmatch(tenant.lower()):
            table.wrong(
                f"tenants has {quoted(tenant)}, which is no GUID.",
                "Write each tenant's id: Entra's admin center shows it as Tenant ID.",
            )
    if tenants and url and not addresses.is_for_many_tenants(url):
        table.wrong(
            "must not have tenants with an address that is not for many of them.",
            "It goes with https://login.microsoftonline.com/common/… or …/organizations/…",
        )
    return frozenset(tenant.lower() for tenant in tenants)


def _trust_email(table: Table, url: str) -> bool:
    trusted = table.flag("trust_email")
    if trusted and addresses.is_multi_tenant_entra(url):
        table.wrong(
            "must not have trust_email = true with an address for all of Entra's tenants.",
            "There, any organisation decides which e-mail addresses its people have. Name your own tenant\n"
            'in server_metadata_url, or write rules with other claims: { tid = "…", oid = ["…"] }',
        )
    return trusted


def _trim_to_rules(table: Table, rules: Rules) -> frozenset[str]:
    trimmed = table.texts("trim_to_rules")
    for name in sorted(trimmed):
        if not rules.look_at(name):
            table.wrong(
                f"trim_to_rules has {quoted(name)}, which no rule looks at: nothing of it would be kept.",
                f"Remove it here; or, to keep it out altogether, name the claims to keep: {CLAIMS_EXAMPLE}",
            )
    return trimmed


CLAIMS_EXAMPLE = 'claims = ["name", "email"]'


def _rules(table: Table) -> Rules:
    rules, mistakes = parse_rules(table.data)
    for key, what, mend in mistakes:
        table.wrong(f"{key} {what}", mend)
    return rules
