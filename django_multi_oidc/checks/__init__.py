"""System checks. docs/checks.md has every id, what it means and how to mend it.

No check reads from the network or imports the backend class: they run at every management command.
"""

from __future__ import annotations

from django.core import checks
from django.core.checks import Tags

from .gates import check_gates, check_public_page_after_logout
from .project import (
    check_apps,
    check_backends,
    check_cache_middleware,
    check_middleware,
    check_templates,
)
from .rules import check_rule_functions, check_rules_that_never_match
from .secrets_file import (
    check_configuration,
    check_cookie_secret,
    check_permissions,
    check_plain_http,
    check_secrets_file,
    check_secrets_file_deployed,
)
from .setting_values import check_revocation_cache, check_settings
from .site_urls import check_callback, check_login_url, check_redirects


def register_checks() -> None:
    """Called by the app's ``ready``."""
    for check in (
        check_configuration,
        check_secrets_file,
        check_cookie_secret,
        check_rule_functions,
        check_rules_that_never_match,
    ):
        checks.register(check, Tags.security)
    for check in (
        check_callback,
        check_login_url,
        check_redirects,
        check_gates,
        check_public_page_after_logout,
    ):
        checks.register(check, Tags.urls)
    for check in (
        check_middleware,
        check_cache_middleware,
        check_templates,
        check_apps,
        check_settings,
        check_backends,
    ):
        checks.register(check)
    for check in (check_revocation_cache, check_secrets_file_deployed, check_plain_http, check_permissions):
        checks.register(check, Tags.security, deploy=True)
