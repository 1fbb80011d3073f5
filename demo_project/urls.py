from __future__ import annotations

from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from . import views

urlpatterns = [
    path("", include("django_multi_oidc.urls")),
    path("", views.home, name="home"),
    path("members/", views.members, name="members"),
    path("editors/", views.editors, name="editors"),
    path("admins/", views.admins, name="admins"),
    path("admins/end/", views.end, name="end"),
    path("signing/", views.signing, name="signing"),
    path("claims/", views.claims, name="claims"),
    path("favicon.ico", RedirectView.as_view(url=static("demo/icon.svg"))),
]
