"""`make bench`: measure, print, and keep `bench/results/latest.json`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import grpc
from rich.console import Console
from rich.table import Table

from bench.load import Measured, Pressure, Target, framed, put_under
from bench.servers import clearway_server, echo_server, make_registry
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.registry.synthetic import Character, code_of

RESULTS = Path(__file__).resolve().parent / "results" / "latest.json"
ESSENTIAL = ("APPLICATION-FORM", "SAFETY-RULES", "PREMISES-PROOF")
DEFERRABLE = ("LAYOUT-PLAN", "STAFF-HEALTH-CERTIFICATES")
CONCURRENCIES = (1, 4, 16, 64)
"""Streams on one connection, for each of the four messages; so 4 to 256 calls in flight."""
HEADLINE = 16
console = Console(stderr=True)


def check_message(code: str, materials: Sequence[str]) -> bytes:
    """A framed CheckSubject request, as a licensing system sends it. No request id: every call is a new check."""
    request = pb.CheckSubjectRequest(
        item_code="FOOD-OPERATION",
        application_kind=pb.APPLICATION_KIND_NEW,
        case_number="BENCH-0001",
        officer="bench-officer",
        supplied_materials=materials,
    )
    request.subject.identifier.scheme = "cn-uscc"
    request.subject.identifier.value = code
    return framed(request.SerializeToString())


MIX = (
    check_message(code_of(Character.TRUSTED), ESSENTIAL + DEFERRABLE),
    check_message(code_of(Character.SERIOUS), ESSENTIAL + DEFERRABLE),
    check_message(code_of(Character.TRUSTED_MODEL), ESSENTIAL),
    check_message(code_of(Character.UNKNOWN), ESSENTIAL + DEFERRABLE),
)
"""Green channel, restriction, deferred acceptance, not listed: a quarter each."""


def main() -> int:
    """Run every measurement and write the results."""
    arguments = parse_arguments()
    if shutil.which("h2load") is None:
        console.print("[red]h2load is missing; on Debian: apt-get install nghttp2-client[/]")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        seconds = make_registry(data_dir, arguments.subjects)
        console.print(f"{arguments.subjects:,} subjects imported in {seconds:.1f} s")
        with echo_server() as echo_address, clearway_server(data_dir) as check_address:
            echo = Target("echo", f"http://{echo_address}/bench.Echo/Call", (framed(b""),) * len(MIX))
            check = Target("check", f"http://{check_address}/clearway.v1.CheckService/CheckSubject", MIX)
            results = measure(echo, check, arguments.repeat, arguments.seconds)
    results |= {
        "subjects": arguments.subjects,
        "import_rows_per_second": round(arguments.subjects / seconds),
        "command": f"python -m bench --repeat {arguments.repeat} --seconds {arguments.seconds}",
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    show(results)
    return 0


def parse_arguments() -> argparse.Namespace:
    """How much and how long."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--subjects", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    return parser.parse_args()


def measure(echo: Target, check: Target, repeat: int, seconds: int) -> dict[str, Any]:
    """Both targets at every concurrency, turn about, medians; then the check at half of its own maximum."""
    rows = []
    for streams in CONCURRENCIES:
        pressure = Pressure(1, streams, seconds)
        pairs = [(put_under(echo, pressure), put_under(check, pressure)) for _ in range(repeat)]
        rows.append(row(pressure.in_flight(check), pairs))
        console.print(f"{rows[-1]['in_flight']} in flight: ratio {rows[-1]['ratio']:.3f}")
    headline = rows[CONCURRENCIES.index(HEADLINE)]
    best = max(r["check"]["rps"] for r in rows)
    halves = [put_under(check, Pressure(4, HEADLINE, seconds, rate=best / 2)) for _ in range(repeat)]
    half = medians(halves)
    return {
        "check_over_echo_throughput": headline["ratio"],
        "check_p50_ms": rows[0]["check"]["p50_ms"],
        "check_p99_ms_at_half_load": half["p99_ms"],
        "echo_rps": headline["echo"]["rps"],
        "check_rps": headline["check"]["rps"],
        "half_load": half,
        "concurrencies": rows,
    }


def row(in_flight: int, pairs: Sequence[tuple[Measured, Measured]]) -> dict[str, Any]:
    """The medians of one concurrency. The ratio is the median of the pairs' ratios: each pair ran turn about."""
    return {
        "in_flight": in_flight,
        "ratio": round(median(check.rps / echo.rps for echo, check in pairs), 3),
        "echo": medians([echo for echo, _ in pairs]),
        "check": medians([check for _, check in pairs]),
    }


def medians(runs: Sequence[Measured]) -> dict[str, float]:
    """The median of every figure over repeated runs; failures are added up."""
    found = {name: round(median(asdict(run)[name] for run in runs), 3) for name in asdict(runs[0])}
    found["failed"] = sum(run.failed for run in runs)
    return found


def machine() -> dict[str, Any]:
    """What it was measured on."""
    model = subprocess.run(["sh", "-c", "grep -m1 'model name' /proc/cpuinfo"], capture_output=True, text=True).stdout
    return {
        "cores": os.cpu_count(),
        "cpu": model.partition(":")[2].strip(),
        "python": platform.python_version(),
        "grpcio": grpc.__version__,
    }


def show(results: dict[str, Any]) -> None:
    """The results as a table."""
    table = Table("in flight", "echo calls/s", "check calls/s", "ratio", "check p50 ms", "p99 ms", "p99.9 ms")
    for r in results["concurrencies"]:
        check = r["check"]
        cells = (r["in_flight"], f"{r['echo']['rps']:,.0f}", f"{check['rps']:,.0f}", r["ratio"])
        table.add_row(*map(str, (*cells, check["p50_ms"], check["p99_ms"], check["p999_ms"])))
    console.print(table)
    half = results["half_load"]
    console.print(f"half load: {half['rps']:,.0f}/s, p50 {half['p50_ms']} ms, p99 {half['p99_ms']} ms")
    console.print(f"check over echo: {results['check_over_echo_throughput']}; kept in {RESULTS}")


if __name__ == "__main__":
    sys.exit(main())
