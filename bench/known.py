"""`python -m bench.known`: checks of a caller who is known, logged, beside empty calls and beside checks of anybody.

Both nodes write every check to their log; one asks for a token, holds the call to its grants and counts it.
All three servers are up, and take turns.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click
import yaml
from rich.console import Console
from rich.table import Table

from bench.access import TOKEN, access_file
from bench.load import Pressure, Target, put_under
from bench.registries import registry_of
from bench.servers import clearway_server, echo_server

SUBJECTS = 10_000
HEADLINE = 16
"""Streams for each of the four messages: 64 calls in flight."""


@click.command()
@click.option("--repeat", default=3, show_default=True, help="Rounds; the medians are told.")
@click.option("--seconds", default=4, show_default=True, help="Of load in each, for each server.")
def main(repeat: int, seconds: int) -> None:
    """Measure and print."""
    asked_by_anybody = registry_of(SUBJECTS)
    with TemporaryDirectory() as folder:
        access, copy = Path(folder) / "access.yaml", Path(folder) / "node"
        access.write_text(yaml.safe_dump(access_file()), "utf-8")
        shutil.copytree(asked_by_anybody, copy)
        with (
            echo_server() as echo,
            clearway_server(asked_by_anybody) as anybody,
            clearway_server(copy, token=TOKEN, access=str(access)) as known,
        ):
            bearer = (f"authorization: Bearer {TOKEN}",)
            targets = {
                "empty call": Target.echo(echo),
                "check, by anybody": Target.checks(anybody.address),
                "check, by a known caller": replace(Target.checks(known.address), headers=bearer),
            }
            pressure = Pressure(1, HEADLINE, seconds)
            rounds = [{name: put_under(one, pressure).rps for name, one in targets.items()} for _ in range(repeat)]
            refused = refused_in(copy / "log.db")
    if refused:
        raise click.ClickException(f"{refused} checks of the known caller were refused: the figures are not of answers")
    table = Table("64 calls in flight, record on disk", "calls/s", "over empty calls")
    for name in targets:
        ratio = median(one[name] / one["empty call"] for one in rounds)
        table.add_row(name, f"{median(one[name] for one in rounds):,.0f}", f"{ratio:.3f}")
    Console().print(table)


def refused_in(log: Path) -> int:
    """How many checks a node has refused so far: to h2load a refusal is an answer like any other."""
    with closing(sqlite3.connect(f"file:{log}?mode=ro", uri=True)) as central:
        found: int = central.execute("SELECT count(*) FROM check_log WHERE error_reason > ''").fetchone()[0]
    return found


if __name__ == "__main__":
    main()
