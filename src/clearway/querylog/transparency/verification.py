"""What came of the last verification of the whole log on this node, so that others can see when it was."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import msgspec

VERIFICATION_FILE = "log-verification.json"
"""The file's name in the data directory."""


class FullVerification(msgspec.Struct, frozen=True, kw_only=True):
    """When it ended, what it went over, how much it found wrong, and who ran it: an account of the machine."""

    finished_at: datetime
    sound: bool
    leaves: int
    rows: int
    findings: int
    run_by: str = ""


def keep_verification(file: Path, found: FullVerification) -> None:
    """Put it there, whole, in the place of the one before. Raises `OSError`."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_bytes(msgspec.json.encode(found))
    os.replace(beside, file)


def last_verification(file: Path) -> FullVerification | None:
    """The one that is kept; None where there is none that can be read."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=FullVerification)
    except (OSError, msgspec.DecodeError):
        return None
