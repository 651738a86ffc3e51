"""`python -m bench.chart`: latency against load, drawn from `bench/results/latest.json` into `docs/images/latency.svg`.

The same figures give the same file, byte for byte.
"""

from __future__ import annotations

from pathlib import Path

from bench.results import LATEST, Figures, read

IMAGE = Path(__file__).resolve().parent.parent / "docs" / "images" / "latency.svg"
LINES = {"p50_ms": ("p50", "#4c78a8"), "p99_ms": ("p99", "#f58518"), "p999_ms": ("p99.9", "#e45756")}
AIM_MS = 5.0


def draw(curve: Figures, image: Path) -> None:
    """Draw the curve's quantiles, of checks solid and of empty calls dotted."""
    # Imported here: the library is there for `make bench` alone, and the tests of the figures do without it.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "clearway"
    mpl.rcParams["svg.fonttype"] = "none"
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    loads = [load["check"]["rps"] for load in curve["loads"]]
    for quantile, (label, colour) in LINES.items():
        checks, echoes = ([load[side][quantile] for load in curve["loads"]] for side in ("check", "echo"))
        axes.plot(loads, checks, color=colour, marker="o", label=f"check, {label}")
        axes.plot(loads, echoes, color=colour, marker=".", linestyle=":", label=f"empty call, {label}")
    axes.axhline(AIM_MS, color="#999999", linewidth=0.8)
    axes.set(xlabel="answers a second", ylabel="latency, ms", yscale="log", xlim=(0, None))
    axes.set_title(f"Latency at {', '.join(str(load['percent']) for load in curve['loads'])} % of the node's maximum")
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend(ncols=2, fontsize="small")
    image.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(image, metadata={"Date": None})


def main() -> None:
    """Draw what was measured last."""
    draw(read(LATEST)["parts"]["curve"], IMAGE)
    print(IMAGE)


if __name__ == "__main__":
    main()
