"""A command's settings: its flags, and the environment for the rest."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from clearway.cli.exits import Exit
from clearway.cli.output import fail
from clearway.server.settings import Settings


def settings_from(flags: dict[str, Any]) -> Settings:
    """The settings with these flags, those not given left to the environment; leaves where they are invalid."""
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as fault:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in fault.errors(include_input=False)]
        fail("invalid settings\n  " + "\n  ".join(lines), Exit.INVALID)
