from __future__ import annotations

import socket
import threading

import jwt
import pytest
import requests

from django_multi_oidc.dev_provider import server
from django_multi_oidc.dev_provider.messages import Request
from django_multi_oidc.dev_provider.people import ALPHA, BETA, Organisation, Person
from django_multi_oidc.dev_provider.realm import Realm
from django_multi_oidc.dev_provider.server import DevProvider, PortInUseError, authority
from tests.dev_provider.browser import Browser, authorization, query_of

SMALL = Organisation(name="small", people=(Person(key="ann", name="Ann"),), algorithm="ES256")


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.168.0.1", "example.org", "LOCALHOST"])
def test_only_loopback(host: str) -> None:  # D8
    with pytest.raises(ValueError, match="is not loopback") as caught:
        DevProvider(host=host)
    assert str(caught.value) == (
        f"{host!r} is not loopback. The development provider serves localhost, 127.0.0.1, ::1."
    )


@pytest.mark.parametrize(("host", "url"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:")])
def test_the_issuer_follows_the_host(browser: Browser, host: str, url: str) -> None:
    with DevProvider(host=host, organisations=[SMALL]) as provider:
        realm = provider.organisations["small"]
        assert realm.issuer == f"{url}{provider.port}/small"
        assert browser.get(realm.metadata_url).json()["issuer"] == realm.issuer


def test_localhost_works_both_ways(provider: DevProvider, browser: Browser) -> None:
    for host in ("127.0.0.1", "[::1]", "localhost"):
        assert browser.get(f"http://{host}:{provider.port}/style.css").status_code == 200


def test_the_standard_port_is_not_written() -> None:
    assert authority("localhost", 80) == "localhost"


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUseError) as caught:
            DevProvider(port=port).start()
    assert caught.value.strerror == f"Port {port} is in use already on 127.0.0.1"


def test_a_port_in_use_on_the_other_loopback_address() -> None:
    """Half of a port would be worse than none: "localhost" may mean the stranger."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUseError) as caught:
            DevProvider(port=port).start()
        assert caught.value.strerror == f"Port {port} is in use already on ::1"
        with socket.create_server(("127.0.0.1", port)):
            pass  # given back


def test_a_machine_without_ipv6() -> None:
    (listener,) = server.listen(0, other=(socket.AF_INET, "203.0.113.1"))  # an address that is not ours
    listener.server_close()


def test_a_free_port_must_be_free_on_both_addresses() -> None:
    with pytest.raises(PortInUseError):
        server.listen(0, other=(socket.AF_INET, "127.0.0.1"))


def test_another_trouble_with_the_address_is_not_called_a_port_in_use() -> None:
    with pytest.raises(OSError, match="assign requested address") as caught:
        server.bind((socket.AF_INET, "203.0.113.1"), 0)
    assert not isinstance(caught.value, PortInUseError)


def test_the_list_of_requests_does_not_grow_for_ever(provider: DevProvider) -> None:
    provider.requests.extend([server.Seen("GET", "/old")] * server.REMEMBERED_REQUESTS)
    provider.respond(Request(method="GET", path="/style.css"))
    assert len(provider.requests) == server.REMEMBERED_REQUESTS
    assert provider.requests[-1] == ("GET", "/style.css")


def test_stopping_leaves_nothing_behind() -> None:
    before = set(threading.enumerate())
    with DevProvider(organisations=[SMALL]) as provider, requests.Session() as keeps_alive:
        keeps_alive.get(provider.url, timeout=5)
        port = provider.port
        half = socket.create_connection(("127.0.0.1", port))
        half.sendall(b"GET / HT")
        provider.stop()
        assert half.recv(1) == b""
        half.close()
    assert set(threading.enumerate()) <= before
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_it_can_be_started_again_on_the_same_port_with_the_same_client() -> None:
    with DevProvider(organisations=[ALPHA]) as provider:
        first, port = provider.organisations["alpha"], provider.port
    with DevProvider(organisations=[ALPHA], port=port) as provider:
        second = provider.organisations["alpha"]
    assert (first.issuer, first.client) == (second.issuer, second.client)
    assert first.key.kid != second.key.kid


def test_auto_login(provider: DevProvider, alpha: Realm, browser: Browser) -> None:  # D8
    provider.auto_login("kim")
    for _ in range(2):
        code = query_of(browser.authorize(alpha, prompt="select_account"))["code"]
        id_token = browser.redeem(alpha, code).json()["id_token"]
        assert jwt.decode(id_token, options={"verify_signature": False})["sub"] == "kim"
    provider.auto_login(None)
    assert browser.authorize(alpha, prompt="select_account").status_code == 200


def test_auto_login_leaves_prompt_none_to_the_session(
    provider: DevProvider, alpha: Realm, browser: Browser
) -> None:  # K7
    provider.auto_login("kim")
    assert query_of(browser.authorize(alpha, prompt="none"))["error"] == "login_required"
    browser.authorize(alpha)
    provider.auto_login("pat")
    code = query_of(browser.authorize(alpha, prompt="none"))["code"]
    id_token = browser.redeem(alpha, code).json()["id_token"]
    assert jwt.decode(id_token, options={"verify_signature": False})["sub"] == "kim"


def test_auto_login_where_the_person_is_unknown_shows_the_page(
    provider: DevProvider, alpha: Realm, beta: Realm, browser: Browser
) -> None:
    provider.auto_login("twin")
    assert "code" in query_of(browser.authorize(beta))
    assert browser.authorize(alpha).status_code == 200


def test_auto_login_of_nobody(provider: DevProvider) -> None:
    with pytest.raises(ValueError, match="nobody is called") as caught:
        provider.auto_login("bob")
    assert str(caught.value) == "nobody is called 'bob'; there are: kim, layla, max, noa, pat, twin, uma"


@pytest.mark.parametrize("count", [0, 1, 300])
def test_add_claims(browser: Browser, count: int) -> None:
    groups = [f"group {number}" for number in range(count)]
    with DevProvider(organisations=[SMALL]) as provider:
        realm = provider.organisations["small"]
        access_token = browser.tokens(realm, "ann")["access_token"]
        provider.add_claims("ann", {"groups": groups, "iss": "x", "sub": "x"})
        with_groups = browser.tokens(realm, "ann", scope="openid")
        userinfo = browser.userinfo(realm, access_token).json()
        provider.add_claims("ann", None)
        without = browser.tokens(realm, "ann", scope="openid")
    claims = jwt.decode(with_groups["id_token"], options={"verify_signature": False})
    assert (claims["groups"], claims["sub"], claims["iss"]) == (groups, "ann", realm.issuer)
    assert (userinfo["groups"], userinfo["sub"]) == (groups, "ann")
    assert "groups" not in jwt.decode(without["id_token"], options={"verify_signature": False})


def test_claims_are_added_to_one_person_and_go_where_the_others_go(
    provider: DevProvider, alpha: Realm, beta: Realm, browser: Browser
) -> None:
    provider.add_claims("twin", {"locale": "nb"})
    tokens = browser.tokens(beta, "twin")
    assert "locale" not in jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert browser.userinfo(beta, tokens["access_token"]).json()["locale"] == "nb"
    others = browser.tokens(beta, "pat")["access_token"]
    assert "locale" not in browser.userinfo(beta, others).json()
    provider.add_claims("twin", None)


def test_nobody_can_be_scripted(provider: DevProvider) -> None:
    for call in (lambda: provider.add_claims("bob", {}), lambda: provider.end_session("bob")):
        with pytest.raises(ValueError, match="nobody is called 'bob'; there are: kim, layla, max, noa"):
            call()


def test_deny_next_login(provider: DevProvider, alpha: Realm, beta: Realm, browser: Browser) -> None:  # D8
    provider.auto_login("pat")
    provider.deny_next_login()
    provider.deny_next_login("server_error", "<b>oops</b>")
    assert query_of(browser.authorize(alpha)) == {
        "error": "access_denied",
        "iss": alpha.issuer,
        "state": "the state & more",
    }
    assert query_of(browser.authorize(beta)) == {
        "error": "server_error",
        "error_description": "<b>oops</b>",
        "iss": beta.issuer,
        "state": "the state & more",
    }
    assert "code" in query_of(browser.authorize(alpha))


def test_rotate_keys(browser: Browser) -> None:  # D8, S1
    with DevProvider(organisations=[SMALL]) as provider:
        realm = provider.organisations["small"]
        old = realm.key.public_jwk()
        provider.rotate_keys()
        new, _ = browser.get(f"{realm.issuer}/jwks").json()["keys"]
        id_token = browser.tokens(realm, "ann")["id_token"]
    assert new["kid"] == jwt.get_unverified_header(id_token)["kid"] != old["kid"]
    assert jwt.decode(id_token, jwt.PyJWK(new), ["ES256"], audience=realm.client_id)["sub"] == "ann"
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(id_token, jwt.PyJWK(old), ["ES256"], audience=realm.client_id)


def test_going_down_and_coming_back(provider: DevProvider, alpha: Realm, browser: Browser) -> None:  # D8
    provider.go_down()
    for url in (provider.url, alpha.metadata_url, f"{alpha.issuer}/jwks"):
        assert browser.get(url).status_code == 503
    provider.come_back()
    assert browser.get(alpha.metadata_url).status_code == 200


def test_requests_are_remembered_without_their_secrets(
    provider: DevProvider, alpha: Realm, browser: Browser
) -> None:  # D8
    browser.head(alpha.metadata_url)
    browser.tokens(alpha)
    assert provider.requests == [
        ("GET", "/alpha/.well-known/openid-configuration"),
        ("GET", "/alpha/authorize"),
        ("POST", "/alpha/pick"),
        ("POST", "/alpha/token"),
    ]
    assert provider.requests[1].path == "/alpha/authorize"


def test_register_redirect_uri(browser: Browser) -> None:
    with DevProvider(organisations=[SMALL]) as provider:
        realm = provider.organisations["small"]
        params = authorization(realm, redirect_uri="http://localhost:1/oauth2callback", prompt="none")
        ask = {"params": params, "allow_redirects": False}
        assert browser.get(f"{realm.issuer}/authorize", **ask).status_code == 400
        provider.register_redirect_uri("http://localhost:1/oauth2callback")
        assert browser.get(f"{realm.issuer}/authorize", **ask).status_code == 303
        assert "code" not in query_of(browser.authorize(realm, prompt="none"))  # the first one still


def test_people_of_ones_own_at_every_organisation() -> None:
    people = [Person(key="ann", name="Ann")]
    with DevProvider(organisations=[SMALL, BETA], people=people) as provider:
        assert [realm.organisation.people for realm in provider.organisations.values()] == [tuple(people)] * 2


@pytest.mark.parametrize("path", ["/nothing", "/alphabet/jwks", "/..%2falpha/jwks"])
def test_nothing_else_is_served(provider: DevProvider, browser: Browser, path: str) -> None:
    assert browser.get(provider.url + path).status_code == 404
