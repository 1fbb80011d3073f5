from __future__ import annotations

import subprocess
import sys

import pytest
from asgiref.sync import async_to_sync

import django_multi_oidc
from django_multi_oidc import alogout, login, logout, shortcuts, signing
from django_multi_oidc.exceptions import ConfigurationError, RuleFailed
from tests import site
from tests.flow import parameters

pytestmark = pytest.mark.usefixtures("secrets")


def test_the_package_has_the_verbs():  # L2
    assert (django_multi_oidc.login, django_multi_oidc.logout, django_multi_oidc.alogout) == (
        shortcuts.login,
        shortcuts.logout,
        shortcuts.alogout,
    )


def test_a_login_has_room_for_so_much(rf):  # L2: in its URL and its cookie
    assert login(rf.get("/"), "alpha", login_hint="x" * 1014).status_code == 302
    with pytest.raises(
        ValueError, match=r"^login\(\): names and values have 1025 bytes, and a login has room"
    ) as caught:
        login(rf.get("/"), "alpha", login_hint="x" * 1013 + "é")
    assert str(caught.value).endswith("a login has room for 1024")


def test_importing_the_verbs_is_light():  # L2: nothing that a login needs
    code = (
        "import sys, django_multi_oidc;"
        "print([name for name in ('requests', 'jwt', 'cryptography', 'mozilla_django_oidc') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_login_redirects_to_the_providers_login_url(rf):  # L2
    response = login(rf.get("/"), "beta", next="/members/?a=b")
    assert (response.status_code, response["Location"]) == (
        302,
        "/oidc/login/beta/?next=%2Fmembers%2F%3Fa%3Db",
    )


def test_login_without_a_name_is_a_choice(rf):  # L1
    assert login(rf.get("/"))["Location"] == "/oidc/login/"


def test_login_without_a_name_is_at_the_default_provider(rf, secrets, settings):  # C2
    secrets |= secrets.pop("alpha")
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    assert login(rf.get("/"))["Location"] == "/oidc/login/default/"


def test_login_carries_its_parameters_signed(rf):  # L2
    response = login(rf.get("/"), "alpha", prompt="login", max_age=300, login_hint=None, hd="example.org")
    sent = parameters(response["Location"])
    assert sent.keys() == {"params"}
    assert signing.loads(sent["params"], "login-params", max_age=60) == [
        {"prompt": "login", "max_age": "300", "hd": "example.org"},
        [],
    ]


def test_login_says_what_no_login_can_ask_for(rf):  # L2
    with pytest.raises(
        TypeError, match=r"^login\(\): 'state' is set by the login itself, as are state, nonce"
    ):
        login(rf.get("/"), state="x")


def test_login_at_an_unknown_provider_names_those_there_are(rf):  # L2
    with pytest.raises(ConfigurationError) as caught:
        login(rf.get("/"), "Alpha")
    assert str(caught.value) == "login(): no provider 'Alpha' in MULTI_OIDC_SECRETS. There are: alpha, beta."


def test_login_without_a_file_leads_to_the_page_that_says_so(rf, settings):  # C8a
    settings.MULTI_OIDC_SECRETS = None
    assert login(rf.get("/"), prompt="login")["Location"] == "/oidc/login/"
    assert login(rf.get("/"), "alpha", next="/x/")["Location"] == "/oidc/login/?next=%2Fx%2F"


def test_logout_is_a_response_without_the_cookie(rf):  # L2, O1
    for response in (logout(rf.get("/")), async_to_sync(alogout)(rf.get("/"))):
        assert (response.status_code, response["Location"]) == (302, "/")
        assert response.cookies["multi_oidc_auth"]["max-age"] == 0
        assert response["Cache-Control"] == "private, no-store"


def test_after_logout_the_request_is_nobodys(client, make_identity, cookie_of):  # O1
    response = client.get("/leave/", headers={"cookie": cookie_of(make_identity())})
    assert response.wsgi_request.oidc_user.is_logged_in is False


def test_a_rule_that_fails_keeps_nobody_logged_in(
    client, secrets, settings, make_identity, cookie_of, caplog
):  # O1
    headers = {"cookie": cookie_of(make_identity())}
    secrets["alpha"]["allow"] = {"function": "tests.site.fails"}
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    with pytest.raises(RuleFailed):
        client.get("/ask/", headers=headers)
    caplog.clear()
    response = client.get("/leave/", headers=headers)
    assert (response.status_code, response.cookies["multi_oidc_auth"]["max-age"]) == (302, 0)
    assert caplog.messages == [
        "identity cookie neither accepted nor refused: allow in the secrets file names the function "
        f'"tests.site.fails", which {site.FAILS}'
    ]
