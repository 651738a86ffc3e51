"""Log lines: JSON, and nobody fails because one cannot be written."""

from __future__ import annotations

import json
import subprocess
import sys

_LOGGING = """
import logging, sys
import structlog
from clearway.server.logs import configure_logs
configure_logs("info")
structlog.get_logger("a").warning("an_event", process="x")
logging.getLogger("b").warning("another")
print("went on")
"""


def test_lines_are_json_whichever_library_wrote_them() -> None:
    ran = subprocess.run([sys.executable, "-c", _LOGGING], capture_output=True, text=True, timeout=60, check=True)
    first, second = map(json.loads, ran.stderr.splitlines())
    assert (first["event"], first["process"], first["level"]) == ("an_event", "x", "warning")
    assert second["event"] == "another"


def test_whoever_logs_goes_on_where_no_line_can_be_written() -> None:
    with open("/dev/full", "w") as full:
        ran = subprocess.run(
            [sys.executable, "-c", _LOGGING], stdout=subprocess.PIPE, stderr=full, text=True, timeout=60, check=False
        )
    assert ran.stdout == "went on\n"
