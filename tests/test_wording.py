from __future__ import annotations

from django_multi_oidc.wording import quoted, type_name


def test_words_for_messages():
    assert quoted("x" * 100) == '"' + "x" * 79 + '…"'
    assert quoted('a"b\n') == '"a\\"b\\n"'
    assert type_name(1.5) == "a number with a fraction"
    assert type_name(object()) == "a object"
