"""Cells on their way to a spreadsheet and back: text that it would run as a formula is kept from being run."""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run by some spreadsheet."""


def disarmed(cell: str) -> str:
    """The cell, kept from being run as a formula by a spreadsheet."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def restored(cell: str) -> str:
    """The cell without the sign that `disarmed` put before it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell
