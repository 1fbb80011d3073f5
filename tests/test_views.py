from __future__ import annotations

import logging
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse, set_script_prefix

from django_multi_oidc import signing
from django_multi_oidc.login_urls import login_url
from django_multi_oidc.signals import oidc_logged_in, oidc_logged_out, oidc_login_failed
from tests.conftest import CLAIMS
from tests.flow import Visitor, parameters

IDENTITY = "multi_oidc_auth"


@pytest.fixture
def heard():
    """Every signal of ours that was sent, by name."""
    calls = []
    signals = {"logged_in": oidc_logged_in, "logged_out": oidc_logged_out, "login_failed": oidc_login_failed}
    receivers = {}
    for name, signal in signals.items():
        receivers[name] = lambda name=name, **kwargs: calls.append((name, kwargs))
        signal.connect(receivers[name])
    yield calls
    for name, signal in signals.items():
        signal.disconnect(receivers[name])


def page(response, status):
    """The text of a page of ours; checks what all of them send."""
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))
    assert response.status_code == status, (response.status_code, text)
    assert response["Cache-Control"] == "private, no-store"  # S6
    assert "Cookie" in response["Vary"]
    assert response["X-Frame-Options"] == "DENY"
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in response.content.decode()
    assert "style=" not in response.content.decode()
    expected = (
        "same-origin"
        if '<form class="oidc-logout" method="post"' in response.content.decode()
        else "no-referrer"
    )
    assert response["Referrer-Policy"] == expected
    return text


# The start of a login


def test_login_redirects_to_the_authorization_endpoint(visitor, op):  # L1, L3, C4
    response = visitor.get("/oidc/login/alpha/")
    assert response.status_code == 302
    assert response["Location"].startswith(op.organisations["alpha"].issuer)
    sent = parameters(response["Location"])
    assert sent.keys() == {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "prompt",
        "code_challenge",
        "code_challenge_method",
    }
    assert sent["response_type"] == "code"
    assert sent["client_id"] == op.organisations["alpha"].client_id
    assert sent["redirect_uri"] == "http://localhost/oauth2callback"
    assert sent["scope"] == "openid profile email"
    assert sent["prompt"] == "select_account"
    assert sent["code_challenge_method"] == "S256"
    assert response["Cache-Control"] == "private, no-store"  # S6


def test_login_without_a_name_is_a_page_with_a_button_each(visitor):  # L1
    response = visitor.get("/oidc/login/?next=/members/")
    text = page(response, 200)
    assert "Log in with Alpha" in text
    assert "Log in with Beta" in text
    assert '<a class="oidc-button" href="/oidc/login/alpha/?next=%2Fmembers%2F">' in response.content.decode()
    assert visitor.cookies == {}


def test_with_one_provider_it_goes_straight_on(visitor, live_secrets, settings):  # L1
    del live_secrets["beta"]
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    assert "/alpha/" in visitor.begin("/oidc/login/")


def test_the_default_provider_has_a_url_of_its_own(visitor, live_secrets, settings, op):  # C2, C3
    live_secrets |= live_secrets.pop("alpha")
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    assert visitor.begin("/oidc/login/default/").startswith(op.organisations["alpha"].issuer)
    assert visitor.begin("/go/") == "/oidc/login/default/?next=%2Fmembers%2F"
    assert "Log in with Beta" in page(visitor.get("/oidc/login/"), 200)


def test_an_unknown_provider_is_a_page(visitor):  # L7
    assert "This site has no such login provider." in page(visitor.get("/oidc/login/Alpha/"), 404)


@pytest.mark.parametrize("path", ["/oidc/login/", "/oidc/login/google/"])
def test_without_a_file_the_page_says_so(settings, visitor, path):  # C8a
    settings.MULTI_OIDC_SECRETS = None
    text = page(visitor.get(path), 503)
    assert "Nobody can log in on this site yet: no login provider is set up." in text
    assert "secrets.toml" in text


