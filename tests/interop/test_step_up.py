"""A fresh login at panva's provider, which sends auth_time only when max_age asks for it."""

from __future__ import annotations

import time

import pytest

from tests.interop.person import text


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_nobody_comes_to_the_page_with_one_login(person, mode):  # A1, L2
    page = person.log_in(f"/{mode}/recent-alpha/")
    assert (page.url, page.text) == (f"{person.site}/{mode}/recent-alpha/", "the page")
    assert time.time() - person.user()["auth_time"] < 60


def test_who_is_logged_in_already_is_not_asked_again_so_soon(person):  # A1, L8
    person.log_in("/oidc/login/alpha/?next=/members/")
    assert "auth_time" not in person.user()
    page = person.get_page("/sync/recent/")  # the provider's session is young enough
    assert (page.url, page.text) == (f"{person.site}/sync/recent/", "the page")
    assert person.user()["sub"] == "alpha-pat"


def test_a_proof_that_is_too_old_is_asked_for_again(person, time_machine):  # A1, L8
    person.log_in("/sync/recent-alpha/")
    time_machine.move_to(
        time.time() + 400
    )  # for the site; the provider is another process, whose session is young
    page = person.get_page("/sync/recent-alpha/")
    assert page.status_code == 502
    assert "the login provider has let you in by an older one" in text(page)
    assert person.user()["sub"] == "alpha-pat"


def test_a_prompt_makes_the_provider_ask(person):  # L2
    person.log_in()
    before = person.get_page("/go/?provider=alpha&prompt=login")
    assert "/interaction/" in before.url
    assert person.answer_form(before).text == "hello Pat Admin"
