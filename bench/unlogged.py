"""A node that keeps no record: what a check costs without its evidence. For `make bench` alone.

The journal is put out of the way from outside, in every worker process; Clearway has no setting for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from unittest import mock

from clearway.cli.main import cli
from clearway.querylog.journal import Recovery
from clearway.server import roles, supervisor, worker
from clearway.server.settings import Settings


class Nowhere:
    """A journal in the place of the real one, which forgets at once what it is given."""

    def __init__(self, settings: Settings, incarnation: str) -> None:
        (settings.data_dir / "journal").mkdir(parents=True, exist_ok=True)

    def append(self, batch: Sequence[bytes]) -> None:
        """Forget the batch."""

    def recover(self, batch: Sequence[bytes] = ()) -> Recovery:
        """Never needed: nothing can fail here."""
        raise AssertionError("a journal that writes nothing cannot have failed")

    def close(self) -> None:
        """Close nothing."""


def play(role: roles.Role, *arguments: object) -> None:
    """What the role does; a worker's records go nowhere."""
    with mock.patch.object(worker, "journal_of", Nowhere):
        roles.play(role, *arguments)


def main() -> None:
    """`clearway serve`, with such workers."""
    from bench import unlogged  # By its name: the children that the supervisor spawns must find it there.

    with mock.patch.object(supervisor, "play", unlogged.play):
        cli(["serve"])


if __name__ == "__main__":
    main()
