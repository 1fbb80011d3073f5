"""What comes back through the browser: RFC 6749, RFC 9207, RFC 9700, and the OpenID Foundation's form-post plan."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import time_machine

from tests.conformance.case import HOST, URL, Section
from tests.conformance.world import STATE, text_of
from tests.hostile_provider import CODE, Reply

callback = Section("The way back through the browser")
begin = Section("The way to the provider")

BROKEN = "callback_malformed"
UNKNOWN = "state_unknown"
MISMATCH = "issuer_mismatch"
NO_COOKIE = "the browser brought no login state cookie for it"
PROMISED = 'the callback has no "iss", which the discovery document promises'


def promise(world: Any) -> None:
    world.op.metadata["authorization_response_iss_parameter_supported"] = True


def responded(
    name: str,
    source: str,
    what: str,
    code: str,
    detail: str,
    response: list[tuple[str, str]],
    stage: str = "",
) -> None:
    """The provider sends the browser back with these parameters."""

    def act(world: Any) -> None:
        world.op.response = [(key, world.named(value)) for key, value in response]

    act.__name__ = name
    callback.refused(source, what, code, detail, stage)(act)


GOOD = [("code", CODE), ("state", STATE)]

# RFC 9207


def other_iss(iss: str) -> str:
    return f"the callback's \"iss\" is '{iss}', not '{URL}'"


responded(
    "iss_of_another",
    "RFC 9207 §2.4",
    "`iss` is another issuer",
    MISMATCH,
    other_iss("https://evil.example"),
    [*GOOD, ("iss", "https://evil.example")],
)
responded(
    "iss_with_a_slash",
    "RFC 9207 §2.4",
    "`iss` has a slash more",
    MISMATCH,
    other_iss(f"{URL}/"),
    [*GOOD, ("iss", f"{URL}/")],
)
responded("iss_empty", "RFC 9207 §2.4", "`iss` is empty", MISMATCH, other_iss(""), [*GOOD, ("iss", "")])
responded(
    "iss_of_another_with_an_error",
    "RFC 9207 §2.4",
    "an error in another issuer's name",
    MISMATCH,
    other_iss("https://evil.example"),
    [("error", "access_denied"), ("state", STATE), ("iss", "https://evil.example")],
)


@callback.refused("RFC 9207 §2.4", "no `iss`, which the discovery document promises", MISMATCH, PROMISED)
def iss_promised_and_absent(world: Any) -> None:
    promise(world)


@callback.accepted("RFC 9207 §2.4", "`iss` as promised")
def iss_promised(world: Any) -> None:
    promise(world)
    world.op.response = [*GOOD, ("iss", world.op.url)]


@callback.accepted("RFC 9207 §2.4", "`iss`, though it was not promised")
def iss_unpromised(world: Any) -> None:
    world.op.response = [*GOOD, ("iss", world.op.url)]


@callback.refused(
    "RFC 9700 §4.4",
    "mix-up: the answer of the honest provider, brought with the hostile one's state",
    MISMATCH,
    "the callback's \"iss\" is '…', not '…'",
)
def mix_up(world: Any) -> Any:
    world.honest.metadata["authorization_response_iss_parameter_supported"] = True
    world.honest.response = [*GOOD, ("iss", world.honest.url)]
    world.begin()
    hostile_state = world.op.asked["state"]
    back = world.begin(provider="honest").replace(world.honest.asked["state"], hostile_state)
    page = world.browser.open(back)
    assert not {"/token"} & world.op.paths().keys(), (
        "the honest provider's code must not reach the hostile one"
    )
    return page


# A callback of one's own


def own_callback(world: Any) -> None:
    world.configure(redirect_uri=f"{world.site}/oauth2callback/op")


@callback.accepted("RFC 9700 §4.4.2", "an answer at the provider's own callback")
def own(world: Any) -> None:
    own_callback(world)


@callback.refused(
    "RFC 9700 §4.4.2",
    "an answer at the shared callback, for a provider with its own",
    "callback_mismatch",
    "answered at the shared callback, and provider 'op' was sent to the callback of 'op'",
)
def own_answered_at_the_shared(world: Any) -> Any:
    own_callback(world)
    return world.browser.open(world.begin().replace("/oauth2callback/op", "/oauth2callback"))


@callback.refused(
    "RFC 9700 §4.4.2",
    "an answer at the callback of another provider",
    "callback_mismatch",
    "answered at the callback of 'honest', and provider 'op' was sent to the callback of 'op'",
)
def own_answered_at_anothers(world: Any) -> Any:
    own_callback(world)
    return world.browser.open(world.begin().replace("/oauth2callback/op", "/oauth2callback/honest"))


# Parameters

responded(
    "code_absent",
    "RFC 6749 §4.1.2",
    "neither a code nor an error",
    BROKEN,
    "the answer has neither a code nor an error",
    [("state", STATE)],
)
responded(
    "code_empty",
    "RFC 6749 §4.1.2",
    "an empty code",
    BROKEN,
    "the answer has neither a code nor an error",
    [("code", ""), ("state", STATE)],
)
TWICE = "a parameter stands in it twice"
responded("code_twice", "RFC 6749 §3.1", "two codes", BROKEN, TWICE, [*GOOD, ("code", "another")])
responded("state_twice", "RFC 6749 §3.1", "two states", BROKEN, TWICE, [*GOOD, ("state", "another")])
responded(
    "iss_twice",
    "RFC 6749 §3.1",
    "two `iss`, the right one among them",
    BROKEN,
    TWICE,
    [*GOOD, ("iss", "https://evil.example"), ("iss", URL)],
)
responded("state_absent", "RFC 9700 §4.7", "no state", UNKNOWN, "the answer has no state", [("code", CODE)])
responded(
    "state_empty",
    "RFC 9700 §4.7",
    "an empty state",
    UNKNOWN,
    "the answer has no state",
    [("code", CODE), ("state", "")],
)
responded(
    "state_made_up",
    "RFC 9700 §4.7",
    "a state of the provider's own",
    UNKNOWN,
    NO_COOKIE,
    [("code", CODE), ("state", "made-up")],
)
responded(
    "state_of_odd_characters",
    "RFC 9700 §4.7",
    "a state of NUL, quotes and line breaks",
    UNKNOWN,
    NO_COOKIE,
    [("code", CODE), ("state", "\x00\"'\r\n;=ñ")],
)
responded(
    "state_very_long",
    "RFC 9700 §4.7",
    "a state of 10,000 characters",
    UNKNOWN,
    NO_COOKIE,
    [("code", CODE), ("state", "s" * 10_000)],
)
responded(
    "token_in_the_answer",
    "RFC 9700 §2.1.2",
    "an ID token in the answer, and no code: the implicit flow",
    BROKEN,
    "the answer has neither a code nor an error",
    [("id_token", "a.b.c"), ("access_token", "x"), ("state", STATE)],
)


# Errors of the provider


def error(
    name: str,
    error: str,
    what: str,
    code: str,
    detail: str,
    *,
    source: str = "OpenID Connect Core 1.0 §3.1.2.6",
    stage: str = "authorization",
) -> None:
    responded(
        name,
        source,
        what,
        code,
        f"the provider answered {detail}",
        [("error", error), ("state", STATE)],
        stage,
    )


error("error_access_denied", "access_denied", "the person pressed Cancel", "login_denied", "access_denied")
error(
    "error_login_required",
    "login_required",
    "the provider wants a login that we asked it not to show",
    "login_denied",
    "login_required",
)
error(
    "error_server",
    "server_error",
    "the provider says that it is broken",
    "provider_unavailable",
    "server_error",
)
error(
    "error_scope",
    "invalid_scope",
    "the provider does not know a scope",
    "authorization_refused",
    "invalid_scope",
)
error(
    "error_odd",
    "<script>",
    "an error code out of any standard: not quoted",
    "authorization_refused",
    "an error code out of any standard",
)


@callback.refused(
    "RFC 6749 §4.1.2.1",
    "`error` with a `code` beside it: the error counts",
    "login_denied",
    "the provider answered access_denied",
)
def error_and_code(world: Any) -> Any:
    world.op.response = [*GOOD, ("error", "access_denied")]
    page = world.log_in()
    assert "/token" not in world.op.paths()
    return page


@callback.refused(
    "RFC 6749 §4.1.2.1",
    "a description with a script in it: shown as text, and not logged",
    "login_denied",
    "the provider answered access_denied",
)
def error_with_a_script(world: Any) -> Any:
    words = "<script>alert('description')</script>"
    world.op.response = [("error", "access_denied"), ("error_description", words), ("state", STATE)]
    page = world.log_in()
    assert words not in page.text
    assert words in text_of(page)
    return page


@callback.refused(
    "ours",
    "`iss` is our own state, and a piece of the code: the log quotes neither",
    MISMATCH,
    f"the callback's \"iss\" is 'https://evil.example/…/…', not '{URL}'",
)
def iss_with_our_state(world: Any) -> Any:
    back = world.begin()
    iss = f"https://evil.example/{world.op.asked['state']}/{CODE}"
    return world.browser.open(f"{back}&{urlencode({'iss': iss})}")


responded(
    "error_is_our_state",
    "ours",
    "the error is our own state: not quoted",
    "authorization_refused",
    "the provider answered an error code out of any standard",
    [("error", STATE), ("state", STATE)],
)


@callback.refused(
    "ours",
    "a provider that is down, and headers with state and code in them: no mail has them",
    "provider_unavailable",
    f"{HOST} answered 500",
    "token",
)
def said_once_more(world: Any) -> Any:
    back = world.begin()
    world.op.answers["/token"] = Reply(500)
    path = back.removeprefix(world.site)
    headers = {
        "X-Original-URI": path,
        "X-Some-Proxy": back,
        "Referer": f"{world.op.url}/?{urlencode(world.op.asked)}",
    }
    return world.browser.open(back, headers=headers)


@callback.refused(
    "ours",
    "2,000 parameters, more than Django reads",
    "login_failed",
    "there are more parameters than Django reads",
)
def thousands_of_parameters(world: Any) -> Any:
    return world.browser.open("/oauth2callback?" + "&".join(f"p{number}=x" for number in range(2000)))


@callback.refused(
    "RFC 9700 §4.7",
    "an error with a state that nobody sent: the words of a stranger are not shown",
    UNKNOWN,
    NO_COOKIE,
)
def error_of_a_stranger(world: Any) -> Any:
    page = world.browser.open("/oauth2callback?error=access_denied&error_description=Call+555&state=x")
    assert "555" not in page.text
    return page


@callback.unchanged(
    "OAuth 2.0 Form Post Response Mode 1.0 §2",
    "the answer as a form: never asked for, and not taken",
    403,
    "Forbidden",
)
def form_post(world: Any) -> Any:
    world.begin()
    form = dict(world.op.parameters())
    return world.browser.post(f"{world.site}/oauth2callback", data=form, timeout=10)


@callback.unchanged("RFC 9110 §9.3.2", "a HEAD, as link checkers send it: spends no login", 405)
def head(world: Any) -> Any:
    return world.browser.head(world.begin(), timeout=10)


# State


@callback.refused(
    "RFC 9700 §4.7", "login CSRF: the answer to a login that was begun in another browser", UNKNOWN, NO_COOKIE
)
def login_csrf(world: Any) -> Any:
    return world.browser.open(world.begin(world.another_browser()))


@callback.refused(
    "RFC 9700 §4.7",
    "the state of one login, the cookie of another",
    UNKNOWN,
    "its cookie belongs to another login",
)
def swapped_cookies(world: Any) -> Any:
    other = world.another_browser()
    back = world.begin(other)
    [name] = [cookie.name for cookie in other.cookies if "_login_" in cookie.name]
    world.begin()
    [value] = [cookie.value for cookie in world.browser.cookies if "_login_" in cookie.name]
    world.browser.cookies.set(name, value, domain="localhost.local", path="/")
    return world.browser.open(back)


@callback.refused(
    "RFC 6265 §8.6",
    "a login cookie of somebody else's making",
    UNKNOWN,
    "its cookie was altered, or signed with another secret",
)
def forged_cookie(world: Any) -> Any:
    back = world.begin()
    for cookie in world.browser.cookies:
        if "_login_" in cookie.name:
            cookie.value = cookie.value[:-1] + ("A" if cookie.value[-1] != "A" else "B")
    return world.browser.open(back)


@callback.refused(
    "RFC 6265 §8.6",
    "a login cookie that came twice, planted by a sibling host",
    UNKNOWN,
    "its cookie came twice",
)
def doubled_cookie(world: Any) -> Any:
    back = world.begin()
    header = world.browser.cookie_header()
    [ours] = [pair for pair in header.split("; ") if "_login_" in pair]
    return world.browser.raw(back.removeprefix(world.site), f"{header}; {ours}")


@callback.refused(
    "RFC 6585 §5",
    "a browser with so many cookies that a login does not fit beside them",
    "cookies_full",
    "cookies of … bytes, 7800 fit into a header; largest: 'of-another-page' (7717); … bytes are missing for a login",
)
def no_room(world: Any) -> Any:
    return world.browser.raw("/oidc/login/op/", f"of-another-page={'x' * 7699}")


@callback.refused(
    "RFC 9700 §4.2", "the person came back after eleven minutes", "state_expired", "begun over 10 minutes ago"
)
def late(world: Any) -> Any:
    back = world.begin()
    with time_machine.travel(time.time() + 660, tick=True):
        return world.browser.open(back)


@callback.refused(
    "RFC 6749 §4.1.2",
    "the callback once more, by somebody who kept the browser's cookies",
    "state_spent",
    "its login is over, or being finished by another request",
)
def replayed_callback(world: Any) -> Any:
    another = world.another_browser()
    back = world.begin(another)
    kept = another.cookie_header()
    assert another.open(back).status_code == 200
    identity = world.browser.cookie_header()
    page = world.browser.raw(back.removeprefix(world.site), "; ".join(filter(None, [kept, identity])))
    assert world.op.paths()["/token"] == 1
    return page


@callback.accepted(
    "RFC 6749 §4.1.2", "the Back button: the callback of the very login that the person is logged in by"
)
def back_button(world: Any) -> Any:
    back = world.begin()
    assert world.browser.open(back).status_code == 200
    page = world.browser.open(back)
    assert world.op.paths()["/token"] == 1
    return page


@callback.refused("RFC 9700 §4.7", "the same callback with another code, after the login", UNKNOWN, NO_COOKIE)
def another_code_afterwards(world: Any) -> Any:
    another = world.another_browser()
    back = world.begin(another)
    assert another.open(back).status_code == 200
    return world.browser.open(back.replace(CODE, "another"))


@callback.accepted(
    "RFC 6749 §4.1.2",
    "ten copies of one callback at once: one token call, and nine are told that the login is over",
    refusals=9,
)
def ten_at_once(world: Any) -> Any:
    back = world.begin()
    header = world.browser.cookie_header()
    path = back.removeprefix(world.site)

    def come(_: int) -> Any:
        return world.another_browser().get(
            back, headers={"Cookie": header}, allow_redirects=False, timeout=20
        )

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(come, range(10)))
    assert sorted(answer.status_code for answer in answers) == [302, *[400] * 9], path
    assert world.op.paths()["/token"] == 1
    [good] = [answer for answer in answers if answer.status_code == 302]
    world.browser.cookies.update(good.cookies)
    return world.browser.open(good.headers["Location"])


# The way there


@begin.refused(
    "Fetch Metadata",
    "an image that asks for a login",
    "not_a_navigation",
    "a prefetch, or a request for a part of a page",
)
def image(world: Any) -> Any:
    return world.browser.open("/oidc/login/op/", headers={"Sec-Fetch-Dest": "image"})


@begin.refused(
    "Fetch Metadata", "a prefetch", "not_a_navigation", "a prefetch, or a request for a part of a page"
)
def prefetch(world: Any) -> Any:
    return world.browser.open("/oidc/login/op/", headers={"Sec-Purpose": "prefetch;prerender"})


@begin.refused(
    "OpenID Connect Core 1.0 §4",
    "a provider that the site does not have",
    "unknown_provider",
    "there are: op, honest",
)
def unknown_provider(world: Any) -> Any:
    return world.browser.open("/oidc/login/another/")


@begin.accepted(
    "oidcc-client-test-3rd-party-init-login",
    "an address that a third party sends people to begins a login, and chooses nothing in it",
)
def parameters_of_a_third_party(world: Any) -> Any:
    chosen = f"?iss={world.op.url}&target_link_uri=https://evil.example/&prompt=none&login_hint=eve&max_age=0&scope=openid+admin&redirect_uri=https://evil.example/&state=x"
    page = world.log_in(query=chosen)
    assert world.op.asked["prompt"] == "select_account"
    assert world.op.asked["scope"] == "openid profile email"
    assert world.op.asked["redirect_uri"] == f"{world.site}/oauth2callback"
    assert not {"login_hint", "max_age"} & world.op.asked.keys()
    assert len(world.op.asked["state"]) >= 43
    return page


def lands(name: str, source: str, what: str, next_url: str, lands_on: str = "/", status: int = 200) -> None:
    def act(world: Any) -> Any:
        return world.log_in(query=f"?next={next_url}")

    act.__name__ = name
    begin.accepted(source, what, lands_on=lands_on, status=status)(act)


lands("next_of_ours", "RFC 9700 §4.11", "`next` is a page of the site", "/members/%3Fa=1", "/members/?a=1")
lands("next_elsewhere", "RFC 9700 §4.11", "`next` is another site", "https://evil.example/")
lands("next_two_slashes", "RFC 9700 §4.11", "`next` is another site, without its scheme", "//evil.example/")
lands(
    "next_backslash",
    "RFC 9700 §4.11",
    "`next` has a backslash, with which browsers go elsewhere: it arrives encoded",
    "/%5Cevil.example/",
    "/%5Cevil.example/",
    404,
)
lands(
    "next_tab",
    "RFC 9700 §4.11",
    "`next` has a tab, with which browsers go elsewhere: it arrives encoded",
    "/%09/evil.example/",
    "/%09/evil.example/",
    404,
)
lands("next_script", "RFC 9700 §4.11", "`next` is a script", "javascript:alert(1)")
lands("next_is_a_login", "RFC 9700 §4.11", "`next` is a login: it would go round", "/oidc/login/op/")
lands(
    "next_is_a_login_encoded", "RFC 9700 §4.11", "`next` is a login, encoded twice", "/%252e/oidc/login/op/"
)
lands(
    "next_is_a_login_with_dots",
    "RFC 9700 §4.11",
    "`next` is a login to browsers, by dots and slashes",
    "/oidc/login//../op/",
)
lands("next_is_the_callback", "RFC 9700 §4.11", "`next` is the callback", "/oauth2callback%3Fcode=x")


@begin.accepted("RFC 9700 §4.2", "a fresh state, nonce and verifier for each login")
def fresh_values(world: Any) -> None:
    seen = []
    for _ in range(3):
        world.begin()
        seen.append({name: world.op.asked[name] for name in ("state", "nonce", "code_challenge")})
    assert all(len({login[name] for login in seen}) == 3 for name in seen[0])


@begin.refused(
    "ours",
    "2,000 parameters, more than Django reads",
    "login_failed",
    "there are more parameters than Django reads",
)
def thousands_of_parameters_of_a_login(world: Any) -> Any:
    return world.browser.open("/oidc/login/op/?" + "&".join(f"p{number}=x" for number in range(2000)))