def test_a_wrong_file_is_never_nobody(settings, visitor, live_secrets):  # C8
    del live_secrets["cookie_secret"]
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    for path in ("/ask/", "/oidc/login/", "/oauth2callback", "/oidc/logout/"):
        with pytest.raises(ImproperlyConfigured, match="cookie_secret"):
            visitor.get(path)


def test_a_redirect_uri_that_does_not_lead_back_here(visitor, live_secrets, settings):  # C8
    settings.MULTI_OIDC_SECRETS = {
        "auth": {**live_secrets, "redirect_uri": "http://localhost/app/oauth2callback"}
    }
    with pytest.raises(ImproperlyConfigured) as caught:
        visitor.get("/oidc/login/alpha/")
    assert str(caught.value).startswith(
        'MULTI_OIDC_SECRETS: [auth] redirect_uri leads to "/app/oauth2callback", '
        'and the callback view is at "/oauth2callback".\n  Write it like this'
    )
    set_script_prefix("/app/")  # as a server does that mounts the site there
    try:
        assert visitor.get("/oidc/login/alpha/").status_code == 302
    finally:
        set_script_prefix("/")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "PREFETCH"},
        {"X-Moz": "prefetch"},
        {"Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Dest": "iframe"},
    ],
)
def test_only_a_navigation_starts_a_login(visitor, headers):  # L1
    response = visitor.get("/oidc/login/alpha/", **headers)
    assert "A login starts when you open this page yourself." in page(response, 403)
    assert visitor.cookies == {}


