"""Make sure that there is a Chromium for the tests to run, as a Debian package.

Fails where CI runs the tests; elsewhere it only says what is missing, and the tests that need it are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.browsers import chromium
from tests.postgres import must_be_there

DEBIAN = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-noto-cjk"]


def from_debian() -> bool:
    """Install Debian's package, as root. Whether the program is there now."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for attempt in (DEBIAN, ["apt-get", "update"], DEBIAN):
        done = subprocess.run(attempt, env=environment, stdout=subprocess.DEVNULL, check=False)
        if done.returncode == 0 and chromium() is not None:
            return True
    return False


def main() -> int:
    """Install one where there is none."""
    if chromium() is not None or from_debian():
        return 0
    print("There is no Chromium for the tests, and none could be installed.", file=sys.stderr)
    print("On Debian, as root: apt-get install chromium", file=sys.stderr)
    return 1 if must_be_there() else 0


if __name__ == "__main__":
    sys.exit(main())
