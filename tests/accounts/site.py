"""The views of a site that asks for ``request.user``."""

from __future__ import annotations

from django.contrib.auth import alogout, authenticate, login
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.signals import user_logged_in
from django.http import HttpResponse, JsonResponse


def described(user):
    return {
        "user": user.get_username(),
        "authenticated": user.is_authenticated,
        "staff": user.is_staff,
        "superuser": user.is_superuser,
        "groups": sorted(group.name for group in user.groups.all()),
    }


def who(request):
    return JsonResponse(described(request.user))


async def awho(request):
    user = await request.auser()
    return JsonResponse({"user": user.get_username(), "staff": user.is_staff})


def nobody_asked(request):
    return HttpResponse("nobody was asked for")


@login_required
def for_users(request):
    return HttpResponse(f"hello {request.user.get_full_name()}")


@permission_required("auth.change_group")
def for_permitted(request):
    return HttpResponse("the permitted's page")


def both(request):
    """Both answers in one response: they must not be two people."""
    oidc, user = request.oidc_user, request.user
    return JsonResponse({"oidc": oidc.get("email", ""), "user": getattr(user, "email", "")})


async def leave(request):
    await alogout(request)
    user = await request.auser()
    return HttpResponse(user.get_username())


def fail(request):
    return HttpResponse(1 // len(request.user.password[:0]))


async def twice(request):
    users = [await request.auser(), await request.auser()]
    return JsonResponse({"same": users[0] is users[1]})


NOTED: list = []


def note_user(request):
    """A context processor."""
    NOTED.append(request.user.get_username())
    return {}


def token_login(request):
    user_logged_in.send(sender=type(request.user), request=request, user=request.user)
    return HttpResponse("told")


def password_flags(request):
    login(request, authenticate(request, username="root", password="the password"))
    user = request.user
    return JsonResponse({"user": user.get_username(), "staff": user.is_staff, "superuser": user.is_superuser})
