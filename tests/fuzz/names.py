"""The targets by name, for who only wants to start them: without Django, and before atheris instruments the package."""

NAMES = (
    "cookie_header",
    "login_state",
    "callback_query",
    "callback",
    "login",
    "next",
    "id_token",
    "signed_payload",
    "signed_header",
    "keys",
    "json",
    "discovery",
    "cache_control",
    "claims",
    "rules",
    "toml",
)
