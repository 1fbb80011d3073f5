"""S7: no code, state, token, secret, verifier, cookie or claim in a log record, an error mail or a repr."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.core import mail
from django.test import AsyncClient, Client

from django_multi_oidc.exceptions import RuleFailed
from django_multi_oidc.providers import configuration
from django_multi_oidc.signals import oidc_revoked
from tests.conftest import COOKIE_SECRET
from tests.flow import parameters
from tests.secrecy import assert_untold, everything_told, mailed
from tests.settings import TEMPLATES

pytestmark = pytest.mark.usefixtures("live_secrets")


@pytest.fixture
def records():
    with everything_told() as records:
        yield records


def secrets_of(visitor, back, op):
    """Everything of one login that must not be told."""
    sent = parameters(f"http://localhost{back}")
    known = {sent["state"], sent["code"], COOKIE_SECRET, op.organisations["alpha"].client_secret}
    known |= {value for name, value in visitor.cookies.items() if name.startswith("multi_oidc")}
    return known | {"pat@alpha.example", "Pat Admin"}


def test_every_flow_is_logged_without_a_secret(visitor, op, records):
    known = set()
    for path in ("/oidc/login/alpha/", "/oidc/login/beta/"):
        back = visitor.at_provider(visitor.begin(path))
        visitor.get(back)
        known |= secrets_of(visitor, back, op)
        visitor.get(back)
        visitor.get(back.replace("code=", "code=x"))
        visitor.get("/admins/")
        visitor.client.cookies["multi_oidc_auth"] = visitor.cookies["multi_oidc_auth"] + "x"
        visitor.user()
    op.deny_next_login()
    visitor.log_in()
    back = visitor.at_provider(visitor.begin())
    known |= secrets_of(visitor, back, op)
    op.go_down()
    visitor.get(back)
    op.come_back()
    back = visitor.at_provider(visitor.begin())
    visitor.get(back.replace("code=", "code=x"))
    known |= secrets_of(visitor, back, op)
    visitor.client.post("/oidc/logout/")
    ours = [line for line in records.lines if line.startswith("django_multi_oidc")]
    assert len(ours) >= 5
    assert_untold("\n".join(records.lines), known)


@pytest.mark.parametrize("broken", ["tests.broken_sessions", "tests.broken.BrokenBackend"])
def test_an_exception_in_the_callback_is_mailed_without_a_secret(visitor, op, settings, records, broken):
    visitor.client.raise_request_exception = False
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    visitor.get("/write-session/?note=x")
    back = visitor.at_provider(visitor.begin("/oidc/login/alpha/?next=/members/"))
    known = secrets_of(visitor, back, op)
    if broken == "tests.broken_sessions":
        settings.SESSION_ENGINE = broken
    else:
        settings.MULTI_OIDC_BACKEND = broken
    visitor.client.handler.load_middleware()  # which keeps the session engine of its first request
    assert visitor.get(back).status_code == 500
    assert mail.outbox
    for message in mail.outbox:
        assert "oauth2callback" in message.body
        assert "Traceback" in message.body
    assert_untold("\n".join(mailed()), known)
    assert_untold("\n".join(records.lines), known)


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("callback", ["/oauth2callback", "/oauth2callback/alpha"])
def test_a_failure_before_our_view_is_mailed_without_a_secret(visitor, op, settings, callback):
    back = visitor.at_provider(visitor.begin()).replace("/oauth2callback", callback)
    settings.CACHES = {"default": {"BACKEND": "tests.broken.BrokenCache"}}
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    visitor.client.raise_request_exception = False
    visitor.client.handler.load_middleware()
    assert visitor.get(back).status_code == 500
    message = mail.outbox[0]
    assert "in process_request" in message.body
    assert "oauth2callback" in message.body
    assert_untold("\n".join(mailed()), secrets_of(visitor, back, op))


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("urlconf", ["tests.urls", "tests.broken"])
def test_an_error_mail_of_another_page_tells_all_that_django_tells(visitor, settings, urlconf):
    settings.ROOT_URLCONF = urlconf
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.broken.broken_middleware"]
    visitor.client.raise_request_exception = False
    visitor.client.handler.load_middleware()
    assert visitor.get("/search/?q=what-was-asked").status_code == 500
    message = mail.outbox[0]
    assert "what-was-asked" in message.body


# Functions and templates of the project's own, on pages that it may see and ours.


@pytest.fixture(params=["sync", "async"])
def told_of(request, visitor, op, settings, live_secrets, records):
    """What Django's mails and all logs say of a page that fails, asked for by Pat; and what may not be in them."""
    back = visitor.at_provider(visitor.begin())
    visitor.get(back)
    known = secrets_of(visitor, back, op) | {"PAT@ALPHA.EXAMPLE"}
    mail.outbox.clear()

    def failing(path, templates=settings.TEMPLATES, **table):
        live_secrets["alpha"] |= table
        settings.MULTI_OIDC_SECRETS, settings.TEMPLATES = {"auth": live_secrets}, templates
        cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        client = (Client if request.param == "sync" else AsyncClient)(raise_request_exception=False)
        get = client.get if request.param == "sync" else async_to_sync(client.get)
        response = get(path.replace("MODE", request.param), headers={"cookie": cookie})
        assert response.status_code == 500
        assert mail.outbox
        return "\n".join([*mailed(), *records.lines]), known

    return failing


