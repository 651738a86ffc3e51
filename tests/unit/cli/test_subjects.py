"""`clearway subjects validate`: one verdict a code, in order."""

from __future__ import annotations

import pytest

from clearway.cli.exits import Exit
from tests.unit.cli.running import CODE, OTHER_CODE, document, lines, run


def test_a_valid_code_is_given_back_normalised() -> None:
    result = run("subjects", "validate", "--scheme", "cn-uscc", "--json", f" {CODE[:8]}-{CODE[8:]} ")
    assert result.exit_code == Exit.DONE
    assert document(result) == {
        "input": f" {CODE[:8]}-{CODE[8:]} ",
        "valid": True,
        "normalised": CODE,
        "reason": None,
        "suggestion": None,
    }


def test_an_invalid_code_gets_a_reason_and_at_most_a_suggestion() -> None:
    result = run("subjects", "validate", "--scheme", "cn-uscc", "--json", CODE.replace("0", "O", 1))
    assert result.exit_code == Exit.FAILED
    found = document(result)
    assert (found["valid"], found["normalised"], found["suggestion"]) == (False, None, CODE)
    assert found["reason"].startswith("alphabet: ")


def test_verdicts_come_in_the_order_of_the_codes() -> None:
    result = run("subjects", "validate", "--scheme", "cn-uscc", "--json", CODE, "x", OTHER_CODE)
    assert [(line["input"], line["valid"]) for line in lines(result)] == [
        (CODE, True),
        ("x", False),
        (OTHER_CODE, True),
    ]


def test_a_dash_stands_for_the_lines_of_standard_input() -> None:
    result = run("subjects", "validate", "--scheme", "cn-uscc", "--json", CODE, "-", stdin=f"{OTHER_CODE}\r\n\n")
    assert [line["input"] for line in lines(result)] == [CODE, OTHER_CODE, ""]
    assert result.exit_code == Exit.FAILED


@pytest.mark.parametrize(("code", "verdict", "exit_code"), [(CODE, "valid", Exit.DONE), ("91", "length", Exit.FAILED)])
def test_people_get_a_table(code: str, verdict: str, exit_code: Exit) -> None:
    result = run("subjects", "validate", "--scheme", "cn-uscc", code)
    assert verdict in result.stdout
    assert result.exit_code == exit_code


def test_a_scheme_that_is_none_is_an_invalid_request() -> None:
    result = run("subjects", "validate", "--scheme", "zz-none", CODE)
    assert result.exit_code == Exit.INVALID
    assert "no such identifier scheme" in result.stderr
