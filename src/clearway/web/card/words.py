"""The card's own words, in English and Chinese: whatever neither the answer nor the catalogue says."""

from __future__ import annotations

from collections.abc import Mapping

from clearway.catalogue.model import Text
from clearway.decision.answer import Outcome
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb

NEXT: Mapping[Outcome, Text] = {
    Outcome.RESTRICTION: Text(
        en="Read each measure, its term and its legal basis. Tell the applicant how to object and repair. Then decide.",
        zh="逐项核对措施、期限与依据，告知申请人异议和修复渠道，再作出决定。",
    ),
    Outcome.DEFERRED_ACCEPTANCE: Text(
        en="Take the written commitment, hand over the notice, accept the application.",
        zh="收取书面承诺，出具容缺受理通知书，受理申请。",
    ),
    Outcome.GREEN_CHANNEL: Text(en="Handle with priority.", zh="优先办理。"),
    Outcome.ORDINARY: Text(en="Go on by the ordinary procedure.", zh="按一般程序办理。"),
    Outcome.UNDETERMINED: Text(
        en="Go on by hand. This is no clear answer and no restriction.", zh="请人工办理。本结果既非放行，也非限制。"
    ),
}
"""What to do next, in one glance; the answer's own explanation says why."""

LABELS: Mapping[str, Text] = {
    "title": Text(en="Check before approval", zh="审批前核查"),
    "next": Text(en="Next", zh="下一步"),
    "case": Text(en="Case", zh="办件"),
    "item": Text(en="Licence item", zh="许可事项"),
    "subject": Text(en="Applicant", zh="申请主体"),
    "officer": Text(en="Officer", zh="经办人"),
    "restrictions": Text(en="Measures in force", zh="适用的措施"),
    "incentives": Text(en="Incentives", zh="激励措施"),
    "notices": Text(en="Notices", zh="提示"),
    "materials": Text(en="Materials", zh="材料"),
    "mandatory": Text(en="Mandatory", zh="强制性"),
    "recommended": Text(en="Recommended", zh="推荐性"),
    "incentive": Text(en="Incentive", zh="激励"),
    "basis": Text(en="Legal basis", zh="依据"),
    "list": Text(en="List", zh="名单"),
    "document": Text(en="Document", zh="文书"),
    "designated": Text(en="Designated by", zh="认定部门"),
    "implemented": Text(en="Implemented by", zh="实施部门"),
    "term": Text(en="In force", zh="有效期"),
    "confirmed": Text(en="confirmed on", zh="来源确认于"),
    "objection": Text(en="To object", zh="如何提出异议"),
    "repair": Text(en="To repair", zh="如何修复"),
    "reported": Text(en="Recorded", zh="已记录"),
    "missing": Text(en="Missing, essential", zh="缺少的必备材料"),
    "deferrable": Text(en="May follow", zh="可容缺后补"),
    "lacking": Text(en="Missing", zh="缺少的材料"),
    "by": Text(en="by", zh="期限"),
    "provisional": Text(en="provisional", zh="暂定"),
    "arrived": Text(en="arrived", zh="已补齐"),
    "notice_text": Text(en="The notice to hand over", zh="容缺受理通知书文本"),
    "print": Text(en="Print the notice", zh="打印通知书"),
    "changed": Text(en="This answer has changed since", zh="答复已发生变化"),
    "then": Text(en="Answered", zh="原答复"),
    "now": Text(en="Now", zh="现为"),
    "ask_again": Text(
        en="Ask again before you decide: what stands below is what was answered then.",
        zh="作出决定前请重新核查：以下内容为当时的答复。",
    ),
    "turned_back": Text(
        en="The answer turned, and turned back: it is again what it was. Noticed",
        zh="答复曾发生变化，现已恢复原状。发现于",
    ),
    "noticed": Text(en="noticed", zh="发现于"),
    "deferral": Text(en="Deferred acceptance", zh="容缺受理"),
    "overdue": Text(en="overdue", zh="已逾期"),
    "commitment": Text(en="1. Take the written commitment", zh="1. 收取书面承诺"),
    "signatory": Text(en="Signed as", zh="签署身份"),
    "signatory_hint": Text(
        en="The capacity, for example legal representative. No name.", zh="例如：法定代表人。请勿填写姓名。"
    ),
    "reference": Text(en="Commitment's number or place in the file", zh="承诺书编号或存放位置"),
    "commit": Text(en="Record the commitment", zh="记录承诺"),
    "committed": Text(en="Commitment", zh="书面承诺"),
    "issue": Text(en="Issue the notice", zh="出具通知书"),
    "issue_step": Text(en="2. Hand over the notice", zh="2. 出具并送达通知书"),
    "issue_hint": Text(
        en="It names, once and for all, what is missing and by when.", zh="一次性告知尚缺的材料与补正期限。"
    ),
    "supply_step": Text(en="3. Tick off what arrives", zh="3. 勾选已补正的材料"),
    "supply": Text(en="Record as arrived", zh="记录已补正"),
    "outcome": Text(en="Record the outcome", zh="反馈处理结果"),
    "outcome_hint": Text(
        en="Departing from a mandatory measure needs a reason, in code and words.",
        zh="不予适用或变更强制性措施的，须选择原因并说明。",
    ),
    "departure": Text(en="Reason for departing", zh="不予适用的原因"),
    "departure_words": Text(en="In your words", zh="具体说明"),
    "case_result": Text(en="The case", zh="办件结果"),
    "record": Text(en="Record", zh="提交"),
    "closed": Text(en="The case is closed", zh="办件已办结"),
    "check_id": Text(en="Check", zh="核查编号"),
    "decided": Text(en="Answered", zh="答复时间"),
    "holds": Text(en="Holds until", zh="有效至"),
    "edition": Text(en="Catalogue", zh="措施清单"),
    "view_ends": Text(en="View ends", zh="查看时限"),
    "advice": Text(
        en="This is advice. A named officer decides; nothing is refused automatically.",
        zh="本结果为办理建议，由经办人作出决定，系统不自动作出不予许可。",
    ),
    "problem": Text(en="Not recorded", zh="未能记录"),
    "done": Text(en="Recorded.", zh="已记录。"),
    "choose": Text(en="Choose", zh="请选择"),
}

