"""Things that are down."""

from __future__ import annotations

from django.core.cache.backends.base import BaseCache

from django_multi_oidc.backends import ProviderBackend


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

    def fetch_claims(self, *, code, nonce, code_verifier):
        claims = super().fetch_claims(code=code, nonce=nonce, code_verifier=code_verifier)
        raise ZeroDivisionError(f"a mistake, {len(claims)} claims later")


def broken_middleware(get_response):
    def middleware(request):
        raise ZeroDivisionError("a mistake, before any view")

    return middleware


urlpatterns = []  # as the URLconf of a project that has not included ours
