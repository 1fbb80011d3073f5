from __future__ import annotations

from tests.deployment.peers.common import *  # noqa: F403
from tests.deployment.peers.common import (
    CLIENT_ID,
    CLIENT_SECRET,
    MOVED,
    OP,
    OUR_APPS,
    OUR_BACKENDS,
    OUR_MIDDLEWARE,
    PLAIN_APPS,
    PLAIN_MIDDLEWARE,
)

INSTALLED_APPS = [*PLAIN_APPS, "mozilla_django_oidc", *OUR_APPS]
MIDDLEWARE = [*PLAIN_MIDDLEWARE, *OUR_MIDDLEWARE]
THEIR_BACKENDS = ["mozilla_django_oidc.auth.OIDCAuthenticationBackend"]
AUTHENTICATION_BACKENDS = OUR_BACKENDS if MOVED else THEIR_BACKENDS
OIDC_RP_CLIENT_ID, OIDC_RP_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
OIDC_RP_SIGN_ALGO = "RS256"
OIDC_RP_SCOPES = "openid email"
OIDC_USE_PKCE = True
OIDC_OP_AUTHORIZATION_ENDPOINT = f"{OP}/authorize"
OIDC_OP_TOKEN_ENDPOINT = f"{OP}/token"
OIDC_OP_USER_ENDPOINT = f"{OP}/userinfo"
OIDC_OP_JWKS_ENDPOINT = f"{OP}/jwks"
OIDC_USERNAME_ALGO = "tests.deployment.peers.subjects.user_name"
