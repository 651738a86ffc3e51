"""Proof and log in front of a visitor: what is shown, what the browser keeps, and what a rewritten log looks like."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import grpc
import httpx
import pytest

from clearway.gen.v1 import transparency_pb2 as pb
from clearway.gen.v1.check_service_pb2 import GetReceiptKeysResponse
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.web.console.cookies import CHECKPOINT
from tests.unit.querylog.records import a_check_id
from tests.unit.web.console.small_log import LOG, OTHER_LOG, STRANGER, SmallLog, a_log, a_raw_record, keys_of
from tests.unit.web.console.visiting import Clock, ScriptedWorkers, Visitor, ended, give, refused_for, visiting

NUMBER = 3
CHECK = f"/console/checks/{a_check_id(NUMBER)}"


@pytest.fixture
def log() -> SmallLog:
    return a_log()


@pytest.fixture
def workers(log: SmallLog) -> ScriptedWorkers:
    found = ScriptedWorkers()
    give(found, log, NUMBER)
    return found


@pytest.fixture
async def visitor(workers: ScriptedWorkers) -> AsyncIterator[Visitor]:
    async with visiting(workers, Clock()) as found:
        yield found


def steps(page: httpx.Response) -> list[str]:
    """What came of each step that a page shows."""
    return re.findall(r'<li class="step (\w+)"', page.text)


# A check


async def test_a_check_s_proof_is_gone_through_on_its_page(visitor: Visitor) -> None:
    page = await visitor.get(CHECK)
    assert steps(page) == ["holds"] * 4
    assert "Proven: this answer is on the log" in page.text
    assert "row 3 of the 7 rows" in page.text
    assert LOG.verifier.vkey.replace("+", "&#43;") in page.text or LOG.verifier.vkey in page.text


async def test_a_step_that_fails_is_shown_as_failed_and_with_what_it_means(
    visitor: Visitor, workers: ScriptedWorkers, log: SmallLog
) -> None:
    workers.answers["GetInclusionProof"] = lambda _: pb.GetInclusionProofResponse(proof=log.proof(NUMBER, STRANGER).raw)
    page = await visitor.get(CHECK)
    assert steps(page) == ["holds", "holds", "holds", "failed"]
    assert "Not proven" in page.text
    assert "None of the log’s keys signed this root" in page.text
    assert "Proven: this answer" not in page.text


async def test_what_a_worker_shows_is_held_to_the_record(
    visitor: Visitor, workers: ScriptedWorkers, log: SmallLog
) -> None:
    answer = workers.answers["ShowCheck"]

    def other(asked: object) -> object:
        page = answer(asked)
        page.response.decision.explanation.text = "Nothing stands against it."  # type: ignore[attr-defined]
        return page

    workers.answers["ShowCheck"] = other  # type: ignore[assignment]
    page = await visitor.get(CHECK)
    assert steps(page) == ["failed", "holds", "holds", "holds"]
    assert "do not rely on it" in page.text


async def test_a_check_that_is_not_signed_yet_says_so_and_can_be_looked_at_again(
    visitor: Visitor, workers: ScriptedWorkers
) -> None:
    def behind(_: object) -> pb.GetEntryResponse:
        raise refused_for(ErrorReason.ERROR_REASON_TREE_BEHIND)

    workers.answers["GetInclusionProof"] = behind
    page = await visitor.get(CHECK)
    assert page.status_code == 200
    assert steps(page) == []
    assert "Not signed yet" in page.text
    assert f'href="{CHECK}">Look again' in page.text


async def test_a_proof_that_is_not_given_is_no_tick(visitor: Visitor, workers: ScriptedWorkers) -> None:
    def gone(_: object) -> pb.GetEntryResponse:
        raise ended(grpc.StatusCode.UNAVAILABLE)

    workers.answers["GetEntry"] = gone
    page = await visitor.get(CHECK)
    assert page.status_code == 200
    assert "No proof was given" in page.text
    assert 'class="step holds' not in page.text


async def test_the_file_that_is_taken_home_is_the_proof_of_the_tree_that_was_shown(
    visitor: Visitor, workers: ScriptedWorkers, log: SmallLog
) -> None:
    page = await visitor.get(CHECK)
    (address,) = re.findall(r'href="([^"]+/proof[^"]*)"', page.text)
    file = await visitor.get(address)
    assert file.content == log.proof(NUMBER).raw
    assert file.headers["content-disposition"] == f'attachment; filename="{a_check_id(NUMBER)}.tlog-proof"'
    assert (workers.asked[-1].check_id, workers.asked[-1].tree_size) == (a_check_id(NUMBER), 7)
    await visitor.get(f"{CHECK}/proof?size=x")
    assert workers.asked[-1].tree_size == 0


# The log


async def test_a_first_look_has_nothing_to_compare_with_and_the_next_one_does(visitor: Visitor, log: SmallLog) -> None:
    first = await visitor.get("/console/log")
    assert steps(first) == ["holds"]
    assert "This browser has seen none before" in first.text
    log.grow(5)
    assert "The 12 rows of today begin with the 7 rows signed then" in (await visitor.get("/console/log")).text
    assert "It is the same: 12 rows" in (await visitor.get("/console/log")).text


async def test_a_log_that_was_written_anew_fails_until_the_visitor_lets_go(
    visitor: Visitor, workers: ScriptedWorkers, log: SmallLog
) -> None:
    await visitor.get("/console/log")
    kept = visitor.cookies[CHECKPOINT]
    rewritten = a_log(7)
    rewritten.records[1] = a_raw_record(2, "Nothing stands against it.")
    rewritten.grow(3)
    give(workers, rewritten, NUMBER)
    for _ in range(2):
        page = await visitor.get("/console/log")
        assert steps(page) == ["holds", "failed"]
        assert "The log was written anew" in page.text
        assert visitor.cookies[CHECKPOINT] == kept
    assert log.tree().text.split("\n")[2] in page.text
    let_go = await visitor.send("/console/log", "/console/log/forget")
    assert "This browser has seen none before" in let_go.text
    assert "It is the same: 10 rows" in (await visitor.get("/console/log")).text


async def test_a_log_that_lost_rows_shows_no_tick_and_forgets_nothing(
    visitor: Visitor, workers: ScriptedWorkers
) -> None:
    await visitor.get("/console/log")
    kept = visitor.cookies[CHECKPOINT]
    give(workers, a_log(5), NUMBER)
    page = await visitor.get("/console/log")
    assert steps(page) == ["holds", "open"]
    assert "The newest here has 5 rows, and 7 were signed before" in page.text
    assert visitor.cookies[CHECKPOINT] == kept


async def test_another_key_s_tree_is_not_kept(visitor: Visitor, workers: ScriptedWorkers, log: SmallLog) -> None:
    workers.answers["GetCheckpoint"] = lambda _: pb.GetCheckpointResponse(checkpoint=log.checkpoint(signer=STRANGER))
    page = await visitor.get("/console/log")
    assert steps(page) == ["failed"]
    assert CHECKPOINT not in visitor.cookies


async def test_a_log_that_was_begun_anew_under_another_name_is_said(
    visitor: Visitor, workers: ScriptedWorkers, log: SmallLog
) -> None:
    await visitor.get("/console/log")
    workers.answers["GetCheckpoint"] = lambda _: pb.GetCheckpointResponse(checkpoint=log.checkpoint(signer=OTHER_LOG))
    workers.answers["GetReceiptKeys"] = lambda _: GetReceiptKeysResponse(jwks=keys_of(LOG, OTHER_LOG))
    page = await visitor.get("/console/log")
    assert steps(page) == ["holds", "failed"]
    assert "of another log (example.org/log)" in page.text


@pytest.mark.parametrize("kept", ["x", "AAAA", "é", "eA=="])
async def test_a_cookie_that_holds_no_checkpoint_is_no_promise(visitor: Visitor, kept: str) -> None:
    visitor.cookies.set(CHECKPOINT, kept.encode("ascii", "ignore").decode(), domain="clearway.example", path="/console")
    page = await visitor.get("/console/log")
    assert page.status_code == 200
    assert "It is the same" not in page.text


async def test_a_checkpoint_that_was_kept_elsewhere_is_compared_with_the_newest(
    visitor: Visitor, log: SmallLog
) -> None:
    brought = log.checkpoint(4).decode().replace("\n", "\r\n")
    page = await visitor.send("/console/log", "/console/log", checkpoint=brought)
    assert "The 7 rows of today begin with the 4 rows signed then" in page.text
    false = log.checkpoint(4, STRANGER).decode()
    for text in (false, "", "no checkpoint"):
        page = await visitor.send("/console/log", "/console/log", checkpoint=text)
        assert steps(page)[-1] == "failed"
        assert "none that this log signed" in page.text


async def test_a_consistency_proof_that_shows_nothing_fails(
    visitor: Visitor, workers: ScriptedWorkers, log: SmallLog
) -> None:
    workers.answers["GetConsistencyProof"] = lambda _: pb.GetConsistencyProofResponse(hashes=[bytes(32)])
    page = await visitor.send("/console/log", "/console/log", checkpoint=log.checkpoint(4).decode())
    assert steps(page) == ["holds", "failed"]


async def test_the_newest_checkpoint_is_taken_home_as_it_is_signed(visitor: Visitor, log: SmallLog) -> None:
    file = await visitor.get("/console/log/checkpoint")
    assert file.content == log.checkpoint()
    assert file.headers["content-disposition"] == 'attachment; filename="log-7.checkpoint"'


async def test_a_checkpoint_that_is_none_is_a_page_that_says_so(visitor: Visitor, workers: ScriptedWorkers) -> None:
    workers.answers["GetCheckpoint"] = lambda _: pb.GetCheckpointResponse(checkpoint=b"none")
    page = await visitor.get("/console/log")
    assert page.status_code == 502
    assert "signed root is none" in page.text


async def test_a_full_verification_is_told_with_its_result(
    visitor: Visitor, workers: ScriptedWorkers, log: SmallLog
) -> None:
    assert "No verification of the whole log is recorded" in (await visitor.get("/console/log")).text
    for sound, words in ((True, "Nothing was found wrong"), (False, "Found wrong: 2")):
        last = pb.FullVerification(sound=sound, leaves=7, rows=7, findings=0 if sound else 2, run_by="ops-3")
        last.finished_at.FromDatetime(datetime(2026, 3, 1, tzinfo=UTC))
        given = pb.GetCheckpointResponse(checkpoint=log.checkpoint(), last_full_verification=last)
        workers.answers["GetCheckpoint"] = lambda _, given=given: given  # type: ignore[misc]
        page = await visitor.get("/console/log")
        assert words in page.text
        assert "2026-03-01 08:00:00 · 25 hours ago" in page.text
        assert "ops-3" in page.text


async def test_a_session_goes_on_while_a_checkpoint_is_kept(visitor: Visitor) -> None:
    kept = (await visitor.get("/console/log")).headers.get_list("set-cookie")
    assert sorted(one.split("=")[0] for one in kept) == [CHECKPOINT, "clearway-console"]
    assert all("HttpOnly" in one and "SameSite=strict" in one and "Secure" in one for one in kept)
