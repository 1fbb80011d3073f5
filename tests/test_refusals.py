"""A1, L8: what somebody gets who may not see a page: person, script, htmx; in both modes, by decorator and mixin."""

from __future__ import annotations

import json
import logging
import re
import time
from html import unescape

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from django_multi_oidc import refusals, signing
from django_multi_oidc.gates import Gate, Refusal
from django_multi_oidc.users import attach_identity
from tests import site
from tests.conftest import CLAIMS
from tests.flow import parameters as query_of

pytestmark = pytest.mark.usefixtures("secrets")

SCRIPT = {"sec-fetch-mode": "cors", "sec-fetch-dest": "empty", "accept": "*/*"}
HTMX = {
    "hx-request": "true",
    "sec-fetch-mode": "cors",
    "hx-current-url": "http://testserver/list/?page=2#row-7",
}
PERSON = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
FORBIDDEN = [
    "admin",
    "role",
    "test",
    "atest",
    "alpha",
    "admin-class",
    "role-class",
    "test-class",
    "atest-class",
    "two-mixins",
]
RECENT = ["recent", "recent-class", "recent-alpha"]
TOO_OLD = ["recent", "recent-class"]
OPEN = {"role": {"email": "kim@beta.example"}, "test": {"locale": "fi"}}


@pytest.fixture(params=["sync", "async"])
def ask(request, make_identity, cookie_of):
    """Sends a request for one of the site's pages for some, in either mode."""

    def send(name, headers=(), *, method="get", who="alpha", path=None, **claims):
        cookie = {"cookie": cookie_of(make_identity(who, claims=CLAIMS | claims))} if who else {}
        client = Client() if request.param == "sync" else AsyncClient()
        send = getattr(client, method)
        send = send if request.param == "sync" else async_to_sync(send)
        return send(path or f"/{request.param}/{name}/?a=b", headers={**dict(headers), **cookie})

    send.mode = request.param
    return send


def text_of(response):
    return unescape(response.content.decode())


def params_of(url):
    """What the login of this URL asks of the provider, and among which providers."""
    asked = query_of(url).get("params")
    return signing.loads(asked, "login-params", max_age=60) if asked else [{}, []]


def links(response):
    """The links of a page by what they say."""
    found = re.findall(r'<a class="[^"]*" href="([^"]*)">(.*?)</a>', response.content.decode())
    return {unescape(re.sub("<.*?>", "", text)): unescape(url) for url, text in found}


# Who may see it.


@pytest.mark.parametrize(
    ("name", "who", "claims"),
    [
        ("login", "beta", {}),
        ("login-class", "beta", {}),
        ("admin", "alpha", {}),
        ("admin-class", "alpha", {}),
        ("role", "beta", {"email": "kim@beta.example"}),
        ("role-class", "beta", {"email": "kim@beta.example"}),
        ("test", "beta", {"locale": "fi"}),
        ("atest", "beta", {"locale": "fi"}),
        ("test-class", "beta", {"locale": "fi"}),
        ("atest-class", "beta", {"locale": "fi"}),
        ("alpha", "alpha", {}),
        ("alpha-class", "alpha", {}),
        ("alpha-admin", "alpha", {}),
        ("both", "beta", {}),
        ("recent", "beta", {"auth_time": "now"}),
        ("recent-class", "beta", {"auth_time": "now"}),
        ("recent-alpha", "alpha", {"auth_time": "now"}),
        ("two-mixins", "alpha", {"auth_time": "now"}),
    ],
)
def test_who_may_see_it(ask, name, who, claims):  # A1
    claims = {key: time.time() if value == "now" else value for key, value in claims.items()}
    response = ask(name, PERSON, who=who, **claims)
    assert (response.status_code, response.content) == (200, b"the page")
    assert response["Cache-Control"] == "private, no-store"
    assert "Cookie" in response["Vary"]


def test_every_page_for_some_refuses_somebody():
    assert set(site.PAGES_FOR_SOME) == {
        *FORBIDDEN,
        *TOO_OLD,
        "login",
        "login-class",
        "alpha-class",
        "alpha-admin",
        "both",
        "both-admin",
        "recent-alpha",
    }


# Nobody.


