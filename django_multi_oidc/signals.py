"""What other code may listen to. A receiver that fails is logged and stops nobody's login."""

from __future__ import annotations

from django.dispatch import Signal

# sender: the provider's name; request, user (an OIDCUser).
oidc_logged_in = Signal()
# sender: the provider's name, empty when it is not known; request, error (a LoginError), reference.
oidc_login_failed = Signal()
# sender: the provider's name; request, user (the OIDCUser that was).
oidc_logged_out = Signal()
# sender: the provider's name; sub, sid, email (of these, what is known, else empty), everybody (of the provider).
oidc_revoked = Signal()