RANKS: Mapping[decision_pb2.BasisRank.ValueType, Text] = {
    decision_pb2.BASIS_RANK_LAW: Text(en="law", zh="法律"),
    decision_pb2.BASIS_RANK_ADMINISTRATIVE_REGULATION: Text(en="administrative regulation", zh="行政法规"),
    decision_pb2.BASIS_RANK_CENTRAL_POLICY_DOCUMENT: Text(en="central policy document", zh="党中央、国务院政策文件"),
    decision_pb2.BASIS_RANK_LOCAL_REGULATION: Text(en="local regulation", zh="地方性法规"),
    decision_pb2.BASIS_RANK_DEPARTMENTAL_RULE: Text(en="departmental rule", zh="部门规章"),
    decision_pb2.BASIS_RANK_NORMATIVE_DOCUMENT: Text(en="normative document", zh="规范性文件"),
    decision_pb2.BASIS_RANK_MEMORANDUM: Text(en="memorandum", zh="合作备忘录"),
}

RESULTS: Mapping[pb.MeasureResult.ValueType, Text] = {
    pb.MEASURE_RESULT_APPLIED: Text(en="Applied", zh="已适用"),
    pb.MEASURE_RESULT_NOT_APPLIED: Text(en="Not applied", zh="未适用"),
    pb.MEASURE_RESULT_MODIFIED: Text(en="Applied otherwise", zh="变更适用"),
    pb.MEASURE_RESULT_GRANTED: Text(en="Granted", zh="已给予"),
    pb.MEASURE_RESULT_DECLINED: Text(en="Not granted", zh="未给予"),
}
OF_RESTRICTIONS = (pb.MEASURE_RESULT_APPLIED, pb.MEASURE_RESULT_NOT_APPLIED, pb.MEASURE_RESULT_MODIFIED)
OF_INCENTIVES = (pb.MEASURE_RESULT_GRANTED, pb.MEASURE_RESULT_DECLINED)

REASONS: Mapping[pb.DepartureReason.ValueType, Text] = {
    pb.DEPARTURE_REASON_CONDITIONS_NOT_MET: Text(en="Its conditions do not hold here", zh="本案不符合适用条件"),
    pb.DEPARTURE_REASON_WRONG_SUBJECT: Text(en="Another subject", zh="主体不符"),
    pb.DEPARTURE_REASON_LISTING_WRONG_OR_ENDED: Text(en="The listing is wrong or over", zh="列入有误或已失效"),
    pb.DEPARTURE_REASON_ORDERED_OTHERWISE: Text(en="Ordered otherwise", zh="法院或上级另有决定"),
    pb.DEPARTURE_REASON_DISPROPORTIONATE: Text(en="Out of proportion", zh="适用明显不当"),
    pb.DEPARTURE_REASON_OTHER: Text(en="Another reason", zh="其他"),
}

CASE_RESULTS: Mapping[pb.CaseResult.ValueType, Text] = {
    pb.CASE_RESULT_UNSPECIFIED: Text(en="goes on", zh="继续办理"),
    pb.CASE_RESULT_GRANTED: Text(en="ended: licence granted", zh="办结：准予许可"),
    pb.CASE_RESULT_REFUSED: Text(en="ended: licence refused", zh="办结：不予许可"),
    pb.CASE_RESULT_WITHDRAWN: Text(en="ended: withdrawn or returned", zh="办结：撤回或退件"),
}

STATES: Mapping[deferral_pb.DeferralState.ValueType, Text] = {
    deferral_pb.DEFERRAL_STATE_OFFERED: Text(en="offered", zh="可申请"),
    deferral_pb.DEFERRAL_STATE_COMMITTED: Text(en="committed", zh="已承诺"),
    deferral_pb.DEFERRAL_STATE_NOTICE_ISSUED: Text(en="notice issued", zh="已出具通知书"),
    deferral_pb.DEFERRAL_STATE_EXTENDED: Text(en="extended", zh="已延期"),
    deferral_pb.DEFERRAL_STATE_COMPLETED: Text(en="complete", zh="已补齐"),
    deferral_pb.DEFERRAL_STATE_LAPSED: Text(en="returned, deemed withdrawn", zh="退件，视为放弃"),
    deferral_pb.DEFERRAL_STATE_WITHDRAWN: Text(en="withdrawn", zh="已撤回"),
}

