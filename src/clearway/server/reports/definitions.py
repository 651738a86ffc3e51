"""What the figures mean, in English and Chinese: shown with every report."""

from __future__ import annotations

from collections.abc import Mapping

from clearway.catalogue.model import Text
from clearway.gen.v1 import audit_reports_pb2 as pb

NAMES: Mapping[pb.Figure.ValueType, Text] = {
    pb.FIGURE_DECIDED_CASES: Text(en="decided cases", zh="已办结办件"),
    pb.FIGURE_CHECKED_BEFORE: Text(en="checked before", zh="决定前已查"),
    pb.FIGURE_CHECKED_AFTER: Text(en="checked after", zh="决定后补查"),
    pb.FIGURE_COVERAGE_SHARE: Text(en="coverage", zh="应查必查率"),
    pb.FIGURE_CHECKED_CASES: Text(en="checked cases", zh="已查办件"),
    pb.FIGURE_REPORTED_IN_TIME: Text(en="reported in time", zh="按时反馈"),
    pb.FIGURE_REPORTED_LATE: Text(en="reported late", zh="逾期反馈"),
    pb.FIGURE_NOT_DUE: Text(en="not due yet", zh="未到期"),
    pb.FIGURE_OVERDUE: Text(en="overdue", zh="逾期未反馈"),
    pb.FIGURE_FEEDBACK_SHARE: Text(en="feedback", zh="按时反馈率"),
    pb.FIGURE_REPORTED_RESTRICTIONS: Text(en="reported restrictions", zh="已反馈措施"),
    pb.FIGURE_DEPARTURES: Text(en="departures", zh="未按建议适用"),
    pb.FIGURE_CHECKS: Text(en="checks", zh="查询"),
    pb.FIGURE_REFUSED: Text(en="refused", zh="被拒查询"),
    pb.FIGURE_OBJECTIONS_OPENED: Text(en="objections opened", zh="提出异议"),
    pb.FIGURE_OBJECTIONS_UPHELD: Text(en="upheld", zh="异议成立"),
    pb.FIGURE_OBJECTIONS_CORRECTED: Text(en="corrected", zh="更正"),
    pb.FIGURE_OBJECTIONS_REJECTED: Text(en="rejected", zh="异议不成立"),
    pb.FIGURE_OBJECTIONS_WITHDRAWN: Text(en="withdrawn", zh="撤回异议"),
    pb.FIGURE_OBJECTIONS_PENDING: Text(en="pending", zh="核实中"),
    pb.FIGURE_DAYS_TO_RESOLVE: Text(en="days to resolve", zh="处理天数"),
    pb.FIGURE_MEASURED_CHECKS: Text(en="measured checks", zh="计时查询"),
    pb.FIGURE_LATENCY_P50_MS: Text(en="latency p50, ms", zh="时延中位数（毫秒）"),
    pb.FIGURE_LATENCY_P99_MS: Text(en="latency p99, ms", zh="时延 99 分位（毫秒）"),
    pb.FIGURE_INDEX_AGE_P99_S: Text(en="index age p99, s", zh="数据时差 99 分位（秒）"),
    pb.FIGURE_STALE_ANSWERS: Text(en="stale answers", zh="数据过期的答复"),
}

