"""`make bench`: measure every part, keep `bench/results/latest.json`, bring the page and the chart up to date."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from rich.console import Console
from rich.markdown import Markdown

from bench import (
    batches,
    chart,
    curve,
    evidence,
    freshness,
    grpcio,
    imports,
    overload,
    report,
    sampling,
    scale,
    throughput,
    workers,
)
from bench.plan import QUICK, WHOLE, Plan
from bench.results import HEADLINES, LATEST, Figures, keep, read

PARTS: Mapping[str, Callable[[Plan], Figures]] = {
    "throughput": throughput.measure,
    "curve": curve.measure,
    "overload": overload.measure,
    "batches": batches.measure,
    "evidence": evidence.measure,
    "freshness": freshness.measure,
    "workers": workers.measure,
    "imports": imports.measure,
    "scale": scale.measure,
    "grpcio": grpcio.measure,
}
"""In the order in which they are run: what is cheap and asked for most comes first."""
SELDOM = ("grpcio",)
"""Parts that run only when they are named."""
GENERATORS = {
    "h2load": "on Debian: apt-get install nghttp2-client",
    sampling.PROGRAM: "make bench installs it, with Go",
}
console = Console(stderr=True)


def main() -> int:
    """Run the parts asked for; what one finds is kept before the next begins."""
    arguments = parse_arguments()
    missing = [name for name in GENERATORS if shutil.which(name) is None]
    for name in missing:
        console.print(f"[red]{name} is missing; {GENERATORS[name]}[/]")
    if missing:
        return 1
    plan = QUICK if arguments.quick else Plan(repeat=arguments.repeat, seconds=arguments.seconds)
    for name in arguments.only or [name for name in PARTS if name not in SELDOM]:
        console.print(f"[bold]{name}[/] …")
        started = time.monotonic()
        figures = PARTS[name](plan)
        console.print(Markdown("\n".join(report.TABLES[name](figures))))
        console.print(f"[dim]{name}: {time.monotonic() - started:.0f} s[/]")
        if not arguments.quick:
            keep(LATEST, name, figures, command(name, plan), datetime.now(UTC))
            report.main()
            if name == "curve":
                chart.main()
    if not arguments.quick:
        results = read(LATEST)
        for name in HEADLINES:
            console.print(f"{name}: {results[name]}")
    return 0


def command(part: str, plan: Plan) -> str:
    """What to type to measure the part again."""
    return f"python -m bench --only {part} --repeat {plan.repeat} --seconds {plan.seconds}"


def parse_arguments() -> argparse.Namespace:
    """Which parts, how often and how long."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, metavar="PART", help=f"one of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="see that the parts run, on little; keeps nothing")
    parser.add_argument(
        "--repeat", type=int, default=WHOLE.repeat, help="runs of each figure, of which the medians count"
    )
    parser.add_argument("--seconds", type=int, default=WHOLE.seconds, help="length of a run")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
