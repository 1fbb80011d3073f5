"""An independent client, Authlib with joserfc, logs in: our two halves cannot agree on a mistake."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken, UserInfo
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwt
from joserfc.jwk import KeySet

from django_multi_oidc.dev_provider.realm import Realm
from django_multi_oidc.dev_provider.server import DevProvider
from tests.dev_provider.browser import REDIRECT_URI, Browser

ORGANISATIONS = ["alpha", "beta"]
METHODS = ["client_secret_basic", "client_secret_post"]


def discover(realm: Realm) -> dict[str, Any]:
    """The discovery document, checked by Authlib as if it were served over https."""
    answer = requests.get(realm.metadata_url, timeout=5)
    OpenIDProviderMetadata(json.loads(answer.text.replace("http:", "https:"))).validate()
    assert answer.json()["issuer"] == realm.issuer
    return answer.json()


def client_of(realm: Realm, method: str = "client_secret_basic") -> OAuth2Session:
    return OAuth2Session(
        realm.client_id,
        realm.client_secret,
        redirect_uri=REDIRECT_URI,
        scope="openid profile email groups",
        token_endpoint_auth_method=method,
        code_challenge_method="S256",
    )


def callback_url(client: OAuth2Session, metadata: dict[str, Any], **parameters: str) -> tuple[str, str, str]:
    """What the browser is sent back to, with the state and the verifier of this login."""
    verifier = secrets.token_urlsafe(48)
    url, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, **parameters
    )
    with Browser() as browser:
        return browser.get(url, allow_redirects=False).headers["Location"], state, verifier


def validated(id_token: str, metadata: dict[str, Any], **expected: str) -> CodeIDToken:
    """The ID token under OpenID Connect Core 1.0 section 3.1.3.7, by Authlib's rules and joserfc's keys."""
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=5).json())
    token = jwt.decode(id_token, keys, algorithms=metadata["id_token_signing_alg_values_supported"])
    options = {
        "iss": {"essential": True, "value": metadata["issuer"]},
        "aud": {"essential": True, "value": expected["client_id"]},
        "auth_time": {"essential": True},
        "at_hash": {"essential": True},
    }
    claims = CodeIDToken(token.claims, token.header, options=options, params=expected)
    claims.validate()
    return claims


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ORGANISATIONS)
def test_authlib_logs_in(provider: DevProvider, name: str, method: str) -> None:  # D8
    provider.auto_login("pat")
    realm = provider.organisations[name]
    metadata = discover(realm)
    with client_of(realm, method) as client:
        url, state, verifier = callback_url(client, metadata, nonce="n-0S6", prompt="select_account")
        token = client.fetch_token(
            metadata["token_endpoint"], authorization_response=url, state=state, code_verifier=verifier
        )
        claims = validated(
            token["id_token"],
            metadata,
            client_id=realm.client_id,
            nonce="n-0S6",
            access_token=token["access_token"],
        )
        userinfo = UserInfo(client.get(metadata["userinfo_endpoint"]).json())
    assert claims.header["alg"] == realm.organisation.algorithm
    assert userinfo["sub"] == claims["sub"] == "pat"
    assert userinfo["email"] == f"pat@{name}.example"
    assert userinfo["groups"] == ["admins", "staff"]
    assert token["scope"] == "openid profile email groups"


def test_authlib_is_refused_with_another_verifier(provider: DevProvider, beta: Realm) -> None:  # D8
    provider.auto_login("kim")
    metadata = discover(beta)
    with client_of(beta) as client:
        url, state, _ = callback_url(client, metadata)
        with pytest.raises(OAuthError) as caught:
            client.fetch_token(
                metadata["token_endpoint"],
                authorization_response=url,
                state=state,
                code_verifier=secrets.token_urlsafe(48),
            )
    assert caught.value.error == "invalid_grant"
