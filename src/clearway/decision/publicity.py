"""公示期: from when a listing or an adverse record may be repaired, and from when it is no longer displayed.

Counted from the date of its document (信用修复管理办法). The decision needs the longest term only; the shortest is the
registry's to hold, which is given `Publicity.first_repair` for it.
"""

from __future__ import annotations

from datetime import date, datetime, time

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.facts import AdverseRecord, Listing
from clearway.decision.terms import display_ends, display_term, later


class Publicity:
    """The terms of publicity under one catalogue edition."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def min_end(self, fact: Listing | AdverseRecord) -> date | None:
        """The first day on which the fact may be repaired; None where no term is set, or it has no document date."""
        if isinstance(fact, AdverseRecord):
            shortest = display_term(fact, self._catalogue.edition.adverse_display).min
        else:
            regime = self._catalogue.regime(fact.regime)
            shortest = None if regime is None else regime.min_publicity
        if shortest is None or fact.document_date is None:
            return None
        return later(fact.document_date, shortest)

    def max_end(self, fact: Listing | AdverseRecord) -> date | None:
        """The first day on which the fact is no longer displayed; None where no term is set."""
        if isinstance(fact, AdverseRecord):
            return display_ends(fact, self._catalogue.edition.adverse_display)
        regime = self._catalogue.regime(fact.regime)
        if regime is None or regime.max_publicity is None or fact.document_date is None:
            return None
        return later(fact.document_date, regime.max_publicity)

    def first_repair(self, fact: Listing | AdverseRecord) -> datetime | None:
        """The moment from which the fact may be repaired, in the edition's zone; None where that is any moment."""
        first = self.min_end(fact)
        return None if first is None else datetime.combine(first, time(), self._catalogue.zone)
