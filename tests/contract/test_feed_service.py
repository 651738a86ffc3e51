"""Rows set aside and lists that wait, over the wire: looked at, corrected, dismissed, loaded, and by whom."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

import grpc
import pytest

from clearway.gen.v1 import feed_service_pb2 as pb
from clearway.gen.v1 import registry_service_pb2 as registry_pb
from clearway.gen.v1.feed_service_pb2_grpc import FeedServiceStub
from clearway.registry.registry import Registry
from tests.contract.feeds_left import BEIJING, SHANGHAI, WRONG_DAY, code_in
from tests.contract.loaded import refusal_in
from tests.contract.test_access import recorded
from tests.node import RunningNode
from tests.parties import AUTHORITY, as_caller
from tests.unit.registry.making import CITIZEN

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("left")]

PATIENCE = 10.0
TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def node(served_left: tuple[RunningNode, Registry]) -> RunningNode:
    return served_left[0]


@pytest.fixture
def registry(served_left: tuple[RunningNode, Registry]) -> Registry:
    return served_left[1]


def feeds(node: RunningNode, caller: str = "registrar") -> FeedServiceStub:
    return FeedServiceStub(as_caller(node, caller))


def act(registrar: str = "registrar 3", reason: str = "letter of 3 May", **fields: Any) -> registry_pb.Act:
    return registry_pb.Act(registrar=registrar, reason=reason, **fields)


def rows(node: RunningNode, caller: str = "registrar", **wanted: Any) -> list[pb.QuarantinedRow]:
    request = pb.ListQuarantinedRowsRequest(**wanted)
    return list(feeds(node, caller).ListQuarantinedRows(request, timeout=PATIENCE).rows)


def cell(row: pb.QuarantinedRow, column: str) -> str:
    return next(one.value for one in row.cells if one.column == column)


def waiting_row(node: RunningNode, region: str = BEIJING, reason: str = "date") -> pb.QuarantinedRow:
    """A row that nobody has resolved yet."""
    return next(row for row in rows(node, feed="samr", reason=reason) if cell(row, "code")[2:8] == region)


def correction(row: pb.QuarantinedRow, registrar: str = "registrar 3", **cells: str) -> pb.CorrectRowRequest:
    changed = [pb.RowCell(column=column, value=value) for column, value in cells.items()]
    return pb.CorrectRowRequest(act=act(registrar), row_id=row.row_id, cells=changed)


def refused(call: Any, request: Any) -> dict[str, Any]:
    with pytest.raises(grpc.RpcError) as raised:
        call(request, timeout=PATIENCE)
    return refusal_in(raised.value)


# Looking


def test_a_row_set_aside_is_shown_as_it_came_with_the_column_to_blame(node: RunningNode) -> None:
    row = waiting_row(node)
    assert (row.feed, row.file_name, row.reason, row.state) == ("samr", "1.csv", "date", pb.ROW_STATE_WAITING)
    assert cell(row, "document_date") == WRONG_DAY
    found = feeds(node).GetQuarantinedRow(pb.GetQuarantinedRowRequest(row_id=row.row_id), timeout=PATIENCE).row
    assert (found.column, found.detail) == ("document_date", "document_date: no date we can read")
    assert not found.HasField("resolution")


def test_a_natural_persons_row_is_shown_masked_and_cannot_be_corrected(node: RunningNode) -> None:
    (row,) = [row for row in rows(node, feed="samr") if row.masked]
    assert CITIZEN not in str(row)
    found = refused(feeds(node).CorrectRow, correction(row, document_date=TODAY))
    assert (found["reason"], found["metadata"]) == ("ROW_CLOSED", {"fault": "masked_row"})


def test_rows_come_in_pages_that_add_up(node: RunningNode) -> None:
    whole = [row.row_id for row in rows(node)]
    paged: list[int] = []
    request = pb.ListQuarantinedRowsRequest(page_size=3)
    while True:
        page = feeds(node).ListQuarantinedRows(request, timeout=PATIENCE)
        paged += [row.row_id for row in page.rows]
        assert len(page.rows) <= 3
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    assert paged == whole == sorted(whole)
    request.page_token, request.feed = "yesterday", "samr"
    assert refused(feeds(node).ListQuarantinedRows, request)["reason"] == "INVALID_CURSOR"


@pytest.mark.parametrize("caller", ["registrar", "auditor"])
def test_a_look_at_rows_is_on_the_log(node: RunningNode, caller: str) -> None:
    rows(node, caller, feed="samr")
    assert recorded(node, caller)[0].method == "FeedService/ListQuarantinedRows"


# Correcting


def test_a_row_that_is_right_now_is_taken_with_who_when_and_why(node: RunningNode, registry: Registry) -> None:
    row = waiting_row(node)
    done = feeds(node).CorrectRow(correction(row, document_date=TODAY), timeout=PATIENCE)
    kept = registry.quarantine.get(row.row_id).resolution
    assert kept is not None
    assert (kept.actor, kept.note, kept.changes) == (
        f"{AUTHORITY}/registrar 3",
        "letter of 3 May",
        {"document_date": TODAY},
    )
    assert done.recorded.recorded_at.ToDatetime(UTC) == kept.recorded_at
    profile = registry.profile("cn-uscc", cell(row, "code"))
    assert profile is not None
    assert [listing.listing_id for listing in profile.listings] == [cell(row, "listing_id")]
    found = feeds(node).GetQuarantinedRow(pb.GetQuarantinedRowRequest(row_id=row.row_id), timeout=PATIENCE).row
    assert (found.state, found.resolution.revision) == (pb.ROW_STATE_CORRECTED, done.recorded.revision)


def test_a_row_that_is_still_wrong_says_where_and_stays_as_it_came(node: RunningNode) -> None:
    row = waiting_row(node)
    found = refused(feeds(node).CorrectRow, correction(row, name="虚构有限公司", document_date="another day"))
    assert (found["reason"], found["metadata"]) == ("ROW_REFUSED", {"fault": "date", "column": "document_date"})
    assert [one["field"] for one in found["violations"]] == ["cells[1].value"]
    assert waiting_row(node) == row


def test_a_column_that_the_row_does_not_have_is_refused_by_its_field(node: RunningNode) -> None:
    found = refused(feeds(node).CorrectRow, correction(waiting_row(node), surprise="1"))
    assert (found["reason"], found["violations"][0]["field"]) == ("INVALID_REQUEST", "cells[0].column")


def test_the_same_correction_again_gives_the_same_answer(node: RunningNode, registry: Registry) -> None:
    request = correction(waiting_row(node), document_date=TODAY)
    first = feeds(node).CorrectRow(request, timeout=PATIENCE)
    head = registry.head()
    assert feeds(node).CorrectRow(request, timeout=PATIENCE) == first
    assert registry.head() == head


def test_of_two_people_at_once_one_is_told_that_the_row_is_closed(node: RunningNode) -> None:
    row = waiting_row(node)

    def correct(registrar: str) -> str:
        try:
            feeds(node).CorrectRow(correction(row, registrar, document_date=TODAY), timeout=PATIENCE)
        except grpc.RpcError as error:
            found = refusal_in(error)
            return f"{found['code']} {found['reason']} {found['metadata']['fault']}"
        return "taken"

    with ThreadPoolExecutor(2) as threads:
        told = sorted(threads.map(correct, ("registrar 3", "registrar 4")))
    assert told == ["FAILED_PRECONDITION ROW_CLOSED row_resolved", "taken"]


def test_a_row_is_dismissed_for_a_reason_and_once(node: RunningNode, registry: Registry) -> None:
    row = waiting_row(node)
    request = pb.DismissRowRequest(act=act(reason="a test row of the source"), row_id=row.row_id)
    done = feeds(node).DismissRow(request, timeout=PATIENCE)
    assert feeds(node).DismissRow(request, timeout=PATIENCE) == done
    kept = registry.quarantine.get(row.row_id)
    assert kept.resolution is not None
    assert (kept.state.value, kept.resolution.note) == ("dismissed", "a test row of the source")
    request.act.registrar = "registrar 4"
    assert refused(feeds(node).DismissRow, request)["reason"] == "ROW_CLOSED"
    request.act.reason = ""
    assert refused(feeds(node).DismissRow, request)["reason"] == "INVALID_REQUEST"


# Within the grant


def test_a_registrar_sees_the_rows_of_its_regimes_and_regions(node: RunningNode) -> None:
    assert {row.feed for row in rows(node, "registrar")} == {"samr"}
    assert {row.feed for row in rows(node, "registrar-of-tax")} == {"tax"}
    shanghai = rows(node, "registrar-of-shanghai", state=pb.ROW_STATE_WAITING)
    assert {cell(row, "code")[2:8] for row in shanghai} == {SHANGHAI}
    assert {row.feed for row in rows(node, "auditor")} == {"samr", "tax"}
    assert len(rows(node, "auditor")) == len(rows(node)) + 1


@pytest.mark.parametrize("caller", ["registrar-of-tax", "registrar-of-shanghai"])
def test_a_row_out_of_reach_looks_as_if_it_did_not_exist(node: RunningNode, caller: str) -> None:
    row = waiting_row(node)
    stub = feeds(node, caller)
    for call, there, absent in (
        (stub.GetQuarantinedRow, *(pb.GetQuarantinedRowRequest(row_id=n) for n in (row.row_id, 999_999))),
        (stub.CorrectRow, *(pb.CorrectRowRequest(act=act(), row_id=n) for n in (row.row_id, 999_999))),
        (stub.DismissRow, *(pb.DismissRowRequest(act=act(), row_id=n) for n in (row.row_id, 999_999))),
    ):
        assert refused(call, there) == refused(call, absent)
        assert refused(call, there)["reason"] == "ROW_NOT_FOUND"


@pytest.mark.parametrize(
    ("cells", "lack"),
    [
        ({"code": code_in(BEIJING, 777)}, "region"),
        ({"regime": "TAX-MAJOR"}, "regime"),
    ],
)
def test_a_correction_does_not_lead_out_of_the_grant(node: RunningNode, cells: dict[str, str], lack: str) -> None:
    row = waiting_row(node, SHANGHAI)
    found = refused(feeds(node, "registrar-of-shanghai").CorrectRow, correction(row, document_date=TODAY, **cells))
    assert (found["reason"], found["metadata"]["lack"]) == ("ACCESS_DENIED", lack)
    assert waiting_row(node, SHANGHAI) == row


def test_a_registrar_of_a_region_corrects_a_row_of_the_region(node: RunningNode, registry: Registry) -> None:
    row = waiting_row(node, SHANGHAI)
    assert feeds(node, "registrar-of-shanghai").CorrectRow(correction(row, document_date=TODAY), timeout=PATIENCE)
    assert registry.profile("cn-uscc", cell(row, "code")) is not None


def test_a_registrar_speaks_for_those_whom_the_grant_names(node: RunningNode) -> None:
    row = waiting_row(node)
    found = refused(feeds(node, "registrar-for-one").CorrectRow, correction(row, "registrar 4", document_date=TODAY))
    assert (found["reason"], found["metadata"]["lack"]) == ("ACCESS_DENIED", "officer")


# Lists


def listed(node: RunningNode, caller: str = "registrar") -> dict[str, pb.ListForDecision]:
    found = feeds(node, caller).ListWaitingLists(pb.ListWaitingListsRequest(), timeout=PATIENCE)
    return {one.feed: one for one in found.lists}


def test_a_list_that_waits_says_what_loading_it_would_do(node: RunningNode) -> None:
    found = listed(node)["whole-1"]
    assert (found.list.rows, found.list.gone, found.unchanged, found.list.quarantined) == (3, 8, 2, 1)
    assert found.list.suspicion.startswith("8 listings are missing")
    assert (found.list.reason, found.list.held_before, found.list.holds_now) == ("missing_and_unread", 10, 2)
    assert found.reasons == {"date": 1}
    assert [(one.row_number, one.set_aside, one.reason) for one in found.samples] == [(4, True, "date")]
    assert list(found.gone_ids) == [f"LEFT-{number}" for number in range(1002, 1010)]
    assert (list(found.added_ids), list(found.changed_ids)) == ([], [])


def test_whole_lists_are_for_registrars_of_their_regimes_in_the_whole_country(node: RunningNode) -> None:
    assert listed(node, "auditor").keys() == listed(node).keys()
    sha256 = listed(node)["whole-1"].list.sha256
    for caller in ("registrar-of-tax", "registrar-of-shanghai"):
        assert listed(node, caller) == {}
        request = partial(pb.ConfirmListRequest, act=act(), sha256=sha256)
        there, absent = request(feed="whole-1"), request(feed="nothing")
        assert refused(feeds(node, caller).ConfirmList, there) == refused(feeds(node, caller).ConfirmList, absent)
        assert refused(feeds(node, caller).DiscardList, pb.DiscardListRequest(
            act=act(), feed="whole-1", sha256=sha256
        ))["reason"] == "FEED_NOT_FOUND"  # fmt: skip


def test_a_list_is_loaded_as_one_act_and_the_word_may_be_said_again(node: RunningNode, registry: Registry) -> None:
    before = listed(node)["whole-2"]
    request = pb.ConfirmListRequest(act=act(reason="asked the source"), feed="whole-2", sha256=before.list.sha256)
    done = feeds(node).ConfirmList(request, timeout=PATIENCE)
    assert "whole-2" not in listed(node)
    entry = registry.revisions(1)[0]
    assert (entry.actor, entry.origin) == (f"{AUTHORITY}/registrar 3", "feed:whole-2")
    assert entry.note.endswith("; asked the source")
    assert registry.feed_runs("whole-2", 1)[0].gone == 8
    assert feeds(node).ConfirmList(request, timeout=PATIENCE) == done
    request.act.registrar = "registrar 4"
    found = refused(feeds(node).ConfirmList, request)
    assert (found["reason"], found["metadata"]) == ("LIST_NOT_WAITING", {"fault": "waiting_decided"})


def test_a_list_is_turned_down_for_a_reason(node: RunningNode, registry: Registry) -> None:
    sha256, head = listed(node)["whole-3"].list.sha256, registry.head()
    request = pb.DiscardListRequest(act=act(reason="cut short"), feed="whole-3", sha256=sha256)
    done = feeds(node).DiscardList(request, timeout=PATIENCE)
    assert feeds(node).DiscardList(request, timeout=PATIENCE) == done
    (kept,) = registry.readings.fetches("whole-3")
    assert (kept.outcome.value, kept.actor, kept.note) == ("discarded", f"{AUTHORITY}/registrar 3", "cut short")
    assert registry.head() == head
    confirmed = pb.ConfirmListRequest(act=act(), feed="whole-3", sha256=sha256)
    assert refused(feeds(node).ConfirmList, confirmed)["metadata"] == {"fault": "waiting_decided"}


def test_another_list_than_the_one_looked_at_is_not_loaded(node: RunningNode) -> None:
    found = refused(feeds(node).ConfirmList, pb.ConfirmListRequest(act=act(), feed="whole-4", sha256="0" * 64))
    assert (found["reason"], found["metadata"]) == ("LIST_NOT_WAITING", {"fault": "waiting_changed"})
    assert "whole-4" in listed(node)


def test_two_words_on_one_list_at_once_are_one_word(node: RunningNode, registry: Registry) -> None:
    sha256 = listed(node)["whole-4"].list.sha256

    def confirm(registrar: str) -> str:
        request = pb.ConfirmListRequest(act=act(registrar), feed="whole-4", sha256=sha256)
        try:
            feeds(node).ConfirmList(request, timeout=PATIENCE)
        except grpc.RpcError as error:
            return str(refusal_in(error)["reason"])
        return "loaded"

    with ThreadPoolExecutor(2) as threads:
        told = sorted(threads.map(confirm, ("registrar 3", "registrar 4")))
    assert told[1] == "loaded"
    assert told[0] in ("LIST_NOT_WAITING", "REGISTRY_BUSY")
    assert [run.gone for run in registry.feed_runs("whole-4")] == [8, 0]
