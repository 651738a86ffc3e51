"""The parts of an act off the wire: what is meant is taken, what cannot be meant is refused with its field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from clearway.decision.facts import AdverseKind, Severity
from clearway.decision.status import FactStatus
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1 import registry_service_pb2 as pb
from clearway.registry.errors import RegistryError, RegistryReason, RepairTooEarly
from clearway.registry.events import ObjectionGrounds, Resolution
from clearway.registry.ledger import Document
from clearway.server.call import Caller
from clearway.server.errors import REGISTRY_REASONS, Refusal, refusal_for
from clearway.server.registry_service import acts, subjects

CALLER = Caller("local", "DEMO-LICENSING", "110000")
OPERATORS_OWN = {
    RegistryReason.UNKNOWN_REVISION,
    RegistryReason.SUSPICIOUS_LIST,
    RegistryReason.OTHER_KEY,
    RegistryReason.OTHER_SCHEMA,
    RegistryReason.UNSUPPORTED_DATABASE,
}
"""What no act and no reading over the wire brings about: a fault of the server's own where it comes up."""


@pytest.mark.parametrize(
    ("table", "ours", "wire"),
    [
        (acts.GROUNDS, ObjectionGrounds, pb.ObjectionGrounds),
        (acts.RESOLUTIONS, Resolution, pb.ObjectionResolution),
        (acts.ADVERSE_KINDS, AdverseKind, pb.AdverseKind),
        (acts.SEVERITIES, Severity, pb.Severity),
        ({wire: ours for ours, wire in subjects.STATUSES.items()}, FactStatus, pb.FactStatus),
    ],
)
def test_every_value_of_the_wire_has_its_own_here(table: Mapping[int, Any], ours: Any, wire: Any) -> None:
    assert {0, *table} == set(wire.values())
    assert set(table.values()) == set(ours)


@pytest.mark.parametrize("reason", RegistryReason)
def test_every_refusal_of_the_registry_has_a_reason_or_is_the_operator_s(reason: RegistryReason) -> None:
    error = RegistryError(reason, "why")
    assert (refusal_for(error) is None) == (reason in OPERATORS_OWN)
    assert {*REGISTRY_REASONS, *OPERATORS_OWN} == set(RegistryReason)


def test_a_repair_too_early_says_the_first_day_in_the_zone() -> None:
    early = RepairTooEarly(datetime(2027, 1, 31, tzinfo=ZoneInfo("Asia/Shanghai")))
    refusal = refusal_for(early)
    assert refusal is not None
    assert refusal.metadata == {"fault": "repair_too_early", "earliest": "2027-01-31"}


def test_an_act_is_somebody_s_of_an_authority() -> None:
    given = pb.Act(
        registrar="registrar 3", reason="why\nnot", document=decision_pb2.Document(number="示1号", date="2026-03-01")
    )
    parts = acts.act_of(given, CALLER)
    assert parts == ("DEMO-LICENSING/registrar 3", "why\nnot", Document("示1号", date(2026, 3, 1)), None)


def test_an_act_without_a_document_rests_on_none() -> None:
    assert acts.act_of(pb.Act(registrar="r", reason="y"), CALLER).document == Document()


def test_a_last_day_is_kept_as_the_first_day_after() -> None:
    statement = pb.ListingStatement(regime="R", until="2028-02-29")
    assert acts.statement_of(statement, "listing").expires_on == date(2028, 3, 1)


def test_a_lifting_ends_with_its_last_day_in_the_zone() -> None:
    ends = acts.end_of_day("2026-03-31", ZoneInfo("Asia/Shanghai"), "until")
    assert ends.astimezone(UTC) == datetime(2026, 3, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-02-29", "2026-13-01", "0000-01-01", "20260301", "2026-W10-1", "２０２６-03-01", "2026-03-01 ", "-1"]
)
def test_a_day_is_written_in_one_way_only(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        acts.day_of(text, "known_since")
    assert refused.value.reason_name == "INVALID_ACT"
    assert [violation.field for violation in refused.value.violations] == ["known_since"]
    assert text not in refused.value.message


@pytest.mark.parametrize(
    ("field", "take"),
    [
        ("act.reason", lambda: acts.act_of(pb.Act(registrar="r", reason="\x1b[2J"), CALLER)),
        (
            "act.effective_at",
            lambda: acts.act_by_its_own_dates(pb.Act(registrar="r", effective_at=Timestamp(seconds=1)), CALLER),
        ),
        ("d.number", lambda: acts.document_of(decision_pb2.Document(number="\u202e1"), "d")),
        ("d.date", lambda: acts.document_of(decision_pb2.Document(date="yesterday"), "d")),
        ("listing.until", lambda: acts.statement_of(pb.ListingStatement(until="9999-12-31"), "listing")),
        ("on", lambda: acts.required_day("", "on")),
        ("at", lambda: acts.moment_of(Timestamp(seconds=2**62), "at")),
        ("at", lambda: acts.moment_of(Timestamp(seconds=1, nanos=-5), "at")),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_field(field: str, take: Any) -> None:
    with pytest.raises(Refusal) as refused:
        take()
    assert [violation.field for violation in refused.value.violations] == [field]
