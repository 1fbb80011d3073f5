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

INSTALLED_APPS = [
    *PLAIN_APPS,
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    *OUR_APPS,
]
MIDDLEWARE = [*PLAIN_MIDDLEWARE, "allauth.account.middleware.AccountMiddleware", *OUR_MIDDLEWARE]
THEIR_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTHENTICATION_BACKENDS = OUR_BACKENDS if MOVED else THEIR_BACKENDS
ACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "company",
                "name": "Company",
                "client_id": CLIENT_ID,
                "secret": CLIENT_SECRET,
                "settings": {"server_url": OP},
            }
        ],
    }
}
