from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from tests.accounts import site

urlpatterns = [
    path("accounts/", include("django.contrib.auth.urls")),
    path("admin/", admin.site.urls),
    path("who/", site.who),
    path("awho/", site.awho),
    path("nobody-asked/", site.nobody_asked),
    path("for-users/", site.for_users),
    path("for-permitted/", site.for_permitted),
    path("both/", site.both),
    path("alogout/", site.leave),
    path("fails/", site.fail),
    path("token-login/", site.token_login),
    path("password-flags/", site.password_flags),
    path("twice/", site.twice),
    path("", include("tests.urls")),
]
