"""`clearway serve`: run one node until SIGTERM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from clearway.server.children import warm_up


@click.command()
@click.option("--listen", metavar="HOST:PORT", help="Address to serve on (127.0.0.1:50051); port 0 picks a free one.")
@click.option("--web-listen", metavar="HOST:PORT", help="Address for JSON over HTTP (none).")
@click.option("--catalogue", metavar="EDITION|FILE", help="A shipped edition or an edition file (cn-demo).")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of all state (./var).")
@click.option("--workers", type=int, help="Worker processes on the one port (1).")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="(info)")
def serve(**flags: Any) -> None:
    """Serve checks until SIGTERM. Every setting can also be given as CLEARWAY_… in the environment."""
    warm_up()
    # Both load at the same time: there, what the node's processes have in common; here, what starts them.
    from clearway.cli.serving import run

    run(flags)
