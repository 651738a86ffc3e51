"""A deferral: which act each state allows, deadlines, what is overdue; and a random life against a model of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from clearway.registry.cases import deferral as deferrals
from clearway.registry.cases.deferral import OPEN, TRANSITIONS, Deferral, DeferralState
from clearway.registry.cases.errors import DeferralObstacle, NotLater, NotPromised, Obstacle
from clearway.registry.cases.events import (
    Committed,
    Completed,
    DeferralEvent,
    Extended,
    Lapsed,
    NoticeIssued,
    Supplemented,
    Withdrawn,
    decode,
    encode,
)
from clearway.subjects.workdays import LAST_PUBLISHED_YEAR, ChineseCalendar, WeekendCalendar
from tests.unit.registry.cases.making import (
    CHECK,
    DAY,
    FIRST_LATE,
    HEALTH,
    NOTICE,
    PLAN,
    committed,
    entry,
    promise,
    report,
)

CALENDAR = WeekendCalendar()
OFFICER = "officer 7"
LATER = date(2026, 6, 1)
EVENTS: dict[type[DeferralEvent], DeferralEvent] = {
    Committed: committed(),
    NoticeIssued: NoticeIssued(OFFICER, "N-1", NOTICE),
    Supplemented: Supplemented(OFFICER, (PLAN.material,)),
    Completed: Completed(OFFICER),
    Extended: Extended(OFFICER, "flood", LATER),
    Withdrawn: Withdrawn(OFFICER, "moved away"),
    Lapsed: Lapsed(OFFICER, "nothing came", f"deferral:{CHECK}", 7),
}
LIVES: dict[DeferralState, tuple[type[DeferralEvent], ...]] = {
    DeferralState.OFFERED: (),
    DeferralState.COMMITTED: (Committed,),
    DeferralState.NOTICE_ISSUED: (Committed, NoticeIssued),
    DeferralState.EXTENDED: (Committed, NoticeIssued, Extended),
    DeferralState.COMPLETED: (Committed, NoticeIssued, Supplemented, Completed),
    DeferralState.LAPSED: (Committed, NoticeIssued, Lapsed),
    DeferralState.WITHDRAWN: (Committed, Withdrawn),
}
"""How each state is come to."""

ACTS: dict[str, Callable[[Deferral], tuple[DeferralEvent, ...]]] = {
    "commit": lambda d: deferrals.commit(d, committed(reference="C-2")),
    "issue_notice": lambda d: deferrals.issue_notice(d, OFFICER, "N-2", NOTICE, DAY, CALENDAR),
    "supplement": lambda d: deferrals.supplement(d, OFFICER, (HEALTH.material,)),
    "extend": lambda d: deferrals.extend(d, OFFICER, "storm", LATER + timedelta(days=9), CALENDAR),
    "withdraw": lambda d: deferrals.withdraw(d, OFFICER, "another reason"),
    "lapse": lambda d: deferrals.lapse(d, Lapsed("officer 8", "late", "r", 1), LATER + timedelta(days=1), CALENDAR),
}
ALLOWED: dict[str, set[DeferralState]] = {
    "commit": {DeferralState.OFFERED},
    "issue_notice": {DeferralState.COMMITTED},
    "supplement": set(OPEN),
    "extend": set(OPEN),
    "withdraw": set(OPEN),
    "lapse": {DeferralState.NOTICE_ISSUED, DeferralState.EXTENDED},
}


def lived(*kinds: type[DeferralEvent]) -> Deferral:
    return deferrals.fold(entry(EVENTS[kind], number) for number, kind in enumerate(kinds))


@pytest.mark.parametrize("state", DeferralState)
def test_every_state_can_be_come_to(state: DeferralState) -> None:
    assert lived(*LIVES[state]).state is state


@pytest.mark.parametrize("state", DeferralState)
@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_done_in_the_states_that_allow_it_and_refused_in_the_others(state: DeferralState, act: str) -> None:
    deferral = lived(*LIVES[state])
    if state in ALLOWED[act]:
        assert ACTS[act](deferral)
        return
    with pytest.raises(DeferralObstacle) as refused:
        ACTS[act](deferral)
    assert (refused.value.state, refused.value.because) == (state, Obstacle.STATE)


def test_nothing_leads_out_of_an_end() -> None:
    ended = set(DeferralState) - {DeferralState.OFFERED, *OPEN}
    assert not {state for state, _ in TRANSITIONS if state in ended}


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_reads_back_as_it_was_stored(kind: type[DeferralEvent]) -> None:
    assert decode(encode(EVENTS[kind])) == EVENTS[kind]


def test_reports_of_the_case_are_no_acts_on_its_deferral() -> None:
    assert deferrals.fold([entry(committed()), entry(report())]).state is DeferralState.COMMITTED


# Said again


@pytest.mark.parametrize(
    ("kinds", "act"),
    [
        ((Committed,), lambda d: deferrals.commit(d, committed())),
        ((Committed, NoticeIssued), lambda d: deferrals.issue_notice(d, OFFICER, "N-1", NOTICE, LATER, CALENDAR)),
        ((Committed, Supplemented), lambda d: deferrals.supplement(d, OFFICER, (PLAN.material,))),
        (LIVES[DeferralState.COMPLETED], lambda d: deferrals.supplement(d, OFFICER, (PLAN.material,))),
        ((Committed, Extended), lambda d: deferrals.extend(d, OFFICER, "flood", LATER, CALENDAR)),
        ((Committed, Withdrawn), lambda d: deferrals.withdraw(d, OFFICER, "moved away")),
        (
            (Committed, NoticeIssued, Lapsed),
            lambda d: deferrals.lapse(d, Lapsed(OFFICER, "nothing came", "r", 9), LATER, CALENDAR),
        ),
    ],
)
def test_what_was_done_before_in_the_same_words_is_done(
    kinds: tuple[type[DeferralEvent], ...], act: Callable[[Deferral], tuple[DeferralEvent, ...]]
) -> None:
    assert act(lived(*kinds)) == ()


# Materials


def test_the_last_material_completes() -> None:
    first = deferrals.supplement(lived(Committed), OFFICER, (PLAN.material,))
    assert first == (Supplemented(OFFICER, (PLAN.material,)),)
    rest = deferrals.supplement(lived(Committed, Supplemented), OFFICER, (PLAN.material, HEALTH.material))
    assert rest == (Supplemented(OFFICER, (HEALTH.material,)), Completed(OFFICER))


def test_what_was_not_promised_is_refused_by_its_place() -> None:
    with pytest.raises(NotPromised) as refused:
        deferrals.supplement(lived(Committed), OFFICER, (PLAN.material, "APPLICATION-FORM"))
    assert refused.value.places == (1,)


def test_a_late_material_is_taken_as_long_as_the_file_was_not_returned() -> None:
    late = lived(Committed, NoticeIssued)
    assert late.overdue_since(LATER, CALENDAR)
    assert deferrals.supplement(late, OFFICER, (PLAN.material,))


# Deadlines


def test_a_deadline_runs_to_the_end_of_its_day() -> None:
    deferral = lived(Committed, NoticeIssued)
    assert deferral.overdue_since(PLAN.deadline, CALENDAR) is None
    assert deferral.overdue_since(FIRST_LATE, CALENDAR) == PLAN.deadline


def test_only_what_is_missing_is_overdue() -> None:
    supplied = lived(Committed, NoticeIssued, Supplemented)
    assert supplied.overdue_since(FIRST_LATE, CALENDAR) is None
    assert supplied.overdue_since(LATER, CALENDAR) == HEALTH.deadline


@pytest.mark.parametrize("state", [s for s in DeferralState if s not in OPEN])
def test_nothing_is_overdue_where_nothing_is_awaited(state: DeferralState) -> None:
    assert lived(*LIVES[state]).overdue_since(date(2099, 1, 1), CALENDAR) is None


def test_an_extension_goes_beyond_the_last_deadline() -> None:
    with pytest.raises(NotLater):
        deferrals.extend(lived(Committed), OFFICER, "flood", HEALTH.deadline, CALENDAR)
    assert deferrals.extend(lived(Committed), OFFICER, "flood", HEALTH.deadline + timedelta(days=1), CALENDAR)


def test_an_extension_holds_for_all_that_is_missing() -> None:
    extended = lived(Committed, NoticeIssued, Extended)
    assert {extended.due(p, CALENDAR).day for p in extended.missing} == {LATER}
    assert extended.deadline(CALENDAR) == LATER
    assert extended.overdue_since(FIRST_LATE, CALENDAR) is None


def test_no_notice_tells_of_a_deadline_that_has_passed() -> None:
    with pytest.raises(DeferralObstacle) as refused:
        deferrals.issue_notice(lived(Committed), OFFICER, "N-1", NOTICE, FIRST_LATE, CALENDAR)
    assert refused.value.because is Obstacle.DEADLINE_PASSED
    extended = lived(Committed, Extended)
    assert extended.state is DeferralState.COMMITTED
    assert deferrals.issue_notice(extended, OFFICER, "N-1", NOTICE, FIRST_LATE, CALENDAR)


def test_nobody_lapses_before_a_deadline_has_passed() -> None:
    lapsed = Lapsed(OFFICER, "nothing came", "r", 1)
    with pytest.raises(DeferralObstacle) as refused:
        deferrals.lapse(lived(Committed, NoticeIssued), lapsed, PLAN.deadline, CALENDAR)
    assert refused.value.because is Obstacle.NOT_OVERDUE
    assert deferrals.lapse(lived(Committed, NoticeIssued), lapsed, FIRST_LATE, CALENDAR) == (lapsed,)


def test_a_provisional_deadline_stays_until_its_year_is_published_and_never_comes_forward() -> None:
    # Ten working days from Tuesday, 22 December of the last published year, into the next.
    counted_from = date(LAST_PUBLISHED_YEAR, 12, 22)
    told = ChineseCalendar().add(counted_from, 10)
    assert told.provisional
    wanted = promise("LAYOUT-PLAN", told.day, provisional=True, term=10)
    deferral = deferrals.fold([entry(committed(wanted, counted_from=counted_from))])
    unknown = deferral.due(deferral.promises[0], ChineseCalendar())
    assert (unknown.day, unknown.provisional) == (told.day, True)
    # Once every year is known the count is shorter, and yet the applicant keeps what was told.
    known = deferral.due(deferral.promises[0], WeekendCalendar())
    assert WeekendCalendar().add(counted_from, 10).day < told.day
    assert (known.day, known.provisional) == (told.day, False)


def test_a_provisional_deadline_moves_back_where_the_published_year_is_kinder() -> None:
    wanted = promise("LAYOUT-PLAN", DAY + timedelta(days=1), provisional=True)
    deferral = deferrals.fold([entry(committed(wanted))])
    due = deferral.due(deferral.promises[0], CALENDAR)
    assert (due.day, due.provisional) == (CALENDAR.add(DAY, 5).day, False)


# A random life against a model


MATERIALS = ("A", "B", "C")


class LifeOfADeferral(RuleBasedStateMachine):
    """Random acts on random days; the model keeps what an officer would note on a sheet of paper."""

    @initialize(terms=st.lists(st.integers(1, 20), min_size=1, max_size=3))
    def begin(self, terms: list[int]) -> None:
        names = MATERIALS[: len(terms)]
        ends = [DAY + timedelta(days=term) for term in terms]
        self.commitment = committed(*(promise(name, end) for name, end in zip(names, ends, strict=True)))
        self.deferral = Deferral()
        self.day = DAY
        self.number = 0
        self.committed = self.noticed = self.extended = False
        self.ended = self.number_of_notice = ""
        self.deadlines = dict(zip(names, ends, strict=True))
        self.arrived: set[str] = set()

    def done(self, act: Callable[[Deferral], tuple[DeferralEvent, ...]]) -> bool:
        """Whether the act was allowed; if so, it has happened."""
        try:
            events = act(self.deferral)
        except (DeferralObstacle, NotLater, NotPromised):
            return False
        for event in events:
            self.number += 1
            self.deferral = deferrals.after(self.deferral, entry(event, self.number), event)
        return True

    @property
    def awaiting(self) -> bool:
        return self.committed and not self.ended

    @property
    def late(self) -> bool:
        return any(end < self.day for name, end in self.deadlines.items() if name not in self.arrived)

    @rule(days=st.integers(0, 9))
    def days_pass(self, days: int) -> None:
        self.day += timedelta(days=days)

    @rule()
    def commit(self) -> None:
        assert self.done(lambda d: deferrals.commit(d, self.commitment))
        self.committed = True

    @rule(number=st.sampled_from(["N-1", "N-2"]))
    def issue_notice(self, number: str) -> None:
        again = self.noticed and self.number_of_notice == number
        wanted = again or (self.awaiting and not self.noticed and not self.late)
        text = NOTICE
        assert self.done(lambda d: deferrals.issue_notice(d, OFFICER, number, text, self.day, CALENDAR)) == wanted
        if wanted and not again:
            self.noticed, self.number_of_notice, self.extended = True, number, False

    @precondition(lambda self: self.committed)
    @rule(materials=st.lists(st.sampled_from([*MATERIALS, "Z"]), min_size=1, unique=True))
    def supplement(self, materials: list[str]) -> None:
        promised = set(materials) <= set(self.deadlines)
        wanted = promised and (self.awaiting or set(materials) <= self.arrived)
        assert self.done(lambda d: deferrals.supplement(d, OFFICER, tuple(materials))) == wanted
        if wanted:
            self.arrived |= set(materials)
            if self.arrived == set(self.deadlines):
                self.ended = self.ended or "COMPLETED"

    @rule(days=st.integers(1, 30))
    def extend(self, days: int) -> None:
        self.number += 1
        reason = f"flood {self.number}"
        missing = [end for name, end in self.deadlines.items() if name not in self.arrived]
        new = self.day + timedelta(days=days)
        wanted = self.awaiting and new > max(missing)
        assert self.done(lambda d: deferrals.extend(d, OFFICER, reason, new, CALENDAR)) == wanted
        if wanted:
            self.deadlines = dict.fromkeys(self.deadlines, new)
            self.extended = self.noticed

    @rule()
    def withdraw(self) -> None:
        again = self.ended == "WITHDRAWN"
        wanted = again or self.awaiting
        assert self.done(lambda d: deferrals.withdraw(d, OFFICER, "moved away")) == wanted
        if wanted:
            self.ended = "WITHDRAWN"

    @rule()
    def lapse(self) -> None:
        again = self.ended == "LAPSED"
        wanted = again or (self.awaiting and self.noticed and self.late)
        lapsed = Lapsed(OFFICER, "nothing came", "r", 1)
        assert self.done(lambda d: deferrals.lapse(d, lapsed, self.day, CALENDAR)) == wanted
        if wanted:
            self.ended = "LAPSED"

    @invariant()
    def the_fold_says_what_the_sheet_says(self) -> None:
        if not self.committed:
            assert self.deferral.state is DeferralState.OFFERED
            return
        open_state = "EXTENDED" if self.extended else "NOTICE_ISSUED" if self.noticed else "COMMITTED"
        assert self.deferral.state == (self.ended or open_state)
        assert set(self.deferral.supplied) == self.arrived
        assert (self.deferral.overdue_since(self.day, CALENDAR) is not None) == (self.awaiting and self.late)
        assert deferrals.fold(self.deferral.entries) == self.deferral


TestLifeOfADeferral = LifeOfADeferral.TestCase
