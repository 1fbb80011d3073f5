from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from django_multi_oidc import callback
from django_multi_oidc.exceptions import AuthorizationRefused, CallbackMalformed, LoginError

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
    assert not [
        name for name, value in request.META.items() if "the-code" in str(value) or "the-state" in str(value)
    ]


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
    with pytest.raises(CallbackMalformed, match="a parameter stands in it twice"):
        callback.take(request)
    assert dict(request.GET) == {}


def test_an_error_code_out_of_any_standard_is_not_repeated(rf):  # L7, S7
    answer = callback.take(rf.get("/oauth2callback?error=%0AERROR+forged+line"))
    with pytest.raises(AuthorizationRefused) as caught:
        answer.raise_error()
    assert caught.value.detail == "the provider answered an error code out of any standard"


def test_a_provider_that_knows_no_prompt_gets_the_mend(rf):  # L7
    answer = callback.take(rf.get("/oauth2callback?error=invalid_request"))
    with pytest.raises(AuthorizationRefused) as caught:
        answer.raise_error()
    mend = 'a provider that knows no prompt wants client_kwargs = { prompt = "" }'
    assert caught.value.detail == f"the provider answered invalid_request; {mend}"


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(st.characters(max_codepoint=127)) | st.text("statecoderror=&%+0", max_size=40))
def test_any_query_is_an_answer_or_an_error_of_ours(rf, query):  # L7
    request = rf.get("/oauth2callback", QUERY_STRING=query)
    with contextlib.suppress(LoginError):
        callback.take(request).raise_error()
    assert request.META["QUERY_STRING"] == ""
