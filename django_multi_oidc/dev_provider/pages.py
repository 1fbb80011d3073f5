"""The pages a person sees. Every value goes through `escape`; style and nothing else comes with them."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files
from urllib.parse import urlsplit

from .authorization import AuthorizationRequest, ReplyAddress
from .client import Client
from .messages import Response
from .people import Organisation, Person

TONES = 6


def stylesheet() -> Response:
    css = files(__package__).joinpath("assets/style.css").read_bytes()
    return Response(body=css, content_type="text/css; charset=utf-8")


def page(title: str, body: str, *, status: int = 200, form_target: str = "") -> Response:
    """A whole page; ``form_target`` is the origin to which the answer to its form redirects."""
    html = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<p class="notice"><strong>Development provider.</strong> No password needed; nobody here is real.</p>
<main>
{body}
</main>
</body>
</html>
"""
    return Response(
        status=status,
        body=html.encode(),
        content_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": policy(form_target), "Cache-Control": "no-store"},
    )


def policy(form_target: str) -> str:
    # Browsers hold form-action against the redirect that answers a form, too: the client must be named.
    forms = f"form-action 'self' {form_target}".strip()
    sources = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    return f"{sources}; {forms}"


def form_target(redirect_uri: str) -> str:
    """The redirect URI's origin as a source of a content security policy, which has no IPv6 addresses."""
    url = urlsplit(redirect_uri)
    return f"{url.scheme}:" if "[" in url.netloc else f"{url.scheme}://{url.netloc}"


def message(status: int, title: str, text: str) -> Response:
    return page(title, f"<h1>{escape(title)}</h1>\n<p>{escape(text)}</p>", status=status)


def picker(
    organisation: Organisation, label: str, client: Client, asked: AuthorizationRequest, interaction: str
) -> Response:
    """The people to choose from, the one that ``login_hint`` names first, and who wants to know."""
    hinted = next((person for person in organisation.people if person.is_called(asked.login_hint)), None)
    body = f"""<header class="title">
<p class="org">{escape(label)}</p>
<h1>Who is logging in?</h1>
{asking(client, asked)}
</header>
<form method="post" action="/{escape(organisation.name)}/pick">
<input type="hidden" name="interaction" value="{escape(interaction)}">
<ul class="people">
{"".join(person_button(person, hinted) for person in hinted_first(organisation.people, hinted))}</ul>
<button class="cancel" name="cancel" value="1">Cancel</button>
</form>"""
    return page(f"Log in: {label}", body, form_target=form_target(asked.reply.redirect_uri))


def asking(client: Client, asked: AuthorizationRequest) -> str:
    host = urlsplit(asked.reply.redirect_uri).netloc
    scopes = " ".join(asked.scopes)
    return f"""<p>To continue to <strong>{escape(host)}</strong>, choose somebody.</p>
<p class="small">Client <code>{escape(client.client_id)}</code>, scopes <code>{escape(scopes)}</code></p>"""


def logout_question(name: str, label: str, reply: ReplyAddress | None, interaction: str) -> Response:
    """Whether to log out; no answer means no."""
    body = f"""<header class="title">
<p class="org">{escape(label)}</p>
<h1>Do you want to log out?</h1>
<p>This ends your session at {escape(label)}. To stay logged in, close this page.</p>
</header>
<form method="post" action="/{escape(name)}/confirm_logout">
<input type="hidden" name="interaction" value="{escape(interaction)}">
<button class="cancel">Log out</button>
</form>"""
    return page(f"Log out: {label}", body, form_target=form_target(reply.redirect_uri) if reply else "")


def hinted_first(people: Iterable[Person], hinted: Person | None) -> list[Person]:
    return sorted(people, key=lambda person: person is not hinted)


def person_button(person: Person, hinted: Person | None) -> str:
    focus = " autofocus" if person is hinted else ""
    return f"""<li><button name="person" value="{escape(person.key)}"{focus}>
{card(person)}</button></li>
"""


def card(person: Person) -> str:
    avatar = (
        f'<span class="avatar tone-{tone(person)}" aria-hidden="true">{escape(initials(person.name))}</span>'
    )
    return f"""{avatar}
<span class="who"><bdi class="name">{escape(person.name)}</bdi>
<span class="email">{escape(person.email or "no email address")}</span></span>
{remark(person)}"""


def remark(person: Person) -> str:
    if not person.remark:
        return ""
    kind = "plain" if person.email_verified else "warning"
    if "admins" in person.groups:
        kind = "admin"
    return f'<span class="remark {kind}">{escape(person.remark)}</span>\n'


def initials(name: str) -> str:
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def tone(person: Person) -> int:
    """One of the style sheet's avatar colours, always the same for the same person."""
    return sum(person.name.encode()) % TONES
