"""The OpenID Foundation's test modules for relying parties, and why some have no case here.

The names are those that its conformance suite publishes (plans basic, config, form post, implicit, hybrid,
dynamic, refresh token, third-party initiated login, and the logout profiles).
"""

from __future__ import annotations

_P = "oidcc-client-test-"

CODE_FLOW = "The site asks for the code flow alone, where it does not apply."
HYBRID = f"A module of the implicit and hybrid plans. {CODE_FLOW}"
REQUEST_OBJECT = "The site sends its request as plain parameters, not as a request object."
REFRESH = "The site keeps no refresh token; an identity is renewed by logging in again."
FRONTCHANNEL = (
    "Third-party cookies are gone from browsers, and with them what this profile's frames could end."
)
FORM_POST = "The site asks for its answers in the query, and takes them from nowhere else."
REGISTRATION = "A client is registered by hand, with the provider's console."

NOT_APPLICABLE = {
    f"{_P}nonce-unless-code-flow": "The site sends and checks a nonce in the code flow as well: see `nonce-of-another` and `no-nonce`.",
    f"{_P}missing-athash": HYBRID,
    f"{_P}missing-chash": HYBRID,
    f"{_P}invalid-chash": HYBRID,
    f"{_P}userinfo-bearer-body": "The access token goes in a header (RFC 6750 §2.1), which every provider must take.",
    f"{_P}form-post-error": FORM_POST,
    f"{_P}request-uri-signed-none": REQUEST_OBJECT,
    f"{_P}request-uri-signed-rs256": REQUEST_OBJECT,
    f"{_P}refresh-token": REFRESH,
    f"{_P}refresh-token-invalid-issuer": REFRESH,
    f"{_P}refresh-token-invalid-sub": REFRESH,
    f"{_P}refresh-token-invalid-aud": REFRESH,
    f"{_P}refresh-token-invalid-azp": REFRESH,
    f"{_P}discovery-webfinger-acct": "The provider's address stands in the secrets file; nobody types in theirs.",
    f"{_P}discovery-webfinger-url": "The provider's address stands in the secrets file; nobody types in theirs.",
    f"{_P}dynamic-registration": REGISTRATION,
    f"{_P}rp-frontchannel-rpinitlogout": FRONTCHANNEL,
    f"{_P}rp-frontchannel-opinitlogout": FRONTCHANNEL,
    f"{_P}session-management": "Third-party cookies are gone from browsers, and with them the frames of this profile.",
}

# Those that have a case, whose source they are.
WITH_CASES = {
    "oidcc-client-test",
    f"{_P}client-secret-basic",
    f"{_P}nonce-invalid",
    f"{_P}scope-userinfo-claims",
    f"{_P}kid-absent-single-jwks",
    f"{_P}kid-absent-multiple-jwks",
    f"{_P}missing-iat",
    f"{_P}missing-aud",
    f"{_P}missing-sub",
    f"{_P}invalid-aud",
    f"{_P}invalid-iss",
    f"{_P}invalid-athash",
    f"{_P}invalid-sig-rs256",
    f"{_P}invalid-sig-hs256",
    f"{_P}invalid-sig-es256",
    f"{_P}idtoken-sig-none",
    f"{_P}idtoken-sig-rs256",
    f"{_P}userinfo-invalid-sub",
    f"{_P}userinfo-bearer-header",
    f"{_P}userinfo-signed",
    f"{_P}aggregated-claims",
    f"{_P}distributed-claims",
    f"{_P}mtls-endpoint-aliases",
    f"{_P}ignores-unparseable-key-in-jwks",
    f"{_P}discovery-openid-config",
    f"{_P}discovery-jwks-uri-keys",
    f"{_P}discovery-issuer-mismatch",
    f"{_P}signing-key-rotation",
    f"{_P}signing-key-rotation-just-before-signing",
    f"{_P}3rd-party-init-login",
    f"{_P}rp-init-logout",
    f"{_P}rp-init-logout-no-state",
    f"{_P}rp-init-logout-other-state",
    f"{_P}rp-backchannel-rpinitlogout",
    f"{_P}rp-backchannel-rpinitlogout-alg-none",
    f"{_P}rp-backchannel-rpinitlogout-no-event",
    f"{_P}rp-backchannel-rpinitlogout-with-nonce",
    f"{_P}rp-backchannel-rpinitlogout-wrong-alg",
    f"{_P}rp-backchannel-rpinitlogout-wrong-aud",
    f"{_P}rp-backchannel-rpinitlogout-wrong-event",
    f"{_P}rp-backchannel-rpinitlogout-wrong-iss",
}
