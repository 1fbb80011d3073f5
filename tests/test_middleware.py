from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import quote

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpResponse
from django.template import engines
from django.test import AsyncClient, Client
from django.urls import path

from django_multi_oidc import revocation
from django_multi_oidc.decorators import oidc_user_passes_test
from django_multi_oidc.exceptions import RevocationUnknown, RuleFailed
from django_multi_oidc.middleware import OIDCLoginRequiredMiddleware, OIDCUserMiddleware
from django_multi_oidc.providers import configuration
from django_multi_oidc.users import attach_identity, quiet
from tests import site, urls

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


# Rules that fail, in templates, where an exception counts as a no (A2)


@pytest.fixture(params=["sync", "async"])
def see(request, secrets, settings, make_identity, cookie_of):
    """What Pat gets to see by ``{% if … %}`` where the rules are ``table``, in either mode."""
    cookie = cookie_of(make_identity())

    def send(condition, status=200, **table):
        secrets["alpha"] |= table
        settings.MULTI_OIDC_SECRETS = {"auth": secrets}
        query, headers = {"if": condition, "status": status}, {"cookie": cookie}
        if request.param == "sync":
            return Client().get("/template-of/", query, headers=headers)
        return async_to_sync(AsyncClient().get)("/atemplate-of/", query, headers=headers)

    return send


FAILS = {"function": "tests.site.fails"}


@pytest.mark.parametrize(
    "condition",
    [
        "not request.oidc_user.is_admin",
        "request.oidc_user.is_admin and True",
        "request.oidc_user.is_admin == False",
        '"admin" not in request.oidc_user.roles',
        '"editor" in request.oidc_user.roles',
        "not request.oidc_user.is_admin or True",
    ],
)
def test_a_rule_that_fails_is_no_no_in_a_template(see, condition):  # A2
    with pytest.raises(RuleFailed) as caught:
        see(condition, admins=FAILS)
    assert caught.value.detail == (
        f'admins in the secrets file names the function "tests.site.fails", which {site.FAILS}'
    )


@pytest.mark.parametrize("condition", ["not request.oidc_user.is_logged_in", "request.oidc_user and True"])
def test_nor_is_an_allow_rule_that_fails(see, condition):  # A2
    with pytest.raises(
        RuleFailed, match=r'^rule_failed: allow in the secrets file names the function "tests\.'
    ):
        see(condition, allow=FAILS)


def test_a_rule_that_is_not_asked_fails_nobody(see):  # A2
    response = see("request.oidc_user.is_admin", admins=["pat@alpha.example"], roles={"editor": FAILS})
    assert response.content == b"the admins' part"


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_page_that_says_that_it_failed_is_replaced_too(see, status):  # A2: its body may be for admins
    with pytest.raises(RuleFailed):
        see("not request.oidc_user.is_admin", status=status, admins=FAILS)


ASKED = []


def fails_once(claims):
    ASKED.append(claims)
    return ASKED[1]["sub"] == "pat-sub"


def test_a_first_question_that_failed_is_not_forgotten(see):  # A2: a template may have taken it for a yes
    ASKED.clear()
    allow = {"function": f"{__name__}.fails_once"}
    with pytest.raises(RuleFailed):
        see("not request.oidc_user.is_admin or not request.oidc_user.sub", allow=allow)
    assert len(ASKED) == 2


def test_nor_is_one_that_a_lost_packet_lost(see, secrets, monkeypatch):  # A2, O4
    answers = [RevocationUnknown("a lost packet"), None]

    def is_ended(identity):
        if answer := answers.pop(0):
            raise answer
        return False

    secrets["revocation"] = True
    monkeypatch.setattr(revocation, "is_ended", is_ended)
    assert see("not request.oidc_user.is_admin or not request.oidc_user.sub").status_code == 503
    assert answers == []


def test_why_a_role_is_there_may_fail_as_well(see):  # A2
    with pytest.raises(RuleFailed):
        see("not why", admins=FAILS)


# The frame of our own pages, which a project may have made, and which may ask


FRAME = """{% if not request.oidc_user.is_admin %}NO{% else %}ADMIN{% endif %}
{% if request.oidc_user.is_admin %}ADMIN{% endif %}{% if "editor" in request.oidc_user.roles %}EDITOR{% endif %}
{{ request.oidc_user.name }}{% block title %}{% endblock %}{% block content %}{% endblock %}"""


@pytest.fixture
def framed(settings, secrets, make_identity, cookie_of):
    """Our pages in a frame that asks, for Pat."""
    [engine] = settings.TEMPLATES
    loaders = [
        ("django.template.loaders.locmem.Loader", {"django_multi_oidc/base.html": FRAME}),
        "django.template.loaders.app_directories.Loader",
    ]
    settings.TEMPLATES = [{**engine, "APP_DIRS": False, "OPTIONS": {**engine["OPTIONS"], "loaders": loaders}}]
    cookie = cookie_of(make_identity())

    def get(path, headers=(), **table):
        secrets["alpha"] |= table
        settings.MULTI_OIDC_SECRETS = {"auth": secrets}
        return Client(raise_request_exception=False).get(path, headers={"cookie": cookie, **dict(headers)})

    return get


