"""Write `requirements/sbom.cdx.json`, the bill of materials of a running Clearway in CycloneDX, or (`--check`) say
whether it is up to date.

The generator assumes an address for every package; none is known here, so none is kept. The hashes stay. The one
script that lies in the package as its makers publish it stands in the bill beside what the lock file pins.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = Path("requirements") / "run.txt"
SBOM = ROOT / "requirements" / "sbom.cdx.json"
CHARTS = ROOT / "src" / "clearway" / "web" / "console" / "assets"


def bill() -> dict[str, Any]:
    """The bill of what the lock file pins, the same for the same lock file."""
    made = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements", str(LOCK), "--output-reproducible"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    document: dict[str, Any] = json.loads(made.stdout)
    for component in document["components"]:
        # Its line in the lock file moves with every other package.
        component.pop("description", None)
        component["bom-ref"] = component["purl"]
        for reference in component.get("externalReferences", ()):
            component.setdefault("hashes", []).extend(reference.get("hashes", ()))
        component.pop("externalReferences", None)
    document["components"].append(chart_library())
    document["dependencies"] = [{"ref": component["purl"]} for component in document["components"]]
    document.pop("$schema", None)
    # The generator says of itself only where it may be found.
    document["metadata"].pop("tools", None)
    return document


def chart_library() -> dict[str, Any]:
    """Chart.js, as it lies in the package."""
    (file,) = CHARTS.glob("chart-*.umd.min.js")
    version = re.sub(r"chart-(.+)\.umd\.min\.js", r"\1", file.name)
    purl = f"pkg:npm/chart.js@{version}"
    return {
        "bom-ref": purl,
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(file.read_bytes()).hexdigest()}],
        "licenses": [{"license": {"id": "MIT"}}],
        "name": "chart.js",
        "purl": purl,
        "type": "library",
        "version": version,
    }


def main() -> int:
    """Write the file, or compare it."""
    text = json.dumps(bill(), indent=1, sort_keys=True) + "\n"
    if "--check" not in sys.argv[1:]:
        SBOM.write_text(text)
        return 0
    if SBOM.exists() and SBOM.read_text() == text:
        return 0
    print(f"{SBOM.relative_to(ROOT)} is not what {LOCK} pins: run `make sbom`")
    return 1


if __name__ == "__main__":
    sys.exit(main())
