"""Empty calls a second by release of grpcio: the pinned one and the newest, each in an environment of its own."""

from __future__ import annotations

import subprocess
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import grpc

from bench import empty
from bench.latency import Measured, middle
from bench.load import Pressure, Target, put_under
from bench.plan import Plan
from bench.results import Figures
from bench.servers import free_port, wait_for_port

PINNED, NEWEST = grpc.__version__, ""
STREAMS = 16


def measure(plan: Plan) -> Figures:
    """Each release in its turn, again and again, at 64 calls in flight."""
    with TemporaryDirectory() as folder:
        pythons = [installed(Path(folder) / str(place), wanted) for place, wanted in enumerate((PINNED, NEWEST))]
        runs: list[list[Measured]] = [[] for _ in pythons]
        for _ in range(plan.repeat):
            for python, found in zip(pythons, runs, strict=True):
                with serving(python) as address:
                    found.append(put_under(Target.echo(address), Pressure(1, STREAMS, plan.seconds)))
        return {
            "releases": [row(version_in(python), found, runs[0]) for python, found in zip(pythons, runs, strict=True)]
        }


def row(release: str, runs: list[Measured], first: list[Measured]) -> Figures:
    """The medians of a release, and the median of its ratios to the first, run by run."""
    ratio = median(run.rps / other.rps for run, other in zip(runs, first, strict=True))
    return {"version": release, "over_first": round(ratio, 3), **middle(runs).figures}


def installed(folder: Path, release: str) -> Path:
    """A Python with that release of grpcio, or with the newest, and the event loop that Clearway runs on."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    wanted = f"grpcio=={release}" if release else "grpcio"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, wanted, f"uvloop=={version('uvloop')}"], check=True, timeout=300)
    return python


def version_in(python: Path) -> str:
    """The release of grpcio that this Python has."""
    code = "import grpc; print(grpc.__version__)"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def serving(python: Path) -> Iterator[str]:
    """The empty call served by that Python; gives its address."""
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen([python, empty.__file__, address])
    try:
        wait_for_port(address)
        yield address
    finally:
        process.kill()
        process.wait()
