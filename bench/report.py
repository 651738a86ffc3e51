"""The figures as tables in `docs/performance.md`, between two marks, written from `bench/results/latest.json`.

A test holds the page to the file: `python -m bench.report` brings it up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bench.results import LATEST, Figures, read

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
AIMS = {
    "check_over_echo_throughput": ("checks over empty calls, 64 in flight, record on disk", "≥ 0.6, in the end 0.85"),
    "check_p99_ms_at_half_load": ("p99 of a check at half of the maximum, ms", "≤ 5"),
    "ten_million_over_ten_thousand": ("throughput with 10 million subjects over that with 10 thousand", "≥ 0.95"),
    "visible_ms_p99": ("commit to visible in every worker of the node, p99, ms", "≤ 200"),
    "private_mb_per_worker_ten_million": ("private memory of a worker with 10 million subjects, MB", "≤ 120"),
    "start_seconds_ten_million": ("start to SERVING with a built index of 10 million, s", "≤ 2"),
    "import_rows_per_second": ("import of a million rows with its index, rows/s", "≥ 16,667 (60 s)"),
}
"""Figure on top → what it is, and what is aimed at."""

Table = list[str]


def tables(results: Figures) -> str:
    """Every table there are figures for, as Markdown."""
    parts: Figures = results.get("parts", {})
    found = [headlines(results)]
    for name, write in TABLES.items():
        if name in parts:
            part = parts[name]
            note = f"`{part['command']}`, {part['measured_at'][:10]}, {on(part['machine'])}."
            found.append([f"### {TITLES[name]}", "", *write(part), "", note])
    return "\n\n".join("\n".join(table) for table in found)


def on(machine: Figures) -> str:
    """The machine, in a few words."""
    return f"{machine['cores']} cores of {machine['cpu']}, Python {machine['python']}, grpcio {machine['grpcio']}"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A Markdown table."""
    lines = [[*heads], ["---"] * len(heads), *([shown(cell) for cell in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def shown(value: object) -> str:
    """A cell: thousands apart, and no more digits than mean something."""
    match value:
        case None:
            return "not measured"
        case bool() | str():
            return str(value)
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
        case _:
            raise TypeError(f"no cell: {value!r}")


def headlines(results: Figures) -> Table:
    """The figures that a reader looks for, beside what is aimed at."""
    rows = ((what, results.get(figure), aim, f"`{figure}`") for figure, (what, aim) in AIMS.items())
    return table(("figure", "measured", "aim", "key"), rows)


def throughput(part: Figures) -> Table:
    """Checks beside empty calls."""
    heads = ("in flight", "empty calls/s", "checks/s", "ratio", "check p50, ms", "p99, ms", "p99.9, ms")
    return table(
        heads,
        (
            (row["in_flight"], row["echo"]["rps"], row["check"]["rps"], row["ratio"], *quantiles(row["check"]))
            for row in part["concurrencies"]
        ),
    )


def curve(part: Figures) -> Table:
    """Latency at shares of the maximum."""
    heads = ("load", "checks/s", "p50, ms", "p99, ms", "p99.9, ms", "empty call p50, ms", "p99, ms", "p99.9, ms")
    rows = (
        (f"{row['percent']} %", row["check"]["rps"], *quantiles(row["check"]), *quantiles(row["echo"]))
        for row in part["loads"]
    )
    return [*table(heads, rows), "", "![Latency against load](images/latency.svg)"]


def overload(part: Figures) -> Table:
    """Three times the maximum."""
    heads = ("maximum, checks/s", "offered/s", "handled/s", "refused", "admitted p50, ms", "p99, ms", "p99.9, ms")
    refused = f"{part['refused_share']:.0%}"
    cells = (part["maximum_rps"], part["offered_rps"], part["handled_rps"], refused, *quantiles(part["admitted"]))
    return table(heads, [cells])


def scale(part: Figures) -> Table:
    """From ten thousand subjects to ten million."""
    heads = (
        "subjects",
        "checks/s",
        "p99, ms",
        "private, MB",
        "shared, MB",
        "index mapped, MB",
        "SERVING, s",
        "check, s",
    )
    rows = (
        (
            row["subjects"],
            row["check"]["rps"],
            row["check"]["p99_ms"],
            *(row["memory"][name] for name in ("private", "shared", "index")),
            row["start_seconds"],
            row["first_check_seconds"],
        )
        for row in part["sizes"]
    )
    return table(heads, rows)


def workers(part: Figures) -> Table:
    """One worker and two."""
    heads = ("workers", "checks/s", "p99, ms", "private each, MB", "shared each, MB", "index mapped each, MB")
    rows = (
        (
            row["workers"],
            row["check"]["rps"],
            row["check"]["p99_ms"],
            *(
                " · ".join(shown(memory[name]) for memory in row["memory_of_each"])
                for name in ("private", "shared", "index")
            ),
        )
        for row in part["workers"]
    )
    return table(heads, rows)


def freshness(part: Figures) -> Table:
    """Commit to visible."""
    heads = ("workers", "commits", "p50, ms", "p99, ms", "longest, ms")
    return table(heads, [[part[name] for name in ("workers", "commits", "p50_ms", "p99_ms", "max_ms")]])


def evidence(part: Figures) -> Table:
    """What the record costs."""
    heads = ("in flight", "record", "checks/s", "over empty calls", "p50, ms", "p99, ms", "p99.9, ms")
    return table(
        heads,
        (
            (row["in_flight"], way.replace("_", " "), found["rps"], found["over_echo"], *quantiles(found))
            for row in part["in_flight"]
            for way, found in row["ways"].items()
        ),
    )


def batches(part: Figures) -> Table:
    """A batch beside a hundred calls."""
    alone, busy = part["one_batch_at_a_time"], part["four_batches_at_a_time"]
    rows = (
        ("100 calls in flight", part["calls"]["rps"], part["hundred_calls_ms"], part["calls"]["p99_ms"]),
        ("one batch of 100 at a time", alone["rps"] * 100, alone["p50_ms"], alone["p99_ms"]),
        ("four batches of 100 at a time", busy["rps"] * 100, busy["p50_ms"], busy["p99_ms"]),
    )
    return table(("way", "checks/s", "a hundred in, ms", "p99 of a call, ms"), rows)


def imports(part: Figures) -> Table:
    """A list of a million rows."""
    heads = ("part", "seconds", "CPU seconds", "rows/s", "peak memory, MiB", "on disk, MiB")
    rows = [
        (name, part[name]["seconds"], part[name]["cpu_seconds"], part[rate], part[name]["peak_mib"], part[size])
        for name, rate, size in (
            ("import", "imported_rows_per_second", "registry_mib"),
            ("index", "indexed_subjects_per_second", "index_mib"),
        )
    ]
    return table(heads, [*rows, ("both", part["seconds"], "", part["rows_per_second"], "", "")])


def grpcio(part: Figures) -> Table:
    """Empty calls by release of grpcio."""
    heads = ("grpcio", "empty calls/s", "over the first", "p99, ms")
    return table(heads, ((row["version"], row["rps"], row["over_first"], row["p99_ms"]) for row in part["releases"]))


def quantiles(measured: Figures) -> tuple[float, float, float]:
    """The three that a table shows."""
    return measured["p50_ms"], measured["p99_ms"], measured["p999_ms"]


TABLES: dict[str, Callable[[Figures], Table]] = {
    "throughput": throughput,
    "curve": curve,
    "overload": overload,
    "scale": scale,
    "workers": workers,
    "freshness": freshness,
    "evidence": evidence,
    "batches": batches,
    "imports": imports,
    "grpcio": grpcio,
}
TITLES = {
    "throughput": "Checks beside empty calls",
    "curve": "Latency against load",
    "overload": "Three times the maximum offered",
    "scale": "From ten thousand subjects to ten million",
    "workers": "One worker and two",
    "freshness": "From a commit to every worker",
    "evidence": "What the record costs",
    "batches": "A batch of a hundred beside a hundred calls",
    "imports": "A list of a million rows",
    "grpcio": "Which grpcio",
}


def put_in(page: str, results: Figures) -> str:
    """The page with the tables of these results between its marks; raises `ValueError` where it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no place for figures: {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{tables(results)}\n\n{END}{after}"


def main() -> None:
    """Bring the page up to date with the results."""
    PAGE.write_text(put_in(PAGE.read_text("utf-8"), read(LATEST)), "utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
