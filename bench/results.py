"""What was measured, kept as JSON: the figures a reader looks for on top, and every part with its command below."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc

FOLDER = Path(__file__).resolve().parent / "results"
LATEST = FOLDER / "latest.json"

Figures = dict[str, Any]
"""What one part found, ready for JSON."""

HEADLINES: Mapping[str, tuple[str, str]] = {
    "check_over_echo_throughput": ("throughput", "ratio"),
    "ten_million_over_ten_thousand": ("scale", "ten_million_over_ten_thousand"),
    "visible_ms_p99": ("freshness", "p99_ms"),
    "private_mb_per_worker_ten_million": ("scale", "private_mb_per_worker"),
    "start_seconds_ten_million": ("scale", "start_seconds"),
    "import_rows_per_second": ("imports", "rows_per_second"),
    "check_p99_ms_at_half_load": ("curve", "check_p99_ms_at_half_load"),
}
"""Figure on top → the part that measures it, and its name there. A figure is null until its part has run."""


def keep(file: Path, part: str, figures: Figures, command: str, moment: datetime) -> Figures:
    """Put what a part found into the file, in place of what it found before; gives the whole file."""
    parts = read(file).get("parts", {})
    stamp = {"command": command, "measured_at": moment.astimezone(UTC).isoformat(timespec="seconds")}
    whole = with_headlines(parts | {part: figures | stamp | {"machine": machine()}})
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return whole


def read(file: Path) -> Figures:
    """What the file holds; nothing where there is none."""
    return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}


def with_headlines(parts: Mapping[str, Figures]) -> Figures:
    """The parts below the figures that a reader looks for."""
    headlines = {name: parts.get(part, {}).get(figure) for name, (part, figure) in HEADLINES.items()}
    return {**headlines, "parts": dict(sorted(parts.items()))}


def machine() -> Figures:
    """What it was measured on."""
    model = subprocess.run(["sh", "-c", "grep -m1 'model name' /proc/cpuinfo"], capture_output=True, text=True).stdout
    return {
        "cores": os.cpu_count(),
        "cpu": model.partition(":")[2].strip(),
        "python": platform.python_version(),
        "grpcio": grpc.__version__,
    }
