"""Things that are down."""

from __future__ import annotations

from django import template
from django.core.cache.backends.base import BaseCache
from django.template.defaultfilters import stringfilter

from django_multi_oidc.backends import ProviderBackend
from django_multi_oidc.exceptions import LoginRefused


class BrokenCache(BaseCache):
    """A cache server that does not answer."""

    def __init__(self, location, params):
        super().__init__(params)

    def add(self, *args, **kwargs):
        raise ConnectionError("nobody listens")

    def clear(self):
        pass


class BrokenBackend(ProviderBackend):
    """A backend with a mistake in it, made by a project that subclasses ours."""

    def fetch_claims(self, **login):
        claims = super().fetch_claims(**login)
        raise ZeroDivisionError(f"a mistake, {len(claims)} claims later")


def broken_middleware(get_response):
    def middleware(request):
        raise ZeroDivisionError("a mistake, before any view")

    return middleware


def refuse_by_name(request, provider, claims):
    raise LoginRefused(f"There is no place for {claims['name']}.")


PEOPLE = {"kim@beta.example": True}


def looks_up(claims):
    return PEOPLE[claims["email"]]


register = template.Library()


@register.filter
@stringfilter
def broken(value):
    raise ZeroDivisionError("a mistake in a filter")


def broken_context(request):
    raise ZeroDivisionError("a mistake on every page")


urlpatterns = []  # as the URLconf of a project that has not included ours
