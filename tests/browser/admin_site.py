"""A site with pages for some, a form, a script that fetches, and htmx in the version that the address names."""

from __future__ import annotations

from importlib.resources import files

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import include, path
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.views.decorators.csrf import csrf_exempt

from django_multi_oidc.decorators import (
    oidc_admin_required,
    oidc_login_required,
    oidc_recent_login,
    oidc_role_required,
)

NOTES: list[str] = []
HTMX = files("django_htmx") / "static" / "django_htmx"


def page(title, body=""):
    return HttpResponse(
        format_html('<!doctype html><html lang="en"><title>{}</title><h1>{}</h1>{}', title, title, body)
    )


def home(request):
    return page("Home of " + request.oidc_user.get("name", "nobody"))


@oidc_login_required
def form(request):
    return page(
        "Form",
        mark_safe('<form method="post" action="/save/"><input name="note"><button>Save</button></form>'),
    )


@csrf_exempt
@oidc_login_required
def save(request):
    if request.method == "POST":
        NOTES.append(request.POST.get("note", ""))
        return redirect("/form/")
    return HttpResponse(status=405)


@oidc_login_required
def listing(request, version):
    body = format_html(
        '<script src="/htmx-{}.js"></script>'
        '<button hx-get="/fragment/" hx-target="#out">Load</button>'
        '<button hx-post="/save/" hx-target="#out">Send</button>'
        '<button hx-get="/admin-fragment/" hx-target="#out">Administer</button>'
        '<button hx-get="/recent-fragment/" hx-target="#out">Confirm</button>'
        '<div hx-boost="true"><a href="/members/?page=2">Members</a></div>'
        '<div id="out">empty</div>',
        version,
    )
    return page("List", body)


def htmx(request, version):
    return HttpResponse((HTMX / f"htmx-{version}.min.js").read_bytes(), content_type="text/javascript")


@oidc_login_required
def fragment(request):
    return HttpResponse("the fragment")


@oidc_admin_required
def admin_fragment(request):
    return HttpResponse("the admins' fragment")


@oidc_recent_login(300)
def recent_fragment(request):
    return HttpResponse("the confirmed fragment")


@oidc_login_required
def api(request):
    return JsonResponse({"name": request.oidc_user.name})


@oidc_login_required
def members(request):
    return page("Members")


@oidc_admin_required
def admins(request):
    return page("Admins")


@oidc_role_required("staff")
def staff(request):
    return page("Staff")


@oidc_recent_login(300)
def keys(request):
    return page("Keys")


def icon(request):
    return HttpResponse(content_type="image/svg+xml")


urlpatterns = [
    path("favicon.ico", icon),
    path("", include("django_multi_oidc.urls")),
    path("", home),
    path("form/", form),
    path("save/", save),
    path("list/<int:version>/", listing),
    path("htmx-<int:version>.js", htmx),
    path("fragment/", fragment),
    path("admin-fragment/", admin_fragment),
    path("recent-fragment/", recent_fragment),
    path("api/", api),
    path("members/", members),
    path("admins/", admins),
    path("staff/", staff),
    path("keys/", keys),
]