@pytest.mark.parametrize("name", site.PAGES_FOR_SOME)
def test_nobody_goes_to_the_login_and_back(ask, name):  # A1
    response = ask(name, PERSON, who=None)
    assert response.status_code == 302
    assert response["Location"].startswith("/oidc/login/")
    assert query_of(response["Location"])["next"] == f"/{ask.mode}/{name}/?a=b"
    assert params_of(response["Location"])[0] == ({"max_age": "300"} if name in RECENT else {})
    assert params_of(response["Location"])[1] == (["alpha", "beta"] if name.startswith("both") else [])
    assert response["Cache-Control"] == "private, no-store"
    assert "WWW-Authenticate" not in response


@pytest.mark.parametrize("name", ["alpha", "alpha-class", "alpha-admin", "recent-alpha"])
def test_nobody_goes_to_the_only_provider_whose_people_may(ask, name):  # A1
    assert ask(name, PERSON, who=None)["Location"].startswith("/oidc/login/alpha/?")


@pytest.mark.parametrize("name", site.PAGES_FOR_SOME)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_what_nobody_sent_is_not_lost_silently(ask, name, method):  # A1
    response = ask(name, PERSON | {"referer": "http://testserver/form/?id=7"}, method=method, who=None)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Cookie"
    assert "You are not logged in, or no longer. What you sent was not taken" in text_of(response)
    assert query_of(links(response)["Log in"])["next"] == "/form/?id=7"


@pytest.mark.parametrize("name", site.PAGES_FOR_SOME)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_script_of_nobody_is_told_where_the_login_is(ask, name, method):  # A1
    response = ask(name, SCRIPT | {"referer": "http://testserver/list/?page=2"}, method=method, who=None)
    body = response.json()
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Cookie"
    assert response["Cache-Control"] == "private, no-store"
    assert response["Content-Type"] == "application/json"
    assert body["login_url"].startswith("/oidc/login/")
    assert query_of(body["login_url"])["next"] == "/list/?page=2"
    assert {**body, "login_url": ""} == {
        "error": "login_required",
        "error_description": "nobody is logged in",
        "login_url": "",
    }


@pytest.mark.parametrize("name", site.PAGES_FOR_SOME)
def test_htmx_takes_nobody_to_the_login(ask, name):  # A1
    response = ask(name, HTMX, who=None)
    assert response.status_code == 401
    assert response.content == b""
    assert response["HX-Redirect"].startswith("/oidc/login/")
    assert query_of(response["HX-Redirect"])["next"] == "/list/?page=2#row-7"


def test_a_boosted_link_leads_where_it_points(ask):  # A1
    response = ask("login", HTMX | {"hx-boosted": "true"}, who=None)
    assert query_of(response["HX-Redirect"])["next"] == f"/{ask.mode}/login/?a=b"


@pytest.mark.parametrize("name", ["login", "admin-class", "recent"])
def test_what_nobody_sent_by_htmx_is_not_lost_silently(ask, name):  # A1
    response = ask(name, HTMX, method="post", who=None)
    assert response.status_code == 401
    page = Client().get(response["HX-Redirect"])
    assert page.status_code == 401
    assert "You are not logged in, or no longer. What you sent was not taken" in text_of(page)
    assert query_of(links(page)["Log in"])["next"] == "/list/?page=2#row-7"


@pytest.mark.parametrize(
    "referer", ["http://evil.example/form/", "//evil.example", "", "nonsense", "http://[", "/x"]
)
def test_the_page_to_come_back_to_is_one_of_this_site(ask, referer):  # L6
    assert links(ask("login", {"referer": referer}, method="post", who=None)) == {"Log in": "/oidc/login/"}
    assert ask("login", SCRIPT | {"referer": referer}, who=None).json()["login_url"] == "/oidc/login/"
    assert ask("login", HTMX | {"hx-current-url": referer}, who=None)["HX-Redirect"] == "/oidc/login/"


def test_next_may_not_lead_elsewhere(ask):  # L6
    response = ask("login", HTMX | {"hx-current-url": "http://testserver//evil.example/"}, who=None)
    assert response["HX-Redirect"] == "/oidc/login/"


# Logged in, and not allowed.


