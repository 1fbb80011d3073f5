"""``path("", include("django_multi_oidc.urls"))``."""

from __future__ import annotations

from django.urls import path

from .views import (
    CallbackView,
    LoggedOutView,
    LoginView,
    LogoutView,
    RefusedView,
    backchannel_logout,
    stylesheet,
)

app_name = "multi_oidc"
urlpatterns = [
    path("oidc/login/", LoginView.as_view(), name="login"),
    path("oidc/login/<str:name>/", LoginView.as_view(), name="login"),
    path("oidc/refused/", RefusedView.as_view(), name="refused"),
    path("oauth2callback", CallbackView.as_view(), name="callback"),
    path("oauth2callback/<str:name>", CallbackView.as_view(), name="callback"),
    path("oidc/logout/", LogoutView.as_view(), name="logout"),
    path("oidc/logged-out/", LoggedOutView.as_view(), name="logged_out"),
    path("oidc/backchannel-logout/<str:name>/", backchannel_logout, name="backchannel_logout"),
    path("oidc/style.css", stylesheet, name="stylesheet"),
]
