"""The door inside the node: a socket of each worker in the data folder, for the node's own web process.

What comes through it shows a caller by metadata alone, as no certificate is exchanged. The folder is its owner's.
"""

from __future__ import annotations

from pathlib import Path

from clearway.server.settings import Settings

FOLDER = "doors"
LONGEST = 107
"""Bytes of a socket's path that Linux takes."""


def side_door(settings: Settings, worker: str) -> Path:
    """Where a worker listens for the web process."""
    return settings.data_dir / FOLDER / f"{worker}.sock"


def make_side_doors(settings: Settings) -> None:
    """Make the folder of the sockets, its owner's alone. Raises ValueError where its path is too long for a socket."""
    longest = max(len(bytes(side_door(settings, worker))) for worker in settings.worker_names)
    if longest > LONGEST:
        raise ValueError(f"the data folder's path is {longest - LONGEST} bytes too long for a socket in it")
    folder = settings.data_dir / FOLDER
    folder.mkdir(exist_ok=True, mode=0o700)
    folder.chmod(0o700)
