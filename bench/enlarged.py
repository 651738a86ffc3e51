"""More subjects than a registry holds, handed to the index's builder as if they had been imported after its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice

from clearway.decision.facts import AdverseKind, AdverseRecord, Listing, RegisteredSubject, Severity, SubjectProfile
from clearway.registry import synthetic
from clearway.registry.change_feed import ChangeFeed
from clearway.subjects.schemes import orgcode, uscc


class Enlarged:
    """A registry's change feed whose whole holds further synthetic subjects; a `Source` to build an index from."""

    def __init__(self, changes: ChangeFeed, subjects: int, today: date) -> None:
        self._changes = changes
        self._subjects = subjects
        self._today = today
        self.database_id = changes.database_id
        self.first_key = changes.first_key
        self.head = changes.head
        self.changed = changes.changed
        self.count_changed = changes.count_changed
        self.confirmations = changes.confirmations
        self.reads = changes.reads

    def everything(self, upto: int) -> Iterator[RegisteredSubject]:
        """The registry's subjects, then the further ones."""
        last = 0
        for subject in self._changes.everything(upto):
            last = subject.profile.subject_id
            yield subject
        for number, row in enumerate(islice(synthetic.rows(self._subjects, self._today), last, None), last):
            yield imported(number + 1, row)


def imported(subject_id: int, row: synthetic.Row) -> RegisteredSubject:
    """The subject as it stands once its row has been imported."""
    code, name = row["code"], row["name"]
    profile = SubjectProfile(
        subject_id,
        row["scheme"],
        code,
        name,
        date.fromisoformat(row["known_since"]),
        (listing(row),) if row["fact"] == "listing" else (),
        (adverse(row),) if row["fact"] == "adverse" else (),
    )
    return RegisteredSubject(profile, ((row["scheme"], code),), (name,), ((orgcode.NAME, code[uscc.ORGANISATION]),))


def listing(row: synthetic.Row) -> Listing:
    """A row's listing."""
    return Listing(
        row["listing_id"],
        row["regime"],
        row["document_number"],
        date.fromisoformat(row["document_date"]),
        effective_from=date.fromisoformat(row["effective_from"]),
        expires_on=day_after(row.get("expires_on")),
        confirmed_on=day(row.get("confirmed_on")),
        feed="flat-csv",
    )


def adverse(row: synthetic.Row) -> AdverseRecord:
    """A row's adverse record."""
    return AdverseRecord(
        row["record_id"],
        AdverseKind(row["record_kind"]),
        Severity(row["severity"]),
        row["document_number"],
        date.fromisoformat(row["document_date"]),
    )


def day(text: str | None) -> date | None:
    """The day, where there is one."""
    return date.fromisoformat(text) if text else None


def day_after(text: str | None) -> date | None:
    """The first day on which it no longer binds; a row states the last on which it does."""
    last = day(text)
    return last + timedelta(days=1) if last else None
