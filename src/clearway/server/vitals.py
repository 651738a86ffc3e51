"""What the processes of a node say of themselves, for whoever serves the metrics: a small file each, replaced whole.

Workers are several processes and nothing is shared between them but files. A call counts in its own process only; once
a second the counts are written down, which costs a call nothing. A process that starts again counts from nought.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

FOLDER = "vitals"
"""In the data folder."""

SUPERVISOR = "supervisor"

INTERVAL = 1.0
"""Seconds between two accounts of a process."""


class WorkerVitals(msgspec.Struct, frozen=True):
    """A worker's account: how much it has at hand, what it refused since it began, and what its commits took."""

    in_flight: int = 0
    waiting: int = 0
    refused: Mapping[str, int] = {}
    commits: int = 0
    records: int = 0
    commit_seconds: float = 0.0


class SupervisorVitals(msgspec.Struct, frozen=True):
    """The supervisor's account: process → how often it was started again; when it began, in seconds since 1970 UTC."""

    restarts: Mapping[str, int] = {}
    started_at: float = 0.0


Vitals = TypeVar("Vitals", WorkerVitals, SupervisorVitals)


class VitalsFolder:
    """The accounts in a data folder. One writer a process, any number of readers."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    def write(self, process: str, vitals: WorkerVitals | SupervisorVitals) -> None:
        """Replace the account of `process`. On a disk that takes nothing the last one stays, and grows old."""
        beside = self._folder / f"{process}.tmp"
        # A full disk is when the process is needed most, and is told by other means.
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(msgspec.json.encode(vitals))
            beside.replace(self._path(process))

    def read(self, process: str, kind: type[Vitals]) -> Vitals | None:
        """The account of `process`, or None where it has given none."""
        try:
            return msgspec.json.decode(self._path(process).read_bytes(), type=kind)
        except (OSError, msgspec.MsgspecError):
            return None

    def written_at(self, process: str) -> float | None:
        """When the account was written, in seconds since 1970 UTC; None where there is none."""
        try:
            return self._path(process).stat().st_mtime
        except OSError:
            return None

    def _path(self, process: str) -> Path:
        return self._folder / f"{process}.json"
