"""`clearway subjects`: codes and schemes, without a service."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import click

from clearway.cli.exits import Exit
from clearway.cli.output import fail, print_json_line, print_table
from clearway.subjects.identifiers import IdentifierFault, InvalidIdentifier, parse_identifier


@click.group()
def subjects() -> None:
    """Identifiers: validate codes."""


@subjects.command()
@click.argument("codes", nargs=-1, required=True, metavar="CODE… | -")
@click.option("--scheme", required=True, help="Scheme of every code, such as cn-uscc.")
@click.option("--json", "json_wanted", is_flag=True, help="One JSON object a line, in order.")
def validate(codes: Sequence[str], scheme: str, json_wanted: bool) -> None:
    """Say of each CODE whether it is valid, and what is wrong; `-` reads codes from standard input, one a line.

    Exit code 1 where any is not valid, 2 where there is no such scheme.
    """
    results = (validated(scheme, code) for code in given(codes))
    valid = True
    if json_wanted:
        for result in results:
            valid = valid and bool(result["valid"])
            print_json_line(result)
    else:
        found = list(results)
        valid = all(result["valid"] for result in found)
        rows = ((r["input"], "valid" if r["valid"] else r["reason"], r["normalised"], r["suggestion"]) for r in found)
        print_table(("code", "verdict", "normalised", "suggestion"), rows)
    if not valid:
        raise SystemExit(Exit.FAILED)


def given(codes: Sequence[str]) -> Iterable[str]:
    """The codes of the command line, with `-` standing for the lines of standard input."""
    for code in codes:
        if code == "-":
            yield from (line.rstrip("\r\n") for line in sys.stdin)
        else:
            yield code


def validated(scheme: str, code: str) -> dict[str, object]:
    """What is to be said of one code."""
    result: dict[str, object] = {"input": code, "valid": True, "normalised": None, "reason": None, "suggestion": None}
    try:
        result["normalised"] = parse_identifier(scheme, code).value
    except InvalidIdentifier as invalid:
        if invalid.fault is IdentifierFault.UNKNOWN_SCHEME:
            fail(invalid.detail, Exit.INVALID)
        result |= {
            "valid": False,
            "reason": f"{invalid.fault.value}: {invalid.detail}",
            "suggestion": invalid.suggestion,
        }
    return result
