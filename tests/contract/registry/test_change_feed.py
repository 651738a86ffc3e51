"""What a follower sees: whole revisions, in order, never more and never less."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from clearway.decision.facts import RegisteredSubject
from clearway.registry import change_feed
from clearway.registry.commands import Delist, ListSubject, RegisterSubject
from clearway.registry.registry import Registry
from tests.unit.registry.making import CSL_HEADER, DAY, MOMENT, code, csl_row, write_csv


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long reads go in pieces; small ones here, so that their seams are crossed."""
    monkeypatch.setattr(change_feed, "SUBJECTS_AT_ONCE", 2)


@pytest.fixture
def five(registry: Registry) -> Registry:
    """Five subjects, known in revisions 1 to 5; the first two listed in 6 and 7; the first delisted in 8."""
    for number in range(1, 6):
        registry.execute(RegisterSubject("cn-uscc", code(number), f"虚构{number}"), actor="r", moment=MOMENT)
    for number in (1, 2):
        registry.execute(ListSubject("cn-uscc", code(number), f"L-{number}", "R"), actor="r", moment=MOMENT)
    registry.execute(Delist("L-1"), actor="r", moment=MOMENT)
    return registry


def codes(subjects: list[RegisteredSubject]) -> list[str]:
    return [subject.profile.code for subject in subjects]


def test_an_empty_registry_is_at_revision_nought(registry: Registry) -> None:
    assert registry.changes.head() == 0
    assert list(registry.changes.everything(0)) == []
    assert list(registry.changes.changed(0, 0)) == []
    assert registry.changes.confirmations(0) == {}


def test_everything_is_handed_over_once_in_order(five: Registry) -> None:
    assert codes(list(five.changes.everything(five.head()))) == [code(number) for number in range(1, 6)]


def test_everything_is_as_of_the_revision_asked_for(five: Registry) -> None:
    then = list(five.changes.everything(6))
    assert [len(subject.profile.listings) for subject in then] == [1, 0, 0, 0, 0]
    assert then[0].profile.listings[0].ended_at is None
    assert codes(list(five.changes.everything(3))) == [code(1), code(2), code(3)]


@pytest.mark.parametrize(
    ("after", "upto", "touched"),
    [(0, 8, [1, 2, 3, 4, 5]), (5, 8, [1, 2]), (7, 8, [1]), (2, 3, [3]), (8, 8, []), (5, 6, [1])],
)
def test_changes_are_of_the_revisions_after_the_first_and_up_to_the_last(
    five: Registry, after: int, upto: int, touched: list[int]
) -> None:
    assert codes(list(five.changes.changed(after, upto))) == [code(number) for number in touched]
    assert five.changes.count_changed(after, upto) == len(touched)


def test_a_changed_subject_is_as_of_the_last_revision_asked_for(five: Registry) -> None:
    (at_six,) = five.changes.changed(5, 6)
    assert at_six.profile.listings[0].ended_at is None
    assert at_six.profile == five.profile("cn-uscc", code(1), 6)


def test_a_follower_that_catches_up_has_what_a_rebuild_has(five: Registry) -> None:
    head = five.head()
    for cut in range(head + 1):
        followed = {subject.profile.subject_id: subject for subject in five.changes.everything(cut)}
        followed |= {subject.profile.subject_id: subject for subject in five.changes.changed(cut, head)}
        assert list(followed.values()) == list(five.changes.everything(head))


def test_a_revision_made_meanwhile_is_not_seen(five: Registry) -> None:
    reading = five.changes.everything(8)
    first = next(reading)
    five.execute(RegisterSubject("cn-uscc", code(6)), actor="r", moment=MOMENT)
    five.execute(Delist("L-2"), actor="r", moment=MOMENT)
    seen = [first, *reading]
    assert len(seen) == 5
    assert seen[1].profile.listings[0].ended_at is None


def test_every_code_and_name_is_handed_over_the_primary_first(registry: Registry) -> None:
    command = RegisterSubject("src.tax", "77", "甲", ("乙",), aliases=(("cn-uscc", code(1)),))
    registry.execute(command, actor="r", moment=MOMENT)
    (subject,) = registry.changes.everything(1)
    assert subject.identifiers == (("cn-uscc", code(1)), ("src.tax", "77"))
    assert subject.names == ("甲", "乙")


def test_a_whole_list_confirms_its_feed_as_of_its_day(registry: Registry, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "list.csv", CSL_HEADER, [csl_row(1)])
    for day in (date(2026, 5, 1), DAY):
        registry.import_feed("us-csl", path, actor="o", moment=MOMENT + timedelta(hours=1), as_of=day)
    assert registry.changes.confirmations(1) == {"us-csl": date(2026, 5, 1)}
    assert registry.changes.confirmations(2) == {"us-csl": DAY}


def test_a_feed_was_read_when_it_was_loaded_or_when_the_day_it_speaks_of_ended(
    registry: Registry, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "list.csv", CSL_HEADER, [csl_row(1)])
    loaded = MOMENT + timedelta(hours=1)
    for day in (date(2026, 5, 1), DAY):
        registry.import_feed("us-csl", path, actor="o", moment=loaded, as_of=day)
    assert registry.changes.reads(0) == {}
    assert registry.changes.reads(1) == {"us-csl": datetime(2026, 5, 2, tzinfo=UTC)}
    assert registry.changes.reads(2) == {"us-csl": loaded}
