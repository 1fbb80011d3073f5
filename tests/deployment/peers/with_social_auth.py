from __future__ import annotations

import os

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

INSTALLED_APPS = [*PLAIN_APPS, "social_django", *OUR_APPS]
MIDDLEWARE = [*PLAIN_MIDDLEWARE, *OUR_MIDDLEWARE]
THEIR_BACKENDS = ["social_core.backends.open_id_connect.OpenIdConnectAuth"]
AUTHENTICATION_BACKENDS = OUR_BACKENDS if MOVED else THEIR_BACKENDS
SOCIAL_AUTH_OIDC_OIDC_ENDPOINT = OP
SOCIAL_AUTH_OIDC_KEY, SOCIAL_AUTH_OIDC_SECRET = CLIENT_ID, CLIENT_SECRET
SOCIAL_AUTH_OIDC_USE_PKCE = True
SOCIAL_AUTH_OIDC_ID_KEY = os.environ.get("PEERS_ID_KEY", "")
