"""A decision in words, in English and Chinese: every sentence an officer reads that no catalogue supplies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from clearway.catalogue.model import MeasureKind, Text
from clearway.decision.answer import Decision, Notice, NoticeCode, Outcome, Standing


class Language(StrEnum):
    """The languages an answer can be given in."""

    EN = "en"
    ZH_CN = "zh-CN"


def say(text: Text, language: Language) -> str:
    """The text in the language asked for."""
    return text.zh if language is Language.ZH_CN else text.en


OUTCOMES: Mapping[Outcome, Text] = {
    Outcome.RESTRICTION: Text(en="Restriction", zh="限制 / 从严审核"),
    Outcome.DEFERRED_ACCEPTANCE: Text(en="Deferred acceptance", zh="容缺受理"),
    Outcome.GREEN_CHANNEL: Text(en="Green channel", zh="绿色通道"),
    Outcome.ORDINARY: Text(en="Ordinary procedure", zh="一般程序"),
    Outcome.UNDETERMINED: Text(en="Undetermined", zh="无法判定"),
}

_BAR = Text(
    en="A statutory bar is in force for this licence item: {measure} ({regime}). Check its term and legal basis, hear "
    "the applicant's remedies below, and decide; a departure needs a recorded reason.",
    zh="该许可事项存在有效的法定禁入：{measure}（{regime}）。"
    "请核对期限与依据，告知下列救济渠道后由审批人决定；不予适用的须记录理由。",
)
_REVIEW = Text(
    en="A listing in force calls for stricter review of this application: {measure} ({regime}). Review within the "
    "existing conditions; a departure from a mandatory measure needs a recorded reason.",
    zh="有效名单记录要求对本申请从严审核：{measure}（{regime}）。请在法定条件内从严审核；不适用强制性措施的须记录理由。",
)
_DEFERRED = Text(
    en="Nothing restricts this application and an incentive route is open ({route}). Accept now against a written "
    "commitment; {count} deferrable material(s) may follow, the first by {deadline}. The licence is issued after all "
    "have arrived.",
    zh="无限制措施，且具备激励条件（{route}）。申请人书面承诺后可先行受理；{c"
    "ount} 项可容缺材料可后补，最早期限 {deadline}。材料齐备后发证。",
)
_GREEN = Text(
    en="Nothing restricts this application, an incentive route is open ({route}) and no material is missing: handle "
    "with priority and fewer steps.",
    zh="无限制措施，具备激励条件（{route}），材料齐全：优先办理、简化程序。",
)
_NOT_LISTED = Text(
    en="No listing of this subject is in force on {day}. Proceed by the ordinary procedure.",
    zh="截至 {day}，该主体无有效名单记录，按一般程序办理。",
)
_LISTED = Text(
    en="Nothing in force on {day} restricts this application, and no incentive applies as it stands. Proceed by the "
    "ordinary procedure and read the notices.",
    zh="截至 {day}，无适用于本申请的限制措施，亦不适用激励措施。按一般程序办理，并请阅读提示。",
)
_POSSIBLE = Text(
    en="The code is not on any list, but the name resembles an entry that has no code. Compare by hand; nothing "
    "follows from it by itself.",
    zh="该代码不在名单中，但名称与一条无代码记录相似，请人工核对；不得据此直接作出处理。",
)
_INCENTIVE_INCOMPLETE = Text(
    en="An incentive route is open ({route}), but {count} essential material(s) are missing: proceed by the ordinary "
    "procedure until they are supplied.",
    zh="具备激励条件（{route}），但缺少 {count} 项必备材料：补齐之前按一般程序办理。",
)
_CLEAN = Text(en="clean record", zh="连续无不良记录")
_UNDETERMINED: Mapping[NoticeCode, Text] = {
    NoticeCode.NO_DATA: Text(
        en="No data has been loaded, so nothing can be said of this subject. This is not a clear answer: go on by "
        "hand.",
        zh="尚未载入数据，无法判定。这不代表无记录：请人工办理。",
    ),
    NoticeCode.STALE_DATA: Text(
        en="The data is older than allowed, so nothing can be said of this subject. This is not a clear answer: go on "
        "by hand.",
        zh="数据已超过允许时限，无法判定。这不代表无记录：请人工办理。",
    ),
    NoticeCode.NAME_ONLY: Text(
        en="The check names the subject by name only. A name never restricts and never clears: ask for the code, or go "
        "on by hand.",
        zh="本次查询仅提供名称。名称不得作为限制或放行依据：请补充代码，或人工办理。",
    ),
    NoticeCode.MASKED_IDENTIFIER: Text(
        en="The identifier is masked. A masked code never restricts and never clears: ask for the whole code, or go on "
        "by hand.",
        zh="代码已脱敏，不得作为限制或放行依据：请提供完整代码，或人工办理。",
    ),
    NoticeCode.SOURCE_OVERDUE: Text(
        en="A source whose list matters for this licence item has not been read in time, so nothing can be said for "
        "certain. This is not a clear answer: ask the source, or go on by hand.",
        zh="与该许可事项相关的名单来源未按时更新，无法判定。这不代表无记录：请向来源核实，或人工办理。",
    ),
}

NOTICES: Mapping[NoticeCode, Text] = {
    NoticeCode.STAYED_UNDER_OBJECTION: Text(
        en="An objection is open: while it is verified the measure is not applied.",
        zh="异议核实期间，暂不执行相关措施。",
    ),
    NoticeCode.UNDER_OBJECTION: Text(
        en="An objection is open. Under this regime it does not stay the measure.",
        zh="存在未办结的异议；依该名单制度，异议期间不停止执行。",
    ),
    NoticeCode.INFORMATION_ONLY: Text(
        en="Shown for information only; it restricts nothing. Missing: {missing}.",
        zh="仅供参考，不产生限制。缺少：{missing}。",
    ),
    NoticeCode.NAME_DIFFERS: Text(
        en="The code matches; the name given differs from the recorded name ({recorded_name}). Confirm the identity.",
        zh="代码一致，但名称与登记名称（{recorded_name}）不同，请核实身份。",
    ),
    NoticeCode.RECOMMENDED_NOT_ADOPTED: Text(
        en="A recommended measure ({measure}) exists; this authority has not adopted it, so it does not apply.",
        zh="存在推荐性措施（{measure}），本部门未采纳，不适用。",
    ),
    NoticeCode.INCENTIVE_WITHHELD: Text(
        en="An incentive route is open ({incentive}) and withheld, because a restriction ({measure}) is in force.",
        zh="具备激励条件（{incentive}），因存在限制措施（{measure}）暂不给予。",
    ),
    NoticeCode.TRUSTED_AND_SERIOUS: Text(
        en="The subject stands on a trusted list and on a serious list at once. Both facts are shown.",
        zh="该主体同时列入红名单和严重失信主体名单，两项事实均予列明。",
    ),
    NoticeCode.POSSIBLE_MATCH: Text(
        en="Resembles an entry in force ({recorded_name}). A person must judge; nothing follows by itself.",
        zh="与一条有效记录（{recorded_name}）相似，须人工判断，不得直接作出处理。",
    ),
    NoticeCode.NAME_ONLY: Text(en="Checked by name only.", zh="仅按名称查询。"),
    NoticeCode.MASKED_IDENTIFIER: Text(en="The identifier is masked.", zh="代码已脱敏。"),
    NoticeCode.STALE_DATA: Text(en="The {stale} is older than allowed.", zh="数据（{stale}）已超过允许时限。"),
    NoticeCode.NO_DATA: Text(en="No data has been loaded.", zh="尚未载入数据。"),
    NoticeCode.NO_MEASURE_HERE: Text(
        en="A listing in force carries no measure for this application (item, kind, region and day considered).",
        zh="有效名单记录对本申请（事项、类型、地区、日期）无适用措施。",
    ),
    NoticeCode.MATCHED_THROUGH: Text(
        en="Found through another of the subject's codes ({scheme}).", zh="通过该主体的另一代码（{scheme}）查得。"
    ),
    NoticeCode.DEFERRAL_EXCLUDED: Text(
        en="Deferred acceptance is excluded: {because}.", zh="不适用容缺受理：{because}。"
    ),
    NoticeCode.DEADLINE_PROVISIONAL: Text(
        en="The deadline {deadline} runs into a year whose working days are not yet published; it will be recomputed.",
        zh="期限 {deadline} 跨入尚未公布工作日安排的年度，公布后重新计算。",
    ),
    NoticeCode.UNKNOWN_REGIME: Text(
        en="A listing under a regime that this catalogue does not have ({regime}): information only.",
        zh="该记录所属名单制度（{regime}）不在本清单内，仅供参考。",
    ),
    NoticeCode.LIFTED_PROVISIONALLY: Text(
        en="The authority has lifted the measure for a time, to the end of {until}: it is not applied.",
        zh="主管部门已暂时解除相关措施，至 {until} 止不予适用。",
    ),
    NoticeCode.SOURCE_OVERDUE: Text(
        en="The source {feed} has not been read in time (last read: {read_at}). What it lists is shown for information "
        "only, and that it lists nothing is not a clear answer.",
        zh="来源 {feed} 未按时更新（最近读取：{read_at}）。其记录仅供参考，其无记录也不代表无记录。",
    ),
}

_DUE = Text(en="Opened on {opened_on}, to be resolved by {due_on}.", zh="提出日期 {opened_on}，核实期限 {due_on}。")
_OVERDUE = Text(
    en="Opened on {opened_on}, to have been resolved by {due_on}: the term is over.",
    zh="提出日期 {opened_on}，核实期限 {due_on}，已逾期。",
)

WORDS: Mapping[str, Text] = {
    "document_number": Text(en="document number", zh="文书号"),
    "document_date": Text(en="document date", zh="文书日期"),
    "end": Text(en="end date", zh="截止日期"),
    "confirmation": Text(en="recent confirmation by the source", zh="来源近期确认"),
    "objection_channel": Text(en="objection channel", zh="异议渠道"),
    "repair_channel": Text(en="repair channel", zh="修复渠道"),
    "timely_source": Text(en="a reading of the source in time", zh="来源按时更新"),
    "never": Text(en="never", zh="从未"),
    "item_excluded": Text(en="the licence item excludes it", zh="该事项不适用"),
    "unrepaired_adverse_record": Text(en="an adverse record is not repaired", zh="存在未修复的不良信用记录"),
    "broken_commitment": Text(en="an earlier commitment was broken", zh="曾未履行书面承诺"),
    "index": Text(en="index", zh="索引"),
    "catalogue": Text(en="catalogue edition", zh="措施清单版本"),
}

WORDED = frozenset({"missing", "because", "stale", "read_at"})
"""The details whose values are terms of ours; all others stand as they are, be it a name that is spelt like a term."""


def last_day(ends: date) -> date:
    """The last day, inclusive, of an interval that ends before `ends`."""
    return ends - timedelta(days=1)


@lru_cache(maxsize=1024)
def restriction_words(measure: str, regime: str, kind: MeasureKind, language: Language) -> str:
    """What a restriction asks of the officer."""
    return say(_BAR if kind is MeasureKind.LICENCE_BAR else _REVIEW, language).format(measure=measure, regime=regime)


def explain(decision: Decision, language: Language, day: date) -> str:
    """One short paragraph: the outcome, why, and what to do next."""
    match decision.outcome:
        case Outcome.RESTRICTION:
            head = decision.restrictions[0]
            measure, regime = say(head.measure.name, language), say(head.regime.name, language)
            return restriction_words(measure, regime, head.measure.kind, language)
        case Outcome.DEFERRED_ACCEPTANCE:
            return say(_DEFERRED, language).format(
                route=route_words(decision, language),
                count=len(decision.materials.deferrable),
                deadline=min(m.deadline for m in decision.materials.deferrable if m.deadline),
            )
        case Outcome.GREEN_CHANNEL:
            return say(_GREEN, language).format(route=route_words(decision, language))
        case Outcome.ORDINARY:
            return explain_ordinary(decision, language, day)
        case Outcome.UNDETERMINED:
            return next(
                say(_UNDETERMINED[notice.code], language) for notice in decision.notices if notice.code in _UNDETERMINED
            )


def explain_ordinary(decision: Decision, language: Language, day: date) -> str:
    """Why the ordinary procedure: not listed, nothing applies, a possible match, or an incentive not yet usable."""
    missing = len(decision.materials.missing_essential)
    if decision.incentives and missing:
        return say(_INCENTIVE_INCOMPLETE, language).format(route=route_words(decision, language), count=missing)
    text = {Standing.NOT_LISTED: _NOT_LISTED, Standing.POSSIBLE_MATCH: _POSSIBLE}.get(decision.standing, _LISTED)
    return say(text, language).format(day=day.isoformat())


def route_words(decision: Decision, language: Language) -> str:
    """The first open incentive route: the trusted list's name, or a clean record."""
    first = decision.incentives[0]
    return say(_CLEAN if first.regime is None else first.regime.name, language)


def notice_text(notice: Notice, language: Language) -> str:
    """The notice in words, its details filled in."""
    details = {name: words(value, language) if name in WORDED else value for name, value in notice.details.items()}
    text = say(NOTICES[notice.code], language).format(**details, regime=notice.regime)
    return text + clock_text(details, language) if "due_on" in details else text


def clock_text(details: Mapping[str, str], language: Language) -> str:
    """When an objection was opened and by when it is to be resolved: a further sentence of its notice."""
    chinese = language is Language.ZH_CN
    provisional = ("（暂定）" if chinese else " (provisional)") if "provisional" in details else ""
    text = say(_OVERDUE if "overdue" in details else _DUE, language)
    due_on = details["due_on"] + provisional
    return ("" if chinese else " ") + text.format(opened_on=details["opened_on"], due_on=due_on)


def words(value: str, language: Language) -> str:
    """A detail's value in words: known terms translated, anything else as it is."""
    if value in WORDS:
        return say(WORDS[value], language)
    parts = value.split(",")
    if all(part in WORDS for part in parts):
        return ("、" if language is Language.ZH_CN else ", ").join(say(WORDS[part], language) for part in parts)
    return value
