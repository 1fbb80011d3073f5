from __future__ import annotations

from django_multi_oidc.exceptions import IssuerMismatch


def test_what_somebody_wants_in_our_log_is_hidden():  # S7
    failure = IssuerMismatch("the issuer is 'https://op/the-state/the-code', not 'https://op'")
    failure.hide("the-state", "the-code", "", "op")
    assert failure.detail == "the issuer is 'https://op/…/…', not 'https://op'"
    assert str(failure) == f"issuer_mismatch: {failure.detail}"
    assert failure.args == (failure.detail,)