def test_a_navigation_says_so(visitor):  # L1
    response = visitor.get(
        "/oidc/login/alpha/", **{"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}
    )
    assert response.status_code == 302


@pytest.mark.parametrize("path", ["/oidc/login/", "/oidc/login/alpha/", "/oauth2callback?state=x&code=y"])
def test_head_and_post_begin_and_spend_nothing(visitor, path):  # L1
    for answer in (visitor.client.head(path), visitor.client.post(path)):
        assert answer.status_code == 405
        assert answer["Cache-Control"] == "private, no-store"  # S6


def test_a_login_begun_on_another_host_moves_to_that_of_redirect_uri(live_secrets):  # L1
    client = Client(SERVER_NAME="127.0.0.1")
    response = client.get("/oidc/login/alpha/?next=/members/%3Fa=b")
    assert response["Location"] == "http://localhost/oidc/login/alpha/?next=%2Fmembers%2F%3Fa%3Db&moved=1"
    assert not client.cookies
    assert "/authorize" in client.get("/oidc/login/alpha/?moved=1")["Location"]


def test_what_a_login_asks_for_moves_with_it(live_secrets):  # L1, L2
    client = Client(SERVER_NAME="127.0.0.1")
    moved = client.get(login_url("alpha", params={"login_hint": "pat"}))["Location"]
    assert moved.startswith("http://localhost/oidc/login/alpha/?params=")
    where = client.get(moved.removeprefix("http://localhost"))["Location"]
    assert parameters(where)["login_hint"] == "pat"


def test_a_provider_that_is_down_is_a_page_at_the_start(visitor, op, live_secrets, settings):  # L7
    live_secrets["alpha"] |= {
        "server_metadata_url": "http://localhost:9/down/.well-known/openid-configuration"
    }
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    response = visitor.get("/oidc/login/alpha/?next=/members/")
    text = page(response, 502)
    assert "The login provider cannot be reached at the moment." in text
    assert 'href="/oidc/login/alpha/?next=%2Fmembers%2F"' in response.content.decode()
    assert visitor.cookies == {}


# The callback


@pytest.mark.parametrize(
    "provider", ["alpha", "beta"]
)  # RS256 and claims in the ID token; ES256 and userinfo
def test_a_whole_login(visitor, provider, op, heard):  # L5, U3, D5
    response = visitor.log_in(f"/oidc/login/{provider}/?next=/members/")
    assert response.status_code == 302
    assert response["Location"] == "/members/"
    assert response["Cache-Control"] == "private, no-store"  # S6
    user = visitor.user()
    assert visitor.get("/members/").content == f"hello {user['name']}".encode()
    assert user["email"] == f"pat@{provider}.example"
    assert user["email_verified"] is True
    assert user["iss"] == op.organisations[provider].issuer
    assert "nonce" not in user
    assert list(visitor.cookies) == [IDENTITY]
    [(name, told)] = heard
    assert (name, told["sender"], told["user"].sub) == ("logged_in", provider, user["sub"])


def test_a_new_tab_is_logged_in_and_a_logout_shows_in_the_other(visitor):  # U5
    visitor.log_in()
    assert visitor.user()["is_logged_in"] is True
    visitor.client.post("/oidc/logout/")
    assert visitor.user() == {"is_logged_in": False}


def test_without_next_it_lands_at_the_root_or_where_the_project_says(visitor, settings):  # L6
    assert visitor.log_in()["Location"] == "/"
    settings.LOGIN_REDIRECT_URL = "/start/"
    assert visitor.log_in()["Location"] == "/start/"


@pytest.mark.parametrize("url", ["//evil.example/", "https://evil.example/", "/oidc/login/alpha/", "//"])
def test_next_leads_nowhere_else(visitor, url):  # L6
    assert visitor.log_in(f"/oidc/login/alpha/?next={url}")["Location"] == "/"


def test_next_is_checked_once_more_at_the_end(
    visitor,
):  # L6: who signed it may have been another site with our secret
    back = visitor.at_provider(visitor.begin())
    [name] = visitor.logins_under_way
    state, provider, _, *rest = signing.loads(visitor.cookies[name], "login-state", max_age=60)
    forged = [state, provider, "//evil.example/", *rest]
    visitor.client.cookies[name] = signing.dumps(forged, "login-state")
    assert visitor.get(back)["Location"] == "/"


def test_logins_in_several_tabs_finish_independently(visitor):  # L4
    urls = [
        visitor.begin(f"/oidc/login/{name}/?next=/{tab}/")
        for tab, name in enumerate(["alpha", "beta", "alpha"])
    ]
    assert len(visitor.logins_under_way) == 3
    for tab, url in reversed(list(enumerate(urls))):
        assert visitor.get(visitor.at_provider(url))["Location"] == f"/{tab}/"
    assert visitor.logins_under_way == []
    assert visitor.user()["email"] == "pat@alpha.example"


def test_any_worker_finishes_what_another_began(visitor, op):  # L3: nothing of a login is in the process
    from django_multi_oidc import discovery

    back = visitor.at_provider(visitor.begin())
    discovery.clear()
    assert visitor.get(back)["Location"] == "/"


def failed(visitor, path, status):
    """A callback that fails: a page, and the identity that is there stays."""
    before = visitor.cookies.get(IDENTITY)
    text = page(visitor.get(path), status)
    assert visitor.cookies.get(IDENTITY) == before
    assert ("You are still logged in as" in text) is (before is not None)
    return text


@pytest.fixture(params=[False, True], ids=["anonymous", "logged in"])
def anybody(visitor, request):
    """Every failure is tried with and without somebody logged in: who is in stays in."""
    if request.param:
        visitor.log_in()
    return visitor


def test_a_state_missing_or_made_up(anybody):  # L7
    for path in (
        "/oauth2callback",
        "/oauth2callback?code=x",
        "/oauth2callback?code=x&state=made-up",
        "/oauth2callback?error=x",
    ):
        assert "This login was not begun in this browser" in failed(anybody, path, 400)


def test_another_browsers_callback(anybody, someone_else):  # L3, L7: login CSRF
    assert "not begun in this browser" in failed(anybody, someone_else.at_provider(someone_else.begin()), 400)


def test_a_replayed_callback_of_another_login(anybody, op):  # L7
    back = anybody.at_provider(anybody.begin())
    anybody.get(back)
    op.auto_login("kim")
    anybody.log_in()
    assert "not begun in this browser, or it is already over" in failed(anybody, back, 400)
    assert anybody.user()["email"] == "kim@alpha.example"


def test_the_back_button_goes_quietly_home(visitor, settings):  # L7
    back = visitor.at_provider(visitor.begin("/oidc/login/alpha/?next=/members/"))
    visitor.get(back)
    cookie = visitor.cookies[IDENTITY]
    response = visitor.get(back)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert visitor.cookies[IDENTITY] == cookie


def test_another_choice_after_the_back_button_is_no_quiet_success(visitor, op):  # L7
    at_provider = visitor.begin("/oidc/login/alpha/?next=/members/")
    visitor.get(visitor.at_provider(at_provider))
    op.auto_login("kim")
    assert "it is already over" in failed(visitor, visitor.at_provider(at_provider), 400)
    assert visitor.user()["email"] == "pat@alpha.example"


def test_a_state_is_spent_once_even_if_its_cookie_is_still_there(visitor, someone_else):  # L3
    back = visitor.at_provider(visitor.begin())
    someone_else.client.cookies.update(visitor.client.cookies)
    visitor.get(back)
    assert "This login is already over." in failed(someone_else, back, 400)
    assert someone_else.logins_under_way == []


def test_ten_copies_of_one_callback_make_one_token_call(visitor, op):  # L3: in one process
    back = visitor.at_provider(visitor.begin())
    copies = [Visitor() for _ in range(10)]
    for copy in copies:
        copy.client.cookies.update(visitor.client.cookies)
    together = Barrier(len(copies))

    def come(copy):
        together.wait(10)
        return copy.get(back)

    with ThreadPoolExecutor(len(copies)) as pool:
        answers = list(pool.map(come, copies))
    assert sorted(answer.status_code for answer in answers) == [302, *[400] * 9]
    assert [path for _, path in op.requests].count("/alpha/token") == 1
    assert [copy.user()["is_logged_in"] for copy in copies].count(True) == 1


def test_a_login_that_took_too_long(anybody):  # L3, L7
    back = anybody.at_provider(anybody.begin())
    with time_machine.travel(signing.time.time() + 601):
        assert "This login took too long" in failed(anybody, back, 400)


def test_the_provider_says_no(anybody, op, heard, caplog):  # L7
    caplog.set_level(logging.INFO, "django_multi_oidc")
    heard.clear()
    op.deny_next_login(description="<b>not</b> today\x1b[31m" + "x" * 300)
    back = anybody.at_provider(anybody.begin("/oidc/login/alpha/?next=/members/"))
    response = anybody.get(back)
    text = page(response, 403)
    assert "The login was cancelled or refused at the login provider." in text
    assert "&lt;b&gt;not&lt;/b&gt; today[31mxxx" in text
    assert "x" * 200 not in text
    assert 'href="/oidc/login/alpha/?next=%2Fmembers%2F">Try again</a>' in response.content.decode()
    assert anybody.logins_under_way == []
    [(name, told)] = heard
    assert (name, told["sender"], told["error"].code) == ("login_failed", "alpha", "login_denied")
    assert told["reference"] in text
    line = f"login failed: login_denied at stage authorization, provider 'alpha', reference {told['reference']}: "
    assert f"{line}the provider answered access_denied" in caplog.messages
    assert "today" not in caplog.text


def test_what_a_stranger_says_is_not_shown(visitor):  # L7
    text = page(visitor.get("/oauth2callback?error=access_denied&error_description=call+0800-EVIL"), 400)
    assert "EVIL" not in text


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        ("login_required", 403, "cancelled or refused at the login provider"),
        ("consent_required", 403, "cancelled or refused at the login provider"),
        ("server_error", 502, "cannot be reached at the moment"),
        ("temporarily_unavailable", 502, "The trouble is at the login provider"),
        ("invalid_scope", 502, "refused the request of this site"),
        ("<script>", 502, "the people who run this site have to mend it"),
    ],
)
def test_other_errors_of_the_provider(visitor, op, error, status, says):  # L7
    op.deny_next_login(error=error)
    assert says in page(visitor.log_in(), status)


