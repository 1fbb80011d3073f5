"""By which providers of the secrets file the people of an issuer log in."""

from __future__ import annotations

from ..backend_loading import backend_of
from ..exceptions import IssuerMismatch, LoginError
from ..providers import Provider, configuration


def providers_of(issuer: str) -> list[str]:
    """Names of the providers with this issuer, which several tables may have; with those that cannot be asked now."""
    return [found.name for found in configuration().providers.values() if _may_have(found, issuer)]


def _may_have(provider: Provider, issuer: str) -> bool:
    try:
        backend_of(provider).check_issuer(issuer, required=False)
    except IssuerMismatch:
        return False
    except LoginError:  # to end too much is better than to say that all has ended
        return True
    return True
