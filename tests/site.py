"""The views of a site that uses the app, through its documented names only."""

from __future__ import annotations

from io import BytesIO

from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.template import engines
from django.views.decorators.cache import cache_page

from django_multi_oidc import alogout, login, logout
from django_multi_oidc.decorators import oidc_admin_required, oidc_login_required, oidc_role_required


def home(request):
    return HttpResponse("home")


def ask(request):
    return JsonResponse(dict(request.oidc_user))


async def aask(request):
    return JsonResponse(dict(await request.aoidc_user()))


def untouched(request):
    return HttpResponse("nobody was asked for")


def stream(request):
    return StreamingHttpResponse(part for part in [request.oidc_user.get("sub", "nobody")])


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


def go(request):
    return login(request, request.GET.get("provider"), next="/members/", prompt=request.GET.get("prompt"))


def leave(request):
    return logout(request)


async def aleave(request):
    return await alogout(request)


def write_session(request):
    request.session["note"] = request.GET["note"]
    return HttpResponse("written")


async def awrite_session(request):
    request.session.modified = True  # not loaded yet: loading is I/O
    return HttpResponse("written")
