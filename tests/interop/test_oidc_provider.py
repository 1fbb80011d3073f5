"""The whole flow against panva's OpenID-certified provider."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.interop.person import Person, text


def test_a_login_with_rs256_and_claims_in_the_id_token(person, real):  # L1, L5, S1
    page = person.log_in("/oidc/login/alpha/?next=/members/%3Fa=b")
    assert (page.status_code, page.url, page.text) == (200, f"{person.site}/members/?a=b", "hello Pat Admin")
    user = person.user()
    assert user["iss"] == real.alpha.issuer
    assert (user["sub"], user["email"], user["email_verified"]) == ("alpha-pat", "pat@alpha.example", True)
    assert user.keys().isdisjoint({"nonce", "at_hash", "aud"})


def test_a_login_with_es256_claims_in_userinfo_and_a_secret_to_be_encoded(person, real):  # L5, U3
    assert person.log_in("/oidc/login/beta/").url == f"{person.site}/"
    user = person.user()
    assert (user["iss"], user["name"], user["email"]) == (real.beta.issuer, "Pat Admin", "pat@beta.example")


def test_the_guides_two_providers_work_without_another_setting(person, auth, settings):  # C3
    for table in (auth["alpha"], auth["beta"]):
        del table["label"], table["admins"]
    settings.MULTI_OIDC_SECRETS = {"auth": auth}
    assert "Log in with Alpha" in text(person.get_page("/oidc/login/"))
    for name in ("alpha", "beta"):
        person.log_in(f"/oidc/login/{name}/")
        assert person.user()["email"] == f"pat@{name}.example"


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_a_client_that_signs(person, real, auth, settings, name):  # S1: RFC 7523
    pem = real.site_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    del auth[name]["client_secret"]
    auth[name] |= {"client_id": f"{name}-signer", "client_private_key": pem}
    auth[name] |= {"token_endpoint_auth_method": "private_key_jwt"}
    settings.MULTI_OIDC_SECRETS = {"auth": auth}
    person.log_in(f"/oidc/login/{name}/")
    assert person.user()["email"] == f"pat@{name}.example"


def test_a_public_client(person, auth, settings):
    del auth["alpha"]["client_secret"]
    auth["alpha"] |= {"client_id": "alpha-public", "token_endpoint_auth_method": "none"}
    settings.MULTI_OIDC_SECRETS = {"auth": auth}
    person.log_in()
    assert person.user()["email"] == "pat@alpha.example"


def test_a_callback_of_a_providers_own(person, auth, settings):  # S2
    auth["alpha"]["redirect_uri"] = f"{person.site}/oauth2callback/alpha"
    settings.MULTI_OIDC_SECRETS = {"auth": auth}
    back = person.come_back_at()
    assert back.startswith(f"{person.site}/oauth2callback/alpha?")
    astray = person.get(back.replace("/alpha?", "?"), timeout=10)
    assert astray.status_code == 400
    assert "The answer came from another login provider than the one asked." in text(astray)
    assert person.log_in().status_code == 200
    assert person.user()["email"] == "pat@alpha.example"


def test_a_page_for_admins_lets_in_one_and_not_the_other(person):  # A1, A2
    refused = person.log_in("/oidc/login/alpha/?next=/admins/", username="kim")
    assert refused.status_code == 403
    assert "You are logged in as kim@alpha.example (Alpha Real), which may not see this page." in text(
        refused
    )
    [link] = re.findall(r'href="([^"]+)">Use another account<', refused.text)
    page = person.log_in(link.replace("&amp;", "&"), username="pat")
    assert (page.status_code, page.text) == (200, "the admins' page")


def test_an_unverified_address_has_no_rights(person, auth, settings):  # A2
    auth["alpha"]["admins"] = ["uma@alpha.example"]
    settings.MULTI_OIDC_SECRETS = {"auth": auth}
    assert person.log_in("/oidc/login/alpha/?next=/admins/", username="uma").status_code == 403


def test_cancelling_at_the_provider(person):  # L7
    page = person.log_in("/oidc/login/alpha/?next=/members/", action="cancel")
    assert page.status_code == 403
    assert "Alpha Real says: Nobody logged in" in text(page)
    assert person.user() == {"is_logged_in": False}


def test_a_wrong_client_secret(person, auth, settings):  # L7
    auth["beta"]["client_secret"] = "not-the-secret-0123456789"
    settings.MULTI_OIDC_SECRETS = {"auth": auth}
    page = person.log_in("/oidc/login/beta/")
    assert page.status_code == 502
    assert "The login provider refused to complete the login." in text(page)


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_how_the_client_shows_its_secret(person, auth, settings, method):  # L5
    auth["beta"]["token_endpoint_auth_method"] = method
    settings.MULTI_OIDC_SECRETS = {"auth": auth}
    assert person.log_in("/oidc/login/beta/").status_code == 200


def test_a_callback_comes_twice(person, someone_else):  # L3, L7
    back = person.come_back_at("/oidc/login/alpha/")
    assert person.get(back, timeout=10).url == f"{person.site}/"
    assert person.get(back, timeout=10).url == f"{person.site}/"  # the Back button
    stranger = someone_else.get(back, timeout=10)
    assert stranger.status_code == 400
    assert "This login was not begun in this browser" in text(stranger)


def test_two_logins_at_once_in_one_browser(person):  # L4
    alpha, beta = (
        person.come_back_at("/oidc/login/alpha/?next=/ask/"),
        person.come_back_at("/oidc/login/beta/"),
    )
    assert person.get(beta, timeout=10).url == f"{person.site}/"
    assert person.get(alpha, timeout=10).json()["email"] == "pat@alpha.example"


def test_many_logins_at_once(site):  # L4
    def log_in(name):
        with Person(site) as somebody:
            somebody.log_in(f"/oidc/login/{name}/", username="kim")
            return somebody.user()["email"]

    names = ["alpha", "beta"] * 6
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(log_in, names)) == [f"kim@{name}.example" for name in names]


def test_logout(person):  # O1, O2
    person.log_in()
    assert person.log_out().url == f"{person.site}/"
    assert person.user() == {"is_logged_in": False}


def test_the_provider_rotates_its_keys(person, real):  # S1
    person.log_in()
    real.restart()
    person.cookies.clear()
    assert person.log_in("/oidc/login/alpha/", username="kim").url == f"{person.site}/"
    assert person.user()["email"] == "kim@alpha.example"


def test_the_provider_is_down_and_comes_back(person, real):  # L7
    back = person.come_back_at()
    real.stop()
    try:
        page = person.get(back, timeout=10)
        assert page.status_code == 502
        assert "The login provider cannot be reached at the moment." in text(page)
    finally:
        real.start()
    assert person.log_in().status_code == 200
