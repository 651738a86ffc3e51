"""`python -m fuzz TARGET…`: feed mutations of the seeds to each target until the time is over or a law is broken.

libFuzzer's own exit code: 0 where nothing was found. What broke a law is kept in `fuzz/findings`; give the file back to
see it again: `python -m fuzz TARGET --replay FILE`.
"""

from __future__ import annotations

import os
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
@click.argument("targets", type=click.Choice(list(TARGETS)), nargs=-1, required=True)
@click.option("--seconds", type=click.IntRange(min=1), default=600, show_default=True, help="How long to look at each.")
@click.option("--runs", type=int, default=-1, help="Inputs of each after which to stop before that; -1: no such bound.")
@click.option("--seed", type=int, default=0, help="Of the mutations' chance; 0: another each time.")
@click.option("--corpus", type=click.Path(path_type=Path), default=HERE / "corpus", help="What earlier runs found new.")
@click.option("--findings", type=click.Path(path_type=Path), default=HERE / "findings", help="Where failures are kept.")
@click.option("--replay", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Try this one input.")
def main(
    targets: tuple[str, ...], seconds: int, runs: int, seed: int, corpus: Path, findings: Path, replay: Path | None
) -> None:
    """Fuzz targets, one after another, until one breaks a law."""
    if replay is not None:
        for target in targets:
            TARGETS[target](replay.read_bytes())
            click.echo(f"{target}: every law holds")
        return
    findings.mkdir(parents=True, exist_ok=True)
    for target in targets:
        click.echo(f"target: {target}", err=True)
        options = [
            f"-max_total_time={seconds}",
            f"-runs={runs}",
            f"-seed={seed}",
            f"-artifact_prefix={findings}/{target}-",
            f"-max_len={LONGEST}",
            "-timeout=20",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
        ]
        status = in_a_process_of_its_own(target, [*options, str(sown(target, corpus))])
        if status:
            sys.exit(status)


def in_a_process_of_its_own(target: str, options: list[str]) -> int:
    """Fuzz one target; libFuzzer's exit code. It ends its process; what was instrumented here serves every target."""
    child = os.fork()
    if child == 0:
        atheris.Setup([sys.argv[0], *options], TARGETS[target])
        atheris.Fuzz()
    _, ended = os.waitpid(child, 0)
    return abs(os.waitstatus_to_exitcode(ended))


def sown(target: str, corpus: Path) -> Path:
    """The folder of inputs to begin from: the seeds, and what earlier runs kept."""
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[target]()):
        (folder / f"seed-{number}").write_bytes(seed)
    return folder


if __name__ == "__main__":
    main()
