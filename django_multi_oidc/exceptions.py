"""The error tree: what went wrong, at which stage, and who can mend it."""

from __future__ import annotations

from typing import ClassVar, Literal

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Stage = Literal["configuration", "discovery", "authorization", "callback", "token", "userinfo", "cookie"]
Mender = Literal["visitor", "site", "provider"]


class OIDCError(Exception):
    """Everything this package raises on purpose."""


class ConfigurationError(OIDCError, ImproperlyConfigured):
    """The secrets file, or a setting of ours, is wrong; the text names every mistake at once."""


class LoginError(OIDCError):
    """A login that ends on the error page.

    ``detail`` is for the log and names what was met; it never holds a secret, token, code or claim.
    ``message`` is what the visitor reads. ``provider_says`` is the provider's own text for the
    visitor (``error_description``): shown, escaped and cut, and never logged.
    """

    code: ClassVar[str] = "login_failed"
    status: ClassVar[int] = 400
    mender: ClassVar[Mender] = "visitor"
    message: ClassVar[str | Promise] = _("The login did not succeed.")
    stage: Stage = "callback"

    def __init__(self, detail: str = "", *, stage: Stage | None = None, provider_says: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.provider_says = provider_says
        if stage is not None:
            self.stage = stage

    def hide(self, *secrets: str) -> None:
        """Take out of ``detail`` what of these stands in it: a hostile provider may send them as anything we quote."""
        for secret in secrets:
            if len(secret) > 4:
                self.detail = self.detail.replace(secret, "…")
        self.args = (self.detail,)

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


# What the browser brought: 400, 403, 404.


class UnknownProvider(LoginError):
    """The URL names a provider that the secrets file does not have."""

    code, status, stage = "unknown_provider", 404, "authorization"
    message = _("This site has no such login provider.")


class NotANavigation(LoginError):
    """A prefetch or a subresource request; only a person going to the page starts a login."""

    code, status, stage = "not_a_navigation", 403, "authorization"
    message = _("A login starts when you open this page yourself.")


class CallbackMalformed(LoginError):
    """The callback lacks a parameter, or has one twice (RFC 6749 section 3.1)."""

    code = "callback_malformed"
    message = _("The answer that your browser brought from the login provider is incomplete.")


class StateUnknown(LoginError):
    """No login under way in this browser has the callback's ``state`` (RFC 9700 section 4.7)."""

    code = "state_unknown"
    message = _(
        "This login was not begun in this browser, or it is already over. "
        "If it keeps happening, check that your browser accepts cookies."
    )


class StateExpired(LoginError):
    """The login took longer than ten minutes."""

    code = "state_expired"
    message = _("This login took too long, so it was called off.")


class CookiesFull(LoginError):
    """No room for a login's own cookie in the header that web servers take (RFC 6585 section 5)."""

    code, status, stage = "cookies_full", 431, "authorization"
    message = _(
        "Your browser keeps so many cookies for this site that a login does not fit beside them. "
        "Log out or delete this site's cookies, then try again."
    )


class StateSpent(LoginError):
    """The callback of a login that is already over."""

    code = "state_spent"
    message = _("This login is already over. Start a new one.")


class IssuerMismatch(LoginError):
    """The callback's ``iss`` is not the issuer whom the login was begun with (RFC 9207 section 2.4)."""

    code = "issuer_mismatch"
    message = _("The answer came from another login provider than the one asked.")


class CallbackMismatch(IssuerMismatch):
    """A provider with a callback of its own was answered at another one, or the reverse (RFC 9700 section 4.4.2)."""

    code = "callback_mismatch"


class LoginDenied(LoginError):
    """The person, or the provider's policy, said no (OpenID Connect Core 1.0 section 3.1.2.6)."""

    code, status = "login_denied", 403
    message = _("The login was cancelled or refused at the login provider.")


class AccountNotAllowed(LoginError):
    """The provider vouches for the account, and the site's ``allow`` rule does not let it in."""

    code, status = "account_not_allowed", 403
    message = _("This account may not log in here.")

    def __init__(self, detail: str, *, account: str) -> None:
        super().__init__(detail)
        self.account = account  # for the page, which may name its own visitor's account; never for the log


NO_DETAIL = "the site's own code said no"


class LoginRefused(LoginError):
    """For the project's own code to raise at a login (``MULTI_OIDC_ON_LOGIN``, or a receiver of `oidc_logging_in`).

    The person reads ``message``, escaped.
    """

    code, status = "login_refused", 403
    message = _("This site does not let you log in.")

    def __init__(self, message: str | Promise = "") -> None:
        super().__init__(NO_DETAIL)
        self.own_message = message  # for the page alone: it may name a person
        self.account = ""


class OnLoginFailed(LoginError):
    """The project's own code failed at a login: ``MULTI_OIDC_ON_LOGIN``, or a receiver of `oidc_logging_in`."""

    code, status, mender = "on_login_failed", 500, "site"
    message = _("Something went wrong on this site when you logged in.")


class RuleFailed(LoginError):
    """A function in the rules of the secrets file did not say yes or no: it raised, or has another answer."""

    code, status, mender = "rule_failed", 500, "site"
    message = _("Something went wrong on this site when it looked up what your account may do.")


# What the provider did, or what its configuration here made it do: 502, 504.


class AuthorizationRefused(LoginError):
    """The provider answered the authorization request with an error that no visitor can mend."""

    code, status, mender = "authorization_refused", 502, "site"
    message = _("The login provider refused the request of this site.")


class ProviderUnavailable(LoginError):
    """The provider could not be reached, or said that it cannot answer now."""

    code, status, mender = "provider_unavailable", 502, "provider"
    message = _("The login provider cannot be reached at the moment.")


class ProviderTimeout(ProviderUnavailable):
    """The provider did not answer in time."""

    code, status = "provider_timeout", 504
    message = _("The login provider did not answer in time.")


class ProviderAnswerInvalid(LoginError):
    """The provider's answer is too large, no JSON, or not of the promised shape."""

    code, status, mender = "provider_answer_invalid", 502, "provider"
    message = _("The login provider gave an answer that makes no sense.")


class DiscoveryInvalid(LoginError):
    """The discovery document contradicts its URL or lacks an endpoint (OpenID Connect Discovery 1.0 section 4)."""

    code, status, mender, stage = "discovery_invalid", 502, "site", "discovery"
    message = _("This site's entry for the login provider does not fit the provider.")


class TokenRequestRefused(LoginError):
    """The token endpoint refused the code (RFC 6749 section 5.2)."""

    code, status, mender, stage = "token_request_refused", 502, "site", "token"
    message = _("The login provider refused to complete the login.")


class IDTokenInvalid(LoginError):
    """The ID token failed a check of OpenID Connect Core 1.0 section 3.1.3.7."""

    code, status, stage = "id_token_invalid", 502, "token"
    mender: ClassVar[Mender] = "provider"
    message = _("The login provider's proof of who you are did not pass the checks of this site.")


class IDTokenAlgorithmRefused(IDTokenInvalid):
    """The ID token is signed in a way that is not accepted here: unsigned, or by a shared secret."""

    code, mender = "id_token_algorithm_refused", "site"


class AuthTimeMissing(IDTokenInvalid):
    """No ``auth_time``, which the provider has to send where ``max_age`` asks for it (Core 1.0 section 2)."""

    code, mender = "auth_time_missing", "site"
    message = _(
        "This site needs to know when you last proved who you are, and the login provider does not tell it."
    )


class LoginNotRecent(IDTokenInvalid):
    """The provider has let the person in by an older proof than ``max_age`` allows (Core 1.0 section 3.1.2.1)."""

    code, mender = "login_not_recent", "visitor"
    message = _("This site asked for a fresh login, and the login provider has let you in by an older one.")


class UserinfoInvalid(LoginError):
    """The UserInfo answer is broken or about somebody else (OpenID Connect Core 1.0 section 5.3.2)."""

    code, status, mender, stage = "userinfo_invalid", 502, "provider", "userinfo"
    message = _("The login provider's details about you did not pass the checks of this site.")


class LoginEnded(LoginError):
    """While the login was under way, somebody ended the person's logins (Back-Channel Logout 1.0, or an admin here)."""

    code, status, stage = "login_ended", 403, "cookie"
    message = _("This login was ended before it was complete. If that was not you, try again.")


class RevocationUnknown(LoginError):
    """With ``revocation = true``: the cache cannot say whether a login was ended."""

    code, status, mender, stage = "revocation_unknown", 503, "site", "cookie"
    message = _("This site cannot check at the moment whether a login is still good.")


class IdentityTooLarge(LoginError):
    """The claims do not fit into the cookies that browsers keep and web servers take (RFC 6265 section 6.1)."""

    code, status, mender, stage = "identity_too_large", 502, "site", "cookie"
    message = _("The login provider says more about you than this site can keep.")