@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize(
    "headers", [PERSON, {}, {"accept": "text/html,*/*;q=0.8"}], ids=["browser", "bare", "old"]
)
def test_others_get_a_page_that_names_their_account(ask, name, headers):  # A1
    response = ask(name, headers, who="beta")
    text = text_of(response)
    assert response.status_code == 403
    assert (
        "You are logged in as <strong><bdi>pat@alpha.example</bdi></strong> (Beta), which may not see this page."
        in text
    )
    assert "What you sent was not taken." not in text
    assert '<form class="oidc-logout" method="post" action="/oidc/logout/">' in text
    assert response["Cache-Control"] == "private, no-store"
    assert "WWW-Authenticate" not in response


@pytest.mark.parametrize("name", [name for name in FORBIDDEN if name != "alpha"])
def test_they_can_use_another_account(ask, name):  # A1, L2
    found = links(ask(name, PERSON, who="beta"))
    assert list(found) == ["Use another account", "Use another login provider", "Go to the start page"]
    same, other = found["Use another account"], found["Use another login provider"]
    assert same.startswith("/oidc/login/beta/?")
    assert other.startswith("/oidc/login/?")
    assert {query_of(url)["next"] for url in (same, other)} == {f"/{ask.mode}/{name}/?a=b"}
    assert params_of(same) == params_of(other) == [{"prompt": "select_account"}, []]


def test_they_stay_at_their_provider_where_it_is_one_of_several(ask):  # A1
    found = links(ask("both-admin", PERSON, who="beta"))
    assert found["Use another account"].startswith("/oidc/login/beta/?")
    assert params_of(found["Use another login provider"]) == [{"prompt": "select_account"}, ["alpha", "beta"]]


def test_people_of_another_provider_are_shown_the_right_one(ask):  # A1
    response = ask("alpha", PERSON, who="beta")
    assert "It is for people who log in with: <strong><bdi>Alpha</bdi></strong>" in text_of(response)
    found = links(response)
    assert list(found) == ["Log in with Alpha", "Go to the start page"]
    assert found["Log in with Alpha"].startswith("/oidc/login/alpha/?")
    assert query_of(found["Log in with Alpha"])["next"] == f"/{ask.mode}/alpha/?a=b"
    assert params_of(found["Log in with Alpha"]) == [{"prompt": "select_account"}, []]


def test_with_several_right_ones_they_choose(ask, secrets, settings):  # A1
    secrets["gamma"] = secrets["alpha"]
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    response = ask("both", PERSON, who="gamma")
    assert (
        "It is for people who log in with: <strong><bdi>Alpha</bdi></strong>, <strong><bdi>Beta</bdi></strong>"
        in (text_of(response))
    )
    assert list(links(response)) == ["Use another login provider", "Go to the start page"]
    assert links(response)["Use another login provider"].startswith("/oidc/login/?")
    asked = params_of(links(response)["Use another login provider"])
    assert asked == [{"prompt": "select_account"}, ["alpha", "beta"]]


def test_a_page_for_one_provider_offers_no_other(ask):  # A1
    found = links(ask("alpha-admin", PERSON, email="kim@alpha.example"))
    assert list(found) == ["Use another account", "Go to the start page"]
    assert found["Use another account"].startswith("/oidc/login/alpha/?")


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_they_sent_was_not_taken(ask, name):  # A1
    response = ask(name, PERSON | {"referer": "http://testserver/form/"}, method="post", who="beta")
    assert response.status_code == 403
    assert "What you sent was not taken." in text_of(response)
    switch = next(
        url for text, url in links(response).items() if text in ("Use another account", "Log in with Alpha")
    )
    assert query_of(switch)["next"] == "/form/"


@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_script_is_told_so(ask, name, method):  # A1
    response = ask(name, SCRIPT | {"referer": "http://testserver/list/"}, method=method, who="beta")
    body = response.json()
    assert response.status_code == 403
    assert "WWW-Authenticate" not in response
    assert list(body) == ["error", "error_description", "login_url"]
    assert body["error"] == "access_denied"
    assert body["login_url"].startswith("/oidc/login/alpha/" if name == "alpha" else "/oidc/login/beta/")
    assert query_of(body["login_url"])["next"] == "/list/"
    assert "pat@alpha.example" not in response.content.decode()


