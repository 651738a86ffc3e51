"""`python -m fuzz TARGET`: feed mutations of the seeds to one target until the time is over or a law is broken.

libFuzzer's own exit code: 0 where nothing was found. What broke a law is kept in `fuzz/findings`; give the file back to
see it again: `python -m fuzz TARGET --replay FILE`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris
import click

with atheris.instrument_imports(include=["clearway"]):
    from fuzz.seeds import SEEDS
    from fuzz.targets import TARGETS

HERE = Path(__file__).parent
LONGEST = 65_536


@click.command()
@click.argument("target", type=click.Choice(list(TARGETS)))
@click.option("--seconds", type=click.IntRange(min=1), default=600, show_default=True, help="How long to look.")
@click.option("--seed", type=int, default=0, help="Of the mutations' chance; 0: another each time.")
@click.option("--corpus", type=click.Path(path_type=Path), default=HERE / "corpus", help="What earlier runs found new.")
@click.option("--findings", type=click.Path(path_type=Path), default=HERE / "findings", help="Where failures are kept.")
@click.option("--replay", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Try this one input.")
def main(target: str, seconds: int, seed: int, corpus: Path, findings: Path, replay: Path | None) -> None:
    """Fuzz one target."""
    if replay is not None:
        TARGETS[target](replay.read_bytes())
        click.echo(f"{target}: every law holds")
        return
    folder = sown(target, corpus)
    findings.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-artifact_prefix={findings}/{target}-",
        f"-max_len={LONGEST}",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(folder)], TARGETS[target])
    atheris.Fuzz()


def sown(target: str, corpus: Path) -> Path:
    """The folder of inputs to begin from: the seeds, and what earlier runs kept."""
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[target]()):
        (folder / f"seed-{number}").write_bytes(seed)
    return folder


if __name__ == "__main__":
    main()
