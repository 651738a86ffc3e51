"""`clearway feeds`: what is read from where and when, how it went, and what waits for a person."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from clearway.catalogue.complaints import Complaint
from clearway.cli.complaints import show_complaints, verdict
from clearway.cli.exits import Exit
from clearway.cli.imports import as_document, show, told_progress
from clearway.cli.output import ago, as_builtins, console, errors, fail, plain, print_facts, print_json, print_table
from clearway.cli.quarantine import quarantine
from clearway.cli.registry import data_dir_option, json_option, opened
from clearway.cli.settings import settings_from
from clearway.registry.errors import RegistryError
from clearway.registry.fetching.fetcher import Fetched, Fetcher
from clearway.registry.fetching.status import FeedStatus, status_of_all
from clearway.registry.readings import FetchOutcome
from clearway.registry.registry import Registry
from clearway.registry.schedule import FeedsRejected, ScheduledFeed, load_feeds
from clearway.server.sources import scheduled_feeds

feeds_option = click.option(
    "--feeds",
    "feeds_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The feeds file; by default the setting `feeds`.",
)


@click.group()
def feeds() -> None:
    """Feeds: check their file, see how they are, read one now, confirm or discard a list, mend rows set aside."""


feeds.add_command(quarantine)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the commands work with."""

    registry: Registry
    feeds: tuple[ScheduledFeed, ...]
    fetcher: Fetcher

    def feed(self, name: str) -> ScheduledFeed:
        """The configured feed of that name; leaves where there is none."""
        found = next((feed for feed in self.feeds if feed.name == name), None)
        if found is not None:
            return found
        known = ", ".join(feed.name for feed in self.feeds) or "none"
        return fail(f"the feeds file has no feed of this name; it has: {known}", Exit.INVALID)


@contextmanager
def desk(data_dir: Path | None, feeds_file: Path | None) -> Iterator[Desk]:
    """The registry, the configured feeds and their fetcher; leaves where one of them cannot be had."""
    settings = settings_from({"data_dir": data_dir, "feeds": feeds_file})
    try:
        configured = scheduled_feeds(settings)
    except FeedsRejected as rejected:
        fail(f"the feeds file is rejected: {rejected}", Exit.INVALID)
    with opened(data_dir) as registry:
        yield Desk(registry, configured, Fetcher(registry, settings.feeds_dir, actor=getpass.getuser()))