OUR_PAGES = [("/oidc/login/", 200), ("/oidc/logout/", 200), ("/oauth2callback?state=x&code=y", 400)]


@pytest.mark.parametrize(("path", "status"), OUR_PAGES)
@pytest.mark.parametrize(
    "table", [{"admins": FAILS}, {"allow": FAILS}, {"roles": {"editor": FAILS}, "admins": []}]
)
def test_our_pages_are_there_where_a_rule_fails(framed, path, status, table):  # A2, L7
    response = framed(path, **table)
    assert response.status_code == status
    assert "ADMIN" not in response.content.decode()
    assert "EDITOR" not in response.content.decode()


@pytest.mark.parametrize(
    ("path", "status"), [("/oidc/logout/", 200), ("/oidc/login/", 503), ("/members/", 503)]
)
def test_and_where_the_cache_is_down(framed, secrets, settings, path, status):  # O4
    secrets["revocation"] = True
    settings.CACHES = {"default": {"BACKEND": "tests.broken_caches.DownCache"}}
    response = framed(path)
    assert response.status_code == status
    assert "ADMIN" not in response.content.decode()


def asks_in_vain(get_response):
    def middleware(request):
        with suppress(RuleFailed):
            request.oidc_user.get("sub")
        return get_response(request)

    return middleware


def asks_afterwards(get_response):
    def middleware(request):
        response = get_response(request)
        response["X-Admin"] = str(request.oidc_user.is_admin)
        return response

    return middleware


def fails_and_is_shown(get_response):
    """A project's own error page, of a middleware of its own, which asks and is not told."""

    def middleware(request):
        return get_response(request)

    def process_exception(request, exception):
        return HttpResponse(f"sorry {template_of_admins(request)}")

    middleware.process_exception = process_exception
    return middleware


def template_of_admins(request):
    text = "{% if not request.oidc_user.is_admin %}you{% else %}ADMIN{% endif %}"
    return engines["django"].from_string(text).render({}, request)


def test_an_error_page_of_the_sites_own_is_not_quiet_either(framed, settings):  # A2
    settings.MIDDLEWARE = [f"{__name__}.fails_and_is_shown", *settings.MIDDLEWARE]
    assert "ADMIN" in framed("/divide/").content.decode()
    response = framed("/divide/", admins=FAILS)
    assert response.status_code == 500
    assert "ADMIN" not in response.content.decode()


def raises_404(request):
    raise Http404


def raises_403(request):
    raise PermissionDenied


def answers(request, exception):
    return HttpResponse(template_of_admins(request), status=404)


class SiteWithHandlers:
    urlpatterns = [path("404/", raises_404), path("403/", raises_403), *urls.urlpatterns]
    handler403 = handler404 = staticmethod(answers)


@pytest.mark.parametrize("address", ["/404/", "/403/", "/no-such-page/"])
def test_nor_is_a_page_for_404_or_403(framed, settings, address):  # A2
    settings.ROOT_URLCONF = SiteWithHandlers
    assert framed(address).content == b"ADMIN"
    response = framed(address, admins=FAILS)
    assert response.status_code == 500
    assert b"ADMIN" not in response.content


def test_a_middleware_that_meets_a_failing_rule_is_logged_once(framed, settings, caplog):  # A2
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django_multi_oidc.middleware.OIDCLoginRequiredMiddleware"]
    assert framed("/untouched/", allow=FAILS).status_code == 500
    errors = [record.getMessage() for record in caplog.records if record.name == "django.request"]
    assert errors == ["Internal Server Error: /untouched/"]


def swallows(user):
    with suppress(RuleFailed):
        return user.is_admin
    return False


SWALLOWS = [oidc_user_passes_test(swallows)(site.show)]


@pytest.mark.parametrize("headers", [{}, {"accept": "application/json"}, {"hx-request": "true"}])
def test_a_gate_whose_test_has_swallowed_a_failure_is_broken(framed, settings, headers):  # A2
    class Site:
        urlpatterns = [path("swallows/", SWALLOWS[0]), *urls.urlpatterns]

    settings.ROOT_URLCONF = Site
    assert framed("/swallows/", headers, admins=FAILS).status_code == 500


def adds_to_pages(get_response):
    def middleware(request):
        response = get_response(request)
        response.content += template_of_admins(request).encode()
        return response

    return middleware


def test_what_is_added_to_our_page_is_not_ours(framed, settings):  # A2
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.adds_to_pages"]
    assert b"ADMIN" in framed("/oidc/logout/").content
    assert framed("/oidc/logout/", admins=FAILS).status_code == 500


def test_one_failure_excuses_no_other(framed, settings):  # A2
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.adds_to_pages", f"{__name__}.asks_in_vain"]
    assert framed("/oidc/login/").status_code == 200
    assert framed("/oidc/login/", allow=FAILS).status_code == 500


