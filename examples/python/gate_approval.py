"""Gate an approval: one check before the officer decides, shown in the case.

python gate_approval.py [HOST:PORT]
"""

import sys
from typing import assert_never

from clearway.client import (
    Answer,
    Check,
    Clearway,
    ConnectConfig,
    GoOnByHand,
    NoAnswer,
    Outcome,
    RequestRefused,
)


def mark_case(missing: NoAnswer) -> None:
    """Where your system puts the case on a list that somebody reads."""
    print(f"case {missing.check.case} goes on by hand", file=sys.stderr)


def screen(answer: Answer) -> list[str]:
    """What the case screen shows. The type checker knows when an outcome is forgotten."""
    match answer.outcome:
        case Outcome.RESTRICTION:
            next_step = "review within the existing conditions; a departure needs its reason"
        case Outcome.DEFERRED_ACCEPTANCE:
            next_step = "accept now; take the commitment and hand over the notice"
        case Outcome.GREEN_CHANNEL:
            next_step = "handle with priority"
        case Outcome.ORDINARY:
            next_step = "proceed by the ordinary procedure"
        case Outcome.UNDETERMINED:
            next_step = "go on by hand; this is not a clear answer"
        case _:
            assert_never(answer.outcome)
    lines = [f"{answer.outcome}: {next_step}", answer.explanation]
    for reason in answer.restrictions:
        basis = reason.legal_basis
        lines.append(f"restriction {reason.measure_name}, {basis.title} {basis.article}, until {reason.term.last_day}")
        if reason.objection is not None:
            lines.append(f"to object: {reason.objection.authority.name}, {reason.objection.how}")
    lines += [f"notice: {notice.text}" for notice in answer.notices]
    lines += [f"missing: {material.name}" for material in answer.missing]
    lines.append(f"keep with the decision: {answer.check_id}")
    return lines


def gate(clearway: Clearway[NoAnswer], check: Check) -> list[str]:
    """The advice, or why there is none."""
    try:
        result = clearway.check(check)
    except RequestRefused as refused:
        return ["CORRECT THE APPLICATION", str(refused)]
    match result:
        case Answer():
            return screen(result)
        case NoAnswer():
            return ["NO ANSWER", result.explanation]
        case _:
            assert_never(result)


target = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"
application = Check(
    scheme="cn-uscc",
    code="919999990000000353",
    item="FOOD-OPERATION",
    case="CASE-5",
    officer="o-7",
    materials=["APPLICATION-FORM"],
)
with Clearway(ConnectConfig(target, language="en"), on_unavailable=GoOnByHand(mark_case)) as clearway:
    print(*gate(clearway, application), sep="\n")
