"""The table of case events: appended once each, read back, whatever two writers saw."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from clearway.decision.facts import AdverseKind, Severity
from clearway.registry import commands
from clearway.registry.cases import acts
from clearway.registry.cases.deferral import Deferral, DeferralState, supplement
from clearway.registry.cases.errors import CaseIsClosed, DeferralObstacle, Obstacle, ReportIdReused
from clearway.registry.cases.events import (
    Case,
    CaseClosed,
    CaseEntry,
    CaseResult,
    Lapsed,
    MeasureResult,
    NoticeIssued,
    OutcomeReported,
    Supplemented,
    Withdrawn,
)
from clearway.registry.cases.store import CaseFile
from clearway.registry.database import writing
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.registry import Registry
from clearway.subjects.workdays import WeekendCalendar
from tests.unit.registry.cases.making import (
    CASE,
    CHECK,
    FIRST_LATE,
    MOMENT,
    NOTICE,
    OTHER_CHECK,
    PLAN,
    applied,
    committed,
    report,
)
from tests.unit.registry.making import CITIZEN, code

CALENDAR = WeekendCalendar()
WITHDRAWN = Withdrawn("officer 7", "moved away")


def acting(registry: Registry, *steps: Callable[[CaseFile], object], case: Case = CASE) -> None:
    with registry.cases.acting(case, actor="local", moment=MOMENT) as file:
        for step in steps:
            step(file)


def appending(event: object, check_id: str = CHECK) -> Callable[[CaseFile], object]:
    return lambda file: file.append(check_id, event)  # type: ignore[arg-type]


def reporting(
    event: OutcomeReported, result: CaseResult | None = None, check_id: str = CHECK
) -> Callable[[CaseFile], tuple[CaseEntry, ...]]:
    return lambda file: acts.report_outcome(file, check_id, event, result)


def state(registry: Registry, check_id: str = CHECK, case: Case = CASE) -> DeferralState:
    with registry.cases.acting(case, actor="local", moment=MOMENT) as file:
        return file.deferral(check_id).state


def test_what_is_appended_reads_back(registry: Registry) -> None:
    acting(registry, appending(committed()), appending(report("R-1", applied())))
    first, second = registry.cases.of_case(CASE).entries
    assert (first.event, second.event) == (committed(), report("R-1", applied()))
    assert (first.case, first.check_id, first.recorded_at, first.actor) == (CASE, CHECK, MOMENT, "local")


def test_nothing_is_kept_where_the_act_fails(registry: Registry) -> None:
    def fails(file: CaseFile) -> None:
        raise CaseIsClosed

    with pytest.raises(CaseIsClosed):
        acting(registry, appending(committed()), fails)
    assert registry.cases.of_case(CASE).entries == ()


def test_of_two_writers_who_saw_the_same_state_one_acts(registry: Registry) -> None:
    acting(registry, appending(committed()))
    with writing(registry._engine) as connection:
        # Two readers of the same state; on another engine they would be two transactions.
        first, second = (CaseFile(connection, CASE, actor="local", moment=MOMENT) for _ in range(2))
        first.append(CHECK, WITHDRAWN)
        with pytest.raises(RegistryError) as refused:
            second.append(CHECK, Supplemented("officer 8", (PLAN.material,)))
    assert refused.value.reason is RegistryReason.BUSY
    assert state(registry) is DeferralState.WITHDRAWN


def test_events_are_never_changed(registry: Registry) -> None:
    acting(registry, appending(committed()))
    for verb in ("UPDATE case_event SET kind = 'x'", "DELETE FROM case_event"):
        with pytest.raises(IntegrityError), writing(registry._engine) as connection:
            connection.execute(text(verb))


# Deferrals of a case


def test_a_case_has_one_open_deferral(registry: Registry) -> None:
    acting(registry, lambda file: acts.commit(file, CHECK, committed()))
    with pytest.raises(DeferralObstacle) as refused:
        acting(registry, lambda file: acts.commit(file, OTHER_CHECK, committed()))
    assert refused.value.because is Obstacle.OTHER_OPEN
    acting(registry, appending(WITHDRAWN), lambda file: acts.commit(file, OTHER_CHECK, committed()))
    assert state(registry, OTHER_CHECK) is DeferralState.COMMITTED


def test_a_closed_case_takes_no_act_but_one_done_before(registry: Registry) -> None:
    acting(registry, appending(committed()), reporting(report(), CaseResult.REFUSED))

    def add(file: CaseFile) -> Deferral:
        return acts.act(file, CHECK, lambda deferral: supplement(deferral, "officer 7", (PLAN.material,)))

    with pytest.raises(CaseIsClosed):
        acting(registry, add)
    acting(registry, lambda file: acts.commit(file, CHECK, committed()))
    assert len(registry.cases.of_case(CASE).entries) == 3


def test_open_deferrals_are_those_awaited_in_cases_not_closed(registry: Registry) -> None:
    others = [Case("DEMO-LICENSING", f"CASE-{number}") for number in range(2, 5)]
    acting(registry, appending(committed()), appending(NoticeIssued("officer 7", "N-1", NOTICE)))
    acting(registry, appending(committed(), "check-2"), appending(WITHDRAWN, "check-2"), case=others[0])
    acting(
        registry,
        appending(committed(), "check-3"),
        reporting(report("R-3"), CaseResult.REFUSED, "check-3"),
        case=others[1],
    )
    acting(registry, appending(committed(), "check-4"), case=Case("OTHER", "CASE-4"))
    found = registry.cases.open_deferrals("DEMO-LICENSING")
    assert {check: deferral.state for check, deferral in found.items()} == {CHECK: DeferralState.NOTICE_ISSUED}


# Outcomes


def test_a_report_said_again_gives_the_same_and_is_kept_once(registry: Registry) -> None:
    given: list[tuple[CaseEntry, ...]] = []

    def once(file: CaseFile) -> None:
        given.append(acts.report_outcome(file, CHECK, report("R-1", applied()), CaseResult.REFUSED))

    acting(registry, once)
    acting(registry, once)
    assert given[0] == given[1] == registry.cases.of_case(CASE).entries
    assert isinstance(given[0][-1].event, CaseClosed)


@pytest.mark.parametrize(("digest", "check_id"), [("01", CHECK), ("00", OTHER_CHECK)])
def test_a_report_id_with_another_body_is_refused(registry: Registry, digest: str, check_id: str) -> None:
    acting(registry, reporting(report()))
    with pytest.raises(ReportIdReused):
        acting(registry, reporting(report(digest=digest), check_id=check_id))


def test_a_report_id_used_in_another_case_is_refused(registry: Registry) -> None:
    acting(registry, reporting(report()))
    with pytest.raises(ReportIdReused):
        acting(registry, reporting(report()), case=Case("DEMO-LICENSING", "CASE-2"))
    acting(registry, reporting(report()), case=Case("OTHER", "CASE-2"))


def test_a_closed_case_takes_no_other_report(registry: Registry) -> None:
    acting(registry, reporting(report("R-1")), reporting(report("R-2"), CaseResult.REFUSED))
    with pytest.raises(CaseIsClosed):
        acting(registry, reporting(report("R-3")))
    acting(registry, reporting(report("R-1")))
    assert registry.cases.closed("DEMO-LICENSING", ["CASE-1", "CASE-2"]) == {"CASE-1"}
    assert registry.cases.closed("OTHER", ["CASE-1"]) == set()


def test_no_licence_is_granted_while_something_promised_is_missing(registry: Registry) -> None:
    acting(registry, appending(committed()))
    for check_id in (CHECK, OTHER_CHECK):
        with pytest.raises(DeferralObstacle) as refused:
            acting(registry, reporting(report(), CaseResult.GRANTED, check_id))
        assert (refused.value.state, refused.value.because) == ("COMMITTED", Obstacle.INCOMPLETE)


def test_after_a_withdrawal_only_another_check_may_lead_to_a_grant(registry: Registry) -> None:
    acting(registry, appending(committed()), appending(WITHDRAWN))
    with pytest.raises(DeferralObstacle):
        acting(registry, reporting(report(), CaseResult.GRANTED))
    acting(registry, reporting(report(), CaseResult.GRANTED, OTHER_CHECK))


def test_a_completed_deferral_lets_the_licence_be_granted(registry: Registry) -> None:
    def complete(file: CaseFile) -> None:
        acts.act(file, CHECK, lambda deferral: supplement(deferral, "officer 7", (PLAN.material,)))

    acting(registry, appending(committed(PLAN)), complete, reporting(report(), CaseResult.GRANTED))
    assert registry.cases.closed("DEMO-LICENSING", ["CASE-1"])


def test_the_measures_applied_are_those_last_reported_so(registry: Registry) -> None:
    not_applied = applied("M-1", result=MeasureResult.NOT_APPLIED)
    acting(
        registry,
        reporting(report("R-1", applied("M-1"), applied("M-2", result=MeasureResult.MODIFIED))),
        reporting(report("R-2", not_applied)),
        reporting(report("R-3", applied("G-1", result=MeasureResult.GRANTED)), check_id=OTHER_CHECK),
    )
    assert registry.cases.measures_applied([CHECK, OTHER_CHECK, "unknown"]) == {CHECK: ("M-2",)}


# Lapse


def subject_of(registry: Registry, scheme: str, number: str) -> int:
    registry.execute(commands.RegisterSubject(scheme, number), actor="test", moment=MOMENT)
    profile = registry.profile(scheme, number)
    assert profile is not None
    return profile.subject_id


def lapse_of(subject_id: int, day: date = FIRST_LATE) -> acts.LapseDeferral:
    return acts.LapseDeferral(
        CASE, CHECK, "officer 7", "nothing came", day, CALENDAR, subject_id, Severity.GENERAL, "local"
    )


@pytest.mark.parametrize(("scheme", "number"), [("cn-uscc", code(1)), ("cn-ric", CITIZEN)])
def test_a_lapse_enters_the_broken_commitment_with_the_case_event(registry: Registry, scheme: str, number: str) -> None:
    subject_id = subject_of(registry, scheme, number)
    acting(registry, appending(committed()), appending(NoticeIssued("officer 7", "N-1", NOTICE)))
    revision = registry.execute(lapse_of(subject_id), actor="officer 7", moment=MOMENT, note="nothing came")
    profile = registry.profile(scheme, number)
    assert profile is not None
    (record,) = profile.adverse_records
    assert (record.record_id, record.kind, record.severity) == (
        f"deferral:{CHECK}",
        AdverseKind.BROKEN_COMMITMENT,
        Severity.GENERAL,
    )
    assert (record.document_number, record.document_date) == ("N-1", FIRST_LATE)
    lapsed = registry.cases.of_case(CASE).entries[-1].event
    assert isinstance(lapsed, Lapsed)
    assert (lapsed.record_id, lapsed.revision) == (record.record_id, revision)


def test_a_refused_lapse_leaves_neither(registry: Registry) -> None:
    subject_id = subject_of(registry, "cn-uscc", code(1))
    acting(registry, appending(committed()), appending(NoticeIssued("officer 7", "N-1", NOTICE)))
    before = registry.head()
    for refused, act in (
        (DeferralObstacle, lapse_of(subject_id, PLAN.deadline)),
        (RegistryError, lapse_of(subject_id + 1)),
    ):
        with pytest.raises(refused):
            registry.execute(act, actor="officer 7", moment=MOMENT)
    assert registry.head() == before
    assert len(registry.cases.of_case(CASE).entries) == 2


def test_a_lapse_said_again_makes_no_revision(registry: Registry) -> None:
    subject_id = subject_of(registry, "cn-uscc", code(1))
    acting(registry, appending(committed()), appending(NoticeIssued("officer 7", "N-1", NOTICE)))
    revision = registry.execute(lapse_of(subject_id), actor="officer 7", moment=MOMENT)
    with pytest.raises(RegistryError) as refused:
        registry.execute(lapse_of(subject_id), actor="officer 7", moment=MOMENT)
    assert refused.value.reason is RegistryReason.BUSY
    assert registry.head() == revision
