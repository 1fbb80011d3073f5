"""What other code may listen to. But for `oidc_logging_in`, a receiver that fails is logged and stops nobody."""

from __future__ import annotations

from django.dispatch import Signal

# sender: the provider's name; request, user (the OIDCUser that is to be). The last word before a login: a receiver
# may raise LoginRefused, and one that fails ends the login.
oidc_logging_in = Signal()
# sender: the provider's name; request, user (an OIDCUser).
oidc_logged_in = Signal()
# sender: the provider's name, empty when it is not known; request, error (a LoginError), reference.
oidc_login_failed = Signal()
# sender: the provider's name; request, user (the OIDCUser that was).
oidc_logged_out = Signal()
# sender: the provider's name; sub, sid, email (of these, what is known, else empty), everybody (of the provider).
oidc_revoked = Signal()