@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize("method", ["get", "post"])
def test_htmx_takes_them_to_the_page_that_says_so(ask, name, method, make_identity, cookie_of):  # A1
    response = ask(name, HTMX, method=method, who="beta")
    assert (response.status_code, response.content) == (403, b"")
    assert response["HX-Redirect"].startswith("/oidc/refused/?for=")
    cookie = cookie_of(make_identity("beta"))
    page = Client().get(response["HX-Redirect"], headers={"cookie": cookie})
    assert page.status_code == 403
    assert "which may not see this page." in text_of(page)
    assert {query_of(url).get("next") for url in links(page).values()} == {None, "/list/?page=2#row-7"}
    assert ("Log in with Alpha" in links(page)) is (name == "alpha")


# A login that is too long ago.


@pytest.mark.parametrize("name", TOO_OLD)
@pytest.mark.parametrize("auth_time", [None, 1_700_000_000])
def test_who_has_not_logged_in_lately_goes_to_their_provider(ask, name, auth_time):  # A1
    response = ask(name, PERSON, who="beta", auth_time=auth_time)
    assert response.status_code == 302
    assert response["Location"].startswith("/oidc/login/beta/?")
    assert query_of(response["Location"])["next"] == f"/{ask.mode}/{name}/?a=b"
    assert params_of(response["Location"]) == [{"prompt": "", "max_age": "300"}, []]


@pytest.mark.parametrize("name", TOO_OLD)
def test_what_they_sent_too_late_is_not_lost_silently(ask, name):  # A1
    response = ask(name, PERSON | {"referer": "http://testserver/form/"}, method="post", who="beta")
    text = text_of(response)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Cookie"
    assert (
        "You are logged in as <strong><bdi>pat@alpha.example</bdi></strong>, but this needs a fresh login."
        in text
    )
    assert links(response)["Log in again"].startswith("/oidc/login/beta/?next=%2Fform%2F")


@pytest.mark.parametrize("name", TOO_OLD)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_script_is_told_how_recent_it_has_to_be(ask, name, method):  # A1
    response = ask(name, SCRIPT, method=method, who="beta")
    body = response.json()
    assert response.status_code == 401
    assert {**body, "login_url": ""} == {
        "error": "insufficient_user_authentication",
        "error_description": "the last login at the provider is too long ago, or not known",
        "login_url": "",
        "max_age": 300,
    }
    assert body["login_url"].startswith("/oidc/login/beta/?")


def test_htmx_takes_them_to_their_provider(ask):  # A1
    response = ask("recent", HTMX, who="beta")
    assert response.status_code == 401
    assert response["HX-Redirect"].startswith("/oidc/login/beta/?next=%2Flist%2F%3Fpage%3D2%23row-7&")


def test_htmx_tells_them_that_what_they_sent_was_not_taken(ask, make_identity, cookie_of):  # A1
    response = ask("recent", HTMX, method="post", who="beta")
    assert response.status_code == 401
    page = Client().get(response["HX-Redirect"], headers={"cookie": cookie_of(make_identity("beta"))})
    assert page.status_code == 401
    assert links(page)["Log in again"].startswith("/oidc/login/beta/?next=%2Flist%2F%3Fpage%3D2%23row-7&")
    assert params_of(links(page)["Log in again"]) == [{"prompt": "", "max_age": "300"}, []]
    page = Client().get(response["HX-Redirect"])  # logged out since
    assert params_of(links(page)["Log in"]) == [{"max_age": "300"}, []]


def test_people_of_another_provider_need_not_prove_anything(ask):  # A1
    assert ask("recent-alpha", PERSON, who="beta").status_code == 403


# The page that htmx goes to.


def test_a_link_that_nobody_signed_leads_home():
    for url in (
        "/oidc/refused/",
        "/oidc/refused/?for=nonsense",
        f"/oidc/refused/?for={signing.dumps([1], 'login-state')}",
    ):
        response = Client().get(url)
        assert (response.status_code, response["Location"]) == (302, "/")


def test_an_old_link_leads_home(ask, time_machine, make_identity, cookie_of):
    time_machine.move_to(1_800_000_100, tick=False)
    url, cookie = ask("admin", HTMX, who="beta")["HX-Redirect"], {"cookie": cookie_of(make_identity("beta"))}
    time_machine.move_to(1_800_000_100 + 24 * 60 * 60, tick=False)
    assert Client().get(url, headers=cookie).status_code == 403
    time_machine.move_to(1_800_000_100 + 24 * 60 * 60 + 1, tick=False)
    assert Client().get(url, headers=cookie)["Location"] == "/"


