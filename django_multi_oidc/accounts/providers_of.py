"""By which providers of the secrets file the people of an issuer log in."""

from __future__ import annotations

from ..backend_loading import backend_of
from ..exceptions import IssuerMismatch, LoginError
from ..providers import Provider, configuration


def providers_of(issuer: str, *, name: str) -> list[str]:
    """Names of the providers with this issuer, which several tables may have.

    Of one that cannot be asked, its name has to do: ``name`` is the one that was last used.
    """
    return [found.name for found in configuration().providers.values() if _has(found, issuer, name)]


def _has(provider: Provider, issuer: str, name: str) -> bool:
    try:
        backend_of(provider).check_issuer(issuer, required=False)
    except IssuerMismatch:
        return False
    except LoginError:
        return provider.name == name
    return True
