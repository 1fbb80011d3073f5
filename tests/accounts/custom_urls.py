from __future__ import annotations

import datetime

from django.contrib.auth import get_user_model
from django.http import JsonResponse
from django.urls import include, path

from tests.site import home


def make_user(claims, provider):
    return get_user_model()(email=claims["email"], birthday=datetime.date(2000, 1, 1))


def who(request):
    user = request.user
    return JsonResponse(
        {
            "user": user.get_username(),
            "staff": getattr(user, "is_staff", None),
            "may": user.has_perm("auth.change_group") if hasattr(user, "has_perm") else None,
        }
    )


urlpatterns = [
    path("", include("django_multi_oidc.urls")),
    path("", home),
    path("who/", who),
]
