"""Reading the record: who is in it, and what is recorded of one subject, as of any state and any moment."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from clearway.catalogue.catalogue import Catalogue
from clearway.cli.exits import Exit
from clearway.cli.output import as_builtins, console, fail, plain, print_facts, print_json, print_table
from clearway.cli.registry.group import (
    MOMENT,
    catalogue_option,
    data_dir_option,
    json_option,
    loaded,
    moment,
    opened,
    registry,
)
from clearway.decision.facts import AdverseRecord, Listing, Objection, SubjectProfile
from clearway.decision.publicity import Publicity
from clearway.decision.status import adverse_status, listing_status
from clearway.decision.terms import Instant, review_ends
from clearway.registry.errors import RegistryError
from clearway.registry.fold import EndedBy
from clearway.registry.history import RecordedSubject
from clearway.subjects.identifiers import InvalidIdentifier


@registry.command("list")
@click.option("--regime", help="Only subjects ever listed under this regime.")
@click.option("--feed", help="Only subjects that this feed listed.")
@click.option("--limit", default=50, show_default=True)
@click.option("--after", default=0, help="Continue after this subject number.")
@data_dir_option
@json_option
def list_(
    regime: str | None, feed: str | None, limit: int, after: int, data_dir: Path | None, json_wanted: bool
) -> None:
    """List subjects with their listings."""
    with opened(data_dir) as record:
        found = record.list_subjects(regime=regime, feed=feed, limit=limit, after=after)
    if json_wanted:
        print_json([profile_document(profile) for profile in found])
        return
    rows = (
        (p.subject_id, p.scheme, p.masked or p.code, p.name, " ".join(listing.regime for listing in p.listings))
        for p in found
    )
    print_table(("no.", "scheme", "code", "name", "listed under"), rows)


@registry.command()
@click.argument("scheme")
@click.argument("code")
@click.option("--at-revision", type=int, help="As of this revision.")
@click.option("--recorded-at", type=MOMENT, help="As it was recorded at this moment (UTC).")
@click.option("--effective-at", type=MOMENT, help="With the statuses of this moment (UTC; now).")
@catalogue_option
@data_dir_option
@json_option
def show(
    scheme: str,
    code: str,
    at_revision: int | None,
    recorded_at: datetime | None,
    effective_at: datetime | None,
    catalogue: str | None,
    data_dir: Path | None,
    json_wanted: bool,
) -> None:
    """Show what is recorded of the subject that CODE names under SCHEME: statuses, clocks, provenance, history."""
    edition = loaded(catalogue)
    try:
        with opened(data_dir) as record:
            found = record.record(scheme, code, at_revision, recorded_at=moment(recorded_at))
    except (RegistryError, InvalidIdentifier) as error:
        fail(str(error), Exit.INVALID)
    if found is None:
        fail("the registry has no such subject", Exit.FAILED)
    now = Instant.at(moment(effective_at) or datetime.now(UTC), edition.zone)
    view = View(found, edition, now)
    if json_wanted:
        print_json(view.document())
    else:
        view.print()


class View:
    """One subject as recorded, seen at a moment under one edition."""

    def __init__(self, recorded: RecordedSubject, catalogue: Catalogue, now: Instant) -> None:
        self._recorded = recorded
        self._profile = recorded.registered.profile
        self._catalogue = catalogue
        self._publicity = Publicity(catalogue)
        self._now = now

    def document(self) -> dict[str, Any]:
        """All of it as JSON; `facts` has by id what is computed: status, terms of publicity, clocks, provenance."""
        computed: dict[str, dict[str, Any]] = {}
        for listing in self._profile.listings:
            clocks = {objection.objection_id: self._clock(listing, objection) for objection in listing.objections}
            computed[listing.listing_id] = self._computed(listing, listing.listing_id) | {"objections": clocks}
        for record in self._profile.adverse_records:
            computed[record.record_id] = self._computed(record, record.record_id)
        return {
            "revision": self._recorded.revision,
            "effective_at": self._now.moment.isoformat(),
            "profile": profile_document(self._profile),
            "facts": as_builtins(computed),
            "history": [as_builtins(entry) for entry in self._recorded.history],
        }

    def print(self) -> None:
        """All of it as tables."""
        profile = self._profile
        console.print(f"[bold]{plain(profile.name)}[/] {plain(profile.scheme)} {plain(profile.masked or profile.code)}")
        print_facts({"known since": profile.known_since, "also known as": "; ".join(profile.other_names)})
        columns = ("listing", "status", "regime", "document", "term", "objections", "comes from")
        print_table(columns, (self._listing_row(listing) for listing in profile.listings))
        if profile.adverse_records:
            columns = ("record", "status", "kind", "severity", "document", "repair, display", "comes from")
            print_table(columns, (self._adverse_row(record) for record in profile.adverse_records))
        rows = (
            (
                entry.revision,
                f"{entry.recorded_at:%Y-%m-%d %H:%M:%S}",
                f"{entry.actor}\n{entry.origin}",
                entry.kind,
                " ".join(filter(None, (entry.document_number, str(entry.document_date or "")))),
                entry.note,
            )
            for entry in self._recorded.history
        )
        print_table(("revision", "recorded", "by, through", "what", "document", "note"), rows, title="history")

    def _computed(self, fact: Listing | AdverseRecord, fact_id: str) -> dict[str, Any]:
        return {
            "status": self._status(fact),
            "publicity_min_end": self._publicity.min_end(fact),
            "publicity_max_end": self._publicity.max_end(fact),
            "provenance": self._recorded.provenance[fact_id],
        }

    def _status(self, fact: Listing | AdverseRecord) -> str:
        fact_id = fact.listing_id if isinstance(fact, Listing) else fact.record_id
        repaired = self._recorded.ended_by.get(fact_id) is EndedBy.REPAIR
        if isinstance(fact, AdverseRecord):
            return adverse_status(fact, repaired, self._catalogue, self._now).value
        confirmations = self._recorded.confirmations
        return listing_status(fact, repaired, self._catalogue, self._now, confirmations).value

    def _clock(self, listing: Listing, objection: Objection) -> dict[str, Any]:
        course = self._recorded.objections[listing.listing_id, objection.objection_id]
        regime = self._catalogue.regime(listing.regime)
        due = None if regime is None else review_ends(objection, regime, self._catalogue.calendar, self._now)
        is_open = objection.open_at(self._now.moment)
        return {
            "grounds": course.grounds,
            "resolution": course.resolution,
            "open": is_open,
            "due_on": None if due is None else due.day,
            "provisional": due is not None and due.provisional,
            "overdue": due is not None and is_open and due.day < self._now.day,
        }

    def _listing_row(self, listing: Listing) -> tuple[object, ...]:
        document = f"{listing.document_number}\n{listing.document_date or ''}".strip()
        term = f"{listing.effective_from or '…'} – {listing.expires_on or '…'}"
        if listing.confirmed_on is not None:
            term += f"\nconfirmed {listing.confirmed_on}"
        if listing.ended_at is not None:
            term += f"\nended {listing.ended_at:%Y-%m-%d %H:%M:%S}"
        term += "".join(f"\nlifted until {lifting.ends_at:%Y-%m-%d %H:%M:%S}" for lifting in listing.liftings)
        objections = "\n".join(self._clock_words(listing, objection) for objection in listing.objections)
        whence = self._whence(listing.listing_id)
        return listing.listing_id, self._status(listing), listing.regime, document, term, objections, whence

    def _clock_words(self, listing: Listing, objection: Objection) -> str:
        clock = self._clock(listing, objection)
        if not clock["open"]:
            return f"{objection.objection_id} {clock['resolution'] or 'not open'}"
        due = "" if clock["due_on"] is None else f", due {clock['due_on']}"
        return f"{objection.objection_id} open{due}{' OVERDUE' if clock['overdue'] else ''}"

    def _adverse_row(self, record: AdverseRecord) -> tuple[object, ...]:
        document = f"{record.document_number}\n{record.document_date}"
        publicity = f"from {self._publicity.min_end(record) or '…'}, to {self._publicity.max_end(record)}"
        whence = self._whence(record.record_id)
        return record.record_id, self._status(record), record.kind, record.severity, document, publicity, whence

    def _whence(self, fact_id: str) -> str:
        whence = self._recorded.provenance[fact_id]
        if not whence.file_name:
            return f"a registrar, revision {whence.revision}"
        row = f", row {whence.row}" if whence.row else ""
        return f"{whence.feed}: {whence.file_name}{row}\nsha256 {whence.sha256[:12]}…, revision {whence.revision}"


def profile_document(profile: SubjectProfile) -> dict[str, Any]:
    """A profile as JSON, by field name."""
    found: dict[str, Any] = as_builtins(msgspec.structs.asdict(profile))
    found["listings"] = [as_builtins(msgspec.structs.asdict(listing)) for listing in profile.listings]
    found["adverse_records"] = [as_builtins(msgspec.structs.asdict(record)) for record in profile.adverse_records]
    return found
