"""Registries of any size, with their index, built once and kept in `var/bench`.

The registry itself holds the first ten thousand synthetic subjects, imported as ever; the index is that registry's, at
its revision, made by the node's own builder, and goes on with further synthetic subjects as an import would have left
them. So a node serves from it as from any other, and ten million subjects take minutes to build, not hours.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from bench import enlarged
from bench.enlarged import Enlarged
from bench.servers import make_registry
from clearway.index import records
from clearway.index.layout import IndexLayout
from clearway.index.writer import IndexWriter
from clearway.registry import synthetic
from clearway.registry.migrations import versions
from clearway.registry.registry import Registry
from clearway.server.keys import load_keys
from clearway.server.settings import Settings

KEPT = Path(__file__).resolve().parent.parent / "var" / "bench"
IMPORTED = 10_000
"""Subjects that are in the registry itself."""

console = Console(stderr=True)


def registry_of(subjects: int, kept: Path = KEPT) -> Path:
    """The data folder of a node with that many subjects and its index; built where it is not kept yet."""
    today = datetime.now(UTC).date()
    folder = kept / f"{subjects}-{definition(today)}"
    if not (folder / "built").exists():
        for outdated in kept.glob(f"{subjects}-*"):
            shutil.rmtree(outdated)
        started = time.monotonic()
        build(folder, subjects, today, tell(subjects))
        (folder / "built").write_text(f"{time.monotonic() - started:.1f} s\n")
        console.print(f"{subjects:,} subjects: built in {time.monotonic() - started:.0f} s, kept in {folder}")
    return folder


def build(folder: Path, subjects: int, today: date, progress: Callable[[int], None]) -> None:
    """Import what the registry holds, then build the index of all."""
    make_registry(folder, min(subjects, IMPORTED))
    settings, now = Settings(data_dir=folder), datetime.now(UTC)
    keys = load_keys(settings)
    with Registry.open(settings.registry_url, keys, moment=now) as registry:
        source = Enlarged(registry.changes, subjects, today)
        writer = IndexWriter(IndexLayout(folder), keys)
        try:
            writer.rebuild(source, source.head(), time.time(), uuid4().hex, progress)
        finally:
            writer.close()


def definition(today: date) -> str:
    """What a kept folder depends on: how subjects are made, how the index lays them out, the tables, and the month."""
    made_by = (synthetic.__file__, records.__file__, enlarged.__file__)
    parts = [Path(str(file)).read_bytes() for file in made_by]
    parts += [file.read_bytes() for file in sorted(Path(versions.__path__[0]).glob("*.py"))]
    parts.append(f"{today:%Y-%m}".encode())
    return sha256(b"\0".join(parts)).hexdigest()[:12]


def tell(subjects: int) -> Callable[[int], None]:
    """Say now and then how far it has come."""
    step = max(subjects // 20, 1)
    told = [0]

    def progress(done: int) -> None:
        if done // step > told[0]:
            told[0] = done // step
            console.print(f"[dim]building the index: {done:,} of {subjects:,}[/]")

    return progress


if __name__ == "__main__":
    for size in sys.argv[1:]:
        print(registry_of(int(size)))
