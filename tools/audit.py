"""Hold what a running Clearway is pinned to against the advisories of the package index.

A known vulnerability fails. A closed network has no advisories: then nothing was audited, which is said, and fails only
where `CLEARWAY_AUDIT=required`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parent.parent / "requirements" / "run.txt"
PATIENCE = 120


def findings() -> list[dict[str, Any]]:
    """What pip-audit says of each package: its `vulns`, or the `skip_reason` for which it could not look.

    Empty where the index cannot be reached at all.
    """
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--format", "json", "-r", str(LOCK)]
    try:
        looked = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE)
        dependencies: list[dict[str, Any]] = json.loads(looked.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return []
    return dependencies


def main() -> int:
    """Print what was found; 1 where something is known to be vulnerable, or must be audited and was not."""
    dependencies = findings()
    audited = [dependency for dependency in dependencies if "skip_reason" not in dependency]
    vulnerable = [dependency for dependency in audited if dependency["vulns"]]
    for dependency in vulnerable:
        ids = ", ".join(advisory["id"] for advisory in dependency["vulns"])
        print(f"{dependency['name']} {dependency['version']}: {ids}")
    print(f"dependency audit: {len(audited)} packages held against advisories, {len(vulnerable)} vulnerable")
    if audited and len(audited) == len(dependencies):
        return bool(vulnerable)
    print(f"NOT AUDITED: {len(dependencies) - len(audited) or 'all'} packages; no advisories are within reach")
    return bool(vulnerable) or os.environ.get("CLEARWAY_AUDIT") == "required"


if __name__ == "__main__":
    sys.exit(main())