def test_in_our_frame_only_the_role_that_fails_is_missing(framed):  # A2
    response = framed("/oidc/login/", admins=FAILS, roles={"editor": ["pat@alpha.example"]})
    assert "EDITOR" in response.content.decode()
    assert "ADMIN" not in response.content.decode()


def test_one_thread_is_quiet_and_the_other_is_not(secrets, settings, make_identity, rf):  # A2
    secrets["alpha"]["admins"] = FAILS
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    request = rf.get("/")
    user = attach_identity(request, make_identity())

    def elsewhere():
        with pytest.raises(RuleFailed):
            assert user.is_admin
        return "raised"

    with quiet(request), ThreadPoolExecutor(1) as pool:
        assert user.is_admin is False
        with pytest.raises(RuleFailed):
            assert attach_identity(rf.get("/"), make_identity()).is_admin
        assert pool.submit(elsewhere).result() == "raised"


def test_our_pages_are_there_where_somebody_else_has_asked_in_vain(framed, settings):  # A2, L7
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.asks_in_vain"]
    assert framed("/oidc/login/", allow=FAILS).status_code == 200
    assert framed("/untouched/", allow=FAILS).status_code == 500


def test_what_our_page_did_not_hear_the_next_one_does(framed, settings):  # A2
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.asks_afterwards"]
    assert framed("/oidc/login/")["X-Admin"] == "True"
    assert framed("/oidc/login/", admins=FAILS).status_code == 500


def test_our_pages_need_no_middleware_of_ours(client, settings):  # C8a: a check asks for it
    settings.MIDDLEWARE = []
    assert client.get("/oidc/login/").status_code == 200


def test_a_page_of_the_sites_own_is_not_quiet(framed):  # A2
    assert framed("/sync/role/", roles={"editor": []}).status_code == 403
    assert framed("/template-of/?if=not request.oidc_user.is_admin", admins=FAILS).status_code == 500


# Pages that all need a login (A4)


@pytest.fixture(params=["sync", "async"])
def visit(request, settings, make_identity, cookie_of):
    """Gets a page of a site where every page needs a login, in either mode; as Pat, or as nobody."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django_multi_oidc.middleware.OIDCLoginRequiredMiddleware"]

    def send(path, *, method="get", nobody=False, **headers):
        client = Client() if request.param == "sync" else AsyncClient()
        send = getattr(client, method)
        send = send if request.param == "sync" else async_to_sync(send)
        return send(path, headers=headers | ({} if nobody else {"cookie": cookie_of(make_identity())}))

    return send


def test_every_page_needs_a_login(visit):  # A4
    for page in ("/?a=b", "/untouched/", "/sync/login/", "/async/login/", "/ask-in-the-loop/"):
        response = visit(page, nobody=True)
        assert (response.status_code, response["Location"]) == (
            302,
            f"/oidc/login/?next={quote(page, safe='')}",
        )
        assert response["Cache-Control"] == "private, no-store"


def test_who_is_logged_in_sees_all_pages(visit):  # A4
    response = visit("/untouched/")
    assert response.content == b"nobody was asked for"
    assert response["Cache-Control"] == "private, no-store"
    assert response["Vary"] == "Cookie"


def test_a_page_marked_as_public_needs_none(visit):  # A4
    response = visit("/public/", nobody=True)
    assert response.content == b"for everybody"
    assert "Cache-Control" not in response
    assert "Vary" not in response


def test_our_own_pages_need_none(visit):  # A4
    assert visit("/oidc/login/", nobody=True).status_code == 200
    assert visit("/oidc/logout/", nobody=True).status_code == 200
    assert visit("/oidc/style.css", nobody=True).status_code == 200
    assert visit("/oauth2callback?state=x", nobody=True).status_code == 400
    assert visit("/oidc/refused/", nobody=True).status_code == 302
    assert visit("/oidc/logged-out/", nobody=True).status_code == 302


def test_nobody_gets_what_they_can_read(visit):  # A4, A1
    assert visit("/", nobody=True, accept="application/json").json()["error"] == "login_required"
    assert "Nothing was saved" in visit("/", method="post", nobody=True).content.decode()


def test_pages_for_some_stay_for_some(visit):  # A4
    assert visit("/sync/role/").status_code == 403
    assert visit("/sync/admin/").status_code == 200


def test_an_outage_is_no_nobody(visit, secrets, settings):  # A4, O4
    settings.MULTI_OIDC_SECRETS = {"auth": {**secrets, "revocation": True}}
    settings.CACHES = {"default": {"BACKEND": "tests.broken_caches.DownCache"}}
    response = visit("/untouched/")
    assert response.status_code == 503
    assert "nobody was asked for" not in response.content.decode()


@pytest.mark.parametrize(("view", "is_async"), [(site.show, False), (site.ashow, True)])
def test_a_gate_takes_no_thread(view, is_async):  # A4, U6: Django gives one to whatever is of the other kind
    middleware = OIDCLoginRequiredMiddleware(view)
    assert iscoroutinefunction(middleware) is is_async
    assert iscoroutinefunction(middleware.process_view) is is_async
