from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from django_multi_oidc import callback
from django_multi_oidc.exceptions import (
    AuthorizationRefused,
    CallbackMalformed,
    LoginDenied,
    LoginError,
    ProviderUnavailable,
)

QUERY = "state=the-state&code=the-code&iss=http%3A%2F%2Fop&error_description=said"


def test_parameters_are_taken_out_of_the_request(rf):  # S7
    request = rf.get(
        f"/oauth2callback?{QUERY}", RAW_URI=f"/oauth2callback?{QUERY}", REQUEST_URI=f"/x?{QUERY}"
    )
    answer = callback.take(request)
    assert (answer.state, answer.code, answer.iss, answer.error) == ("the-state", "the-code", "http://op", "")
    assert dict(request.GET) == {}
    assert request.get_full_path() == "/oauth2callback"
    assert request.META["RAW_URI"] == "/oauth2callback"
    assert request.META["REQUEST_URI"] == "/x"
    assert not [
        name for name, value in request.META.items() if "the-code" in str(value) or "the-state" in str(value)
    ]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Referer", "http://op/authorize?state=the-state&nonce=x"),
        ("X-Original-URI", f"/oauth2callback?{QUERY.replace('-', '%2D')}"),
        ("X-Original-URL", f"/oauth2callback?{QUERY.replace('-', '%2D')}"),
        ("X-Forwarded-URI", f"/oauth2callback?{QUERY.replace('-', '%2D')}"),
        ("X-Rewrite-URL", f"/oauth2callback?{QUERY.replace('-', '%2D')}"),
    ],
)
def test_headers_that_say_it_once_more(rf, header, value):  # S7
    request = rf.get(f"/oauth2callback?{QUERY}", headers={header: value})
    callback.take(request)
    assert request.META[f"HTTP_{header.upper().replace('-', '_')}"] == value.partition("?")[0]


@pytest.mark.parametrize("text", ["http://op/x?{}", "{}", 'path="/x?{}"; proto=http'])
def test_any_variable_that_says_it_once_more(rf, text):  # S7
    request = rf.get(f"/oauth2callback?{QUERY}", REDIRECT_QUERY_STRING=text.format(QUERY))
    callback.take(request)
    assert request.META["REDIRECT_QUERY_STRING"] == text.format("")


@pytest.mark.parametrize(("length", "kept"), [(42, True), (43, False)])
def test_a_query_shorter_than_any_state_is_nothing_of_a_login(rf, length, kept):  # S7
    query = f"state={'x' * (length - 6)}"
    request = rf.get(f"/oauth2callback?{query}", REDIRECT_QUERY_STRING=query)
    callback.take(request)
    assert request.META["REDIRECT_QUERY_STRING"] == (query if kept else "")


@pytest.mark.parametrize("query", ["2", "http", "=", "localhost", ""])
def test_nothing_else_of_the_request_changes(
    rf, query
):  # S7: who is told of the failure sees the true address
    request = rf.get("/", REMOTE_ADDR="10.20.0.2", headers={"X-Forwarded-For": "10.20.0.2", "cookie": "a=b"})
    before = dict(request.META)
    request.META["QUERY_STRING"] = query
    callback.take(request)
    assert {**before, "QUERY_STRING": ""} == request.META


def test_its_repr_holds_no_parameter(rf):  # S7
    answer = callback.take(rf.get(f"/oauth2callback?{QUERY}"))
    assert repr(answer) == "Answer(iss='http://op', error='')"


def test_an_absent_parameter_is_empty(rf):
    answer = callback.take(rf.get("/oauth2callback"))
    assert (answer.state, answer.code, answer.iss, answer.error, answer.error_description) == (
        "",
        "",
        None,
        "",
        "",
    )
    answer.raise_error()


@pytest.mark.parametrize("name", ["state", "code", "iss", "error", "session_state"])
def test_no_parameter_stands_twice(rf, name):  # S2: RFC 6749 section 3.1
    request = rf.get(f"/oauth2callback?{name}=a&{name}=b")
    with pytest.raises(CallbackMalformed, match=r"^callback_malformed: a parameter stands in it twice$"):
        callback.take(request)
    assert dict(request.GET) == {}


def error_of(rf, error, description=""):
    answer = callback.take(rf.get("/oauth2callback", {"error": error, "error_description": description}))
    with pytest.raises(LoginError) as caught:
        answer.raise_error()
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("access_denied", LoginDenied),
        ("account_selection_required", LoginDenied),
        ("consent_required", LoginDenied),
        ("interaction_required", LoginDenied),
        ("login_required", LoginDenied),
        ("server_error", ProviderUnavailable),
        ("temporarily_unavailable", ProviderUnavailable),
        ("invalid_scope", AuthorizationRefused),
        ("unauthorized_client", AuthorizationRefused),
        ("x" * 64, AuthorizationRefused),
    ],
)
def test_what_the_provider_answered(rf, error, kind):  # L7
    failure = error_of(rf, error, "the reason")
    assert type(failure) is kind
    assert failure.detail == f"the provider answered {error}"
    assert failure.stage == "authorization"
    assert failure.provider_says == "the reason"


@pytest.mark.parametrize(
    "error", ["\nERROR forged line", "x" * 65, "invalid scope", "ä", "Q2hl", "a__b", "_a"]
)
def test_an_error_code_out_of_any_standard_is_not_repeated(rf, error):  # L7, S7
    failure = error_of(rf, error)
    assert type(failure) is AuthorizationRefused
    assert failure.detail == "the provider answered an error code out of any standard"


def test_a_provider_that_knows_no_prompt_gets_the_mend(rf):  # L7
    mend = 'a provider that knows no prompt wants client_kwargs = { prompt = "" }'
    assert error_of(rf, "invalid_request").detail == f"the provider answered invalid_request; {mend}"


@pytest.mark.parametrize(
    ("description", "shown"),
    [("x" * 200, "x" * 200), ("x" * 201, "x" * 200 + "…"), ("x" * 150, "x" * 150), ("a\n\x1b\u202eb", "ab")],
)
def test_a_description_is_cut_and_printable(rf, description, shown):  # L7
    assert error_of(rf, "access_denied", description).provider_says == shown


def test_an_exception_outside_of_any_request():  # S7: Django's signal may come without one
    callback.forget_after_exception(request=None)


@pytest.mark.parametrize(
    ("path", "kept"), [("/oauth2callback", False), ("/oauth2callback/op", False), ("/a", True), ("/z", True)]
)
def test_what_is_forgotten_after_an_exception(rf, path, kept):  # S7
    request = rf.get(f"{path}?{QUERY}")
    callback.forget_after_exception(request=request)
    assert bool(request.GET) is kept


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(st.characters(max_codepoint=127)) | st.text("statecoderror=&%+0", max_size=40))
def test_any_query_is_an_answer_or_an_error_of_ours(rf, query):  # L7
    request = rf.get("/oauth2callback", QUERY_STRING=query)
    with contextlib.suppress(LoginError):
        callback.take(request).raise_error()
    assert request.META["QUERY_STRING"] == ""
