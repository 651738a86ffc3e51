"""From one key of a log to the next: what whoever trusts the old one may take the new one from."""

from __future__ import annotations

import pytest

from clearway.transparency.checkpoints import Checkpoint, open_checkpoint
from clearway.transparency.handovers import followed, handover_to, next_key
from clearway.transparency.notes import Note, NoteInvalid, Signer

OLD = Signer("example.org/log", bytes(range(32)))
NEW = Signer("example.org/log", bytes(range(1, 33)))
NEWER = Signer("example.org/renamed", bytes(range(2, 34)))
STRANGER = Signer("example.org/log", bytes(32))
TREE = Checkpoint("example.org/log", 10, bytes(32))
HANDOVER = handover_to(NEW, OLD, TREE)


def test_whoever_trusts_the_old_key_learns_the_new_one() -> None:
    assert next_key(HANDOVER.raw, [OLD.verifier]) == NEW.verifier


def test_it_is_a_checkpoint_that_either_key_opens() -> None:
    assert open_checkpoint(HANDOVER.raw, [OLD.verifier]) == TREE
    assert open_checkpoint(HANDOVER.raw, [NEW.verifier]) == TREE


def test_a_checkpoint_that_names_no_key_hands_nothing_over() -> None:
    note = Note(TREE.text, (OLD.sign(TREE.text), STRANGER.sign(TREE.text)))
    assert next_key(note.raw, [OLD.verifier]) is None
    assert followed([OLD.verifier], [note.raw]) == [OLD.verifier]


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(handover_to(STRANGER, STRANGER, TREE), id="a stranger names itself"),
        pytest.param(Note(HANDOVER.text, HANDOVER.signatures[:1]), id="the new key has not signed"),
        pytest.param(Note(HANDOVER.text, HANDOVER.signatures[1:]), id="the old key has not signed"),
        pytest.param(
            Note(HANDOVER.text.replace(NEW.verifier.vkey, STRANGER.verifier.vkey), HANDOVER.signatures),
            id="another key is named than was signed",
        ),
    ],
)
def test_what_is_no_handover_by_a_trusted_key_is_refused(note: Note) -> None:
    with pytest.raises(NoteInvalid):
        next_key(note.raw, [OLD.verifier])
    assert followed([OLD.verifier], [note.raw]) == [OLD.verifier]


def test_keys_are_followed_one_after_the_other_in_whatever_order_the_notes_come() -> None:
    second = handover_to(NEWER, NEW, TREE)
    found = followed([OLD.verifier], [second.raw, HANDOVER.raw])
    assert found == [OLD.verifier, NEW.verifier, NEWER.verifier]
    assert followed([OLD.verifier], [second.raw]) == [OLD.verifier]
