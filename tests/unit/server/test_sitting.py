"""What the answers of one round share: one revision, one moment, one age of the index."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any, cast

import pytest

from clearway.decision.explain import Language
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.querylog.record import decode_record
from clearway.server.checks import Checks
from clearway.server.lookup import Lookup
from clearway.server.recording import Recording
from clearway.server.sitting import sit
from clearway.server.sources import ScheduledSources
from tests.unit.server.calls import KEYS, NOON, a_call, a_request, a_snapshot, catalogue

EDITION = pb.CatalogueEdition(id="2026.1", content_hash="00")
MOMENT = NOON + timedelta(microseconds=250_000)


@pytest.mark.parametrize(
    ("seconds_ago", "wanted"),
    [(0.0, (0, 250_000_000)), (1.5, (1, 750_000_000)), (-30.0, (0, 0))],
    ids=["in step", "behind", "from the future"],
)
def test_the_head_says_when_and_how_old_the_index_was(seconds_ago: float, wanted: tuple[int, int]) -> None:
    snapshot = a_snapshot(synced_at=NOON.timestamp() - seconds_ago)
    sitting = sit(snapshot, MOMENT, NOON.date(), EDITION, ())
    age = sitting.head.index_age
    assert (age.seconds, age.nanos) == wanted
    assert sitting.index_age_ms == wanted[0] * 1000 + wanted[1] // 1_000_000
    assert sitting.head.decided_at.ToDatetime(UTC) == MOMENT
    assert (sitting.head.revision, sitting.head.catalogue_edition) == (sitting.revision, EDITION)


def test_a_snapshot_is_looked_at_in_one_moment_and_the_next_one_in_another() -> None:
    ticks = iter(range(9))
    checks = checks_at(lambda: NOON + timedelta(seconds=next(ticks)))
    first, second = a_snapshot(revision=0, june=date(2026, 6, 1)), a_snapshot(revision=0)
    answers = [asked(checks, snapshot) for snapshot in (first, first, second)]
    moments = [answer.decided_at.ToDatetime(UTC) for answer, _ in answers]
    assert moments == [NOON, NOON, NOON + timedelta(seconds=1)]
    assert [record.decided_at for _, record in answers] == moments
    assert len({answer.check_id for answer, _ in answers}) == 3


def checks_at(clock: Any) -> Checks:
    """What decides, without what records."""
    ids = iter(f"0195a0b0-0000-7000-8000-00000000000{n}" for n in range(9))
    nothing = cast("Any", None)
    return Checks(
        catalogue(),
        Lookup(KEYS, 300.0),
        rounds=nothing,
        journal=nothing,
        recording=Recording(catalogue(), "worker-1"),
        replays=nothing,
        freshness=nothing,
        language=Language.EN,
        clock=clock,
        new_id=lambda: next(ids),
        sources=ScheduledSources(()),
        receipts=nothing,
    )


def asked(checks: Checks, snapshot: Any) -> tuple[pb.CheckSubjectResponse, Any]:
    """The answer to a check on the snapshot, and its record."""
    answer = checks.answer(a_request(), b"", a_call(), snapshot)
    return pb.CheckSubjectResponse.FromString(answer.response), decode_record(answer.record)
