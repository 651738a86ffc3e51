from __future__ import annotations

from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path

import pytest

from clearway.decision.facts import SubjectProfile
from clearway.registry import importer
from clearway.registry.commands import Delist, ListSubject, RegisterSubject, Repair
from clearway.registry.errors import RegistryError, RegistryReason, UnreadableFeed
from clearway.registry.feeds.flat_csv import COLUMNS
from clearway.registry.feeds.spec import FeedSpec, Limits
from clearway.registry.importer import ImportReport, SuspiciousList
from clearway.registry.registry import Registry
from clearway.registry.suspicion import Doubt, Suspicion
from tests.unit.registry.making import (
    CITIZEN,
    CSL_HEADER,
    DAY,
    MOMENT,
    adverse_row,
    code,
    csl_row,
    known_row,
    listing_row,
    write_csv,
)

Cells = dict[str, str]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are settled in batches; small ones here, so that rows of one subject fall into several."""
    monkeypatch.setattr(importer, "CHUNK_ROWS", 2)


class Desk:
    """An operator who imports."""

    def __init__(self, registry: Registry, folder: Path) -> None:
        self.registry = registry
        self.folder = folder

    def flat(self, *rows: Cells, dry_run: bool = False) -> ImportReport:
        path = write_csv(self.folder / "flat.csv", COLUMNS, rows)
        return self.registry.import_feed("flat-csv", path, actor="operator", moment=MOMENT, dry_run=dry_run)

    def csl(self, *rows: Cells, as_of: date | None = None, confirm: bool = False) -> ImportReport:
        path = write_csv(self.folder / "csl.csv", CSL_HEADER, rows)
        return self.registry.import_feed("us-csl", path, actor="operator", moment=MOMENT, as_of=as_of, confirm=confirm)

    def profile(self, number: int = 1) -> SubjectProfile:
        found = self.registry.profile("cn-uscc", code(number))
        assert found is not None
        return found


@pytest.fixture
def desk(registry: Registry, tmp_path: Path) -> Desk:
    return Desk(registry, tmp_path)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    assert report.rows == report.accepted + report.unchanged + report.quarantined + report.rejected
    assert report.accepted == report.added + report.changed
    return report.accepted, report.unchanged, report.quarantined, report.rejected


BAD_CODE = listing_row(9, code=code(9)[:-1] + ("0" if code(9)[-1] != "0" else "1"))


def test_every_row_is_accounted_for(desk: Desk) -> None:
    report = desk.flat(listing_row(1), adverse_row(1), known_row(2), BAD_CODE, listing_row(3, fact="score"))
    assert counts(report) == (3, 0, 1, 1)
    assert report.reasons == {"identifier_check_sign": 1, "unknown_fact": 1}
    assert [sample.row_number for sample in report.samples] == [5, 6]


def test_an_import_is_one_revision(desk: Desk) -> None:
    report = desk.flat(*(listing_row(number) for number in range(7)))
    assert report.revision == desk.registry.head() == 1
    assert len(list(desk.registry.changes.everything(1))) == 7


def test_rows_about_one_subject_make_one_subject(desk: Desk) -> None:
    desk.flat(listing_row(1), listing_row(1, listing_id="L-1b"), adverse_row(1), known_row(1))
    found = desk.profile()
    assert [listing.listing_id for listing in found.listings] == ["L-1", "L-1b"]
    assert [record.record_id for record in found.adverse_records] == ["A-1"]
    assert found.known_since == date(2020, 1, 1)


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    rows = (listing_row(1), adverse_row(1), known_row(1), known_row(2), listing_row(3, confirmed_on="2026-05-01"))
    desk.flat(*rows)
    assert counts(desk.flat(*rows)) == (0, 5, 0, 0)
    assert desk.registry.changes.count_changed(1, 2) == 0


def test_a_row_that_says_something_else_corrects_its_listing(desk: Desk) -> None:
    desk.flat(listing_row(1), adverse_row(1))
    report = desk.flat(listing_row(1, document_number="更正号"), adverse_row(1, severity="serious"))
    assert (report.added, report.changed) == (0, 2)
    assert desk.profile().listings[0].document_number == "更正号"
    assert [entry.kind for entry in desk.registry.history("cn-uscc", code(1))][-2:] == ["corrected", "corrected"]


def test_a_later_known_since_of_the_same_feed_replaces_the_earlier(desk: Desk) -> None:
    desk.flat(known_row(1))
    desk.flat(known_row(1, known_since="2024-01-01"))
    assert desk.profile().known_since == date(2024, 1, 1)


def test_only_a_later_confirmation_is_news(desk: Desk) -> None:
    desk.flat(listing_row(1, confirmed_on="2026-05-01"))
    assert counts(desk.flat(listing_row(1, confirmed_on="2026-04-01"))) == (0, 1, 0, 0)
    assert counts(desk.flat(listing_row(1, confirmed_on="2026-05-03"))) == (1, 0, 0, 0)
    assert desk.profile().listings[0].confirmed_on == date(2026, 5, 3)


def test_a_second_row_with_the_same_id_is_rejected_unless_it_says_the_same(desk: Desk) -> None:
    report = desk.flat(listing_row(1), listing_row(1), listing_row(1, document_number="另一号"))
    assert counts(report) == (1, 1, 0, 1)
    assert report.reasons == {"duplicate": 1}
    assert desk.profile().listings[0].document_number == "虚构文〔2026〕1号"


def test_a_row_whose_codes_name_two_subjects_is_quarantined(desk: Desk) -> None:
    desk.flat(known_row(1), known_row(2))
    report = desk.flat(listing_row(1, aliases=f"cn-uscc:{code(2)}"))
    assert report.reasons == {"identifier_collision": 1}
    assert desk.profile().listings == ()


def test_a_listing_id_of_another_subject_is_quarantined(desk: Desk) -> None:
    desk.flat(listing_row(1))
    assert desk.flat(listing_row(2, listing_id="L-1")).reasons == {"fact_of_another": 1}
    assert desk.registry.profile("cn-uscc", code(2)) is None


def test_a_registrars_listing_is_not_restated_by_a_feed(desk: Desk) -> None:
    commands = RegisterSubject("cn-uscc", code(1)), ListSubject("cn-uscc", code(1), "L-1", "SAMR-SERIOUS")
    desk.registry.execute(*commands, actor="registrar", moment=MOMENT)
    assert desk.flat(listing_row(1)).reasons == {"fact_of_another": 1}


@pytest.mark.parametrize("end", [Delist("L-1"), Repair("L-1")], ids=["delisted", "repaired"])
def test_a_file_does_not_bring_back_what_was_ended_here(desk: Desk, end: Delist | Repair) -> None:
    desk.flat(listing_row(1))
    desk.registry.execute(end, actor="registrar", moment=MOMENT)
    assert counts(desk.flat(listing_row(1))) == (0, 1, 0, 0)
    assert desk.flat(listing_row(1, document_number="更正号")).reasons == {"ended_here": 1}
    assert desk.profile().listings[0].ended_at == MOMENT


def test_a_flat_file_leaves_alone_what_it_does_not_mention(desk: Desk) -> None:
    desk.flat(listing_row(1), listing_row(2))
    assert desk.flat(listing_row(2)).gone == 0
    assert desk.profile().listings[0].ended_at is None


def test_a_natural_person_leaves_no_trace_in_clear(desk: Desk, tmp_path: Path) -> None:
    person = {"scheme": "cn-ric", "code": CITIZEN, "name": "虚构某人甲"}
    desk.flat(listing_row(1, **person), adverse_row(2, **person), known_row(3, **person, known_since="never"))
    found = desk.registry.profile("cn-ric", CITIZEN)
    assert found is not None
    assert [listing.listing_id for listing in found.listings] == ["L-1"]
    desk.registry.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("registry.db*"))
    assert CITIZEN.encode() not in stored
    assert "虚构某人甲".encode() not in stored


def test_a_masked_code_leaves_a_subject_known_by_name_alone(desk: Desk) -> None:
    desk.flat(listing_row(1, code="9199************1X"))
    (subject,) = desk.registry.changes.everything(1)
    assert subject.identifiers == (("src.flat-csv", "L-1"),)
    assert subject.profile.masked == "9199************1X"


def test_a_quarantined_row_is_kept_as_it_came(desk: Desk) -> None:
    report = desk.flat(known_row(1), BAD_CODE)
    assert report.revision is not None
    (row,) = desk.registry.quarantined(report.revision)
    assert (row.row_number, row.reason, row.original) == (
        3,
        "identifier_check_sign",
        dict.fromkeys(COLUMNS, "") | BAD_CODE,
    )


def test_a_dry_run_reports_the_same_and_keeps_nothing(desk: Desk) -> None:
    rows = (listing_row(1), BAD_CODE, listing_row(3, fact="score"))
    dry = desk.flat(*rows, dry_run=True)
    assert dry.revision is None
    assert desk.registry.head() == 0
    wet = desk.flat(*rows)
    assert (counts(dry), dry.reasons, dry.samples) == (counts(wet), wet.reasons, wet.samples)


def test_a_file_that_breaks_off_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "flat.csv", COLUMNS, [listing_row(number) for number in range(9)])
    path.write_bytes(path.read_bytes() + b'"never closed')
    with pytest.raises(UnreadableFeed):
        desk.registry.import_feed("flat-csv", path, actor="operator", moment=MOMENT)
    assert desk.registry.head() == 0
    assert counts(desk.flat(listing_row(1))) == (1, 0, 0, 0)


def test_progress_is_told(desk: Desk, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "flat.csv", COLUMNS, [listing_row(number) for number in range(5)])
    told: list[tuple[int, float]] = []
    desk.registry.import_feed(
        "flat-csv", path, actor="operator", moment=MOMENT, progress=lambda *done: told.append(done)
    )
    assert [rows for rows, _ in told] == [2, 4, 5]
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert told[-1][1] == 1.0


def test_an_import_is_noted_with_its_counts(desk: Desk) -> None:
    report = desk.flat(listing_row(1), BAD_CODE)
    (run,) = desk.registry.feed_runs("flat-csv")
    assert (run.revision, run.sha256, run.rows, run.accepted, run.quarantined, run.reasons) == (
        report.revision,
        report.sha256,
        2,
        1,
        1,
        {"identifier_check_sign": 1},
    )
    assert desk.registry.history("cn-uscc", code(1))[0].source == "flat.csv"
    assert desk.registry.list_subjects(feed="flat-csv") == (desk.profile(),)


def test_an_unknown_feed_is_refused(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(RegistryError) as refused:
        desk.registry.import_feed("scores", tmp_path / "x", actor="operator", moment=MOMENT)
    assert refused.value.reason is RegistryReason.UNKNOWN_FEED


# A whole list: what is missing from it has left it.

TEN = tuple(csl_row(number) for number in range(10))


def live(desk: Desk) -> set[str]:
    return {
        listing.listing_id.rpartition(":")[2]
        for subject in desk.registry.changes.everything(desk.registry.head())
        for listing in subject.profile.listings
        if listing.ended_at is None
    }


def test_what_is_missing_from_a_whole_list_is_delisted(desk: Desk) -> None:
    desk.csl(*TEN)
    report = desk.csl(*TEN[1:])
    assert (counts(report), report.gone) == ((0, 9, 0, 0), 1)
    assert live(desk) == set("123456789")


def test_what_comes_back_to_a_whole_list_is_listed_again(desk: Desk) -> None:
    desk.csl(*TEN)
    desk.csl(*TEN[1:])
    report = desk.csl(*TEN)
    assert (report.added, report.gone) == (1, 0)
    assert live(desk) == set("0123456789")


def test_a_quarantined_row_is_still_on_its_list(desk: Desk) -> None:
    desk.csl(*TEN)
    report = desk.csl(*TEN[1:], csl_row(0, end_date="some day"))
    assert (report.quarantined, report.gone) == (1, 0)


def test_an_entity_on_two_lists_is_one_subject(desk: Desk) -> None:
    named = f"CN, {code(1)}, Unified Social Credit Code (USCC)"
    desk.csl(csl_row(1, ids=named), csl_row(1, source="Unverified List (UVL) - Bureau of Industry and Security"))
    assert {listing.regime for listing in desk.profile().listings} == {"US-ENTITY-LIST", "US-UNVERIFIED"}


def test_two_entries_with_one_code_are_two_listings_of_one_subject(desk: Desk) -> None:
    named = f"CN, {code(1)}, Unified Social Credit Code (USCC)"
    desk.csl(csl_row(1, ids=named), csl_row(2, ids=named), csl_row(3))
    assert len(desk.profile().listings) == 2
    assert desk.profile().other_names == ("Imaginary 1 Ltd",)


def test_a_code_that_the_list_takes_back_no_longer_finds_the_entry(desk: Desk) -> None:
    desk.csl(csl_row(1, ids=f"CN, {code(1)}, Unified Social Credit Code (USCC)"))
    desk.csl(csl_row(1, ids=f"CN, {code(2)}, Unified Social Credit Code (USCC)"))
    assert desk.registry.profile("cn-uscc", code(1)) is None
    assert desk.profile(2).listings[0].listing_id == "us-csl:US-ENTITY-LIST:1"


@pytest.mark.parametrize(
    ("rows", "complaint", "suspected"),
    [
        ((), "the list is empty", Suspicion(Doubt.EMPTY_LIST, 10, 10, 0)),
        (TEN[:7], "3 of 10 listings are missing", Suspicion(Doubt.SHRUNK_LIST, 3, 10, 7)),
        (
            tuple(csl_row(number) for number in range(21)),
            "grew from 10 to 21",
            Suspicion(Doubt.GROWN_LIST, 0, 10, 21),
        ),
    ],
)
def test_a_greatly_changed_list_waits_for_confirmation(
    desk: Desk, rows: tuple[Cells, ...], complaint: str, suspected: Suspicion
) -> None:
    desk.csl(*TEN)
    with pytest.raises(SuspiciousList, match=complaint) as refused:
        desk.csl(*rows)
    assert refused.value.report.rows == len(rows)
    assert refused.value.report.suspected == suspected
    assert desk.registry.head() == 1
    assert desk.csl(*rows, confirm=True).suspicion != ""
    assert desk.registry.head() == 2


def test_an_empty_first_list_waits_for_confirmation(desk: Desk) -> None:
    with pytest.raises(SuspiciousList, match="the list is empty"):
        desk.csl()


def test_a_list_older_than_the_one_loaded_waits_for_confirmation(desk: Desk) -> None:
    desk.csl(*TEN)
    before = DAY - timedelta(days=1)
    with pytest.raises(SuspiciousList, match="is loaded") as refused:
        desk.csl(*TEN, as_of=before)
    assert refused.value.report.suspected == Suspicion(Doubt.OLDER_LIST, as_of=before, loaded_as_of=DAY)


def test_a_list_cannot_be_as_of_a_day_to_come(desk: Desk) -> None:
    with pytest.raises(RegistryError) as refused:
        desk.csl(*TEN, as_of=DAY + timedelta(days=1))
    assert refused.value.reason is RegistryReason.INVALID_TIME


@pytest.mark.parametrize(("limits", "waits"), [(Limits(), True), (Limits(shrink=0.5), False)])
def test_how_far_a_list_may_change_is_the_feeds_to_say(desk: Desk, limits: Limits, waits: bool, tmp_path: Path) -> None:
    spec = FeedSpec(name="us-csl", format="us-csl", limits=limits)
    desk.csl(*TEN)
    path = write_csv(tmp_path / "csl.csv", CSL_HEADER, TEN[:7])
    with pytest.raises(SuspiciousList) if waits else nullcontext():
        report = desk.registry.import_feed(spec, path, actor="operator", moment=MOMENT)
        assert report.gone == 3


def test_a_row_whose_listing_cannot_be_told_may_hide_what_seems_gone(desk: Desk, tmp_path: Path) -> None:
    spec = FeedSpec(name="tax-a", format="trusted-list", regime="TAX-A", full_list=True, limits=Limits(shrink=1))
    header = ["企业名称", "统一社会信用代码"]
    rows = [{"企业名称": f"虚构{number}有限公司", "统一社会信用代码": code(number)} for number in range(3)]
    path = write_csv(tmp_path / "list.csv", header, rows)
    desk.registry.import_feed(spec, path, actor="operator", moment=MOMENT)
    write_csv(path, header, [*rows[1:], {**rows[0], "统一社会信用代码": code(0)[:-1]}])
    with pytest.raises(SuspiciousList, match="1 listings are missing, and some rows could not be read"):
        desk.registry.import_feed(spec, path, actor="operator", moment=MOMENT)


def test_every_event_says_which_row_it_came_from(desk: Desk) -> None:
    desk.flat(listing_row(1), known_row(1), adverse_row(1))
    desk.flat(known_row(2), listing_row(1, document_number="另文号"))
    events = [entry.event for entry in desk.registry.history("cn-uscc", code(1))]
    assert [getattr(event, "row", None) for event in events] == [2, 3, 4, 3]
    again = desk.flat(known_row(9), known_row(2), listing_row(1, document_number="另文号"))
    assert (again.accepted, again.unchanged) == (1, 2)


def test_rows_that_cannot_be_read_may_hide_what_seems_gone(desk: Desk, tmp_path: Path) -> None:
    desk.csl(*TEN)
    path = write_csv(tmp_path / "csl.csv", CSL_HEADER, TEN[1:])
    path.write_text(path.read_text() + "0,too short\n")
    with pytest.raises(SuspiciousList, match="could not be read"):
        desk.registry.import_feed("us-csl", path, actor="operator", moment=MOMENT)
