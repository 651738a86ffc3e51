"""What all checks that are decided on one snapshot share: made once a round, as each part of it costs every check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from clearway.decision.facts import Sources
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.index.reader import Snapshot
from clearway.server.revision import token_of


@dataclass(frozen=True, slots=True)
class Sitting:
    """One snapshot, looked at in one moment.

    `moment` is in UTC, `day` the day that it is in the registry's zone, `revision` the snapshot's token. `head` is what
    every answer begins with: the revision, the catalogue's edition, when it was decided and how old the index was then;
    `index_age_ms` is that age.
    """

    snapshot: Snapshot
    moment: datetime
    day: date
    revision: str
    sources: Sources
    head: pb.CheckSubjectResponse
    index_age_ms: int


def sit(snapshot: Snapshot, moment: datetime, day: date, edition: pb.CatalogueEdition, sources: Sources) -> Sitting:
    """Look at a snapshot in this moment, under this edition."""
    revision = token_of(snapshot.database_id, snapshot.revision)
    head = pb.CheckSubjectResponse(revision=revision, catalogue_edition=edition)
    stamp(head, moment, snapshot.synced_at)
    index_age_ms = head.index_age.seconds * 1000 + head.index_age.nanos // 1_000_000
    return Sitting(snapshot, moment, day, revision, sources, head, index_age_ms)


def stamp(head: pb.CheckSubjectResponse, moment: datetime, synced_at: float) -> None:
    """Set when the answer was made and how old the index was then."""
    seconds = moment.timestamp()
    age = max(0.0, seconds - synced_at)
    head.decided_at.seconds, head.decided_at.nanos = int(seconds), moment.microsecond * 1000
    head.index_age.seconds, head.index_age.nanos = int(age), int((age - int(age)) * 1e9)
