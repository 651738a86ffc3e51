"""Following pending cases: where a watch begins, what it tells, and how it goes on after an interruption.

Free of transport: `Course` is the one state of a watch, for the sync and the async client alike.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from clearway.client.answer import moment
from clearway.client.errors import ClearwayError, NotAnswered
from clearway.client.terms import Outcome, read
from clearway.gen.v1 import check_service_pb2 as pb

REMEMBERED = 65_536
"""Ids of changes that are kept to recognise a repeat. A cursor leaves next to none; this covers a service that has to
send a stretch again."""
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class FromNow:
    """Changes from now on. What changes before the first connection stands is not told."""


@dataclass(frozen=True, slots=True)
class After:
    """Changes after the one with this cursor: where the last watch was left."""

    cursor: str


@dataclass(frozen=True, slots=True)
class SinceRevision:
    """Every change that a later revision than this brought; the `revision` of an answer or of a change."""

    revision: str


Start = FromNow | After | SinceRevision


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A pending case whose answer has changed."""

    change_id: str
    case: str
    item: str
    check_id: str
    """The case's last check."""

    officer: str
    before: Outcome
    """What was answered, or told last."""

    after: Outcome
    """What would be answered now. Ask again to get the answer itself, on record."""

    differs: tuple[str, ...]
    """What differs, such as `outcome`, `restrictions`, `notices`."""

    explanation: str
    """What would be answered now, in words."""

    noticed_at: datetime
    cursor: str
    """Keep it once the change is dealt with, to go on `After` it with the next watch."""

    revision: str
    message: pb.CaseChange = field(repr=False, compare=False)
    """The change as it came, with both decisions whole."""


class Course:
    """Where a watch has got to. Tells each change once, whatever the service sends again."""

    def __init__(self, start: Start, case: str, dice: Callable[[], float]) -> None:
        """`dice` gives numbers from 0 to 1, for the jitter of the pauses."""
        self._start = start
        self._case = case
        self._dice = dice
        self._told: OrderedDict[str, None] = OrderedDict()
        self._failures = 0

    def request(self) -> pb.WatchCasesRequest:
        """What to ask for now: to begin, or to go on where it was left."""
        request = pb.WatchCasesRequest(case_number=self._case)
        match self._start:
            case FromNow():
                pass
            case After(cursor):
                request.after = cursor
            case SinceRevision(revision):
                request.since_revision = revision
            case _:
                assert_never(self._start)
        return request

    def take(self, message: pb.WatchCasesResponse) -> CaseChange | None:
        """The change that a message tells; None for a heartbeat or a repeat. The course moves on past it."""
        self._failures = 0
        if message.cursor:
            self._start = After(message.cursor)
        if not message.HasField("change"):
            return None
        change_id = message.change.change_id
        if change_id in self._told:
            return None
        self._told[change_id] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return change_in(message)

    def pause_after(self, error: ClearwayError | None) -> float:
        """Seconds to wait before going on after an interruption (None: the service ended the stream by itself).

        Raises the error where the same request would fail again.
        """
        if error is not None and not isinstance(error, NotAnswered):
            raise error
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**self._failures)
        self._failures = min(self._failures + 1, 16)
        return longest * (0.5 + 0.5 * self._dice())


def change_in(message: pb.WatchCasesResponse) -> CaseChange:
    """The change that a message carries."""
    change = message.change
    return CaseChange(
        change_id=change.change_id,
        case=change.case_number,
        item=change.item_code,
        check_id=change.check_id,
        officer=change.officer,
        before=read(Outcome, change.before.outcome),
        after=read(Outcome, change.after.outcome),
        differs=tuple(change.differs),
        explanation=change.after.explanation.text,
        noticed_at=moment(change.noticed_at),
        cursor=message.cursor,
        revision=message.revision,
        message=change,
    )


def why(interruption: ClearwayError | None) -> str:
    """An interruption in a word, for the log."""
    return "ended by the service" if interruption is None else interruption.reason_name or interruption.code.name
