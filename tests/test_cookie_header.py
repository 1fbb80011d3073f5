from __future__ import annotations

import pytest
from django.http import HttpResponse
from hypothesis import given
from hypothesis import strategies as st

from django_multi_oidc import cookie_header


def with_header(rf, header):
    return rf.get("/", headers={"cookie": header})


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("", []),
        ("name=1", ["1"]),
        ("a=b; name=1; c=d", ["1"]),
        ("a=b;name=1", ["1"]),
        ("name=1; name=2", ["1", "2"]),
        ("name=", []),
        ("name", []),
        ("name=a=b", ["a=b"]),
        ("name2=1", []),
        ("other=name=1", []),
        ("\u00a0name=1", []),  # Latin-1 white space, which str.strip() would take off
        ("\x1fname=1", []),
        ('name="1"', ['"1"']),
    ],
)
def test_a_name_is_compared_byte_by_byte(rf, header, values):  # K1
    assert cookie_header.values(with_header(rf, header), "name") == values


def test_no_header_is_no_cookie(rf):
    assert cookie_header.raw(rf.get("/")) == ""
    assert cookie_header.values(rf.get("/"), "name") == []


@given(st.text(st.characters(max_codepoint=255)))
def test_any_header_is_read(header):  # K3
    class Request:
        META = {"HTTP_COOKIE": header}  # what Django hands us, no more

    assert all("=" not in name for name, _ in cookie_header.pairs(Request()))


def test_a_cookie_of_ours_has_every_attribute():  # K1, S6
    response = HttpResponse()
    cookie_header.write(response, "__Host-x", "v", max_age=60, secure=True)
    header = response.cookies["__Host-x"].OutputString()
    assert header.startswith("__Host-x=v; expires=")
    assert header.endswith("; HttpOnly; Max-Age=60; Path=/; SameSite=Lax; Secure")
    assert "Domain" not in header
    assert response["Cache-Control"] == "private, no-store"
    assert response["Vary"] == "Cookie"


def test_over_http_a_cookie_is_not_secure():  # K1
    response = HttpResponse()
    cookie_header.write(response, "x", "v", max_age=60, secure=False)
    assert "Secure" not in response.cookies["x"].OutputString()


def test_deleting_repeats_the_attributes():  # K1, S6
    response = HttpResponse()
    cookie_header.delete(response, "__Host-x", secure=True)
    header = response.cookies["__Host-x"].OutputString()
    assert "Max-Age=0; Path=/; SameSite=Lax; Secure" in header
    assert response["Cache-Control"] == "private, no-store"


def test_http_2_sends_a_header_for_each_cookie(async_rf):  # K1
    request = async_rf.get("/", headers={"cookie": "name=1"})
    request.scope["headers"] += [(b"cookie", b"a=b"), (b"accept", b"name=2")]
    assert cookie_header.values(request, "name") == ["1"]
    assert cookie_header.values(request, "a") == ["b"]
