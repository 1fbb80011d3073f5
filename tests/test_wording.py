from __future__ import annotations

from django_multi_oidc.wording import quoted, type_name, whole


def test_words_for_messages():
    assert quoted("x" * 100) == '"' + "x" * 79 + '…"'
    assert quoted('a"b\n') == '"a\\"b\\n"'
    assert type_name(1.5) == "a number with a fraction"
    assert type_name(object()) == "a object"


def test_a_strangers_text_is_whole_or_not_there():
    assert whole("a'b\n", 4) == repr("a'b\n")
    assert whole("a'b\n-", 4) == "of 5 characters"