def test_an_automatic_login_that_is_refused_stops_there(visitor, op, live_secrets, settings):  # L8
    del live_secrets["beta"]
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    op.deny_next_login()
    to_login = visitor.get("/members/")["Location"]
    assert to_login == "/oidc/login/?next=%2Fmembers%2F"
    assert "Try again" in page(visitor.get(visitor.at_provider(visitor.begin(to_login))), 403)


def test_an_error_without_iss_is_told_as_what_it_is(
    visitor, op
):  # S2, L7: many promise it, and leave it out of errors
    op.deny_next_login()
    back = visitor.at_provider(visitor.begin())
    without = re.sub(r"&?iss=[^&]*", "", back)
    assert without != back
    assert "cancelled or refused at the login provider" in page(visitor.get(without), 403)


def test_after_a_login_the_header_has_room_for_a_large_identity(
    visitor, op, live_secrets, settings
):  # L3, K5
    live_secrets["alpha"] |= {"client_kwargs": {"scope": "openid profile email groups"}}
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    visitor.client.cookies["theirs"] = "x" * 3000
    under_way = [visitor.begin(f"/oidc/login/alpha/?next=/{secrets.token_urlsafe(760)}") for _ in range(4)]
    assert len(visitor.logins_under_way) >= 3
    visitor.client.cookies["theirs"] = "x" * 6000
    assert visitor.get(visitor.at_provider(under_way[-1])).status_code == 302
    header = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    assert len(header) <= 7800


