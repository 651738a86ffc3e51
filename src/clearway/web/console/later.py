"""What happened after a check, in words: an event's name, and what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from clearway.catalogue.model import Text
from clearway.decision.answer import Outcome
from clearway.decision.explain import OUTCOMES, Language, say

EVENTS: Mapping[str, Text] = {
    "outcome_reported": Text(en="Outcome reported", zh="反馈处理结果"),
    "case_closed": Text(en="Case ended", zh="办件办结"),
    "committed": Text(en="Commitment given", zh="作出书面承诺"),
    "notice_issued": Text(en="Notice of deferral issued", zh="出具容缺受理通知书"),
    "supplemented": Text(en="Materials supplied", zh="补交材料"),
    "completed": Text(en="All materials supplied", zh="材料补齐"),
    "extended": Text(en="Deadline extended", zh="延长期限"),
    "withdrawn": Text(en="Withdrawn", zh="撤回"),
    "lapsed": Text(en="Deferral lapsed", zh="逾期未补、容缺终止"),
    "answer_changed": Text(
        en="The answer turned, and the licensing system was told", zh="答复发生变化，已告知审批系统"
    ),
    "corrected": Text(en="Listing corrected", zh="列入信息更正"),
    "confirmed": Text(en="Listing confirmed by its source", zh="来源确认列入仍然有效"),
    "objection_opened": Text(en="Objection opened", zh="提出异议"),
    "objection_resolved": Text(en="Objection resolved", zh="异议处理完毕"),
    "repaired": Text(en="Credit repaired", zh="信用修复"),
    "delisted": Text(en="Listing ended", zh="移出名单"),
    "lifted": Text(en="Measures lifted for a time", zh="暂缓执行措施"),
    "lifting_ended": Text(en="Lifting ended", zh="暂缓执行结束"),
}
"""An event's name in the record → its words; an event of another name is shown by that name."""

LABELS: Mapping[str, Text] = {
    "officer": Text(en="Officer", zh="经办人"),
    "item": Text(en="Licence item", zh="许可事项"),
    "item_name": Text(en="Item’s name", zh="事项名称"),
    "consequence": Text(en="If it is not supplied", zh="逾期后果"),
    "counted_from": Text(en="Counted from", zh="起算日期"),
    "measures": Text(en="Measures", zh="措施"),
    "result": Text(en="Result", zh="结果"),
    "reason": Text(en="Reason", zh="理由"),
    "text": Text(en="Text", zh="文本"),
    "number": Text(en="Number", zh="编号"),
    "deadline": Text(en="Deadline", zh="期限"),
    "materials": Text(en="Materials", zh="材料"),
    "promises": Text(en="Promised", zh="承诺补交"),
    "signatory": Text(en="Signed as", zh="签署身份"),
    "reference": Text(en="Commitment", zh="承诺书"),
    "objection_id": Text(en="Objection", zh="异议编号"),
    "grounds": Text(en="Grounds", zh="异议理由"),
    "resolution": Text(en="Resolution", zh="处理结果"),
    "cause": Text(en="Cause", zh="原因"),
    "differs": Text(en="What differs", zh="变化内容"),
    "before": Text(en="Before", zh="原答复"),
    "after": Text(en="Now", zh="现答复"),
    "until": Text(en="Until", zh="至"),
    "on": Text(en="On", zh="日期"),
    "decided_at": Text(en="Decided", zh="决定时间"),
    "at": Text(en="Effective", zh="生效时间"),
}

