"""Logging out at panva's provider too, and by its word."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.core.cache import cache

from django_multi_oidc import connections, discovery
from tests.interop.person import Person, text

NOBODY = {"is_logged_in": False}


@pytest.fixture(autouse=True)
def _nothing_told_yet(real):
    real.told()


@pytest.fixture
def _logs_out_there(auth, settings):
    auth["provider_logout"] = True
    settings.MULTI_OIDC_SECRETS = {"auth": auth}


@pytest.fixture
def _revocation(auth, settings):
    auth["revocation"] = True
    settings.MULTI_OIDC_SECRETS = {"auth": auth}


@pytest.fixture
def kim(site):
    """Another person, at a browser of her own."""
    with Person(site) as somebody:
        yield somebody


def is_asked_who_they_are(person, organisation):
    """Whether the provider wants a password of whoever begins a next login, which leaves it free to (no "prompt")."""
    page = person.get_page(f"/go/?provider={organisation.name}&prompt=")
    asked = page.url.startswith(f"{organisation.issuer}/interaction/")
    assert asked or page.url == f"{person.site}/members/"
    return asked


# OpenID Connect RP-Initiated Logout 1.0


def test_who_logs_out_here_only_is_not_asked_again(person, real):  # O2: what the tests below differ from
    person.log_in()
    assert person.log_out().url == f"{person.site}/"
    assert person.user() == NOBODY
    assert not is_asked_who_they_are(person, real.alpha)
    assert real.told() == []


@pytest.mark.usefixtures("_logs_out_there")
@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_logging_out_there_too(person, real, name):  # O3
    organisation = getattr(real, name)
    person.log_in(f"/oidc/login/{name}/")
    page = person.log_out()
    assert (page.status_code, page.url) == (200, f"{person.site}/oidc/logged-out/")
    assert "You are logged out here" in text(page)
    assert person.user() == NOBODY
    question = person.go_on(page)
    assert question.url.startswith(f"{organisation.issuer}/session/end?")
    assert "Do you want to sign-out from localhost" in text(question)
    back = person.press(question, logout="yes")
    came, home = back.history
    asked, answered = (parse_qs(urlsplit(url).query) for url in (question.url, came.headers["Location"]))
    assert came.headers["Location"].startswith(f"{person.site}/oidc/logged-out/?")
    assert answered == {"state": asked["state"]}
    assert (home.headers["Location"], back.url, back.text) == ("/", f"{person.site}/", "home")
    assert "multi_oidc_auth_logout" not in person.cookies
    assert person.user() == NOBODY
    assert is_asked_who_they_are(person, organisation)


@pytest.mark.usefixtures("_logs_out_there")
def test_the_link_leads_where_the_page_goes_on_to(person):  # O3: where a browser heeds no Refresh
    person.log_in()
    page = person.log_out()
    url = page.headers["Refresh"].partition("; url=")[2]
    assert f'href="{url.replace("&", "&amp;")}">Go on<' in page.text


@pytest.mark.usefixtures("_logs_out_there", "_revocation")
@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_staying_logged_in_there(person, real, name):  # O3, O4
    person.log_in(f"/oidc/login/{name}/")
    question = person.go_on(person.log_out())
    assert person.press(question).url == f"{person.site}/"
    assert real.told() == [f"backchannel.success {name}-site"]
    assert person.user() == NOBODY
    assert not is_asked_who_they_are(person, getattr(real, name))
    assert person.user()["email"] == f"pat@{name}.example"


@pytest.mark.usefixtures("_logs_out_there")
@pytest.mark.parametrize("state", ["", "&state=x"])
def test_the_provider_does_not_say_which_logout_it_was(person, state):  # O3
    person.log_in()
    url = person.log_out().headers["Refresh"].partition("; url=")[2]
    before, _, after = url.partition("&state=")
    question = person.get(f"{before}&{after.partition('&')[2]}{state}", timeout=10)
    back = person.press(question, logout="yes")
    assert back.history[0].headers["Location"].partition("/oidc/logged-out/")[2] == state.replace("&", "?")
    assert back.url == f"{person.site}/"
    assert person.user() == NOBODY
    assert person.log_in().url == f"{person.site}/"
    assert person.user()["email"] == "pat@alpha.example"


@pytest.mark.usefixtures("_logs_out_there")
def test_logging_out_while_the_provider_is_down(person, real):  # O3
    person.log_in()
    real.stop()
    try:
        page = person.log_out()
        assert (page.status_code, page.url) == (200, f"{person.site}/oidc/logged-out/")
        assert "You are logged out here" in text(page)
        assert person.user() == NOBODY
        with pytest.raises(requests.ConnectionError):  # nobody knew, and the page in between had said it
            person.go_on(page)
        assert person.get_page("/oidc/logged-out/").url == f"{person.site}/"
    finally:
        real.start()


@pytest.mark.usefixtures("_logs_out_there")
def test_logging_out_while_the_provider_is_known_to_be_down(person, real):  # O3
    person.log_in()
    real.stop()
    try:
        discovery.clear()
        cache.clear()
        page = person.log_out()
        assert page.status_code == 200
        assert "Refresh" not in page.headers
        assert "You are logged out here" in text(page)
        assert "Alpha Real cannot be asked to log you out there at the moment." in text(page)
        assert person.user() == NOBODY
        assert person.get_page("/oidc/logged-out/").url == f"{person.site}/"
    finally:
        real.start()
    connections.clear()
    assert person.log_in().status_code == 200


# OpenID Connect Back-Channel Logout 1.0


@pytest.mark.usefixtures("_revocation")
def test_who_logs_out_at_the_provider_is_out_in_this_browser(person, someone_else, kim, real):  # O4: sid
    for browser, username in ((person, "pat"), (someone_else, "pat"), (kim, "kim")):
        browser.log_in(username=username)
    ours, others = person.user(), someone_else.user()
    assert ours["sub"] == others["sub"]
    assert ours["sid"] != others["sid"]
    assert "Sign-out Success" in text(person.log_out_at(real.alpha))
    assert real.told() == ["backchannel.success alpha-site"]
    assert person.user() == NOBODY
    assert someone_else.user() == others
    assert kim.user()["email"] == "kim@alpha.example"
    assert is_asked_who_they_are(person, real.alpha)
    person.log_in()
    assert person.user()["email"] == "pat@alpha.example"
    someone_else.log_out_at(real.alpha)
    assert (person.user()["is_logged_in"], someone_else.user()) == (True, NOBODY)


@pytest.mark.usefixtures("_revocation")
def test_without_a_session_id_they_are_out_in_all_browsers(person, someone_else, kim, real):  # O4: sub alone
    for browser, username in ((person, "pat"), (someone_else, "pat"), (kim, "kim")):
        browser.log_in("/oidc/login/beta/", username)
    assert "sid" not in person.user()
    person.log_out_at(real.beta)
    assert real.told() == ["backchannel.success beta-site"]
    assert (person.user(), someone_else.user()) == (NOBODY, NOBODY)
    assert kim.user()["email"] == "kim@beta.example"
    assert not is_asked_who_they_are(someone_else, real.beta)  # whose session there is another one
    person.log_in("/oidc/login/beta/")
    for browser in (person, someone_else):
        assert browser.user()["email"] == "pat@beta.example"


@pytest.mark.usefixtures("_revocation")
def test_what_needs_a_login_asks_for_one(person, real):  # O4, A1
    person.log_in("/oidc/login/alpha/?next=/members/")
    person.log_out_at(real.alpha)
    assert "Choose where you have an account." in text(person.get_page("/members/"))
    page = person.log_in("/oidc/login/alpha/?next=/members/")
    assert (page.url, page.text) == (f"{person.site}/members/", "hello Pat Admin")


@pytest.mark.usefixtures("_logs_out_there", "_revocation")
@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_both_ways_at_once(person, someone_else, real, name):  # O3, O4
    for browser in (person, someone_else):
        browser.log_in(f"/oidc/login/{name}/")
    question = person.go_on(person.log_out())
    assert person.press(question, logout="yes").url == f"{person.site}/"
    assert real.told() == [f"backchannel.success {name}-site"]
    assert person.user() == NOBODY
    assert someone_else.user()["is_logged_in"] == (name == "alpha")
    person.log_in(f"/oidc/login/{name}/")
    assert person.user()["email"] == f"pat@{name}.example"


@pytest.mark.usefixtures("_revocation")
def test_another_account_in_the_same_browser(person, someone_else, real):  # O4: it ends the first
    for browser in (person, someone_else):
        browser.log_in()
    person.log_in("/go/?provider=alpha&prompt=select_account", username="kim")
    assert real.told() == ["backchannel.success alpha-site"]
    assert person.user()["email"] == "kim@alpha.example"
    assert someone_else.user()["email"] == "pat@alpha.example"


@pytest.mark.usefixtures("_revocation")
def test_the_cookie_of_before_stays_out(person, someone_else, real):  # O4: a copy, from a backup or a log
    person.log_in()
    copies = {name: value for name, value in person.cookies.items() if name.startswith("multi_oidc_auth")}
    someone_else.cookies.update(copies)
    assert someone_else.user() == person.user()
    person.log_out_at(real.alpha)
    person.cookies.clear()  # its next login would end the one before, too
    person.log_in()
    assert (person.user()["is_logged_in"], someone_else.user()) == (True, NOBODY)


@pytest.mark.usefixtures("_revocation")
def test_a_logout_token_signed_with_new_keys(person, someone_else, real):  # S1, O4
    person.log_in("/oidc/login/beta/")
    real.restart()
    someone_else.come_back_at("/oidc/login/beta/")  # and no further: the site has not seen the new keys
    someone_else.log_out_at(real.beta)
    assert real.told() == ["backchannel.success beta-site"]
    assert person.user() == NOBODY


@pytest.mark.usefixtures("_revocation")
def test_a_logout_of_another_client(person, someone_else, real, auth, settings):  # O4: "aud"
    public = {"client_id": "beta-public", "token_endpoint_auth_method": "none"}
    auth["gamma"] = {key: auth["beta"][key] for key in ("server_metadata_url", "label")} | public
    settings.MULTI_OIDC_SECRETS = {"auth": auth}
    person.log_in("/oidc/login/beta/")
    someone_else.log_in("/oidc/login/gamma/")
    assert person.user()["sub"] == someone_else.user()["sub"]
    someone_else.log_out_at(real.beta)
    assert real.told() == ["backchannel.error beta-public 400"]
    for browser in (person, someone_else):
        assert browser.user()["email"] == "pat@beta.example"


def test_a_site_that_takes_no_logouts(person, real):  # O4: off unless asked for
    person.log_in()
    person.log_out_at(real.alpha)
    assert real.told() == ["backchannel.error alpha-site 404"]
    assert person.user()["email"] == "pat@alpha.example"
