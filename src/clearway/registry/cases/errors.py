"""What is refused of an act in a case, and why. The texts name no identifier."""

from __future__ import annotations

from enum import StrEnum


class Obstacle(StrEnum):
    """Why a deferral does not allow an act. Stable: callers switch on it, never on the text."""

    STATE = "state"
    DEADLINE_PASSED = "deadline_passed"
    NOT_OVERDUE = "not_overdue"
    OTHER_OPEN = "other_open"
    INCOMPLETE = "incomplete"


WORDS = {
    Obstacle.STATE: "the deferral's state does not allow this",
    Obstacle.DEADLINE_PASSED: "a deadline has passed before the notice was issued; extend it first",
    Obstacle.NOT_OVERDUE: "no deadline has passed with a material missing",
    Obstacle.OTHER_OPEN: "the case has an open deferral already, offered by another check",
    Obstacle.INCOMPLETE: "the licence is issued only after every promised material has arrived",
}


class CaseRefusal(Exception):
    """An act in a case that is refused; nothing of it is recorded."""


class DeferralObstacle(CaseRefusal):
    """The deferral, as it stands, does not allow the act. `state` is where it stands."""

    def __init__(self, state: str, because: Obstacle) -> None:
        super().__init__(WORDS[because])
        self.state = state
        self.because = because


class NotPromised(CaseRefusal):
    """Materials that nobody promised. `places` are their positions among those given."""

    def __init__(self, places: tuple[int, ...]) -> None:
        super().__init__("the deferral has no such material")
        self.places = places


class NotLater(CaseRefusal):
    """An extension that does not extend."""

    def __init__(self) -> None:
        super().__init__("the new deadline is not later than the present one")


class CaseIsClosed(CaseRefusal):
    """The case's final outcome was reported."""

    def __init__(self) -> None:
        super().__init__("the case is closed; its final outcome was reported")


class ReportIdReused(CaseRefusal):
    """The report's id was used before with another body."""

    def __init__(self) -> None:
        super().__init__("this report id was used before with another body")