def test_who_has_logged_out_since_can_log_in(ask):  # L8
    response = Client().get(ask("alpha", HTMX, who="beta")["HX-Redirect"])
    assert response.status_code == 302
    assert response["Location"].startswith("/oidc/login/alpha/?next=%2Flist%2F%3Fpage%3D2%23row-7")


def test_who_has_logged_in_since_goes_on(ask, make_identity, cookie_of):  # L8
    url = ask("login", HTMX, method="post", who=None)["HX-Redirect"]
    response = Client().get(url, headers={"cookie": cookie_of(make_identity())})
    assert (response.status_code, response["Location"]) == (302, "/list/?page=2#row-7")


def test_who_may_since_goes_on(ask, make_identity, cookie_of):  # L8: by another login; the page itself knows
    for name, since in (
        ("admin", ("alpha", {})),
        ("role", ("beta", {"email": "kim@beta.example"})),
        ("test", ("beta", {"locale": "fi"})),
        ("alpha", ("alpha", {})),
        ("recent", ("alpha", {"auth_time": time.time()})),
    ):
        headers = HTMX if name != "recent" else HTMX | {"hx-current-url": "http://testserver/list/"}
        url = ask(name, headers, method="post", who="beta")["HX-Redirect"]
        who, claims = since
        cookie = cookie_of(make_identity(who, claims=CLAIMS | claims, login_id="another"))
        response = Client().get(url, headers={"cookie": cookie})
        assert response.status_code == 302, name
        assert response["Location"].startswith("/list/")


def test_a_link_that_cannot_be_understood_any_more_leads_on(ask, make_identity, cookie_of, secrets, settings):
    url = ask("alpha", HTMX, who="beta")["HX-Redirect"]
    del secrets["alpha"]  # its provider is gone
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    for headers in ({}, {"cookie": cookie_of(make_identity("beta"))}):
        assert Client().get(url, headers=headers)["Location"].startswith("/list/")
    for payload in (["ROLE", [], None, "/x"], ["ROLE", [], None, None, "", "/x", False, "more"]):
        response = Client().get(f"/oidc/refused/?for={signing.dumps(payload, 'refusal')}")
        assert (response.status_code, response["Location"]) == (302, "/")


def test_in_an_outage_the_page_says_so(ask, make_identity, cookie_of, secrets, settings):  # O4
    url = ask("role", HTMX, who="beta")["HX-Redirect"]
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "revocation": True}}
    settings.CACHES = {"default": {"BACKEND": "tests.broken_caches.DownCache"}}
    page = Client().get(url, headers={"cookie": cookie_of(make_identity("beta"))})
    assert page.status_code == 503
    assert "Login failed" not in text_of(page)


def test_where_the_rules_let_them_in_since_they_go_on(ask, make_identity, cookie_of, secrets, settings):  # A2
    url = ask("role", HTMX, who="alpha")["HX-Redirect"]
    headers = {"cookie": cookie_of(make_identity("alpha"))}
    assert Client().get(url, headers=headers).status_code == 403
    secrets["alpha"]["roles"] = {"editor": ["pat@alpha.example"]}
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    assert Client().get(url, headers=headers)["Location"] == "/list/?page=2#row-7"


def test_where_a_rule_fails_since_they_can_log_in_again(
    ask, make_identity, cookie_of, secrets, settings
):  # A2
    url = ask("role", HTMX, who="beta")["HX-Redirect"]
    secrets["beta"]["roles"] = {"editor": {"function": "tests.site.fails"}}
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    page = Client().get(url, headers={"cookie": cookie_of(make_identity("beta"))})
    assert page.status_code == 403
    assert "which may not see this page" in text_of(page)


def test_a_developer_is_told_the_reason_there_too(ask, make_identity, cookie_of, settings):
    settings.DEBUG = True
    reasons = {
        "role": "no rule gives the role that it wants: 'editor'",
        "both-admin": "no rule gives the role that it wants: 'admin'",
        "alpha": "it is for people of other providers than 'alpha'",
    }
    for name, reason in reasons.items():
        url = ask(name, HTMX, who="beta")["HX-Redirect"]
        page = text_of(Client().get(url, headers={"cookie": cookie_of(make_identity("beta"))}))
        assert f"<strong>DEBUG</strong> {reason}</p>" in page


