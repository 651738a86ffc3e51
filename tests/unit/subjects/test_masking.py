"""What may be shown of a code that must not be shown whole."""

from __future__ import annotations

import pytest

from clearway.subjects.masking import mask


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("123456789012345678", "1234************78"),
        ("123456789", "12******9"),
        ("12345", "1****"),
        ("12", "**"),
        ("", ""),
        ("1" * 40, "1111" + "*" * 34 + "11"),
    ],
)
def test_at_most_six_signs_and_a_third_are_shown(code: str, shown: str) -> None:
    assert mask(code) == shown
