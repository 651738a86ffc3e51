"""Every table case of `tests/cases`, straight through `decide`."""

from __future__ import annotations

from collections import Counter

import pytest

from clearway.decision.answer import NoticeCode, Outcome, Standing
from clearway.decision.decide import decide
from tests.case_files import (
    NumberedCase,
    all_cases,
    answered,
    catalogue,
    evidence_of,
    moment_of,
    request_of,
    sources_of,
)

CASES = all_cases()


@pytest.mark.parametrize("numbered", CASES, ids=str)
def test_the_answer_is_the_one_wanted(numbered: NumberedCase) -> None:
    case = numbered.case
    decision = decide(
        evidence_of(numbered),
        request_of(numbered),
        catalogue(),
        moment_of(case),
        case.lists_confirmed,
        sources_of(case),
    )
    assert answered(decision, case.want) == case.want


def test_no_two_cases_of_a_file_have_one_name() -> None:
    assert max(Counter(map(str, CASES)).values()) == 1


def test_the_cases_show_every_outcome_standing_and_notice() -> None:
    assert {numbered.case.want.outcome for numbered in CASES} == set(Outcome)
    assert {numbered.case.want.standing for numbered in CASES} == set(Standing)
    assert {notice.split()[0] for numbered in CASES for notice in numbered.case.want.notices} == set(NoticeCode)
