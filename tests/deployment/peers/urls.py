from __future__ import annotations

from django.apps import apps
from django.http import JsonResponse
from django.urls import include, path

URLS = {
    "allauth.account": ("accounts/", "allauth.urls"),
    "social_django": ("", "social_django.urls"),
    "mozilla_django_oidc": ("oidc/", "mozilla_django_oidc.urls"),
    "django_multi_oidc": ("", "django_multi_oidc.urls"),
}


def who(request):
    user = request.user
    return JsonResponse({"pk": user.pk, "name": user.get_username(), "staff": user.is_staff})


# Where ours are, theirs are gone: nobody is to log in by both, and /oidc/logout/ would be mozilla's and ours.
is_moved = apps.is_installed("django_multi_oidc")
chosen = [app for app in URLS if apps.is_installed(app) and is_moved == (app == "django_multi_oidc")]
urlpatterns = [path("who/", who), *(path(where, include(urls)) for where, urls in map(URLS.get, chosen))]