VALUES: Mapping[str, Text] = {
    "applied": Text(en="applied", zh="已适用"),
    "not_applied": Text(en="not applied", zh="未适用"),
    "modified": Text(en="applied in part", zh="变更适用"),
    "granted": Text(en="granted", zh="准予"),
    "declined": Text(en="declined", zh="不予"),
    "refused": Text(en="refused", zh="不予许可"),
    "withdrawn": Text(en="withdrawn", zh="撤回"),
    "conditions_not_met": Text(en="conditions not met", zh="不符合适用条件"),
    "wrong_subject": Text(en="wrong subject", zh="主体不符"),
    "listing_wrong_or_ended": Text(en="listing wrong or ended", zh="列入有误或已终止"),
    "ordered_otherwise": Text(en="ordered otherwise", zh="另有命令"),
    "disproportionate": Text(en="disproportionate", zh="过罚不当"),
    "other": Text(en="other", zh="其他"),
    "rejected": Text(en="rejected", zh="不成立"),
    "corrected": Text(en="corrected", zh="更正"),
    "upheld": Text(en="upheld", zh="成立"),
    "wrong": Text(en="wrong", zh="信息有误"),
    "missing": Text(en="missing", zh="信息缺失"),
    "duplicate": Text(en="duplicate", zh="重复"),
    "should_not_be_public": Text(en="should not be public", zh="不应公开"),
    "past_its_term": Text(en="past its term", zh="已过期限"),
    "differs_from_authority": Text(en="differs from the authority’s", zh="与认定部门不一致"),
    "authority": Text(en="authority", zh="部门移出"),
    "objection_upheld": Text(en="objection upheld", zh="异议成立"),
    "gone_from_list": Text(en="gone from the list", zh="已不在名单"),
    "revoked_in_error": Text(en="revoked in error", zh="错误撤销"),
    "outcome": Text(en="outcome", zh="答复"),
    "restrictions": Text(en="restrictions", zh="限制措施"),
    "incentives": Text(en="incentives", zh="激励措施"),
    "notices": Text(en="notices", zh="提示"),
    "standing": Text(en="standing", zh="名单状态"),
}
"""Codes in events → their words."""

BOOKKEEPING = frozenset({"event", "fact_id", "report_id", "digest", "departs", "row", "revision", "record_id"})
"""What an event holds for programs alone."""

FREE = frozenset({"text", "officer", "reference", "number", "signatory", "objection_id"})
"""What people wrote: never taken for a code."""

BILINGUAL = frozenset({"item_name", "consequence", "name", "how", "text"})
"""What was told in both languages, as a pair: English, then Chinese."""

INSIDE: Mapping[str, Text] = {
    "term": Text(en="{} working days", zh="{} 个工作日"),
    "deadline": Text(en="by {}", zh="期限 {}"),
    "provisional": Text(en="provisional", zh="暂定"),
}
"""What a value is, where it stands among others without a label."""


def event_words(event: str, language: Language) -> str:
    """What happened."""
    return say(EVENTS[event], language) if event in EVENTS else event.replace("_", " ")


def told(body: str, language: Language) -> Iterator[tuple[str, str]]:
    """What an event says, line by line: a label and its words."""
    return lines(values_of(body), language)


def values_of(body: str) -> Mapping[str, Any]:
    """What an event's JSON holds."""
    found: Mapping[str, Any] = json.loads(body or "{}")
    return found


def lines(values: Mapping[str, Any], language: Language) -> Iterator[tuple[str, str]]:
    """The values of an event, line by line: a label and its words."""
    for name, value in values.items():
        words = "" if name in BOOKKEEPING else words_of(name, value, language)
        if words:
            yield say(LABELS[name], language) if name in LABELS else name.replace("_", " "), words


def words_of(name: str, value: Any, language: Language) -> str:
    """A value in words; what belongs together is parted by dots, what stands side by side by commas."""
    match value:
        case _ if not value:
            return ""
        case [str(), str()] if name in BILINGUAL:
            return str(value[language is Language.ZH_CN])
        case list():
            return ("；" if language is Language.ZH_CN else ", ").join(words_of(name, one, language) for one in value)
        case dict():
            parts = (words_inside(key, one, language) for key, one in value.items() if key not in BOOKKEEPING)
            return " · ".join(filter(None, parts))
        case str() if value.startswith("OUTCOME_"):
            return say(OUTCOMES[Outcome(value.removeprefix("OUTCOME_"))], language)
        case str() if value in VALUES and name not in FREE:
            return say(VALUES[value], language)
        case _:
            return str(value)


def words_inside(name: str, value: Any, language: Language) -> str:
    """A value in words that say what it is, as among others it has no label."""
    words = words_of(name, value, language)
    return say(INSIDE[name], language).format(words) if words and name in INSIDE else words
