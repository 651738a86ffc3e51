"""Checks counted: how many there are of each combination of values, in a period.

Read from columns alone; of what is not shipped yet, from the records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, func, select

from clearway.querylog.central import StoredCheck, check_log
from clearway.querylog.filter import plain
from clearway.querylog.record import CheckRecord

BANDED = ("elapsed_us", "index_age_ms")
"""Columns that are counted by bands, not by each value."""

_STEPS = ((100, 1), (1_000, 10), (10_000, 100), (100_000, 1_000), (1_000_000, 10_000), (10_000_000, 100_000))
_LAST_STEP = 1_000_000


@dataclass(frozen=True, slots=True)
class Scope:
    """Checks decided at or after `since` and before `until` (aware, UTC); of an authority, an item, a region if given.

    `answered`: only those that were. `measured`: of those, the ones of which it is known how long they took.
    """

    since: datetime
    until: datetime
    authority: str = ""
    item_code: str = ""
    region: str = ""
    answered: bool = False
    measured: bool = False

    def holds(self, record: CheckRecord) -> bool:
        """Whether the check is one of them."""
        kind = (record.answered or not self.only_answered) and (record.elapsed_us > 0 or not self.measured)
        within = kind and self.since <= record.decided_at < self.until
        return within and all(getattr(record, name) == wanted for name, wanted in self._given())

    def where(self) -> list[ColumnElement[bool]]:
        """The same as conditions on the central log."""
        found = [check_log.c.decided_at >= self.since, check_log.c.decided_at < self.until]
        found += [plain(name) == wanted for name, wanted in self._given()]
        if self.only_answered:
            found.append(plain("error_reason") == "")
        return [*found, check_log.c.elapsed_us > 0] if self.measured else found

    @property
    def only_answered(self) -> bool:
        """Whether refused checks are left out."""
        return self.answered or self.measured

    def _given(self) -> list[tuple[str, str]]:
        fields = (("authority", self.authority), ("item_code", self.item_code), ("region", self.region))
        return [(name, wanted) for name, wanted in fields if wanted]


def tally(
    central: Connection, unshipped: Iterable[StoredCheck], scope: Scope, columns: Sequence[str]
) -> Counter[tuple[str | int, ...]]:
    """(a value for each of `columns`, in order) → how many checks have them. Banded ones: the band's lower edge."""
    values = [in_bands(check_log.c[name]) if name in BANDED else check_log.c[name] for name in columns]
    query = select(*values, func.count()).where(*scope.where()).group_by(*values)
    found: Counter[tuple[str | int, ...]] = Counter()
    for *key, count in central.execute(query):
        found[tuple(key)] += count
    for stored in unshipped:
        if scope.holds(stored.record):
            found[tuple(value_of(stored.record, name) for name in columns)] += 1
    return found


def value_of(record: CheckRecord, name: str) -> str | int:
    """What a record has in a column, as it is counted."""
    value: str | int = getattr(record, name)
    return band_of(value) if isinstance(value, int) else value


def step_of(value: int) -> int:
    """How wide the band of this value is: at most a tenth of the value, from 10 on."""
    return next((step for bound, step in _STEPS if value < bound), _LAST_STEP)


def band_of(value: int) -> int:
    """The lower edge of the value's band."""
    return value - value % step_of(value)


def band_end(lower: int) -> int:
    """The largest value of the band that begins at `lower`."""
    return lower + step_of(lower) - 1


def in_bands(column: ColumnElement[int]) -> ColumnElement[int]:
    """`band_of`, in the database."""
    step = case(*((column < bound, step) for bound, step in _STEPS), else_=_LAST_STEP)
    return column - column % step
