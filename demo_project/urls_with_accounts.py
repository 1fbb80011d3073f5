from __future__ import annotations

from django.contrib import admin
from django.urls import path

from .urls import urlpatterns as without_accounts

urlpatterns = [path("admin/", admin.site.urls), *without_accounts]
