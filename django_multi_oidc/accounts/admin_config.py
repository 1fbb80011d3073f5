"""Django's admin with the login of this package: in INSTALLED_APPS in place of ``django.contrib.admin``."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class OIDCAdminConfig(AdminConfig):
    """``"django_multi_oidc.accounts.admin_config.OIDCAdminConfig"``."""

    default = False
    default_site = "django_multi_oidc.accounts.admin_site.OIDCAdminSite"
