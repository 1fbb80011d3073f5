"""Buttons for login and logout: ``{% load multi_oidc %}``."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest

from ..login_urls import login_url
from ..providers import configuration

register = template.Library()


@register.inclusion_tag("django_multi_oidc/login_buttons.html", takes_context=True)
def oidc_login_buttons(context: template.Context, next: str | None = None) -> dict[str, Any]:
    """A login link for each provider, back to this page unless ``next`` names another."""
    page = next or _this_page(context)
    providers = configuration().providers
    return {"choices": [(provider, login_url(name, next=page)) for name, provider in providers.items()]}


@register.inclusion_tag("django_multi_oidc/logout_button.html", takes_context=True)
def oidc_logout_button(context: template.Context, everywhere: bool = False) -> dict[str, Any]:
    """A form that logs out, CSRF token included; ``everywhere``: in all browsers (``revocation = true``)."""
    return {"csrf_token": context.get("csrf_token"), "everywhere": everywhere and configuration().revocation}


@register.simple_tag(takes_context=True)
def oidc_login_url(context: template.Context, provider: str | None = None, next: str | None = None) -> str:
    """The URL that logs in, for a link of your own; back to this page unless ``next`` names another."""
    return login_url(provider, next=next or _this_page(context))


def _this_page(context: template.Context) -> str | None:
    request: HttpRequest | None = context.get("request")
    return request.get_full_path() if request is not None and request.method == "GET" else None
