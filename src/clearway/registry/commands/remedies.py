"""信用修复, 撤销: what frees a subject of a listing or an adverse record: its repair, or that it was wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from clearway.decision.facts import AdverseRecord, Listing
from clearway.registry.commands.desk import Desk
from clearway.registry.errors import RepairTooEarly
from clearway.registry.events import Delisted, DelistingCause, Repaired, Withdrawn

FirstRepair = Callable[[Listing | AdverseRecord], datetime | None]
"""The moment from which a fact may be repaired, None where that is any: the catalogue's to say."""


def at_any_time(fact: Listing | AdverseRecord) -> None:
    """No shortest term of publicity."""


@dataclass(frozen=True, slots=True)
class Repair:
    """信用修复: end the display, sharing and effect of a listing or adverse record, from `effective_at` on.

    `first_repair` is asked of the fact as it is recorded then: a repair must not take effect before.
    """

    fact_id: str
    effective_at: datetime | None = None
    first_repair: FirstRepair = at_any_time

    def enact(self, desk: Desk) -> None:
        """End the listing or record. Raises `RepairTooEarly`."""
        record, fact = desk.either(self.fact_id)
        at = desk.effective(self.effective_at)
        desk.require_live(fact, at)
        earliest = self.first_repair(fact)
        if earliest is not None and at < earliest:
            raise RepairTooEarly(earliest)
        desk.append(record, Repaired(self.fact_id, at))


@dataclass(frozen=True, slots=True)
class RevokeInError:
    """撤销: take back a listing or adverse record that was wrong from its beginning, even one that has ended since.

    No term of publicity binds it. It takes effect at once, at `effective_at` or with the recording.
    """

    fact_id: str
    effective_at: datetime | None = None

    def enact(self, desk: Desk) -> None:
        """Annul the listing or record."""
        record, fact = desk.either(self.fact_id)
        at = desk.at_once(self.effective_at)
        if fact.annulled:
            desk.require_live(fact)
        if isinstance(fact, Listing):
            desk.append(record, Delisted(self.fact_id, at, DelistingCause.REVOKED_IN_ERROR))
        else:
            desk.append(record, Withdrawn(self.fact_id, at, in_error=True))
