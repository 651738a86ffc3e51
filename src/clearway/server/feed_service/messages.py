"""Rows set aside and lists that wait, as the contract has them."""

from __future__ import annotations

from collections.abc import Mapping

from clearway.gen.v1 import feed_service_pb2 as pb
from clearway.registry.feeds.rows import Disposition
from clearway.registry.fetching.waiting import Waiting
from clearway.registry.quarantine import RowState, SetAside
from clearway.server.operators import waiting_list
from clearway.server.revision import token_of

STATES = {pb.RowState.Value(f"ROW_STATE_{state.name}"): state for state in RowState}
WIRE_STATES = {state: value for value, state in STATES.items()}


def set_aside(row: SetAside, database_id: str, column: str = "") -> pb.QuarantinedRow:
    """A row. `column` is the one that its reason is about, where that is known."""
    wire = pb.QuarantinedRow(
        row_id=row.row_id,
        feed=row.feed,
        file_name=row.file_name,
        row_number=row.row_number,
        reason=row.reason,
        detail=row.detail,
        column=column,
        cells=cells(row.original),
        masked=row.masked,
        state=WIRE_STATES[row.state],
    )
    wire.set_aside_at.FromDatetime(row.recorded_at)
    if row.resolution is not None:
        done = row.resolution
        wire.resolution.revision = token_of(database_id, done.revision)
        wire.resolution.actor = done.actor
        wire.resolution.resolved_at.FromDatetime(done.recorded_at)
        wire.resolution.reason = done.note
        wire.resolution.changes.extend(cells(done.changes))
    return wire


def cells(by_column: Mapping[str, str]) -> list[pb.RowCell]:
    """Cells, in the row's order."""
    return [pb.RowCell(column=column, value=value) for column, value in by_column.items()]


def for_decision(waiting: Waiting) -> pb.ListForDecision:
    """A list that waits."""
    report = waiting.report
    samples = [
        pb.RowFault(
            row_number=sample.row_number,
            set_aside=sample.disposition is Disposition.QUARANTINED,
            reason=sample.reason.value,
            detail=sample.detail,
        )
        for sample in report.samples
    ]
    return pb.ListForDecision(
        feed=waiting.feed,
        list=waiting_list(waiting),
        unchanged=report.unchanged,
        rejected=report.rejected,
        reasons=report.reasons,
        samples=samples,
        added_ids=report.first_added,
        changed_ids=report.first_changed,
        gone_ids=report.first_gone,
    )