BROKEN_ON_EVERY_PAGE = [
    {**engine, "OPTIONS": {"context_processors": ["tests.broken.broken_context"]}} for engine in TEMPLATES
]
FAILS = {"function": "tests.site.fails"}


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("/MODE/admin/", {"admins": FAILS}),
        ("/MODE/admin-class/", {"admins": FAILS}),
        ("/template-of/?if=request.oidc_user.is_admin", {"admins": FAILS}),
        ("/template-of/?if=not request.oidc_user.is_admin", {"admins": FAILS}),
        ("/template-of/?if=request.oidc_user.roles", {"roles": {"editor": FAILS}}),
        ("/why/", {"admins": FAILS}),
        ("/MODE/login/", {"allow": FAILS}),
        ("/ask/", {"allow": FAILS}),
        ("/aask/", {"allow": FAILS}),
    ],
)
@pytest.mark.parametrize("function", ["tests.site.fails", "tests.broken.looks_up"])
def test_a_rule_that_fails_is_mailed_without_a_claim(told_of, path, table, function):  # A2
    text, known = told_of(path, **{key: replaced(value, function) for key, value in table.items()})
    assert "RuleFailed" in text
    assert_untold(text, known)


def replaced(table, function):
    return {key: {"function": function} if key == "editor" else function for key in table}


def test_a_developer_is_shown_what_went_wrong(visitor, settings, live_secrets):  # A2
    visitor.log_in()
    settings.DEBUG = True
    live_secrets["alpha"]["admins"] = {"function": "tests.broken.looks_up"}
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    with pytest.raises(RuleFailed) as caught:
        visitor.get("/admins/")
    assert repr(caught.value.__cause__) == "KeyError('pat@alpha.example')"


@pytest.mark.parametrize(
    "name", ["{{ account|broken }}", "{% with a=account|lower %}{{ a|broken }}{% endwith %}"]
)
@pytest.mark.parametrize("path", ["/MODE/role/", "/MODE/role-class/"])
def test_nor_by_a_template_that_makes_another_string_of_it(told_of, name, path):  # A1
    loaders = [("django.template.loaders.locmem.Loader", {"django_multi_oidc/forbidden.html": name})]
    options = {"loaders": loaders, "builtins": ["tests.broken"]}
    templates = [{**engine, "APP_DIRS": False, "OPTIONS": options} for engine in TEMPLATES]
    text, known = told_of(path, templates=templates, roles={"editor": ["kim@beta.example"]})
    assert "a mistake in a filter" in text
    assert_untold(text, known)


@pytest.mark.parametrize("path", ["/leave-everywhere/", "/aleave-everywhere/", "/end-me/"])
def test_a_receiver_that_fails_is_mailed_without_a_subject(
    visitor, op, live_secrets, settings, records, path
):  # O4
    live_secrets["revocation"] = True
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    back = visitor.at_provider(visitor.begin())
    visitor.get(back)
    known = secrets_of(visitor, back, op)

    def receiver(sub, **kwargs):
        raise ZeroDivisionError

    oidc_revoked.connect(receiver)
    try:
        visitor.get(path)
    finally:
        oidc_revoked.disconnect(receiver)
    text = "\n".join([*mailed(), *records.lines])
    assert "ZeroDivisionError" in text
    assert "&#x27;pat&#x27;" not in text
    assert_untold(text, known)


@pytest.mark.parametrize("path", ["/MODE/role/", "/MODE/role-class/"])
def test_a_403_page_that_fails_is_mailed_without_an_account(told_of, path):  # A1
    text, known = told_of(path, templates=BROKEN_ON_EVERY_PAGE, roles={"editor": ["kim@beta.example"]})
    assert "a mistake on every page" in text
    assert_untold(text, known)


@pytest.mark.parametrize("refused", ["by the rule", "by the site"])
def test_a_refusal_whose_page_fails_is_mailed_without_an_account(
    visitor, op, settings, live_secrets, records, refused
):
    back = visitor.at_provider(visitor.begin())
    if refused == "by the rule":
        live_secrets["alpha"]["allow"] = ["kim@beta.example"]
        settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    else:
        settings.MULTI_OIDC_ON_LOGIN = "tests.broken.refuse_by_name"
    settings.TEMPLATES = BROKEN_ON_EVERY_PAGE
    visitor.client.raise_request_exception = False
    assert visitor.get(back).status_code == 500
    text = "\n".join([*mailed(), *records.lines])
    assert "a mistake on every page" in text
    assert_untold(text, secrets_of(visitor, back, op))


def test_a_rule_that_fails_at_the_login_is_logged_without_a_claim(
    visitor, op, live_secrets, settings, records
):
    back = visitor.at_provider(visitor.begin())
    known = secrets_of(visitor, back, op) | {"PAT@ALPHA.EXAMPLE"}
    live_secrets["alpha"]["allow"] = {"function": "tests.broken.looks_up"}
    settings.MULTI_OIDC_SECRETS = {"auth": live_secrets}
    assert visitor.get(back).status_code == 500
    text = "\n".join([*mailed(), *records.lines])
    assert "rule_failed" in text
    assert_untold(text, known)


def test_reprs_hold_no_secret():
    for thing in (configuration(), *configuration().providers.values()):
        assert COOKIE_SECRET not in repr(thing)
        assert "secret" not in repr(thing).replace("cookie_secret", "").replace("client_secret_", "")