def test_a_large_identity_that_is_replaced_ends_no_login_under_way(
    visitor, make_identity, cookie_of
):  # L4, K5
    filler = secrets.token_urlsafe(2500)
    name, _, value = cookie_of(make_identity(claims=CLAIMS | {"filler": filler})).partition("=")
    visitor.client.cookies[name] = value
    visitor.client.cookies["theirs"] = "x" * 3560
    first, second = visitor.begin(), visitor.begin("/oidc/login/beta/")
    assert visitor.get(visitor.at_provider(first)).status_code == 302
    assert visitor.get(visitor.at_provider(second)).status_code == 302


def test_a_receiver_that_fails_stops_nobodys_login(visitor):  # D5
    def broken(**kwargs):
        raise ZeroDivisionError

    for signal in (oidc_logged_in, oidc_login_failed, oidc_logged_out):
        signal.connect(broken)
    try:
        assert visitor.get("/oauth2callback?state=x&code=y").status_code == 400
        assert visitor.log_in().status_code == 302
        assert visitor.client.post("/oidc/logout/").status_code == 302
    finally:
        for signal in (oidc_logged_in, oidc_login_failed, oidc_logged_out):
            signal.disconnect(broken)


def test_who_listens_gets_what_later_requests_see(visitor, heard):  # D5, U2
    visitor.log_in()
    [(_, told)] = heard
    assert dict(told["user"]) == visitor.user()
    with pytest.raises(TypeError):
        told["user"].claims["evil"] = 1


def test_a_parameter_that_stands_twice(anybody):  # S2
    back = anybody.at_provider(anybody.begin())
    for name in ("state", "code", "iss"):
        text = failed(anybody, f"{back}&{name}=again", 400)
        assert "The answer that your browser brought from the login provider is incomplete." in text
    assert anybody.get(back).status_code == 302


def test_an_answer_with_neither_code_nor_error(anybody):  # L7
    back = re.sub(r"code=[^&]*&?", "", anybody.at_provider(anybody.begin()))
    assert "The answer that your browser brought from the login provider is incomplete." in failed(
        anybody, back, 400
    )