DEFINITIONS: Mapping[pb.Figure.ValueType, Text] = {
    pb.FIGURE_DECIDED_CASES: Text(
        en="cases with an answered check in the period whose end was reported",
        zh="期间内有过有效查询、且已反馈办理结果的办件",
    ),
    pb.FIGURE_CHECKED_BEFORE: Text(
        en="of the decided cases, those with an answered check at or before the decision",
        zh="已办结办件中，作出决定之时或之前已有有效查询的",
    ),
    pb.FIGURE_CHECKED_AFTER: Text(
        en="of the decided cases, those checked only after the decision", zh="已办结办件中，作出决定之后才查询的"
    ),
    pb.FIGURE_COVERAGE_SHARE: Text(
        en="checked before ÷ decided cases; cases that were never checked are not in the log",
        zh="决定前已查 ÷ 已办结办件；从未查询的办件不在日志中",
    ),
    pb.FIGURE_CHECKED_CASES: Text(
        en="cases with an answered check in the period, each counted by its last one in it",
        zh="期间内有过有效查询的办件，按期间内最后一次查询计",
    ),
    pb.FIGURE_REPORTED_IN_TIME: Text(
        en="of the checked cases, those whose end was reported within the days set after that check",
        zh="已查办件中，在该次查询后规定天数内反馈办理结果的",
    ),
    pb.FIGURE_REPORTED_LATE: Text(
        en="of the checked cases, those whose end was reported later than that", zh="已查办件中，超过规定天数才反馈的"
    ),
    pb.FIGURE_NOT_DUE: Text(
        en="of the checked cases, those whose end is not reported and not due yet",
        zh="已查办件中，尚未反馈且未到期的",
    ),
    pb.FIGURE_OVERDUE: Text(
        en="of the checked cases, those whose end is not reported though it is due", zh="已查办件中，到期仍未反馈的"
    ),
    pb.FIGURE_FEEDBACK_SHARE: Text(
        en="reported in time ÷ (reported in time + reported late + overdue)",
        zh="按时反馈 ÷（按时反馈 + 逾期反馈 + 逾期未反馈）",
    ),
    pb.FIGURE_REPORTED_RESTRICTIONS: Text(
        en="restrictions of answers in the checked cases of which it was reported what became of them",
        zh="已查办件的答复所载、且已反馈适用情况的限制措施",
    ),
    pb.FIGURE_DEPARTURES: Text(
        en="of the reported restrictions, the mandatory ones that were not applied as advised",
        zh="已反馈措施中，属强制性而未按建议适用的",
    ),
    pb.FIGURE_CHECKS: Text(en="checks of the period, answered or refused", zh="期间内的查询，含被拒的"),
    pb.FIGURE_REFUSED: Text(en="of the checks, those that were refused", zh="查询中被拒的"),
    pb.FIGURE_OBJECTIONS_OPENED: Text(
        en="objections whose opening was recorded in the period", zh="期间内登记提出的异议"
    ),
    pb.FIGURE_OBJECTIONS_UPHELD: Text(
        en="of those, upheld: the listing was withdrawn from its beginning", zh="其中成立的：列入自始撤销"
    ),
    pb.FIGURE_OBJECTIONS_CORRECTED: Text(en="of those, ended by a correction", zh="其中以更正结束的"),
    pb.FIGURE_OBJECTIONS_REJECTED: Text(en="of those, rejected", zh="其中不成立的"),
    pb.FIGURE_OBJECTIONS_WITHDRAWN: Text(en="of those, withdrawn by the subject", zh="其中由信用主体撤回的"),
    pb.FIGURE_OBJECTIONS_PENDING: Text(en="of those, not resolved yet", zh="其中尚未处理完毕的"),
    pb.FIGURE_DAYS_TO_RESOLVE: Text(
        en="of those resolved, the median of days from opening to resolution",
        zh="已处理异议从提出到处理完毕的天数中位数",
    ),
    pb.FIGURE_MEASURED_CHECKS: Text(
        en="answered checks of the period for which the time was measured", zh="期间内记有用时的有效查询"
    ),
    pb.FIGURE_LATENCY_P50_MS: Text(
        en="milliseconds from admission to the record, half of the checks; at most a tenth too high",
        zh="从受理到形成记录的毫秒数，半数查询不超过此值；至多偏高一成",
    ),
    pb.FIGURE_LATENCY_P99_MS: Text(en="the same, 99 of a hundred checks", zh="同上，百分之九十九的查询不超过此值"),
    pb.FIGURE_INDEX_AGE_P99_S: Text(
        en="seconds since the index was known to be in step with the registry, 99 of a hundred answers; at most a "
        "tenth too high",
        zh="索引与登记库上次核对一致以来的秒数，百分之九十九的答复不超过此值；至多偏高一成",
    ),
    pb.FIGURE_STALE_ANSWERS: Text(
        en="of the measured checks, those answered UNKNOWN because what was known was stale or missing",
        zh="计时查询中，因数据过期或缺失而答复“未知”的",
    ),
}
