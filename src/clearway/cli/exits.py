"""Exit codes, the same for every command; docs/operations.md lists them and a test holds the page to this table."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a command's exit code tells a script."""

    DONE = 0
    """The command did what was asked. For `check`: any answer, whatever its outcome."""
    FAILED = 1
    """The command ran and found something wrong: a catalogue with complaints, codes that are not valid."""
    INVALID = 2
    """The request or the command line is not valid."""
    NO_ANSWER = 3
    """No answer came: the service is unreachable, unavailable or too late."""