def test_an_answer_of_another_provider(anybody, op):  # S2, RFC 9207
    back = anybody.at_provider(anybody.begin("/oidc/login/alpha/"))
    mixed = back.replace("%2Falpha", "%2Fbeta")
    assert mixed != back
    before = len(op.requests)
    assert "came from another login provider than the one asked" in failed(anybody, mixed, 400)
    assert "/alpha/token" not in [path for _, path in op.requests[before:]]


def test_a_code_that_is_not_the_providers(anybody):  # L7
    back = anybody.at_provider(anybody.begin())
    wrong = re.sub(r"code=[^&]*", "code=wrong", back)
    assert "The login provider refused to complete the login." in failed(anybody, wrong, 502)


def test_a_wrong_client_secret(anybody, live_secrets, settings):  # L7
    live_secrets["alpha"] |= {"client_secret": "not-the-secret-of-the-client"}
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    assert "The login provider refused to complete the login." in failed(
        anybody, anybody.at_provider(anybody.begin()), 502
    )


def test_a_provider_that_goes_down_meanwhile(anybody, op):  # L7
    back = anybody.at_provider(anybody.begin())
    op.go_down()
    try:
        text = failed(anybody, back, 502)
    finally:
        op.come_back()
    assert "Try again" in text


def test_an_account_that_allow_does_not_name(anybody, live_secrets, settings, op):  # A2, L7
    live_secrets["beta"] |= {"allow": ["kim@beta.example"]}
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    back = anybody.at_provider(anybody.begin("/oidc/login/beta/"))
    before = anybody.cookies.get(IDENTITY)
    response = anybody.get(back)
    text = page(response, 403)
    assert anybody.cookies.get(IDENTITY) == before
    assert "This account may not log in here." in text
    assert "pat@beta.example" in text
    another = re.search(
        r'href="/oidc/login/beta/\?params=([^"]*)">Use another account<', response.content.decode()
    )
    asked = signing.loads(requests.utils.unquote(another[1]), "login-params", max_age=60)
    assert asked == [{"prompt": "select_account"}, []]
    op.auto_login("kim")
    assert anybody.log_in("/oidc/login/beta/").status_code == 302


def test_an_identity_that_does_not_fit(anybody, op, live_secrets, settings):  # K5
    live_secrets["alpha"] |= {"client_kwargs": {"scope": "openid profile email groups"}}
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    op.auto_login("max")
    anybody.client.cookies["preferences"] = "x" * 2000
    back = anybody.at_provider(anybody.begin())
    assert "says more about you than this site can keep" in failed(anybody, back, 502)


def test_in_debug_the_page_says_what_the_log_says(visitor, settings):  # D3
    assert "DEBUG" not in page(visitor.get("/oauth2callback?state=x&code=y"), 400)
    settings.DEBUG = True
    text = page(visitor.get("/oauth2callback?state=x&code=y"), 400)
    assert "DEBUG state_unknown: the browser brought no login state cookie for it" in text


def test_in_debug_the_page_says_what_a_developer_may_have_forgotten(visitor, live_secrets, settings):  # D3
    settings.DEBUG = True
    live_secrets["alpha"] |= {
        "server_metadata_url": "http://localhost:9/down/.well-known/openid-configuration"
    }
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    text = page(visitor.get("/oidc/login/alpha/"), 502)
    assert "localhost:9 refused the connection. Is manage.py oidc_dev_provider running?" in text
    settings.MULTI_OIDC_SECRETS = None
    assert "python manage.py oidc_dev_provider --write" in page(visitor.get("/oidc/login/"), 503)


def test_every_failure_has_a_reference_that_the_log_has(visitor, caplog):  # L7
    caplog.set_level(logging.INFO, "django_multi_oidc")
    text = page(visitor.get("/oauth2callback?state=x&code=y"), 400)
    [reference] = re.findall(r"give this reference: ([0-9a-f]{8}) ", text)
    assert [message for message in caplog.messages if f"reference {reference}: " in message]


# The identity's limits: loops


