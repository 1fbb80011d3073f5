"""The start page: what is served here, and the secrets file that a site needs to use it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from . import pages
from .messages import Response
from .realm import Realm

TITLE = "OpenID providers for development"


def index(realms: Iterable[Realm], secrets_file: str) -> Response:
    sections = "".join(section(realm) for realm in realms)
    body = f"""<header class="title">
<h1>{TITLE}</h1>
<p>Start a login at your site. This is the <code>secrets.toml</code> for it, with a fresh cookie secret:</p>
</header>
<pre tabindex="0" role="region" aria-label="secrets.toml"><code>{escape(secrets_file)}</code></pre>
{sections}"""
    return pages.page(TITLE, body)


def section(realm: Realm) -> str:
    return f"""<section>
<h2>{escape(realm.label)}</h2>
<dl>
<dt>Issuer</dt><dd><code>{escape(realm.issuer)}</code></dd>
<dt>Discovery</dt>
<dd><a href="{escape(realm.metadata_url)}"><code>{escape(realm.metadata_url)}</code></a></dd>
<dt>Client id</dt><dd><code>{escape(realm.client_id)}</code></dd>
<dt>Redirect URI</dt><dd>{redirect_uris(realm)}</dd>
<dt>Signs with</dt><dd>{escape(realm.organisation.algorithm)}</dd>
</dl>
<ul class="people">
{people(realm)}</ul>
</section>
"""


def redirect_uris(realm: Realm) -> str:
    return "<br>".join(f"<code>{escape(uri)}</code>" for uri in realm.client.redirect_uris)


def people(realm: Realm) -> str:
    cards = (pages.card(person) for person in realm.organisation.people)
    return "".join(f'<li class="person">\n{card}</li>\n' for card in cards)
