"""What is said of rows that are gone, beside whatever is counted or listed without them."""

from __future__ import annotations

from clearway.cli.output import errors

OF_THE_PERIOD = "of the period"
OF_THE_LOG = "of the log"


def tell_erased(count: int, of_what: str) -> None:
    """Say that so many rows were erased, and are in nothing that was printed. On standard error; nothing where none."""
    if count:
        rows = "1 row" if count == 1 else f"{count} rows"
        errors.print(
            f"{rows} {of_what} were erased by a rule or an order, and are not among these: "
            "whose they were, and what they said, is gone",
            soft_wrap=True,
        )
