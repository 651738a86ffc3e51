"""What makes two answers differ, and what does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clearway.gen.v1 import decision_pb2 as pb
from clearway.server.watching.comparing import PARTS, differences, digest_of, gist_of, is_supported


def a_decision() -> pb.Decision:
    decision = pb.Decision(outcome=pb.OUTCOME_RESTRICTION, standing=pb.STANDING_LISTED, known_since="2020-01-01")
    reason = decision.restrictions.add(
        code=pb.REASON_CODE_SERIOUS_LISTING,
        measure="M-1",
        measure_name="Enhanced review",
        kind=pb.MEASURE_KIND_ENHANCED_REVIEW,
        regime="R-1",
        regime_name="List",
        listing_id="L-1",
    )
    reason.term.until = "2027-01-01"
    reason.term.confirmed_on = "2026-01-01"
    reason.legal_basis.title = "法"
    reason.legal_basis.article = "第一条"
    clean = decision.incentives.add(code=pb.REASON_CODE_CLEAN_RECORD, measure="I-1")
    setattr(clean.term, "from", "2023-05-04")
    decision.notices.add(code=pb.NOTICE_CODE_NAME_DIFFERS, text="The name differs.", details={"recorded_name": "甲"})
    decision.materials.missing_essential.add(code="FORM", name="Form")
    decision.materials.deferrable.add(code="PLAN", name="Plan", deadline="2026-05-09")
    decision.expires_at.seconds = 1
    decision.explanation.text = "words"
    decision.explanation.language = "en"
    return decision


def changed(change: Callable[[pb.Decision], object]) -> pb.Decision:
    decision = a_decision()
    change(decision)
    return decision


def setting(path: str, value: object) -> Callable[[pb.Decision], object]:
    """Set a field by its path, such as `restrictions.0.term.until`."""

    def change(decision: pb.Decision) -> None:
        *way, last = path.split(".")
        at: object = decision
        for step in way:
            at = at[int(step)] if step.isdigit() else getattr(at, step)  # type: ignore[index]
        setattr(at, last, value)

    return change


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("outcome", setting("outcome", pb.OUTCOME_ORDINARY)),
        ("standing", setting("standing", pb.STANDING_NOT_LISTED)),
        ("known_since", setting("known_since", "2021-01-01")),
        ("restrictions", lambda decision: decision.restrictions.pop()),
        ("restrictions", setting("restrictions.0.listing_id", "L-2")),
        ("restrictions", setting("restrictions.0.term.until", "2028-01-01")),
        ("restrictions", setting("restrictions.0.force", pb.MEASURE_FORCE_RECOMMENDED)),
        ("restrictions", setting("restrictions.0.legal_basis.article", "第二条")),
        ("restrictions", setting("restrictions.0.document.number", "文2号")),
        ("restrictions", setting("restrictions.0.designating_authority.code", "SAMR")),
        ("incentives", setting("incentives.0.measure", "I-2")),
        ("notices", lambda decision: decision.notices.add(code=pb.NOTICE_CODE_UNDER_OBJECTION, listing_id="L-1")),
        ("notices", lambda decision: decision.notices[0].details.update(recorded_name="乙")),
        ("materials", lambda decision: decision.materials.missing_essential.pop()),
        ("materials", lambda decision: decision.materials.deferrable.pop()),
        ("materials", setting("materials.commitment_required", True)),
    ],
)
def test_a_material_difference_is_named_by_its_part(part: str, change: Callable[[pb.Decision], object]) -> None:
    before, after = a_decision(), changed(change)
    assert differences(before, after) == (part,)
    assert digest_of(gist_of(before)) != digest_of(gist_of(after))


@pytest.mark.parametrize(
    "change",
    [
        setting("explanation.text", "other words"),
        setting("expires_at.seconds", 2),
        setting("restrictions.0.measure_name", "从严审核"),
        setting("restrictions.0.term.confirmed_on", "2026-01-02"),
        setting("incentives.0.term.from", "2023-05-05"),
        setting("notices.0.text", "名称不一致。"),
        setting("materials.deferrable.0.deadline", "2026-05-10"),
        setting("materials.notice_text", "notice"),
        lambda decision: decision.notices.add(code=pb.NOTICE_CODE_DEADLINE_PROVISIONAL),
        lambda decision: decision.notices.add(code=pb.NOTICE_CODE_SOURCE_OVERDUE, details={"read_at": "…"}),
    ],
)
def test_words_and_what_moves_with_the_day_make_no_difference(change: Callable[[pb.Decision], object]) -> None:
    before, after = a_decision(), changed(change)
    assert differences(before, after) == ()
    assert digest_of(gist_of(before)) == digest_of(gist_of(after))


def test_the_order_of_reasons_makes_no_difference() -> None:
    one, other = pb.Decision(), pb.Decision()
    one.restrictions.extend([pb.Reason(measure="A"), pb.Reason(measure="B")])
    other.restrictions.extend([pb.Reason(measure="B"), pb.Reason(measure="A")])
    assert differences(one, other) == ()


def test_the_parts_are_fields_of_the_decision() -> None:
    assert set(PARTS) < {field.name for field in pb.Decision.DESCRIPTOR.fields}


def test_an_answer_that_data_does_not_support_is_told_apart() -> None:
    stale = pb.Decision(outcome=pb.OUTCOME_UNDETERMINED, notices=[pb.Notice(code=pb.NOTICE_CODE_STALE_DATA)])
    by_name = pb.Decision(outcome=pb.OUTCOME_UNDETERMINED, notices=[pb.Notice(code=pb.NOTICE_CODE_NAME_ONLY)])
    restricted = pb.Decision(outcome=pb.OUTCOME_RESTRICTION, notices=[pb.Notice(code=pb.NOTICE_CODE_SOURCE_OVERDUE)])
    assert [is_supported(decision) for decision in (stale, by_name, restricted)] == [False, True, True]
