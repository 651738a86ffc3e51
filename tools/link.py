"""Put the project into its own virtual environment: the source on the path and the `clearway` command in `bin`.

What an editable install does, without a build backend to download: `make run` then needs nothing that is not pinned.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = """#!{python}
import sys

from clearway.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
"""


def main() -> None:
    """Write the path file and the command."""
    site = Path(sysconfig.get_path("purelib"))
    (site / "clearway.pth").write_text(f"{ROOT / 'src'}\n")
    command = Path(sys.executable).parent / "clearway"
    command.write_text(COMMAND.format(python=sys.executable))
    command.chmod(0o755)


if __name__ == "__main__":
    main()
