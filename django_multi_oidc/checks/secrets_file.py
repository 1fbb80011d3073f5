"""What the secrets file says, and who can read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's names

from ..conf import conf
from ..providers import configuration_mistakes
from ..providers.source import shown
from ..wording import quoted
from .known import known_configuration


def check_configuration(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(mistake.headline, hint=mistake.mend, id="django_multi_oidc.E001")
        for mistake in configuration_mistakes()
    ]


NO_FILE_HINT = (
    "Write the file, or set MULTI_OIDC_SECRETS_FILE. Until then nobody can log in.\n"
    "For a login without an account anywhere: python manage.py oidc_dev_provider --write"
)


def check_secrets_file(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    notice = known_configuration().notice
    return [Warning(notice, hint=NO_FILE_HINT, id="django_multi_oidc.W001")] if notice else []


def check_secrets_file_deployed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    notice = known_configuration().notice
    return [Error(notice, hint=NO_FILE_HINT, id="django_multi_oidc.E002")] if notice else []


def check_plain_http(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Also on loopback: a deployed site that logs in at a development provider lets anybody in."""
    settings = known_configuration()
    places = {"[auth] redirect_uri": settings.redirect_uri} | {
        f"server_metadata_url of the provider {quoted(name)}": provider.server_metadata_url
        for name, provider in settings.providers.items()
    }
    return [
        Error(
            f"{settings.source}: {place} is plain http.",
            hint="A deployed site needs https:// there.",
            id="django_multi_oidc.E003",
        )
        for place, url in places.items()
        if urlsplit(url).scheme == "http"
    ]


def check_permissions(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """POSIX alone: elsewhere a mode does not say who may read. A group may: the site's user has one."""
    if os.name != "posix":
        return []
    return [
        Warning(
            f"{shown(path)} can be read by every user of the machine.",
            hint=f'{PERMISSIONS_HINT}\nchmod 640 "{path.absolute()}"',
            id="django_multi_oidc.W005",
        )
        for path in known_configuration().files
        if _is_readable_by_others(path)
    ]


PERMISSIONS_HINT = (
    "It holds secrets. Mode 600 where the site's user owns it, 640 where one of that user's groups does:"
)


def _is_readable_by_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False  # removed since it was read


def check_cookie_secret(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """No hole by itself, since keys are derived per purpose: a warning, and never a reason to stop."""
    settings = known_configuration()
    if not settings.cookie_secrets or conf.SECRET_KEY not in settings.cookie_secrets:
        return []
    return [
        Warning(
            f"{settings.source}: [auth] cookie_secret is Django's SECRET_KEY.",
            hint="Give it a value of its own: then one can be changed, or become known, without the other.",
            id="django_multi_oidc.W004",
        )
    ]