@pytest.mark.parametrize(("method", "told"), [("get", False), ("post", True)])
def test_what_they_sent_by_htmx_was_not_taken(ask, make_identity, cookie_of, method, told):  # A1
    for name in ("role", "test"):
        url = ask(name, HTMX, method=method, who="beta")["HX-Redirect"]
        page = Client().get(url, headers={"cookie": cookie_of(make_identity("beta"))})
        assert ("What you sent was not taken." in text_of(page)) is told


# Around it.


def test_a_refusal_is_logged_without_the_account(ask, caplog, secrets, settings):  # D5, S7
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "gamma": secrets["alpha"]}}
    caplog.set_level(logging.INFO, "django_multi_oidc")
    ask("role", PERSON)
    ask("alpha", PERSON, who="beta")
    ask("recent", PERSON)
    ask("recent", PERSON, who=None)
    ask("test", PERSON)
    ask("both", PERSON, who="gamma")
    mode = ask.mode
    assert [
        record.getMessage() for record in caplog.records if record.name == "django_multi_oidc.refusals"
    ] == [
        f"page refused: '/{mode}/role/', provider 'alpha': no rule gives the role that it wants: 'editor'",
        f"page refused: '/{mode}/alpha/', provider 'beta': it is for people of other providers than 'alpha'",
        f"page refused: '/{mode}/recent/', provider 'alpha': the last login at the provider is too long ago, or not "
        "known: max_age is 300 seconds",
        f"page refused: '/{mode}/test/', provider 'alpha': its own test does not let them in",
        f"page refused: '/{mode}/both/', provider 'gamma': it is for people of other providers than 'alpha', 'beta'",
    ]
    [record] = [record for record in caplog.records if getattr(record, "refusal", "") == "too_old"]
    assert record.provider == "alpha"


def test_a_developer_is_told_the_reason(ask, settings):
    assert "no rule gives" not in text_of(ask("role", PERSON))
    settings.DEBUG = True
    assert "<strong>DEBUG</strong> no rule gives the role that it wants: 'editor'" in text_of(
        ask("role", PERSON)
    )


def test_without_a_secrets_file_everybody_is_sent_to_the_page_that_says_so(ask, settings):  # C8a
    del settings.MULTI_OIDC_SECRETS
    for name in ("login", "alpha", "both", "recent-alpha"):
        assert ask(name, PERSON, who=None)["Location"].startswith("/oidc/login/?")


def test_a_view_may_say_itself_what_is_kept(client, make_identity, cookie_of):  # A1
    cookie = cookie_of(make_identity())
    for path in ("/cached-by-itself/", "/cached-around/"):
        response = client.get(path, headers={"cookie": cookie})
        assert sorted(response["Cache-Control"].split(", ")) == ["max-age=60", "private"]


def test_a_refusal_is_kept_by_nobody_whatever_is_around_the_view(client):  # A1
    for headers, status in ((PERSON, 302), (SCRIPT, 401), (HTMX, 401)):
        response = client.get("/cached-around/", headers=headers)
        assert response.status_code == status
        assert {"no-store", "private"} <= set(response["Cache-Control"].split(", "))


def test_json_is_json(ask):
    assert (
        json.loads(ask("login", {"accept": "application/json"}, who=None).content)["error"]
        == "login_required"
    )


@pytest.mark.parametrize(
    ("gate", "refusal", "says"),
    [
        (
            Gate(role="boss", explained=True),
            Refusal.ROLE,
            "For whoever runs this site: not boss: no rule gives it",
        ),
        (Gate(role="admin", explained=True), Refusal.ROLE, "For whoever runs this site: admin: admins has"),
        (Gate(role="boss"), Refusal.ROLE, ""),
        (Gate(role="boss", explained=True), Refusal.TEST, ""),
        (Gate(explained=True), Refusal.PROVIDER, ""),
    ],
)
def test_a_page_that_explains_says_which_rule_is_missing(rf, make_identity, settings, gate, refusal, says):
    """With DEBUG, once."""
    settings.DEBUG = True
    request, identity = rf.get("/"), make_identity()
    attach_identity(request, identity)
    page = text_of(refusals.answer(request, gate, refusal, identity))
    assert says in page
    assert ("For whoever runs this site" in page) is bool(says)
    assert ("<strong>DEBUG</strong>" in page) is not bool(says)
