"""One attempt to read a feed, from its source to its outcome."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from clearway.registry.commands import RegisterSubject
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.fetching.fetcher import ACTOR, Fetched, Fetcher
from clearway.registry.fetching.runner import Runner
from clearway.registry.fetching.status import AFTER_A_FAILURE, status_of_all
from clearway.registry.readings import FetchOutcome
from clearway.registry.registry import Registry
from clearway.registry.schedule import ScheduledFeed
from clearway.subjects.keys import SubjectKeys
from tests.unit.registry.fetching.sources import HOUR, START, Site, content, csl_feed, drop, fetcher
from tests.unit.registry.making import CITIZEN

CSL = csl_feed()


@pytest.fixture
def site() -> Site:
    site = Site()
    site.publish(range(10))
    return site


@pytest.fixture
def reads(registry: Registry, tmp_path: Path, site: Site) -> Fetcher:
    return fetcher(registry, tmp_path, site)


def live(registry: Registry) -> int:
    return sum(
        listing.ended_at is None
        for subject in registry.changes.everything(registry.head())
        for listing in subject.profile.listings
    )


def test_a_list_is_loaded_and_the_attempt_kept(registry: Registry, reads: Fetcher, site: Site) -> None:
    done = reads.fetch(CSL, START)
    assert done.fetch.outcome is FetchOutcome.LOADED
    assert (done.fetch.etag, done.fetch.revision) == (site.etag, registry.head())
    assert registry.readings.fetches("csl", limit=9) == (done.fetch,)
    (run,) = registry.feed_runs("csl")
    assert (run.file_name, run.rows, run.as_of) == ("csl.csv", 10, START.date())
    assert registry.changes.reads(registry.head()) == {"csl": START}


def test_a_list_that_did_not_change_is_confirmed_and_not_imported_again(
    registry: Registry, reads: Fetcher, site: Site
) -> None:
    reads.fetch(CSL, START)
    tomorrow = START + timedelta(days=1)
    done = reads.fetch(CSL, tomorrow)
    assert site.asked[1].headers["if-none-match"] == site.etag
    assert (done.fetch.outcome, done.report) == (FetchOutcome.UNCHANGED, None)
    assert registry.changes.confirmations(registry.head()) == {"csl": tomorrow.date()}
    assert registry.changes.reads(registry.head()) == {"csl": tomorrow}
    assert registry.changes.count_changed(1, registry.head()) == 0
    assert registry.readings.rows("csl") == 10


def test_a_list_with_natural_persons_is_loaded_once_more_when_another_key_came(
    registry: Registry, tmp_path: Path, site: Site
) -> None:
    registry.execute(RegisterSubject("cn-ric", CITIZEN), actor="test", moment=START)
    fetcher(registry, tmp_path, site).fetch(CSL, START)
    later, rotated = START + timedelta(days=1), SubjectKeys(b"?" * 32, bytes(range(32)))
    with Registry.open(f"sqlite:///{tmp_path / 'registry.db'}", rotated, moment=later) as again:
        reads = fetcher(again, tmp_path, site)
        loaded = reads.fetch(CSL, later + HOUR)
        assert loaded.fetch.outcome is FetchOutcome.LOADED
        assert loaded.report is not None
        assert loaded.report.unchanged == 10
        assert reads.fetch(CSL, later + 2 * HOUR).fetch.outcome is FetchOutcome.UNCHANGED


def test_the_same_file_under_another_etag_is_unchanged_too(registry: Registry, reads: Fetcher, site: Site) -> None:
    reads.fetch(CSL, START)
    site.etag = '"moved to another server"'
    done = reads.fetch(CSL, START + HOUR)
    assert done.fetch.outcome is FetchOutcome.UNCHANGED
    assert reads.fetch(CSL, START + 2 * HOUR).fetch.etag == site.etag, "the new one is remembered"
    assert site.asked[-1].headers["if-none-match"] == site.etag


def test_a_feed_that_adds_to_what_is_known_is_read_but_confirms_nothing(
    registry: Registry, reads: Fetcher, site: Site
) -> None:
    feed = csl_feed(full_list=False)
    for hours in (0, 1):
        reads.fetch(feed, START + hours * HOUR)
    assert registry.changes.confirmations(registry.head()) == {}
    assert registry.changes.reads(registry.head()) == {"csl": START + HOUR}


def test_validators_of_another_file_than_the_one_loaded_are_not_sent(
    registry: Registry, reads: Fetcher, site: Site, tmp_path: Path
) -> None:
    reads.fetch(CSL, START)
    (tmp_path / "by-hand.csv").write_bytes(content(range(9)))
    registry.import_feed(CSL, tmp_path / "by-hand.csv", actor="o", moment=START + HOUR)
    done = reads.fetch(CSL, START + 2 * HOUR)
    assert "if-none-match" not in site.asked[-1].headers
    assert done.fetch.outcome is FetchOutcome.LOADED
    assert live(registry) == 10


def test_a_failed_fetch_keeps_the_old_list_and_says_why(registry: Registry, reads: Fetcher, site: Site) -> None:
    reads.fetch(CSL, START)
    head = registry.head()
    site.answers = [httpx.Response(404)]
    done = reads.fetch(CSL, START + HOUR)
    assert (done.fetch.outcome, done.fetch.detail) == (FetchOutcome.FAILED, "the source answers with status 404")
    assert done.fetch.reason == "source_status"
    assert (registry.head(), live(registry)) == (head, 10)
    assert registry.changes.reads(head) == {"csl": START}
    (status,) = status_of_all(registry, [CSL], reads.waiting, START + 3 * HOUR)
    assert (status.overdue, status.failures, status.read_at) == (True, 1, START)
    assert status.last_failure == done.fetch
    assert status.next_due == START + HOUR + AFTER_A_FAILURE


def test_a_file_that_is_no_list_fails_and_changes_nothing(registry: Registry, reads: Fetcher, site: Site) -> None:
    reads.fetch(CSL, START)
    site.body, site.etag = b"<html>maintenance</html>", '"2"'
    done = reads.fetch(CSL, START + HOUR)
    assert done.fetch.outcome is FetchOutcome.FAILED
    assert done.fetch.reason == "unreadable_feed"
    assert done.fetch.detail.startswith("unreadable_feed: the header lacks")
    assert "maintenance" not in done.fetch.detail
    assert live(registry) == 10


def test_an_empty_list_waits_and_changes_nothing_until_it_is_confirmed(
    registry: Registry, reads: Fetcher, site: Site
) -> None:
    reads.fetch(CSL, START)
    head = registry.head()
    site.publish(())
    done = reads.fetch(CSL, START + HOUR)
    assert (done.fetch.outcome, done.fetch.detail) == (FetchOutcome.WAITING, "the list is empty")
    assert done.fetch.reason == "empty_list"
    assert (registry.head(), live(registry)) == (head, 10)
    waiting = reads.waiting.get("csl")
    assert waiting is not None
    assert (waiting.report.gone, waiting.sha256) == (10, done.fetch.sha256)
    assert registry.changes.reads(head) == {"csl": START}, "a list that waits was not taken"
    confirmed = reads.confirm(CSL, START + 2 * HOUR)
    assert confirmed.report is not None
    assert (confirmed.report.gone, confirmed.report.file_name) == (10, "csl.csv")
    assert live(registry) == 0
    assert reads.waiting.get("csl") is None


def test_a_list_that_waits_is_not_imported_again_and_again(registry: Registry, reads: Fetcher, site: Site) -> None:
    reads.fetch(CSL, START)
    site.publish(range(3))
    first = reads.fetch(CSL, START + HOUR)
    again = reads.fetch(CSL, START + 2 * HOUR)
    assert (again.fetch.outcome, again.fetch.sha256) == (FetchOutcome.WAITING, first.fetch.sha256)
    waiting = reads.waiting.get("csl")
    assert waiting is not None
    assert waiting.fetched_at == START + HOUR


def test_the_limits_of_a_feed_are_its_own(registry: Registry, reads: Fetcher, site: Site) -> None:
    feed = csl_feed(limits={"shrink": 0.8})
    reads.fetch(feed, START)
    site.publish(range(3))
    assert reads.fetch(feed, START + HOUR).fetch.outcome is FetchOutcome.LOADED


def test_only_the_very_file_that_waits_is_confirmed(reads: Fetcher, site: Site, tmp_path: Path) -> None:
    reads.fetch(CSL, START)
    site.publish(range(3))
    reads.fetch(CSL, START + HOUR)
    (tmp_path / "feeds" / "waiting" / "csl" / "list").write_bytes(content(range(2)))
    with pytest.raises(RegistryError) as refused:
        reads.confirm(CSL, START + 2 * HOUR)
    assert refused.value.reason is RegistryReason.WAITING_CHANGED


def test_a_discarded_list_is_not_taken_again(registry: Registry, reads: Fetcher, site: Site) -> None:
    reads.fetch(CSL, START)
    site.publish(range(3))
    reads.fetch(CSL, START + HOUR)
    assert reads.discard("csl", START + HOUR).fetch.outcome is FetchOutcome.DISCARDED
    done = reads.fetch(CSL, START + 2 * HOUR)
    assert (done.fetch.outcome, live(registry)) == (FetchOutcome.FAILED, 10)
    assert reads.waiting.get("csl") is None


def suspicious(reads: Fetcher, site: Site) -> str:
    """A list that waits; gives its checksum."""
    reads.fetch(CSL, START)
    site.publish(range(3))
    reads.fetch(CSL, START + HOUR)
    waiting = reads.waiting.get("csl")
    assert waiting is not None
    return waiting.sha256


def word(reads: Fetcher, said: str, sha256: str, note: str = "") -> Fetched:
    if said == "confirm":
        return reads.confirm(CSL, START + 2 * HOUR, sha256=sha256, note=note)
    return reads.discard("csl", START + 2 * HOUR, sha256=sha256, note=note)


@pytest.mark.parametrize("said", ["confirm", "discard"])
def test_a_word_on_a_list_is_kept_with_whose_it_was_and_why_and_may_be_said_again(
    registry: Registry, reads: Fetcher, site: Site, said: str
) -> None:
    sha256 = suspicious(reads, site)
    first = word(reads, said, sha256, note="asked the source").fetch
    assert (first.actor, first.note) == (ACTOR, "asked the source")
    assert registry.readings.fetches("csl") == (first,)
    head = registry.head()
    assert word(reads, said, sha256, note="asked the source").fetch == first
    assert registry.head() == head


@pytest.mark.parametrize(("first", "second"), [("confirm", "discard"), ("discard", "confirm"), ("confirm", "confirm")])
def test_a_second_word_on_a_list_is_told_that_the_first_was_given(
    registry: Registry, reads: Fetcher, site: Site, tmp_path: Path, first: str, second: str
) -> None:
    sha256 = suspicious(reads, site)
    word(reads, first, sha256)
    other = Fetcher(registry, tmp_path / "feeds", readers=site.reader, actor="somebody else")
    with pytest.raises(RegistryError) as refused:
        word(other, second, sha256)
    assert refused.value.reason is RegistryReason.WAITING_DECIDED


@pytest.mark.parametrize("said", ["confirm", "discard"])
def test_a_word_is_on_the_list_that_was_looked_at_and_on_no_other(reads: Fetcher, site: Site, said: str) -> None:
    suspicious(reads, site)
    with pytest.raises(RegistryError) as refused:
        word(reads, said, "0" * 64)
    assert refused.value.reason is RegistryReason.WAITING_CHANGED
    assert reads.waiting.get("csl") is not None


def test_one_word_on_a_list_is_carried_out_at_a_time(reads: Fetcher, site: Site) -> None:
    sha256 = suspicious(reads, site)
    with reads.waiting.turn("csl"), pytest.raises(RegistryError) as refused:
        word(reads, "confirm", sha256)
    assert refused.value.reason is RegistryReason.BUSY
    assert word(reads, "confirm", sha256).fetch.outcome is FetchOutcome.LOADED


def test_a_list_that_is_itself_again_no_longer_waits(registry: Registry, reads: Fetcher, site: Site) -> None:
    reads.fetch(CSL, START)
    site.publish(range(3))
    reads.fetch(CSL, START + HOUR)
    site.publish(range(10))
    assert reads.fetch(CSL, START + 2 * HOUR).fetch.outcome is FetchOutcome.UNCHANGED
    assert reads.waiting.get("csl") is None
    with pytest.raises(RegistryError) as refused:
        reads.confirm(CSL, START + 3 * HOUR)
    assert refused.value.reason is RegistryReason.NOTHING_WAITING
    with pytest.raises(RegistryError) as refused:
        reads.discard("csl", START + 3 * HOUR)
    assert refused.value.reason is RegistryReason.NOTHING_WAITING


@pytest.mark.parametrize("numbers", [range(10), range(3)], ids=["a list like the last", "one that would wait"])
def test_a_dry_run_keeps_nothing(registry: Registry, reads: Fetcher, site: Site, numbers: range) -> None:
    reads.fetch(CSL, START)
    before = (registry.head(), registry.readings.fetches("csl", limit=9))
    site.publish([*numbers, 77])
    done = reads.fetch(CSL, START + HOUR, dry_run=True)
    assert done.report is not None
    assert done.report.added == 1
    assert (registry.head(), registry.readings.fetches("csl", limit=9)) == before
    assert reads.waiting.get("csl") is None


def test_a_node_that_is_told_to_stop_leaves_nothing_of_an_import(
    registry: Registry, tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clearway.registry.importer.CHUNK_ROWS", 2)
    stop = threading.Event()
    stopped = Fetcher(registry, tmp_path / "feeds", stop=stop, readers=site.reader)
    told: list[int] = []

    def progress(rows: int, share: float) -> None:
        told.append(rows)
        stop.set()

    done = stopped.fetch(CSL, START, progress=progress)
    assert done.fetch.outcome is FetchOutcome.FAILED
    assert (told, registry.head()) == ([2], 0)


def test_nothing_of_what_was_read_is_left_lying_about(reads: Fetcher, site: Site, tmp_path: Path) -> None:
    reads.fetch(CSL, START)
    site.answers = [httpx.Response(404)]
    reads.fetch(CSL, START + HOUR)
    assert list((tmp_path / "feeds").iterdir()) == []


# A folder


def test_the_newest_complete_file_of_a_folder_is_read(registry: Registry, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    feed = csl_feed(source={"folder": str(inbox), "pattern": "*.csv"})
    reads = Fetcher(registry, tmp_path / "feeds")
    drop(inbox, "2026-05-01.csv", content(range(5)), START - 72 * HOUR)
    drop(inbox, "2026-05-03.csv", content(range(10)), START - 24 * HOUR)
    drop(inbox, "2026-05-04.csv", content(range(2)), START - timedelta(seconds=1))
    drop(inbox, "9999.txt", b"not ours", START - HOUR)
    (inbox / "9998.csv").symlink_to(inbox / "9999.txt")
    done = reads.fetch(feed, START)
    assert done.fetch.outcome is FetchOutcome.LOADED
    (run,) = registry.feed_runs("csl")
    assert (run.file_name, run.rows, run.as_of) == ("2026-05-03.csv", 10, date(2026, 5, 3))
    assert len(list(inbox.iterdir())) == 5, "a drop folder is left as it is"


def test_an_old_file_in_a_folder_confirms_nothing(registry: Registry, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    feed = csl_feed(source={"folder": str(inbox)}, every="1d")
    reads = Fetcher(registry, tmp_path / "feeds")
    drop(inbox, "1.csv", content(range(10)), START)
    reads.fetch(feed, START + HOUR)
    later = START + timedelta(days=2)
    head = registry.head()
    assert reads.fetch(feed, later).fetch.outcome is FetchOutcome.NOTHING_NEW
    assert registry.head() == head
    drop(inbox, "2.csv", content(range(10)), later)
    assert reads.fetch(feed, later + HOUR).fetch.outcome is FetchOutcome.UNCHANGED
    assert registry.changes.confirmations(registry.head()) == {"csl": later.date()}


def test_a_folder_that_is_empty_or_gone_is_a_failure(registry: Registry, tmp_path: Path) -> None:
    feed = csl_feed(source={"folder": str(tmp_path / "inbox")})
    reads = Fetcher(registry, tmp_path / "feeds")
    assert reads.fetch(feed, START).fetch.detail == "the folder cannot be read (No such file or directory)"
    (tmp_path / "inbox").mkdir()
    assert reads.fetch(feed, START).fetch.reason == "no_file"


def test_the_newest_by_modification_may_be_asked_for(registry: Registry, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    feed = csl_feed(source={"folder": str(inbox), "newest_by": "modified"})
    drop(inbox, "b.csv", content(range(5)), START - 9 * HOUR)
    drop(inbox, "a.csv", content(range(10)), START - HOUR)
    Fetcher(registry, tmp_path / "feeds").fetch(feed, START)
    assert registry.readings.rows("csl") == 10


# The schedule


def test_a_feed_is_read_when_it_is_due_and_a_restart_changes_nothing(
    registry: Registry, reads: Fetcher, site: Site
) -> None:
    times = iter([START, START + HOUR / 2, START + HOUR, START + HOUR, START + 2 * HOUR])
    feeds = [csl_feed()]

    def fresh() -> Runner:
        return Runner(registry, reads, feeds, threading.Event(), lambda: next(times))

    assert [fresh().step() for _ in range(5)] == [1, 0, 1, 0, 1]
    assert len(site.asked) == 3


def test_one_feeds_failure_is_its_own(registry: Registry, tmp_path: Path, site: Site) -> None:
    broken = csl_feed(name="broken", source={"folder": str(tmp_path / "nowhere")})

    class Raises(Fetcher):
        def fetch(self, feed: ScheduledFeed, moment: datetime, **options: Any) -> Fetched:
            if feed.name == "broken":
                raise RuntimeError("a fault of ours")
            return super().fetch(feed, moment, **options)

    reads = Raises(registry, tmp_path / "feeds", readers=site.reader)
    assert Runner(registry, reads, [broken, CSL], threading.Event(), lambda: START).step() == 2
    assert live(registry) == 10


def test_a_feed_never_read_is_overdue_and_due_now(registry: Registry, reads: Fetcher) -> None:
    (status,) = status_of_all(registry, [CSL], reads.waiting, START)
    assert (status.overdue, status.next_due, status.read_at, status.rows) == (True, START, None, 0)


def test_a_feed_on_no_schedule_is_shown_once_something_was_imported(
    registry: Registry, reads: Fetcher, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_bytes(content(range(2)))
    registry.import_feed("us-csl", tmp_path / "list.csv", actor="o", moment=START)
    scheduled, other = status_of_all(registry, [CSL], reads.waiting, START)
    assert (scheduled.feed, scheduled.scheduled) == ("csl", True)
    assert (other.feed, other.scheduled, other.overdue, other.next_due) == ("us-csl", False, None, None)
