"""L2: parameters for one login, signed."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc import login_params, signing
from django_multi_oidc.login_params import LoginParams, checked
from django_multi_oidc.providers.keys import KNOWN_KEYS, OWN_PARAMS

pytestmark = pytest.mark.usefixtures("secrets")


def of(rf, text):
    return login_params.of(rf.get("/", {"params": text}))


def test_what_was_signed_is_read(rf):  # L2
    text = login_params.signed({"prompt": "login", "max_age": "300"}, ["alpha"])
    asked = of(rf, text)
    assert asked == LoginParams({"prompt": "login", "max_age": "300"}, ("alpha",))
    assert asked.max_age == 300


@pytest.mark.parametrize("text", ["", "nonsense", "a:b:c", "é", "\0"])
def test_what_nobody_signed_counts_for_nothing(rf, text):  # L2
    assert of(rf, text) == LoginParams()


def test_what_was_signed_for_something_else_counts_for_nothing(rf):  # L2
    assert of(rf, signing.dumps([{"prompt": "none"}, []], "refusal")) == LoginParams()


def test_after_a_day_it_counts_for_nothing(rf, time_machine):  # L2
    time_machine.move_to(1_800_000_000, tick=False)
    text = login_params.signed({"prompt": "login"}, [])
    time_machine.move_to(1_800_000_000 + 24 * 60 * 60, tick=False)
    assert of(rf, text).params == {"prompt": "login"}
    time_machine.move_to(1_800_000_000 + 24 * 60 * 60 + 1, tick=False)
    assert of(rf, text) == LoginParams()


def test_a_parameter_that_is_none_was_not_given():  # L2
    assert checked({"max_age": ""}) == {"max_age": ""}
    assert checked({"max_age": 10**9 - 1}) == {"max_age": "999999999"}
    assert checked({"prompt": None, "login_hint": "", "max_age": 0, "hd": "example.org"}) == {
        "login_hint": "",
        "max_age": "0",
        "hd": "example.org",
    }


@pytest.mark.parametrize("name", OWN_PARAMS)
def test_what_the_login_sets_itself_is_refused(name):  # L2
    with pytest.raises(TypeError) as caught:
        checked({name: "x"})
    assert str(caught.value) == (
        f"login(): {name!r} is set by the login itself, as are state, nonce, code_challenge, "
        "code_challenge_method, client_id, redirect_uri, response_type, response_mode, request, request_uri"
    )


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (
            {"scope": "openid"},
            TypeError,
            "login(): 'scope' belongs into the client_kwargs of the provider, for all its logins",
        ),
        (
            {"claims": "{}"},
            TypeError,
            "login(): 'claims' belongs into the client_kwargs of the provider, for all its logins",
        ),
        ({"hd": True}, TypeError, "login(): 'hd' is a string or a whole number, not of type bool"),
        ({"max_age": 1.5}, TypeError, "login(): 'max_age' is a string or a whole number, not of type float"),
        ({"max_age": -1}, ValueError, "login(): max_age is a number of seconds, not -1"),
        ({"max_age": "soon"}, ValueError, "login(): max_age is a number of seconds, not 'soon'"),
        ({"max_age": "٣"}, ValueError, "login(): max_age is a number of seconds, not '٣'"),
        ({"max_age": 10**9}, ValueError, "login(): max_age is a number of seconds, not 1000000000"),
        ({"max_age": 10**10}, ValueError, "login(): max_age is a number of seconds, not 10000000000"),
        ({"login_hint": "a\nb"}, ValueError, "login(): 'login_hint' has a character that cannot be printed"),
    ],
)
def test_what_no_login_can_ask_for_says_so(params, error, message):  # L2
    with pytest.raises(error) as caught:
        checked(params)
    assert str(caught.value) == message


@pytest.mark.parametrize("value", ["", "x", 1])
@pytest.mark.parametrize("name", sorted({*KNOWN_KEYS} - {*OWN_PARAMS, "claims"}))
def test_a_key_of_the_secrets_file_is_no_parameter(name, value):  # S7: a client_secret would stand in URLs
    with pytest.raises(TypeError) as caught:
        checked({name: value})
    assert str(caught.value) == (
        f"login(): {name!r} is a key of the secrets file, and no parameter of a request"
    )


@pytest.mark.parametrize("name", ["", "a b", "state ", "a\nb", "é", "a&b", "a=b", "a[b]", "hd\n", 3])
def test_a_name_that_no_parameter_can_have(name):  # L2
    with pytest.raises(TypeError) as caught:
        checked({name: "x"})
    assert str(caught.value) == (
        f"login(): {name!r} is no name of a parameter: it has ASCII letters, digits, -, . and _"
    )


@pytest.mark.parametrize("name", ["ext-Login.v2", "domain_hint", "0"])
def test_a_name_of_the_providers_own(name):  # L2
    assert checked({name: "x"}) == {name: "x"}


@pytest.mark.parametrize(("params", "max_age"), [({}, None), ({"max_age": ""}, None), ({"max_age": "0"}, 0)])
def test_the_max_age_of_a_login(params, max_age):  # L2
    assert LoginParams(params).max_age == max_age


@pytest.mark.parametrize(
    ("params", "asks"),
    [
        ({}, False),
        ({"prompt": ""}, False),
        ({"prompt": "none"}, False),
        ({"login_hint": "login"}, False),
        ({"prompt": "login"}, True),
        ({"prompt": "consent"}, True),
        ({"prompt": "select_account"}, True),
        ({"prompt": "none login"}, True),
        ({"prompt": "create"}, True),
        ({"max_age": "0"}, True),
        ({"max_age": "1"}, False),
        ({"max_age": ""}, False),
    ],
)
def test_which_logins_a_person_has_to_answer(params, asks):  # L8
    assert LoginParams(params).asks_a_person is asks


def test_which_login_is_a_step_up():  # A1
    assert LoginParams({"prompt": "", "max_age": "300"}).is_step_up is True
    assert LoginParams({"max_age": "300"}).is_step_up is False
    assert LoginParams({"prompt": "", "max_age": ""}).is_step_up is False
    assert LoginParams({"prompt": "select_account", "max_age": "300"}).is_step_up is False


NAMES = st.sampled_from(["prompt", "login_hint", "acr_values", "hd", "ui_locales"])
PRINTABLE = st.text().filter(str.isprintable)


@given(params=st.dictionaries(NAMES, PRINTABLE), providers=st.lists(PRINTABLE))
def test_anything_that_can_be_asked_for_comes_through(params, providers):  # L2
    request = RequestFactory().get("/", {"params": login_params.signed(checked(params), providers)})
    assert login_params.of(request) == LoginParams(params, tuple(providers))
