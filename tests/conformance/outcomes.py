"""What a visitor of a failed login is told, by hand: the code must not be its own witness."""

from __future__ import annotations

BROKEN = "The answer that your browser brought from the login provider is incomplete."
NOT_BEGUN = "This login was not begun in this browser, or it is already over."
UNREACHABLE = "The login provider cannot be reached at the moment."
NONSENSE = "The login provider gave an answer that makes no sense."
NO_PROOF = "The login provider's proof of who you are did not pass the checks of this site."
ANOTHER = "The answer came from another login provider than the one asked."

# code: status, stage, sentence
_OUTCOMES = {
    "login_failed": (400, "callback", "The login did not succeed."),
    "unknown_provider": (404, "authorization", "This site has no such login provider."),
    "not_a_navigation": (403, "authorization", "A login starts when you open this page yourself."),
    "callback_malformed": (400, "callback", BROKEN),
    "state_unknown": (400, "callback", NOT_BEGUN),
    "cookies_full": (
        431,
        "authorization",
        "Your browser keeps so many cookies for this site that a login does not fit beside them. "
        "Log out or delete this site's cookies, then try again.",
    ),
    "state_expired": (400, "callback", "This login took too long, so it was called off."),
    "state_spent": (400, "callback", "This login is already over. Start a new one."),
    "issuer_mismatch": (400, "callback", ANOTHER),
    "callback_mismatch": (400, "callback", ANOTHER),
    "login_denied": (403, "authorization", "The login was cancelled or refused at the login provider."),
    "account_not_allowed": (403, "callback", "This account may not log in here."),
    "login_refused": (403, "callback", "You left the company in May, Ann & Co."),
    "on_login_failed": (500, "callback", "Something went wrong on this site when you logged in."),
    "rule_failed": (
        500,
        "callback",
        "Something went wrong on this site when it looked up what your account may do.",
    ),
    "authorization_refused": (502, "authorization", "The login provider refused the request of this site."),
    "provider_unavailable": (502, "discovery", UNREACHABLE),
    "provider_timeout": (504, "discovery", "The login provider did not answer in time."),
    "provider_answer_invalid": (502, "discovery", NONSENSE),
    "discovery_invalid": (
        502,
        "discovery",
        "This site's entry for the login provider does not fit the provider.",
    ),
    "token_request_refused": (502, "token", "The login provider refused to complete the login."),
    "id_token_invalid": (502, "token", NO_PROOF),
    "id_token_algorithm_refused": (502, "token", NO_PROOF),
    "auth_time_missing": (
        502,
        "token",
        "This site needs to know when you last proved who you are, and the login provider does not tell it.",
    ),
    "login_not_recent": (
        502,
        "token",
        "This site asked for a fresh login, and the login provider has let you in by an older one.",
    ),
    "userinfo_invalid": (
        502,
        "userinfo",
        "The login provider's details about you did not pass the checks of this site.",
    ),
    "login_ended": (
        403,
        "cookie",
        "This login was ended before it was complete. If that was not you, try again.",
    ),
    "revocation_unknown": (
        503,
        "cookie",
        "This site cannot check at the moment whether a login is still good.",
    ),
    "identity_too_large": (502, "cookie", "The login provider says more about you than this site can keep."),
}
STATUSES = {code: status for code, (status, _, _) in _OUTCOMES.items()}
STAGES = {code: stage for code, (_, stage, _) in _OUTCOMES.items()}
PAGES = {code: sentence for code, (_, _, sentence) in _OUTCOMES.items()}
