"""The clock: against what was written down by it earlier, and against the database's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from clearway.cli.doctor.faults import Unusable
from clearway.cli.doctor.findings import Finding, attention, sound, wrong
from clearway.cli.doctor.reaching import NotThere, central_log, record
from clearway.querylog.reader import Log
from clearway.querylog.record import UnreadableRecord
from clearway.registry.errors import RegistryError
from clearway.server.settings import Settings

TOLERATED = 1.0
"""Seconds that a clock may differ before anybody is told."""

REMEDY = "keep all machines by NTP: terms and deadlines are computed from their clocks"


class Told(NamedTuple):
    """A moment that something else tells, and ours right then. `running`: it is another clock, and no record of one."""

    what: str
    moment: datetime
    ours: datetime
    running: bool = False


def clock(settings: Settings) -> Iterator[Finding]:
    """Whether anything was written down that is later than now, and whether the database's clock says the same."""
    compared, unread, sound_so_far = 0, False, True
    for tell in (_by_log, _by_record):
        try:
            for told in tell(settings):
                compared += 1
                for finding in _against(told):
                    sound_so_far = False
                    yield finding
        except NotThere:
            continue
        except (Unusable, RegistryError, UnreadableRecord):
            unread = True
    now = f"it is {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if unread:
        yield attention(f"{now}; not all that was recorded can be read, to hold it against that", "see `database`")
    elif sound_so_far and compared:
        yield sound(f"{now}, and nothing recorded is later")
    elif sound_so_far:
        yield sound(f"{now}; nothing is recorded here yet to hold it against")


def _against(told: Told) -> Iterator[Finding]:
    ahead = (told.moment - told.ours).total_seconds()
    if ahead > TOLERATED:
        yield wrong(
            f"{told.what} is of {told.moment:%Y-%m-%d %H:%M:%S} UTC, {ahead:,.0f} s ahead of this clock",
            f"this clock was set back, or another runs fast: {REMEDY}",
        )
    elif told.running and -ahead > TOLERATED:
        yield wrong(
            f"{told.what} says {told.moment:%Y-%m-%d %H:%M:%S} UTC, {-ahead:,.0f} s behind this clock",
            f"this clock runs fast, or that one is slow: {REMEDY}",
        )


def _by_log(settings: Settings) -> Iterator[Told]:
    with central_log(settings) as engine:
        newest = Log(engine, settings.journals).newest(limit=1)
    for stored in newest:
        yield Told("the newest recorded check", stored.record.decided_at, datetime.now(UTC))


def _by_record(settings: Settings) -> Iterator[Told]:
    with record(settings) as registry:
        newest = registry.revisions(limit=1)
        told = registry.clock()
        ours = datetime.now(UTC)
    for revision in newest:
        yield Told("the newest revision of the record", revision.recorded_at, ours)
    if told is not None:
        yield Told("the database's own clock", told, ours, running=True)
