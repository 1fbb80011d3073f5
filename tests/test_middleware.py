from __future__ import annotations

import asyncio
import threading

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import AsyncClient, Client

from django_multi_oidc.middleware import OIDCUserMiddleware
from django_multi_oidc.providers import configuration

pytestmark = pytest.mark.usefixtures("secrets")


@pytest.fixture
def pat(make_identity, cookie_of):
    client = Client(SERVER_NAME="localhost")
    name, _, value = cookie_of(make_identity()).partition("=")
    client.cookies[name] = value
    return client


def test_every_request_has_a_user(client, pat):  # U1
    assert client.get("/ask/").json() == {"is_logged_in": False}
    assert pat.get("/ask/").json()["email"] == "pat@alpha.example"


def test_the_same_under_asgi(make_identity, cookie_of):  # U1, U6
    client = AsyncClient()
    assert async_to_sync(client.get)("/aask/").json() == {"is_logged_in": False}
    response = async_to_sync(client.get)("/aask/", headers={"cookie": cookie_of(make_identity())})
    assert response.json()["email"] == "pat@alpha.example"
    assert response["Vary"] == "Cookie"


@pytest.mark.parametrize("path", ["/untouched/", "/file/"])
def test_who_does_not_ask_does_not_vary(client, path):  # U6
    assert "Vary" not in client.get(path).headers


@pytest.mark.parametrize("path", ["/ask/", "/stream/"])
def test_who_asks_varies_on_the_cookie(client, path):  # U6
    assert client.get(path)["Vary"] == "Cookie"


def test_a_stream_may_ask_when_its_headers_are_gone(pat):  # U6
    response = pat.get("/stream/")
    assert b"".join(response.streaming_content) == b"pat-sub"


def test_cache_page_never_hands_one_persons_page_to_another(pat, client):  # U6
    assert pat.get("/cached/").content == b"pat-sub"
    assert client.get("/cached/").content == b"nobody"
    assert pat.get("/cached/").content == b"pat-sub"


def test_a_forgotten_app_is_said_at_the_start(settings):  # D6
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "django_multi_oidc"]
    with pytest.raises(ImproperlyConfigured, match='Add "django_multi_oidc" to INSTALLED_APPS'):
        OIDCUserMiddleware(lambda request: HttpResponse())


ASK = "tests.site.AskFirst"
UPDATE, FETCH = (
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
)
OURS = "django_multi_oidc.middleware.OIDCUserMiddleware"


def test_djangos_cache_outside_of_us_keeps_people_apart(settings, pat, client):  # U6
    settings.MIDDLEWARE = [UPDATE, OURS, ASK, FETCH]
    assert pat.get("/asked-first/").content == b"pat-sub"
    assert client.get("/asked-first/").content == b"nobody"
    assert pat.get("/asked-first/").content == b"pat-sub"


def test_an_untouched_page_never_reads_the_configuration(
    settings, client
):  # U6, C8: nothing at start or per request
    settings.MULTI_OIDC_SECRETS = {"auth": {"redirect_uri": 1}}
    assert client.get("/untouched/").content == b"nobody was asked for"


def test_reading_a_dead_cookie_sets_and_deletes_nothing(client):  # K3
    client.cookies[configuration().cookie_name] = "dead"
    response = client.get("/ask/")
    assert response.json() == {"is_logged_in": False}
    assert response.cookies == {}


def test_async_mode_stays_in_the_event_loops_thread(rf):  # U6
    seen = []

    async def view(request):
        seen.append(threading.get_ident())
        return HttpResponse("ok")

    async def main():
        seen.append(threading.get_ident())
        return await OIDCUserMiddleware(view)(rf.get("/"))

    assert asyncio.run(main()).content == b"ok"
    assert seen[0] == seen[1]
    assert not asyncio.iscoroutinefunction(OIDCUserMiddleware(lambda request: HttpResponse()))
