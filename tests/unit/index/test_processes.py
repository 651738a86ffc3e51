"""Readers in processes of their own: whole revisions only, growth, and a writer that is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

from clearway.index.follower import Pace, Step
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from tests.unit.index.doubles import CODE, KEYS, NOW, Node, find, subject

_CONTEXT = multiprocessing.get_context("spawn")
_FEW = 40


def _read_until_told(directory: Path, line: Connection) -> None:
    """Tell of every snapshot in which two subjects of one revision differ; end after word from the other side."""
    reader = IndexReader(IndexLayout(directory), KEYS.ids)
    keys = [KEYS.identifier_key(CODE, f"CODE{number:08d}") for number in range(1, _FEW)]
    torn, revisions = 0, set()
    line.send("ready")
    while not line.poll():
        reader.refresh()
        with reader.snapshot() as snapshot:
            hits = [snapshot.find(key) for key in keys]
            revisions.add(snapshot.revision)
            torn += {len(hit.profile.listings) for hit in hits if hit is not None} != {snapshot.revision % 50}
            torn += None in hits
    line.send((torn, revisions))


def test_a_reader_sees_one_revision_or_the_next_and_never_half(tmp_path: Path) -> None:
    node = Node(tmp_path, pace=Pace(initial_map=1 << 18))
    node.source.record(*(subject(number, listings=1) for number in range(1, _FEW)))
    node.follower.step(NOW)
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_read_until_told, args=(tmp_path, theirs))
    process.start()
    assert ours.recv() == "ready"
    for turn in range(2, 150):
        node.source.record(*(subject(number, listings=turn % 50) for number in range(1, _FEW)))
        if turn % 40 == 0:
            node.layout.report_damage(node.build)
        node.follower.step(NOW + turn)
    ours.send("enough")
    torn, revisions = ours.recv()
    process.join()
    node.follower.close()
    assert torn == 0
    assert len(revisions) > 3


def _look_when_told(directory: Path, code: str, line: Connection) -> None:
    reader = IndexReader(IndexLayout(directory), KEYS.ids)
    line.send(find(reader, code) is not None)
    line.recv()
    line.send(find(reader, code) is not None)


def test_a_reader_follows_a_map_that_was_grown_by_the_writer(tmp_path: Path) -> None:
    node = Node(tmp_path, pace=Pace(initial_map=1 << 18))
    node.source.record(subject(1))
    node.follower.step(NOW)
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_look_when_told, args=(tmp_path, "CODE00003999", theirs))
    process.start()
    assert ours.recv() is False
    node.source.record(*(subject(number, listings=8) for number in range(2, 4_000)))
    assert node.follower.step(NOW).step is Step.APPLIED
    ours.send("look again")
    assert ours.recv() is True
    process.join()
    node.follower.close()


def _write_for_ever(directory: Path, line: Connection) -> None:
    node = Node(directory)
    turn = 1
    while True:
        node.source.record(*(subject(number, listings=turn % 50) for number in range(1, _FEW)))
        node.follower.step(NOW + turn)
        if turn == 3:
            line.send("under way")
        turn += 1


def test_an_index_whose_writer_was_killed_is_whole_and_taken_up(tmp_path: Path) -> None:
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_write_for_ever, args=(tmp_path, theirs))
    process.start()
    assert ours.recv() == "under way"
    time.sleep(0.2)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with IndexReader(IndexLayout(tmp_path), KEYS.ids) as reader, reader.snapshot() as snapshot:
        revision = snapshot.revision
        hits = [snapshot.find(KEYS.identifier_key(CODE, f"CODE{number:08d}")) for number in range(1, _FEW)]
    assert {len(hit.profile.listings) for hit in hits if hit} == {revision % 50}
    node = Node(tmp_path)
    for _ in range(revision + 1):
        node.source.record(subject(1))
    assert node.follower.step(NOW).step is Step.APPLIED
    node.follower.close()