TROUBLES: Mapping[str, tuple[Text, Text]] = {
    "expired": (
        Text(en="The view has ended", zh="查看时限已过"),
        Text(
            en="A card is shown for some minutes only. Open the case again to see it.",
            zh="核查卡片仅在限定时间内可查看。请重新打开办件。",
        ),
    ),
    "refused": (
        Text(en="This page may not show the check", zh="本页面无权显示该核查"),
        Text(en="Its token is not for this check. Open it from the case.", zh="查看凭证与核查不符，请从办件中打开。"),
    ),
    "missing": (
        Text(en="There is no such check", zh="没有此项核查"),
        Text(
            en="It was not recorded here, or belongs to another authority. Ask again from the case.",
            zh="此处没有该记录，或属于其他部门。请从办件中重新核查。",
        ),
    ),
    "unanswered": (
        Text(en="The check was refused", zh="核查请求未被受理"),
        Text(
            en="There is no answer to show. Correct the request and ask again.",
            zh="没有答复可供显示，请更正后重新核查。",
        ),
    ),
    "unread": (
        Text(en="Not recorded", zh="未能记录"),
        Text(
            en="What was sent could not be read. Open the case again and fill in the form once more.",
            zh="提交的内容无法读取。请重新打开办件并再次填写。",
        ),
    ),
    "unavailable": (
        Text(en="The check cannot be shown now", zh="暂时无法显示核查结果"),
        Text(
            en="It is on the record. Try again in a moment; until then go on by hand. This is no clear answer.",
            zh="核查已有记录。请稍后重试；在此之前请人工办理。这不代表无记录。",
        ),
    ),
}
"""What is shown in place of a card: title and what to do."""

NOTHING_TOLD, NOTHING_TICKED = "nothing told", "nothing ticked"
"""The problems of a form on which nothing was chosen: the ones that no worker has to find."""

PROBLEMS: Mapping[str, Text] = {
    "DEPARTURE_REASON_REQUIRED": Text(
        en="A mandatory measure was not applied as advised: choose the reason and say why in words.",
        zh="未按建议适用强制性措施：请选择原因并具体说明。",
    ),
    NOTHING_TOLD: Text(
        en="Choose what became of a measure, or how the case ended.", zh="请选择措施的处理结果或办件结果。"
    ),
    NOTHING_TICKED: Text(en="Tick the materials that have arrived.", zh="请勾选已补正的材料。"),
    "OUTCOME_MISMATCH": Text(en="The report does not fit the answer.", zh="反馈内容与答复不符。"),
    "CASE_CLOSED": Text(
        en="The case is closed: its final outcome was recorded before.", zh="办件已办结，结果此前已记录。"
    ),
    "DEFERRAL_NOT_OFFERED": Text(
        en="Deferred acceptance is no longer offered: ask again.", zh="已不再符合容缺受理条件，请重新核查。"
    ),
    "DEFERRAL_STATE": Text(
        en="The deferral's state does not allow this; it may have gone on meanwhile.",
        zh="当前状态不允许此操作，请查看最新状态。",
    ),
    "INVALID_REQUEST": Text(en="Something is missing or too long.", zh="有内容缺失或过长。"),
    "UNKNOWN_MATERIAL": Text(en="This material was not promised.", zh="该材料不在承诺之列。"),
    "REQUEST_ID_REUSED": Text(
        en="This form was recorded before. Reload the card to record something else.",
        zh="该表单此前已提交。请刷新卡片后再提交。",
    ),
}
OBSTACLES: Mapping[str, Text] = {
    "incomplete": Text(
        en="Promised materials are still missing: the licence is granted once all have arrived and are ticked off.",
        zh="承诺补正的材料尚未补齐：全部补齐并勾选后，方可准予许可。",
    ),
    "deadline_passed": Text(
        en="A deadline has passed before the notice was issued: it must be extended first.",
        zh="通知书出具前补正期限已过，须先办理延期。",
    ),
    "other_open": Text(
        en="The case has an open deferral already, which another check offered.",
        zh="本办件已有由另一次核查提供的容缺受理正在办理。",
    ),
}
"""What stands in a deferral's way, by the `because` of DEFERRAL_STATE, where that is more than its state."""

ANY_PROBLEM = Text(en="It could not be recorded now. Try again in a moment.", zh="暂时无法记录，请稍后重试。")


def problem_text(problem: str, because: str) -> Text:
    """What to say of a form that was not recorded: by the reason, and by what stands in a deferral's way."""
    if problem == "DEFERRAL_STATE" and because in OBSTACLES:
        return OBSTACLES[because]
    return PROBLEMS.get(problem, ANY_PROBLEM)
