"""A check's proof on its page: each way in which it can be false fails the step that it is about, and no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.transparency.notes import parse_note
from clearway.transparency.proofs import LoggedProof, parse_proof
from clearway.web.console.proof import CheckProof, Given, check_proof
from clearway.web.console.signatures import log_keys
from clearway.web.console.steps import Result
from tests.unit.querylog.records import a_check_id
from tests.unit.web.console.small_log import (
    LOG,
    OTHER_LOG,
    SALT,
    STRANGER,
    WITNESS,
    SmallLog,
    Witness,
    a_log,
    a_raw_record,
    keys_of,
    shown,
)

NUMBER = 3
HOLDING = ["record_agrees", "entry_agrees", "place_holds", "signature_holds"]


@pytest.fixture(scope="module")
def log() -> SmallLog:
    return a_log()


def gone_through(given: Given, found: pb.ShowCheckResponse | None = None, *witnesses: Witness) -> CheckProof:
    """The proof of check 3, as a page shows it."""
    page = shown(a_raw_record(NUMBER)) if found is None else found
    return check_proof(given, page, shown, [witness.verifier for witness in witnesses])


def words(proof: CheckProof) -> list[str]:
    return [step.word for step in proof.steps]


def with_proof(given: Given, change: Callable[[LoggedProof], LoggedProof]) -> Given:
    return replace(given, proof=change(parse_proof(given.proof)).raw)


def failed(proof: CheckProof) -> list[str]:
    return [step.word for step in proof.steps if step.result is not Result.HOLDS]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 8, 9])
def test_every_check_of_an_honest_log_is_proven(size: int) -> None:
    log = a_log(size)
    for number in range(1, size + 1):
        proof = check_proof(log.given(number), shown(log.records[number - 1]), shown, [])
        assert (words(proof), proof.result) == (HOLDING, Result.HOLDS)
        assert dict(proof.steps[2].parts) == {"row": str(number), "size": str(size)}


def test_steps_show_what_they_were_gone_through_with(log: SmallLog) -> None:
    proof = gone_through(log.given(NUMBER))
    raw = dict(pair for step in proof.steps for pair in step.raw)
    assert raw["committed_to"] == raw["made_of_record"] == sha256(SALT + log.records[NUMBER - 1]).hexdigest()
    assert raw["leaf_hash"] == sha256(b"\0" + log.entry(NUMBER)).hexdigest()
    assert raw["root"] == log.tree().root.hex()
    assert raw["log_key"] == LOG.verifier.vkey
    assert raw["signed_text"] == log.tree().text.rstrip("\n")


def test_what_happened_afterwards_and_an_authority_s_name_of_today_are_in_no_record(log: SmallLog) -> None:
    page = shown(a_raw_record(NUMBER))
    page.later.add(event="outcome_reported")
    page.check.authority.name = "Its name since yesterday"
    assert gone_through(log.given(NUMBER), page).result is Result.HOLDS


def other_outcome(page: pb.ShowCheckResponse) -> None:
    page.response.decision.outcome = decision_pb2.OUTCOME_ORDINARY


def other_officer(page: pb.ShowCheckResponse) -> None:
    page.check.officer = "somebody else"


def other_facts(page: pb.ShowCheckResponse) -> None:
    page.facts = "{}"


@pytest.mark.parametrize(
    ("change", "field"), [(other_outcome, "response"), (other_officer, "check"), (other_facts, "facts")]
)
def test_a_page_that_shows_another_answer_than_the_record_fails(
    log: SmallLog, change: Callable[[pb.ShowCheckResponse], None], field: str
) -> None:
    page = shown(a_raw_record(NUMBER))
    change(page)
    proof = gone_through(log.given(NUMBER), page)
    assert (failed(proof), proof.result) == (["record_differs"], Result.FAILED)
    assert dict(proof.steps[0].parts) == {"fields": field}


def test_a_record_changed_after_it_was_logged_fails_though_the_page_shows_it(log: SmallLog) -> None:
    changed = a_raw_record(NUMBER, "Nothing stands against it.")
    proof = gone_through(replace(log.given(NUMBER), record=changed), shown(changed))
    assert (failed(proof), proof.result) == (["entry_differs"], Result.FAILED)


TAMPERED: dict[str, tuple[Callable[[SmallLog, Given], Given], list[str]]] = {
    "other random bytes": (lambda _, given: replace(given, salt=bytes(32)), ["entry_differs"]),
    "bytes that are no record": (
        lambda _, given: replace(given, record=b"\xff"),
        ["record_unreadable", "entry_differs"],
    ),
    "the proof of another check": (
        lambda log, given: replace(given, proof=log.proof(NUMBER + 1).raw),
        ["entry_of_another"],
    ),
    "an entry that is none": (
        lambda _, given: with_proof(given, lambda proof: replace(proof, extra=b"x")),
        ["entry_unreadable", "place_differs"],
    ),
    "another place": (
        lambda _, given: with_proof(given, lambda proof: replace(proof, index=proof.index + 1)),
        ["place_differs"],
    ),
    "a place outside of the tree": (
        lambda _, given: with_proof(given, lambda proof: replace(proof, index=70)),
        ["place_leads_nowhere"],
    ),
    "a hash too few": (
        lambda _, given: with_proof(given, lambda proof: replace(proof, hashes=proof.hashes[:-1])),
        ["place_leads_nowhere"],
    ),
    "a hash changed": (
        lambda _, given: with_proof(given, lambda proof: replace(proof, hashes=(bytes(32), *proof.hashes[1:]))),
        ["place_differs"],
    ),
    "an older tree's signature": (
        lambda log, given: with_proof(given, lambda proof: replace(proof, checkpoint=mixed(log))),
        ["signature_false"],
    ),
    "a stranger's key": (
        lambda log, given: replace(given, proof=log.proof(NUMBER, STRANGER).raw),
        ["signature_missing"],
    ),
    "keys that are none": (lambda _, given: replace(given, keys="no JSON"), ["signature_missing"]),
    "another log's keys": (lambda _, given: replace(given, keys=keys_of(OTHER_LOG)), ["signature_missing"]),
    "a proof that is none": (lambda _, given: replace(given, proof=b"not a proof"), ["proof_unreadable"]),
    "a checkpoint that is none": (
        lambda _, given: with_proof(given, lambda proof: replace(proof, checkpoint=b"no note")),
        ["checkpoint_unreadable"],
    ),
}


def mixed(log: SmallLog) -> bytes:
    """The newest tree under the signature of an older one."""
    return replace(parse_note(log.checkpoint()), signatures=parse_note(log.checkpoint(2)).signatures).raw


@pytest.mark.parametrize("what", TAMPERED)
def test_what_is_false_fails_its_own_step(log: SmallLog, what: str) -> None:
    change, expected = TAMPERED[what]
    proof = gone_through(change(log, log.given(NUMBER)))
    assert failed(proof) == expected
    assert proof.result is Result.FAILED


def test_what_was_erased_is_neither_proven_nor_failed(log: SmallLog) -> None:
    proof = gone_through(replace(log.given(NUMBER), record=b"", salt=b""))
    assert words(proof) == ["record_erased", "entry_not_opened", "place_holds", "signature_holds"]
    assert proof.result is Result.OPEN


def test_witnesses_are_told_apart_by_what_they_signed(log: SmallLog) -> None:
    silent = Witness("silent.example", bytes([9] * 32))
    proof = gone_through(log.given(NUMBER, witnesses=[WITNESS]), None, WITNESS, silent)
    assert [step.word for step in proof.witnesses] == ["witness_holds", "witness_silent"]
    assert dict(proof.witnesses[0].parts)["moment"] == "2026-02-25 06:13:20"
    assert proof.result is Result.HOLDS


@pytest.mark.parametrize("seconds", [2**63, 2**64 - 1])
def test_a_witness_of_a_moment_outside_of_the_calendar_signed_all_the_same(log: SmallLog, seconds: int) -> None:
    note = parse_note(log.checkpoint())
    signed = replace(note, signatures=(*note.signatures, WITNESS.sign(note.text, seconds))).raw
    given = with_proof(log.given(NUMBER), lambda proof: replace(proof, checkpoint=signed))
    assert [step.word for step in gone_through(given, None, WITNESS).witnesses] == ["witness_undated"]


def test_a_false_witness_spoils_the_proof(log: SmallLog) -> None:
    forger = Witness(WITNESS.name, bytes([8] * 32))
    note = parse_note(log.checkpoint())
    forged = replace(forger.sign(note.text), key_id=WITNESS.verifier.key_id)
    checkpoint = replace(note, signatures=(*note.signatures, forged)).raw
    given = with_proof(log.given(NUMBER), lambda proof: replace(proof, checkpoint=checkpoint))
    proof = gone_through(given, None, WITNESS)
    assert [step.word for step in proof.witnesses] == ["witness_false"]
    assert (failed(proof), proof.result) == ([], Result.FAILED)


def test_a_key_counts_for_the_log_whose_name_its_id_is_made_of() -> None:
    keys = keys_of(LOG, OTHER_LOG)
    assert log_keys(keys, LOG.name) == (LOG.verifier,)
    assert log_keys(keys, OTHER_LOG.name) == (OTHER_LOG.verifier,)
    assert log_keys(keys, "example.org/third") == ()


@pytest.mark.parametrize("keys", ["", "[]", "{}", '{"keys":[{}]}', '{"keys":[{"kid":"0","x":"é"}]}', '{"keys":1}'])
def test_a_key_set_that_is_none_has_no_keys(keys: str) -> None:
    assert log_keys(keys, LOG.name) == ()


def test_a_short_key_is_passed_over() -> None:
    (key,) = json.loads(keys_of(LOG))["keys"]
    assert log_keys(json.dumps({"keys": [key | {"x": "AAAA"}, key]}), LOG.name) == (LOG.verifier,)


@over(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_bit_of_a_proof_can_turn_and_still_hold(place: int, bit: int) -> None:
    given = a_log(5).given(NUMBER)
    turned = bytearray(given.proof)
    turned[place % len(turned)] ^= 1 << bit
    proof = gone_through(replace(given, proof=bytes(turned)))
    same_meaning = proof.result is Result.HOLDS and parse_proof(bytes(turned)) == parse_proof(given.proof)
    assert proof.result is not Result.HOLDS or same_meaning


def test_a_check_is_no_other_check(log: SmallLog) -> None:
    page = shown(a_raw_record(NUMBER))
    page.check.check_id = a_check_id(NUMBER + 1)
    assert failed(gone_through(log.given(NUMBER), page)) == ["record_differs", "entry_of_another"]