def test_a_page_that_asks_again_at_once_is_a_loop(visitor):  # L8
    visitor.log_in("/oidc/login/alpha/?next=/members/")
    text = page(visitor.get("/oidc/login/alpha/?next=/members/"), 409)
    assert "You are logged in as pat@alpha.example (Alpha)" in text
    assert "/members/" in text
    assert "Use another account" in text
    assert visitor.logins_under_way == []


def test_a_page_that_asks_again_at_once_is_a_loop_through_the_chooser_too(visitor):  # L8
    visitor.log_in("/oidc/login/alpha/?next=/members/")
    text = page(visitor.get("/oidc/login/?next=/members/"), 409)
    assert "You are logged in as pat@alpha.example (Alpha)" in text
    [link] = re.findall(
        r'href="([^"]*)">Use another login provider<',
        visitor.get("/oidc/login/?next=/members/").content.decode(),
    )
    response = visitor.get(link.replace("&amp;", "&"))
    assert "Choose where you have an account." in page(response, 200)
    [button] = re.findall(r'href="([^"]*)">Log in with Alpha<', response.content.decode())
    assert parameters(visitor.begin(button.replace("&amp;", "&")))["prompt"] == "select_account"


@pytest.mark.parametrize(
    "path",
    [
        "/oidc/login/",
        "/oidc/login/alpha/",
        "/oidc/login/alpha/?next=/other/",
        "/oidc/login/beta/?next=/members/",
    ],
)
def test_a_person_who_asks_again_is_no_loop(visitor, path):  # L8
    visitor.log_in("/oidc/login/alpha/?next=/members/")
    assert visitor.get(path).status_code == (200 if path == "/oidc/login/" else 302)


def test_after_fifteen_seconds_it_is_a_person(visitor):  # L8
    visitor.log_in("/oidc/login/alpha/?next=/members/")
    with time_machine.travel(signing.time.time() + 15):
        assert visitor.begin("/oidc/login/alpha/?next=/members/")


def test_another_account_is_never_stopped(visitor):  # L8, L2
    visitor.log_in("/oidc/login/alpha/?next=/members/")
    response = visitor.get("/oidc/login/alpha/?next=/members/")
    [link] = re.findall(r'href="([^"]*)">Use another account<', response.content.decode())
    assert parameters(visitor.begin(link.replace("&amp;", "&")))["prompt"] == "select_account"


def test_a_prompt_counts_only_signed(visitor):  # L2
    assert parameters(visitor.begin("/oidc/login/alpha/?prompt=none"))["prompt"] == "select_account"
    signed = visitor.get("/go/?provider=alpha&prompt=login")["Location"]
    assert parameters(visitor.begin(signed))["prompt"] == "login"
    with time_machine.travel(signing.time.time() + 24 * 60 * 60 + 60):
        assert parameters(visitor.begin(signed))["prompt"] == "select_account"


# Logout


def test_logout_asks_first(visitor):  # O1
    visitor.log_in()
    text = page(visitor.get("/oidc/logout/"), 200)
    assert "You are logged in as pat@alpha.example ." in text
    assert visitor.user()["is_logged_in"] is True


def test_logout_of_nobody(visitor):  # O1
    assert "You are not logged in" in page(visitor.get("/oidc/logout/"), 200)


def test_logout_forgets_the_identity_and_goes_home(visitor, heard, settings):  # O1, D5
    visitor.log_in()
    heard.clear()
    response = visitor.client.post("/oidc/logout/")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert response["Cache-Control"] == "private, no-store"  # S6
    assert visitor.cookies == {}
    [(name, told)] = heard
    assert (name, told["sender"], told["user"].email) == ("logged_out", "alpha", "pat@alpha.example")
    settings.LOGOUT_REDIRECT_URL = "https://www.example.org/bye"
    assert visitor.client.post("/oidc/logout/")["Location"] == "https://www.example.org/bye"
    visitor.log_in()
    assert visitor.get("/oidc/logout/")["Content-Security-Policy"].endswith(
        "; form-action 'self' https://www.example.org"
    )


