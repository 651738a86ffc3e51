"""Locks by request id among the workers of one node."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from clearway.querylog.id_locks import LOCK_FILE, IdLocks
from clearway.querylog.segment import sweep

IDS = st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=128), unique=True, max_size=50)


def test_one_worker_has_an_id_until_it_lets_it_go(tmp_path: Path) -> None:
    with closing(IdLocks(tmp_path)) as one, closing(IdLocks(tmp_path)) as other:
        assert one.try_lock("A", "r")
        assert not other.try_lock("A", "r")
        one.unlock("A", "r")
        assert other.try_lock("A", "r")


def test_an_id_is_its_authoritys_own(tmp_path: Path) -> None:
    with closing(IdLocks(tmp_path)) as one, closing(IdLocks(tmp_path)) as other:
        assert one.try_lock("A", "r")
        assert other.try_lock("B", "r")


@given(IDS)
def test_ids_do_not_hold_each_other_up(tmp_path_factory: object, ids: list[str]) -> None:
    folder = tmp_path_factory.mktemp("journal")  # type: ignore[attr-defined]
    with closing(IdLocks(folder)) as one, closing(IdLocks(folder)) as other:
        for number, name in enumerate(ids):
            assert (one, other)[number % 2].try_lock("A", name)


def test_what_a_killed_worker_held_is_free(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, sys; from clearway.querylog.id_locks import IdLocks;"
        "assert IdLocks(pathlib.Path(sys.argv[1])).try_lock('A', 'r'); print('held', flush=True); os.read(0, 1)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder, closing(IdLocks(tmp_path)) as other:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert not other.try_lock("A", "r")
        holder.kill()
        holder.wait(30)
        assert other.try_lock("A", "r")


def test_sweeping_the_journals_leaves_the_file(tmp_path: Path) -> None:
    with closing(IdLocks(tmp_path)) as one:
        assert one.try_lock("A", "r")
        sweep(tmp_path)
        assert (tmp_path / LOCK_FILE).exists()
