"""The views of a site that uses the app, through its documented names only."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

from asgiref.sync import sync_to_async
from django.contrib.auth import authenticate
from django.contrib.auth import login as django_login
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.template import Context, Template, engines
from django.utils.asyncio import async_unsafe
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control, cache_page

from django_multi_oidc import alogout, login, logout
from django_multi_oidc.decorators import (
    oidc_admin_required,
    oidc_login_required,
    oidc_recent_login,
    oidc_role_required,
    oidc_user_passes_test,
)
from django_multi_oidc.exceptions import LoginRefused
from django_multi_oidc.mixins import (
    OIDCAdminRequiredMixin,
    OIDCLoginRequiredMixin,
    OIDCRecentLoginMixin,
    OIDCRoleRequiredMixin,
    OIDCUserPassesTestMixin,
)
from django_multi_oidc.shortcuts import end_access


def home(request):
    return HttpResponse("home")


def ask(request):
    return JsonResponse(dict(request.oidc_user))


async def aask(request):
    return JsonResponse(dict(await request.aoidc_user()))


def end_me(request):
    answer = dict(request.oidc_user)
    end_access("alpha", sub=answer["sub"])
    return JsonResponse(answer)


def divide(request):
    return HttpResponse(1 // len(request.oidc_user.get("nothing", "")))


def template_if(request):
    text = "{% if request.oidc_user.is_logged_in and True %}somebody{% else %}nobody{% endif %}"
    return HttpResponse(engines["django"].from_string(text).render({}, request))


async def atemplate_if(request):
    text = "{% if request.oidc_user.is_logged_in and True %}somebody{% else %}nobody{% endif %}"
    context = {"request": request}
    return HttpResponse(Template(text).render(Context(context)))


def template_of(request):
    """What ``?if=`` lets see, and ``?status=``."""
    text = f"{{% if {request.GET['if']} %}}the admins' part{{% endif %}}"
    page = (
        engines["django"].from_string(text).render({"why": lambda: request.oidc_user.why("admin")}, request)
    )
    return HttpResponse(page, status=int(request.GET.get("status", 200)))


async def atemplate_of(request):
    return await sync_to_async(template_of)(request)


def why(request):
    return HttpResponse(str(request.oidc_user.why("admin")))


async def aswallow(request):
    with suppress(Exception):
        await request.aoidc_user()
    return HttpResponse("nobody, so it seems")


def not_found(request, exception):
    return HttpResponse("nothing here for " + request.oidc_user.get("sub", "nobody"), status=404)


def asking_middleware(get_response):
    def middleware(request):
        request.oidc_user.get("sub")
        return get_response(request)

    return middleware


def many_headers(request):
    request.oidc_user.get("sub")
    response = HttpResponse("asked", headers={"X-Long": "x" * 3000})
    response.set_cookie("other", "x" * 200)
    return response


def untouched(request):
    return HttpResponse("nobody was asked for")


def stream(request):
    def parts():
        yield request.oidc_user.get("sub", "nobody")

    return StreamingHttpResponse(parts())


def file(request):
    return FileResponse(BytesIO(b"file"))


@cache_page(60)
def cached(request):
    return HttpResponse(request.oidc_user.get("sub", "nobody"))


def template(request):
    text = (
        "{% load multi_oidc %}{{ request.oidc_user.is_logged_in }}|{{ request.oidc_user.name }}|"
        "{{ oidc_user.is_admin }}|{{ oidc_user.nosuch }}|{% oidc_login_buttons %}"
        "{% oidc_logout_button %}{% oidc_login_url 'alpha' next='/members/' %}"
    )
    return HttpResponse(engines["django"].from_string(text).render({}, request))


@oidc_login_required
def members(request):
    return HttpResponse(f"hello {request.oidc_user.name}")


@oidc_login_required
async def amembers(request):
    return HttpResponse(f"hello {request.oidc_user.name}")


@oidc_admin_required
def admins(request):
    return HttpResponse("the admins' page")


@oidc_admin_required
async def aadmins(request):
    return HttpResponse("the admins' page")


@oidc_role_required("editor")
def editors(request):
    return HttpResponse("the editors' page")


def refuse_login(request, provider, claims):
    raise LoginRefused("You left the company in May, Ann & Co.")


def fail_at_login(request, provider, claims):
    return 1 / 0


def has_a_name(claims):
    return "name" in claims


def fails(claims):
    address = claims["email"].upper()
    return address.is_admin


FAILS = f"raised AttributeError in line {fails.__code__.co_firstlineno + 2} of site.py."


def is_finnish(user):
    return user.get("locale") == "fi"


async def ais_finnish(user):
    return user.get("locale") == "fi"


def show(request):
    return HttpResponse("the page")


async def ashow(request):
    return HttpResponse("the page")


class Show(View):
    def get(self, request):
        return HttpResponse("the page")


class AsyncShow(View):
    async def get(self, request):
        return HttpResponse("the page")


class OIDCFinnishMixin(OIDCUserPassesTestMixin):
    def test_oidc_user(self, user):
        return is_finnish(user)


class OIDCAsyncFinnishMixin(OIDCUserPassesTestMixin):
    async def test_oidc_user(self, user):
        return is_finnish(user)


def with_mixin(mixin, **attributes):
    """One view with the mixin for each mode."""
    return [type("Page", (mixin, view), attributes).as_view() for view in (Show, AsyncShow)]


def with_decorator(decorator):
    return [decorator(show), decorator(ashow)]


PAGES_FOR_SOME = {
    "login": with_decorator(oidc_login_required()),
    "login-class": with_mixin(OIDCLoginRequiredMixin),
    "admin": with_decorator(oidc_admin_required),
    "admin-class": with_mixin(OIDCAdminRequiredMixin),
    "role": with_decorator(oidc_role_required("editor")),
    "role-class": with_mixin(OIDCRoleRequiredMixin, oidc_role="editor"),
    "test": with_decorator(oidc_user_passes_test(is_finnish)),
    "atest": with_decorator(oidc_user_passes_test(ais_finnish)),
    "test-class": with_mixin(OIDCFinnishMixin),
    "atest-class": with_mixin(OIDCAsyncFinnishMixin),
    "recent": with_decorator(oidc_recent_login(300)),
    "recent-class": with_mixin(OIDCRecentLoginMixin, oidc_max_age=300),
    "alpha": with_decorator(oidc_login_required(providers="alpha")),
    "alpha-class": with_mixin(OIDCLoginRequiredMixin, oidc_providers="alpha"),
    "alpha-admin": with_decorator(oidc_admin_required(providers=["alpha"])),
    "both": with_decorator(oidc_login_required(providers=["alpha", "beta"])),
    "both-admin": with_decorator(oidc_admin_required(providers=["alpha", "beta"])),
    "recent-alpha": with_decorator(oidc_recent_login(300, providers=["alpha"])),
    "two-mixins": with_mixin(
        type("Both", (OIDCAdminRequiredMixin, OIDCRecentLoginMixin), {"oidc_max_age": 300})
    ),
}


@login_not_required
def public(request):
    return HttpResponse("for everybody")


@oidc_login_required
@cache_control(public=True, max_age=60)
def cached_by_itself(request):
    return HttpResponse("the page")


@cache_control(public=True, max_age=60)
@oidc_login_required
def cached_around(request):
    return HttpResponse("the page")


def go(request):
    return login(request, request.GET.get("provider"), next="/members/", prompt=request.GET.get("prompt"))


def leave_everywhere(request):
    return logout(request, everywhere=True)


async def aleave_everywhere(request):
    return await alogout(request, everywhere=True)


async def ask_in_the_loop(request):
    return JsonResponse(dict(request.oidc_user))


def leave(request):
    return logout(request)


async def aleave(request):
    return await alogout(request)


def write_session(request):
    request.session["note"] = request.GET["note"]
    return HttpResponse("written")


def log_in_by_password(request):
    user = authenticate(request, username="root", password="the password")
    django_login(request, user)
    return HttpResponse(request.user.get_username())


def flush_session(request):
    request.session.flush()
    return HttpResponse("flushed")


@method_decorator(oidc_login_required, name="dispatch")
class AsyncPage(View):
    async def get(self, request):
        return HttpResponse(f"hello {request.oidc_user.name}")


async def awrite_session(request):
    request.session.modified = True  # not loaded yet: loading is I/O
    return HttpResponse("written")


@async_unsafe("a database was asked in the event loop")
def ask_a_database(request):
    """A context processor as many projects have one."""
    return {}


class AskFirst:
    """Middleware that asks, and hands on what it heard."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.who = request.oidc_user.get("sub", "nobody")
        return self.get_response(request)


def asked_first(request):
    return HttpResponse(request.who)