@pytest.mark.parametrize("middleware", [True, False])
def test_logout_checks_csrf_itself(live_secrets, settings, middleware):  # O1
    # The cookie that the form's token belongs to is set all the same.
    if not middleware:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Csrf" not in name]
    visitor = Visitor(enforce_csrf_checks=True)
    visitor.log_in()
    assert visitor.client.post("/oidc/logout/").status_code == 403
    assert visitor.user()["is_logged_in"] is True
    [token] = re.findall(
        r'name="csrfmiddlewaretoken" value="(\w+)"', visitor.get("/oidc/logout/").content.decode()
    )
    assert visitor.client.post("/oidc/logout/", {"csrfmiddlewaretoken": token}).status_code == 302
    assert visitor.user()["is_logged_in"] is False


def test_the_logout_button_of_a_403_page_works_without_djangos_csrf_middleware(
    live_secrets, settings, op
):  # O1, A1
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Csrf" not in name]
    visitor = Visitor(enforce_csrf_checks=True)
    op.auto_login("kim")
    visitor.log_in()
    text = visitor.get("/admins/").content.decode()
    [token] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', text)
    assert visitor.client.post("/oidc/logout/", {"csrfmiddlewaretoken": token}).status_code == 302
    assert visitor.user()["is_logged_in"] is False


def test_other_browsers_and_the_provider_stay_logged_in(visitor, someone_else, op):  # O2
    visitor.log_in()
    someone_else.log_in()
    before = len(op.requests)
    visitor.client.post("/oidc/logout/")
    assert someone_else.user()["is_logged_in"] is True
    assert op.requests[before:] == []


def test_no_other_cookie_is_touched(visitor):  # K6
    theirs = {"op_session": "1", "sessionid_other": "2", "multi_oidc_auth2": "3"}
    for name, value in theirs.items():
        visitor.client.cookies[name] = value
    for response in (visitor.log_in(), visitor.client.post("/oidc/logout/")):
        assert all(name.startswith("multi_oidc_auth_login_") or name == IDENTITY for name in response.cookies)
    assert visitor.cookies == theirs


# The house's surroundings


def test_the_style_is_served_and_may_be_kept(client):
    response = client.get(reverse("multi_oidc:stylesheet"))
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert response["Cache-Control"] == "public, max-age=3600"
    assert b".oidc-card" in response.content


def test_our_pages_live_under_djangos_login_required_middleware(visitor, settings):  # house rule 10
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    assert visitor.log_in().status_code == 302
    page(visitor.get("/oidc/login/"), 200)
    page(visitor.get("/oidc/logout/"), 200)
    assert visitor.get("/oidc/style.css").status_code == 200
    assert visitor.client.post("/oidc/logout/").status_code == 302


def test_no_page_of_ours_asks_the_database(
    visitor, django_assert_num_queries, db
):  # the zero queries
    with django_assert_num_queries(0):
        visitor.log_in("/oidc/login/alpha/?next=/members/")
        visitor.get("/members/")
        visitor.get("/admins/")
        visitor.get("/ask/")
        visitor.get("/oidc/login/")
        visitor.get("/oidc/logout/")
        visitor.get("/oauth2callback?state=x")
        visitor.client.post("/oidc/logout/")


def test_a_database_that_is_down_takes_no_page_of_ours_down(visitor):  # the zero queries
    from django.db import connection

    connection.settings_dict["ATOMIC_REQUESTS"] = True  # pytest-django lets no query through here
    try:
        assert [
            visitor.get(path).status_code for path in ("/oidc/login/", "/oidc/logout/", "/oauth2callback")
        ] == [200, 200, 400]
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False


def test_the_bare_urls_are_what_the_docs_say():
    assert reverse("multi_oidc:login") == "/oidc/login/"
    assert reverse("multi_oidc:login", args=["google"]) == "/oidc/login/google/"
    assert reverse("multi_oidc:callback") == "/oauth2callback"
    assert reverse("multi_oidc:logout") == "/oidc/logout/"
