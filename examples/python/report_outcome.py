"""Close a case: report what became of each reason of the answer, and why a mandatory one was departed from.

python report_outcome.py [HOST:PORT]
"""

import sys

from clearway.client import (
    CaseResult,
    Check,
    Clearway,
    ConnectConfig,
    DepartureReason,
    MeasureOutcome,
    MeasureResult,
    OutcomeReport,
    Raise,
)

target = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"
application = Check(scheme="cn-uscc", code="919999990000000353", item="FOOD-OPERATION", case="CASE-6", officer="o-7")
with Clearway(ConnectConfig(target), on_unavailable=Raise()) as clearway:
    answer = clearway.check(application)
    departed = [
        MeasureOutcome.of(
            reason, MeasureResult.NOT_APPLIED, DepartureReason.CONDITIONS_NOT_MET, "The premises have changed hands."
        )
        for reason in answer.restrictions
    ]
    reported = clearway.report_outcome(
        OutcomeReport(
            check_id=answer.check_id,
            officer="o-7",
            measures=departed,
            case_result=CaseResult.GRANTED,
            report_id=f"{answer.check_id}/final",
        )
    )
print(f"departures: {reported.departures}, still open: {len(reported.unreported)}, closed: {reported.case_closed}")
