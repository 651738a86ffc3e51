"""The `clearway` command: its subcommands, loaded when called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from types import MappingProxyType

import click

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "serve": "clearway.cli.serve:serve",
        "check": "clearway.cli.check:check",
        "batch": "clearway.cli.batch:batch",
        "watch": "clearway.cli.watching:watch",
        "webhooks": "clearway.cli.watching:webhooks",
        "import": "clearway.cli.imports:import_feed",
        "feeds": "clearway.cli.feeds:feeds",
        "catalogue": "clearway.cli.catalogue:catalogue",
        "registry": "clearway.cli.registry:registry",
        "subjects": "clearway.cli.subjects:subjects",
        "log": "clearway.cli.log:log",
        "audit": "clearway.cli.audit:audit",
        "cases": "clearway.cli.cases:cases",
        "database": "clearway.cli.database:database",
        "health": "clearway.cli.health:health",
        "doctor": "clearway.cli.doctor:doctor",
        "demo": "clearway.cli.demo:demo",
    }
)
"""Command → where it lives. Loaded on use: `clearway check` does not pay for the server's imports."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called or helped."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{place} is not a command")
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Check before approve: look an applicant up, inside the approval workflow."""


def main() -> int:
    """Run the command; gives the exit code."""
    return int(cli(standalone_mode=True) or 0)


if __name__ == "__main__":
    sys.exit(main())
