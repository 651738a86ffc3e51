"""What each kind of unusual pattern is, in English and Chinese, with the numbers that it was looked for with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta

from clearway.catalogue.model import Text
from clearway.decision.explain import Language, say
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.server.reports.thresholds import FIELDS, LEAST_SHARE, Thresholds

NAMES: Mapping[pb.PatternKind.ValueType, Text] = {
    pb.PATTERN_KIND_SAME_SUBJECT_MANY_CASES: Text(en="one subject under many cases", zh="同一主体以多个办件被查询"),
    pb.PATTERN_KIND_OUTSIDE_WORKING_HOURS: Text(en="checks outside working hours", zh="工作时间以外的查询"),
    pb.PATTERN_KIND_WALK_OVER_CODES: Text(en="a walk over codes", zh="批量试探代码"),
    pb.PATTERN_KIND_WITHOUT_OUTCOME: Text(en="cases without an outcome", zh="到期未反馈结果的办件"),
}

DEFINITIONS: Mapping[pb.PatternKind.ValueType, Text] = {
    pb.PATTERN_KIND_SAME_SUBJECT_MANY_CASES: Text(
        en="one officer checked one subject under {least} different cases or more; out of all checks of that officer",
        zh="同一经办人以至少 {least} 个不同办件查询同一主体；对照该经办人的全部查询数",
    ),
    pb.PATTERN_KIND_OUTSIDE_WORKING_HOURS: Text(
        en="{least} or more checks of one officer were made outside working hours, which are {begins} to {ends} "
        "o’clock on working days of the catalogue’s calendar ({zone}); out of all checks of that officer",
        zh="同一经办人在工作时间以外查询至少 {least} 次；工作时间为目录工作日历所定工作日 {begins} 时至 {ends} 时"
        "（{zone}）；对照该经办人的全部查询数",
    ),
    pb.PATTERN_KIND_WALK_OVER_CODES: Text(
        en="within one hour, one principal asked about {least} codes or more that are not listed, each counted once, "
        "or not valid, each asking counted; out of all its checks of that hour",
        zh="同一接入方在一小时内查询至少 {least} 个未列入（每个计一次）或无效（每次查询计一次）的代码；"
        "对照其该小时的全部查询数",
    ),
    pb.PATTERN_KIND_WITHOUT_OUTCOME: Text(
        en="{least} or more cases of one officer, and at least {share} of that officer’s cases, have no final outcome "
        "{days} days after their last check; out of all checked cases of that officer",
        zh="同一经办人至少有 {least} 个办件、且不少于其办件的 {share}，在最后一次查询 {days} 天后仍未反馈最终结果；"
        "对照该经办人的全部已查办件数",
    ),
}


def definitions_of(
    thresholds: Thresholds, due: timedelta, zone: str, language: Language, cut: Collection[pb.PatternKind.ValueType]
) -> list[pb.PatternDefinition]:
    """Every kind. `due`: how long after a check its outcome is to be reported; `cut`: kinds not given whole."""
    parts = {
        "begins": thresholds.work_begins,
        "ends": thresholds.work_ends,
        "zone": zone,
        "share": f"{LEAST_SHARE:.0%}",
        "days": due.days,
    }
    return [
        pb.PatternDefinition(
            kind=kind,
            name=say(NAMES[kind], language),
            definition=say(DEFINITIONS[kind], language).format(least=thresholds.least(kind), **parts),
            least=thresholds.least(kind),
            cut=kind in cut,
        )
        for kind in FIELDS
    ]
