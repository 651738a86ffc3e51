"""Generate `src/clearway/gen` from `proto/`, or (`--check`) say whether it is up to date.

The generated modules import each other by the proto package's own path (`clearway.v1`), which is not where they live:
they live in `clearway.gen`, so that generated code stands under one fence. The imports are rewritten here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from filecmp import cmp
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
GEN = ROOT / "src" / "clearway" / "gen"
MOVED = {"clearway/v1": "v1", "buf/validate": "validate"}
HEADER = '"""Code generated from `proto/` by `make proto`: not edited, not linted, not typed by hand."""\n'


def generate(out: Path) -> None:
    """Write the whole generated package below `out`."""
    own = sorted(str(p.relative_to(PROTO)) for p in (PROTO / "clearway").rglob("*.proto"))
    vendored = ["buf/validate/validate.proto"]
    with tempfile.TemporaryDirectory() as raw:
        bundled = str(resources.files("grpc_tools") / "_proto")
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", f"-I{PROTO / 'vendor'}", f"-I{bundled}"]
        path = {"PATH": str(Path(sys.executable).parent)}
        messages = [f"--python_out={raw}", f"--mypy_out=quiet:{raw}"]
        subprocess.run([*command, *messages, *own, *vendored], check=True, env=path)
        services = [name for name in own if "service" in name]
        subprocess.run(
            [*command, f"--grpc_python_out={raw}", f"--mypy_grpc_out=quiet:{raw}", *services], check=True, env=path
        )
        for source, target in MOVED.items():
            (out / target).mkdir(parents=True)
            (out / target / "__init__.py").write_text(HEADER)
            for module in sorted((Path(raw) / source).iterdir()):
                (out / target / module.name).write_text(rewritten(module.read_text()))
    (out / "__init__.py").write_text(HEADER)


def rewritten(text: str) -> str:
    """The module's text with its imports pointing below `clearway.gen`."""
    text = re.sub(r"^from clearway\.v1 import", "from clearway.gen.v1 import", text, flags=re.MULTILINE)
    text = re.sub(r"^from buf\.validate import", "from clearway.gen.validate import", text, flags=re.MULTILINE)
    return re.sub(r"\bclearway\.v1\.(?=\w+_pb2)", "clearway.gen.v1.", text)


def differences(left: Path, right: Path) -> list[str]:
    """Names of the files that are not the same on both sides."""
    names = {
        str(p.relative_to(side)) for side in (left, right) for p in side.rglob("*.py*") if "__pycache__" not in p.parts
    }
    return sorted(
        n
        for n in names
        if not ((left / n).exists() and (right / n).exists() and cmp(left / n, right / n, shallow=False))
    )


def main() -> int:
    """Generate, or check; exit 1 where the check finds a difference."""
    with tempfile.TemporaryDirectory() as fresh:
        generate(Path(fresh))
        if "--check" in sys.argv:
            stale = differences(Path(fresh), GEN)
            if stale:
                print("generated code is out of date; run `make proto`:", *stale, sep="\n  ")
            return 1 if stale else 0
        shutil.rmtree(GEN, ignore_errors=True)
        shutil.copytree(fresh, GEN)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
