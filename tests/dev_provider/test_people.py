from __future__ import annotations

import pytest

from django_multi_oidc.dev_provider.people import ALPHA, BETA, Organisation


@pytest.mark.parametrize("organisation", [ALPHA, BETA])
def test_the_people_that_a_relying_party_must_cope_with(organisation: Organisation) -> None:  # D8
    people = {person.key: person for person in organisation.people}
    assert people["pat"].groups == ("admins", "staff")
    assert people["pat"].email == f"pat@{organisation.name}.example"
    assert people["kim"].groups == ("staff",)
    assert people["uma"].email_verified is False
    assert any("\u0590" <= person.name[0] <= "\u06ff" for person in organisation.people)
    assert len(people["max"].groups) == 200
    assert len(people) == len(organisation.people)


def test_the_address_of_alphas_admin_is_claimed_at_beta() -> None:  # A2
    twin = next(person for person in BETA.people if person.key == "twin")
    assert twin.email == "pat@alpha.example"
    assert twin.email_verified is True
    assert twin.groups == ()