@feeds.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def check(file: Path, json_wanted: bool) -> None:
    """Hold the feeds FILE to its rules. Exit code 1 where it breaks any. No source is read."""
    found: tuple[ScheduledFeed, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    try:
        found = load_feeds(file)
    except FeedsRejected as rejected:
        complaints = rejected.complaints
    if json_wanted:
        print_json(verdict(str(file), complaints, {"feeds": [feed.name for feed in found]}))
    elif complaints:
        show_complaints(complaints)
    else:
        print_table(
            ("feed", "format", "regimes", "every", "overdue after"),
            (
                (feed.name, feed.format, " ".join(feed.regimes) or "any", feed.every, feed.overdue_after)
                for feed in found
            ),
        )
    if complaints:
        raise SystemExit(Exit.FAILED)


@feeds.command()
@feeds_option
@data_dir_option
@json_option
def status(feeds_file: Path | None, data_dir: Path | None, json_wanted: bool) -> None:
    """Show of every feed when it was last read, what went wrong, what is due, and what waits for a person.

    Exit code 1 where a scheduled feed is overdue.
    """
    now = datetime.now(UTC)
    with desk(data_dir, feeds_file) as at:
        found = status_of_all(at.registry, at.feeds, at.fetcher.waiting, now)
    if json_wanted:
        print_json([status_document(each, now) for each in found])
    else:
        columns = ("feed", "last read", "rows", "set aside", "next due", "overdue", "last attempt", "waiting")
        print_table(columns, (status_row(each, now) for each in found))
        for each in found:
            show_trouble(each)
    if any(each.overdue for each in found):
        raise SystemExit(Exit.FAILED)


def status_document(status: FeedStatus, now: datetime) -> dict[str, Any]:
    """A feed's status as JSON; `age_seconds` is since it was last read."""
    found: dict[str, Any] = as_builtins(asdict(status) | {"waiting": None})
    found["age_seconds"] = None if status.read_at is None else (now - status.read_at).total_seconds()
    if status.waiting is not None:
        waiting = {
            "name": status.waiting.name,
            "sha256": status.waiting.sha256,
            "fetched_at": status.waiting.fetched_at,
            "as_of": status.waiting.as_of,
            "suspicion": status.waiting.suspicion,
            "report": as_document(status.waiting.report),
        }
        found["waiting"] = as_builtins(waiting)
    return found


def status_row(status: FeedStatus, now: datetime) -> tuple[object, ...]:
    """A feed's cells."""
    last = status.last_attempt
    return (
        status.feed,
        "never" if status.read_at is None else f"{ago(now - status.read_at)} ago",
        status.rows,
        status.quarantined or "",
        "" if status.next_due is None else f"{status.next_due:%Y-%m-%d %H:%M:%S}",
        {None: "(no schedule)", True: "OVERDUE", False: ""}[status.overdue],
        "" if last is None else f"{last.outcome.value} {ago(now - last.fetched_at)} ago",
        "" if status.waiting is None else status.waiting.suspicion,
    )


def show_trouble(status: FeedStatus) -> None:
    """What a person has to do about a feed, if anything."""
    last = status.last_attempt
    if last is not None and last.outcome is FetchOutcome.FAILED:
        errors.print(f"[red]{plain(status.feed)}[/]: {plain(last.detail)}", soft_wrap=True)
    if status.waiting is not None:
        advice = f"clearway feeds confirm {status.feed}, or clearway feeds discard {status.feed}"
        errors.print(f"[yellow]{plain(status.feed)}[/] waits ({plain(status.waiting.suspicion)}): {advice}")


@feeds.command()
@click.argument("name", required=False, metavar="[FEED]")
@click.option("--dry-run", is_flag=True, help="Read the source, report what would happen, keep nothing.")
@feeds_option
@data_dir_option
@json_option
def fetch(name: str | None, dry_run: bool, feeds_file: Path | None, data_dir: Path | None, json_wanted: bool) -> None:
    """Read FEED's source now, or every feed's. Exit code 1 where one failed or its list waits for a person."""
    with desk(data_dir, feeds_file) as at:
        wanted = at.feeds if name is None else (at.feed(name),)
        if not wanted:
            fail("no feeds are configured; set CLEARWAY_FEEDS or give --feeds FILE", Exit.INVALID)
        done = [fetched_now(at, feed, dry_run) for feed in wanted]
    if json_wanted:
        print_json([fetched_document(fetched) for fetched in done])
    else:
        for fetched in done:
            show_fetched(fetched)
    if any(fetched.fetch.outcome in (FetchOutcome.FAILED, FetchOutcome.WAITING) for fetched in done):
        raise SystemExit(Exit.FAILED)


def fetched_now(at: Desk, feed: ScheduledFeed, dry_run: bool) -> Fetched:
    """One feed, read now; leaves where the registry is busy."""
    try:
        with told_progress() as progress:
            return at.fetcher.fetch(feed, datetime.now(UTC), dry_run=dry_run, progress=progress)
    except RegistryError as error:
        fail(error.detail, Exit.FAILED)


def fetched_document(fetched: Fetched) -> dict[str, Any]:
    """What came of an attempt, as JSON."""
    found: dict[str, Any] = as_builtins(asdict(fetched.fetch))
    return found | {"report": None if fetched.report is None else as_document(fetched.report)}


def show_fetched(fetched: Fetched) -> None:
    """What came of an attempt, for people."""
    fetch = fetched.fetch
    console.print(f"[bold]{plain(fetch.feed)}[/]: {fetch.outcome.value} {plain(fetch.detail)}", soft_wrap=True)
    if fetched.report is not None and fetch.outcome in (FetchOutcome.LOADED, FetchOutcome.WAITING):
        show(fetched.report, json_wanted=False)
    if fetch.outcome is FetchOutcome.WAITING:
        console.print(f"Look at it, then: clearway feeds confirm {plain(fetch.feed)} (or discard)")


@feeds.command()
@click.argument("name", metavar="FEED")
@click.option("--note", default="", help="Why, for the history.")
@feeds_option
@data_dir_option
@json_option
def confirm(name: str, note: str, feeds_file: Path | None, data_dir: Path | None, json_wanted: bool) -> None:
    """Load the list of FEED that waits: that very file, checked by its checksum."""
    with desk(data_dir, feeds_file) as at:
        feed = at.feed(name)
        try:
            with told_progress() as progress:
                fetched = at.fetcher.confirm(feed, datetime.now(UTC), progress, note=note)
        except RegistryError as error:
            refuse(error, json_wanted)
    tell(fetched, json_wanted)


@feeds.command()
@click.argument("name", metavar="FEED")
@click.option("--note", default="", help="Why, for the history.")
@feeds_option
@data_dir_option
@json_option
def discard(name: str, note: str, feeds_file: Path | None, data_dir: Path | None, json_wanted: bool) -> None:
    """Turn down the list of FEED that waits. The same file is not taken again."""
    with desk(data_dir, feeds_file) as at:
        try:
            fetched = at.fetcher.discard(name, datetime.now(UTC), note=note)
        except RegistryError as error:
            refuse(error, json_wanted)
    tell(fetched, json_wanted)


def refuse(error: RegistryError, json_wanted: bool) -> None:
    """Leave with the registry's reason."""
    document = {"error": {"reason": error.reason.value, "message": error.detail}}
    fail(error.detail, Exit.FAILED, as_json_document=document if json_wanted else None)


def tell(fetched: Fetched, json_wanted: bool) -> None:
    """What came of a person's word on a list."""
    if json_wanted:
        print_json(fetched_document(fetched))
    else:
        show_fetched(fetched)
        print_facts({"sha256": fetched.fetch.sha256})
