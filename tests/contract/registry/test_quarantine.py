"""Rows set aside: what is kept of them, how they are corrected and dismissed, and that the counts still add up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clearway.registry.errors import RegistryError, RegistryReason, UnreadableFeed
from clearway.registry.feeds.adapters import adapter_named
from clearway.registry.feeds.flat_csv import COLUMNS
from clearway.registry.importer import ImportReport
from clearway.registry.ledger import Document
from clearway.registry.quarantine import Corrected, RowState, SetAside
from clearway.registry.registry import Registry
from tests.unit.registry.making import CITIZEN, CSL_HEADER, MOMENT, code, csl_row, listing_row, write_csv

FLAT = adapter_named("flat-csv")
WRONG = code(9)[:-1] + ("0" if code(9)[-1] != "0" else "1")


class Desk:
    def __init__(self, registry: Registry, folder: Path) -> None:
        self.registry, self.folder = registry, folder

    def flat(self, *rows: dict[str, str]) -> ImportReport:
        path = write_csv(self.folder / "flat.csv", COLUMNS, rows)
        return self.registry.import_feed("flat-csv", path, actor="o", moment=MOMENT)

    def csl(self, *rows: dict[str, str]) -> ImportReport:
        path = write_csv(self.folder / "csl.csv", CSL_HEADER, rows)
        return self.registry.import_feed("us-csl", path, actor="o", moment=MOMENT, confirm=True)

    def correct(self, row: SetAside, **cells: str) -> Corrected:
        adapter = adapter_named(row.feed)
        return self.registry.quarantine.correct(adapter, {row.row_id: cells}, actor="o", moment=MOMENT)


@pytest.fixture
def desk(registry: Registry, tmp_path: Path) -> Desk:
    return Desk(registry, tmp_path)


def only(desk: Desk) -> SetAside:
    (row,) = desk.registry.quarantine.list()
    return row


def refusal(desk: Desk, row: SetAside, **cells: str) -> RegistryReason:
    with pytest.raises(RegistryError) as refused:
        desk.correct(row, **cells)
    return refused.value.reason


def test_a_row_set_aside_says_where_it_stood_and_why(desk: Desk) -> None:
    report = desk.flat(listing_row(1), listing_row(9, code=WRONG))
    row = only(desk)
    assert (row.feed, row.revision, row.file_name, row.row_number) == ("flat-csv", report.revision, "flat.csv", 3)
    assert (row.reason, row.state, row.masked) == ("identifier_check_sign", RowState.WAITING, False)
    assert row.original["code"] == WRONG


def test_rows_are_found_by_feed_revision_and_reason(desk: Desk) -> None:
    first = desk.flat(listing_row(9, code=WRONG))
    second = desk.flat(listing_row(8, document_date="some day"))
    found = desk.registry.quarantine
    assert [row.revision for row in found.list(revision=second.revision)] == [second.revision]
    assert [row.revision for row in found.list(reason="identifier_check_sign")] == [first.revision]
    assert found.list(feed="us-csl") == ()
    (one, other) = found.list(feed="flat-csv")
    assert found.list(after=one.row_id) == (other,)
    assert found.list(limit=1) == (one,)


def test_a_corrected_row_is_taken_as_one_revision_and_resolved(desk: Desk) -> None:
    report = desk.flat(listing_row(1), listing_row(9, code=WRONG))
    row = only(desk)
    done = desk.correct(row, code=code(9))
    assert (done.revision, done.taken, done.refused) == (desk.registry.head(), (row.row_id,), {})
    found = desk.registry.profile("cn-uscc", code(9))
    assert found is not None
    assert [(listing.listing_id, listing.feed) for listing in found.listings] == [("L-9", "flat-csv")]
    assert desk.registry.quarantine.list() == ()
    after = desk.registry.quarantine.get(row.row_id)
    assert (after.state, after.resolution and after.resolution.revision, after.original) == (
        RowState.CORRECTED,
        done.revision,
        row.original,
    )
    counts = desk.registry.quarantine.of_import(report.revision or 0)
    assert counts.quarantined == report.quarantined == counts.waiting + counts.corrected + counts.dismissed == 1
    (run,) = desk.registry.feed_runs("flat-csv")
    assert (run.rows, run.accepted, run.quarantined) == (2, 1, 1), "what an import counted stays as it was"


def test_the_history_of_a_corrected_row_says_which_feed_it_came_from(desk: Desk) -> None:
    desk.flat(listing_row(9, code=WRONG))
    desk.correct(only(desk), code=code(9))
    (entry,) = desk.registry.history("cn-uscc", code(9))
    assert (entry.kind, entry.origin) == ("listed", "feed:flat-csv")
    assert [profile.code for profile in desk.registry.list_subjects(feed="flat-csv")] == [code(9)]


def test_a_correction_that_does_not_help_keeps_nothing_and_says_why(desk: Desk) -> None:
    desk.flat(listing_row(9, code=WRONG))
    row, head = only(desk), desk.registry.head()
    done = desk.correct(row, code=code(9), expires_on="some day")
    assert (done.revision, done.taken) == (None, ())
    assert done.refused[row.row_id].reason == "end_date"
    assert desk.registry.head() == head
    assert only(desk) == row
    assert desk.registry.profile("cn-uscc", code(9)) is None


def test_of_several_rows_those_that_are_right_are_taken(desk: Desk) -> None:
    desk.flat(listing_row(8, code=WRONG), listing_row(9, code=WRONG))
    good, bad = desk.registry.quarantine.list()
    changes = {good.row_id: {"code": code(8)}, bad.row_id: {"code": WRONG}}
    done = desk.registry.quarantine.correct(FLAT, changes, actor="o", moment=MOMENT)
    assert (done.taken, set(done.refused)) == ((good.row_id,), {bad.row_id})
    assert only(desk).row_id == bad.row_id


def test_a_corrected_row_may_not_take_another_subjects_listing(desk: Desk) -> None:
    desk.flat(listing_row(1), listing_row(9, code=WRONG, listing_id="L-1"))
    row = only(desk)
    assert desk.correct(row, code=code(9)).refused[row.row_id].reason == "fact_of_another"


def test_a_column_that_was_empty_can_be_filled(desk: Desk) -> None:
    desk.csl(csl_row(1, name=""), csl_row(2))
    row = only(desk)
    assert row.reason == "missing_value"
    assert desk.correct(row, name="Imaginary 1 Ltd").refused == {}


def test_a_dismissed_row_is_resolved_for_a_reason(desk: Desk) -> None:
    report = desk.flat(listing_row(9, code=WRONG))
    row = only(desk)
    with pytest.raises(RegistryError) as refused:
        desk.registry.quarantine.dismiss([row.row_id], actor="o", moment=MOMENT, note=" ")
    assert refused.value.reason is RegistryReason.INVALID_TEXT
    revision = desk.registry.quarantine.dismiss([row.row_id], actor="o", moment=MOMENT, note="a test row")
    done = desk.registry.quarantine.get(row.row_id).resolution
    assert done is not None
    assert (done.revision, done.actor, done.note, done.changes) == (revision, "o", "a test row", {})
    assert desk.registry.revisions(1)[0].note == "a test row"
    counts = desk.registry.quarantine.of_import(report.revision or 0)
    assert (counts.quarantined, counts.dismissed, counts.waiting) == (1, 1, 0)


@pytest.mark.parametrize("resolve", ["correct", "dismiss"])
def test_a_row_is_resolved_once(desk: Desk, resolve: str) -> None:
    desk.flat(listing_row(9, code=WRONG))
    row = only(desk)
    if resolve == "correct":
        desk.correct(row, code=code(9))
    else:
        desk.registry.quarantine.dismiss([row.row_id], actor="o", moment=MOMENT, note="no")
    assert refusal(desk, row, code=code(8)) is RegistryReason.ROW_RESOLVED
    with pytest.raises(RegistryError) as refused:
        desk.registry.quarantine.dismiss([row.row_id], actor="another", moment=MOMENT, note="no")
    assert refused.value.reason is RegistryReason.ROW_RESOLVED


def test_what_the_same_person_says_again_gives_what_came_of_the_first_time(desk: Desk) -> None:
    desk.flat(listing_row(8, code=WRONG), listing_row(9, code=WRONG))
    corrected, dismissed = desk.registry.quarantine.list()
    first = desk.correct(corrected, code=code(8))
    once = desk.registry.quarantine.dismiss([dismissed.row_id], actor="o", moment=MOMENT, note="a test row")
    head = desk.registry.head()
    assert desk.correct(corrected, code=code(8)) == first
    again = desk.registry.quarantine.dismiss([dismissed.row_id], actor="o", moment=MOMENT, note="a test row")
    assert (again, desk.registry.head()) == (once, head)


def test_of_two_people_at_once_one_corrects_and_the_other_is_told(desk: Desk) -> None:
    desk.flat(listing_row(9, code=WRONG))
    row = only(desk)

    def correct(actor: str) -> RegistryReason | None:
        try:
            desk.registry.quarantine.correct(FLAT, {row.row_id: {"code": code(9)}}, actor=actor, moment=MOMENT)
        except RegistryError as refused:
            return refused.reason
        return None

    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(correct, ("one", "other")))
    assert set(told) == {None, RegistryReason.ROW_RESOLVED}
    assert len(desk.registry.history("cn-uscc", code(9))) == 1


def test_a_correction_says_who_when_why_and_what_was_changed(desk: Desk) -> None:
    desk.flat(listing_row(9, code=WRONG))
    row = only(desk)
    changes = {row.row_id: {"code": code(9), "name": row.original["name"]}}
    document = Document("示更1号", MOMENT.date())
    desk.registry.quarantine.correct(
        FLAT, changes, actor="registrar 3", moment=MOMENT, note="letter of 3 May", document=document
    )
    done = desk.registry.quarantine.get(row.row_id).resolution
    assert done is not None
    assert (done.actor, done.recorded_at, done.note, done.changes) == (
        "registrar 3",
        MOMENT,
        "letter of 3 May",
        {"code": code(9)},
    )
    entry = desk.registry.revisions(1)[0]
    assert (entry.document_number, entry.document_date) == (document.number, document.date)


def test_a_citizens_number_that_a_correction_brings_is_kept_masked(desk: Desk) -> None:
    desk.flat(listing_row(9, code=WRONG, document_number=""))
    row = only(desk)
    desk.correct(row, code=code(9), document_number=CITIZEN)
    done = desk.registry.quarantine.get(row.row_id).resolution
    assert done is not None
    assert CITIZEN not in str(done.changes)
    assert "*" in done.changes["document_number"]


def test_a_row_about_a_natural_person_is_kept_masked_and_not_corrected_here(desk: Desk) -> None:
    desk.flat(listing_row(9, scheme="cn-ric", code=CITIZEN, name="虚构某人甲", document_date="some day"))
    row = only(desk)
    assert row.masked
    assert CITIZEN not in str(row)
    assert refusal(desk, row, document_date="2026-01-31") is RegistryReason.MASKED_ROW
    desk.registry.quarantine.dismiss([row.row_id], actor="o", moment=MOMENT, note="corrected at its source")


def test_a_row_of_an_earlier_whole_list_no_longer_counts(desk: Desk) -> None:
    desk.csl(csl_row(1, name=""), csl_row(2))
    early = only(desk)
    desk.csl(csl_row(1, name="", alt_names="One"), csl_row(2))
    late = only(desk)
    assert early.row_id != late.row_id
    assert desk.registry.quarantine.get(early.row_id).state is RowState.SUPERSEDED
    assert refusal(desk, early, name="Imaginary 1 Ltd") is RegistryReason.ROW_SUPERSEDED
    assert desk.registry.quarantine.waiting("us-csl") == 1


def test_a_reading_that_found_nothing_new_leaves_the_rows_waiting(desk: Desk) -> None:
    report = desk.csl(csl_row(1, name=""), csl_row(2))
    desk.registry.readings.confirm(
        "us-csl", full_list=True, file_name="", sha256=report.sha256, as_of=MOMENT.date(), actor="o", moment=MOMENT
    )
    assert desk.registry.quarantine.waiting("us-csl") == 1


def test_a_row_is_corrected_through_its_own_feed_only(desk: Desk) -> None:
    desk.csl(csl_row(1, name=""), csl_row(2))
    with pytest.raises(RegistryError) as refused:
        desk.registry.quarantine.correct(FLAT, {only(desk).row_id: {"name": "One"}}, actor="o", moment=MOMENT)
    assert refused.value.reason is RegistryReason.UNKNOWN_FEED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({404: {"code": "x"}}, RegistryReason.UNKNOWN_ROW), ({}, RegistryReason.INVALID_TEXT)],
    ids=["no such row", "no row"],
)
def test_what_is_no_row_is_refused(desk: Desk, changes: dict[int, dict[str, str]], reason: RegistryReason) -> None:
    with pytest.raises(RegistryError) as refused:
        desk.registry.quarantine.correct(FLAT, changes, actor="o", moment=MOMENT)
    assert refused.value.reason is reason


def test_a_column_that_the_format_does_not_have_is_refused(desk: Desk) -> None:
    desk.flat(listing_row(9, code=WRONG))
    with pytest.raises(UnreadableFeed):
        desk.correct(only(desk), cod=code(9))
    assert only(desk).state is RowState.WAITING
