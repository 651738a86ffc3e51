"""The console's own words, in English and Chinese: whatever neither the service nor the catalogue says."""

from __future__ import annotations

from collections.abc import Mapping

from clearway.catalogue.model import Text
from clearway.decision.explain import Language, say
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import check_service_pb2, decision_pb2

WORDS: Mapping[str, Text] = {
    "console": Text(en="Auditor’s console", zh="审计台"),
    "skip": Text(en="Skip to content", zh="跳到正文"),
    "pages": Text(en="Pages", zh="页面"),
    "checks": Text(en="Checks", zh="查询记录"),
    "reports": Text(en="Figures", zh="统计"),
    "patterns": Text(en="Unusual", zh="异常线索"),
    "sign_in": Text(en="Sign in", zh="登录"),
    "sign_out": Text(en="Sign out", zh="退出"),
    "other_language": Text(en="中文", zh="English"),
    "looks_recorded": Text(
        en="The console reads through the audit service, as every other program does, and changes nothing.",
        zh="本台与其他程序一样经由审计服务读取，不作任何更改。",
    ),
    # Feeds and node
    "feeds": Text(en="Feeds", zh="数据源"),
    "node": Text(en="Node", zh="节点"),
    "feeds_lead": Text(
        en="When each source was last read, what went wrong, and what waits for a person.",
        zh="各数据源最近读取情况、出现的问题及待人工确认的名单。",
    ),
    "feed": Text(en="Feed", zh="数据源名称"),
    "last_read": Text(en="Last read", zh="最近读取"),
    "feed_rows": Text(en="Rows", zh="行数"),
    "set_aside": Text(en="Rows set aside", zh="待更正行"),
    "last_attempt": Text(en="Last attempt", zh="最近一次尝试"),
    "list_waiting": Text(en="Waits for a person", zh="待人工确认"),
    "never_read": Text(en="Never", zh="从未读取"),
    "feed_overdue": Text(en="Overdue", zh="已逾期"),
    "would_change": Text(
        en="New {added}, changed {changed}, gone {gone}", zh="新增 {added}，变更 {changed}，移出 {gone}"
    ),
    "no_feeds": Text(en="No feed is read.", zh="没有数据源。"),
    "node_fact": Text(en="What", zh="项目"),
    "node_value": Text(en="Now", zh="当前"),
    "registry_revision": Text(en="Registry revision", zh="登记库版本"),
    "index_revision": Text(en="Index revision", zh="索引版本"),
    "node_index_age": Text(en="Index age", zh="索引滞后"),
    "unshipped_rows": Text(en="Rows not shipped", zh="未送达行数"),
    "unshipped_age": Text(en="Oldest of them", zh="其中最早一行已等待"),
    "disk_free": Text(en="Disk free", zh="磁盘剩余"),
    "unreachable": Text(en="Database not reachable", zh="数据库无法访问"),
    "unreadable": Text(en="Not readable", zh="无法读取"),
    "processes": Text(en="Processes", zh="进程"),
    "process": Text(en="Process", zh="进程名称"),
    "restarts": Text(en="Restarts", zh="重启次数"),
    "silent": Text(en="Last heard of, ago", zh="距上次报告"),
    # Sign-in
    "token": Text(en="Access token", zh="访问令牌"),
    "token_hint": Text(
        en="Paste the token you were given. It stays in this browser’s sealed session and goes with each question "
        "that you ask; signing out forgets it.",
        zh="请粘贴发放给您的令牌。令牌仅保存在本浏览器的密封会话中，随每次查询提交；退出后即清除。",
    ),
    "sign_in_lead": Text(en="This service asks who reads its log.", zh="本服务须核实查阅日志者的身份。"),
    "session_over": Text(
        en="Sign in to go on. A session ends when it has been idle, or has lasted, too long.",
        zh="请登录后继续。会话闲置或持续过久即告结束。",
    ),
    "token_refused": Text(en="The token was not accepted.", zh="令牌未被接受。"),
    "token_empty": Text(en="Paste a token first.", zh="请先粘贴令牌。"),
    "token_too_long": Text(en="A token this long is none of ours.", zh="令牌过长，不是本服务的令牌。"),
    # Search
    "search_title": Text(en="Search the log", zh="检索查询记录"),
    "search_lead": Text(
        en="Every check that was asked, answered or refused. A subject is looked for by its keyed hash: what you enter "
        "is written nowhere, and stands in no address.",
        zh="所有提出过的查询，无论已答复或被拒。按主体检索时以密钥散列比对：所填代码和名称不留存，也不出现在网址中。",
    ),
    "scheme": Text(en="Code scheme", zh="代码类型"),
    "code": Text(en="Subject’s code", zh="主体代码"),
    "name": Text(en="or a name asked alone", zh="或仅以名称查询的名称"),
    "case": Text(en="Case", zh="办件编号"),
    "authority": Text(en="Authority", zh="查询机关"),
    "officer": Text(en="Officer", zh="经办人"),
    "item": Text(en="Licence item", zh="许可事项"),
    "region": Text(en="Region", zh="地区"),
    "outcome": Text(en="Outcome", zh="答复"),
    "standing": Text(en="Standing", zh="名单状态"),
    "refused_for": Text(en="Refused for", zh="被拒原因"),
    "since": Text(en="From", zh="自"),
    "until": Text(en="To, inclusive", zh="至（含当日）"),
    "any": Text(en="any", zh="不限"),
    "search": Text(en="Search", zh="检索"),
    "clear": Text(en="Clear", zh="清空"),
    "more_fields": Text(en="More to narrow by", zh="更多条件"),
    "results": Text(en="Checks found, the newest first", zh="检索结果（新者在前）"),
    "nothing_found": Text(en="No check matches.", zh="没有符合条件的查询记录。"),
    "nothing_yet": Text(
        en="None so far: the log was looked through back to {moment}.", zh="暂未找到：已检索至 {moment}。"
    ),
    "older": Text(en="Older", zh="更早"),
    "newest": Text(en="Back to the newest", zh="回到最新"),
    "export": Text(en="Export", zh="导出"),
    "export_hint": Text(
        en="All checks of this search, not this page alone.", zh="导出本次检索的全部结果，不限于本页。"
    ),
    "when": Text(en="When", zh="时间"),
    "subject": Text(en="Subject", zh="主体"),
    "purpose": Text(en="For what", zh="事由"),
    "who": Text(en="Who asked", zh="查询者"),
    "refused": Text(en="Refused", zh="被拒"),
    "no_code": Text(en="name alone", zh="仅名称"),
    "times_in": Text(en="Times are in {zone}.", zh="时间按 {zone} 显示。"),
    "not_opened": Text(
        en="This address was not made by this service, or under another key. Search anew.",
        zh="该网址不是由本服务生成，或密钥已更换，请重新检索。",
    ),
    # A check
    "check": Text(en="Check", zh="查询"),
    "back": Text(en="Checks", zh="查询记录"),
    "officer_saw": Text(en="What the officer saw", zh="经办人所见"),
    "not_answered": Text(en="The check was refused; the officer saw this reason.", zh="查询被拒；经办人所见原因如下。"),
    "restrictions": Text(en="Measures", zh="措施"),
    "incentives": Text(en="Incentives", zh="激励"),
    "notices": Text(en="Notices", zh="提示"),
    "materials": Text(en="Materials", zh="材料"),
    "missing_essential": Text(en="Missing, essential", zh="缺少必备材料"),
    "deferrable": Text(en="May follow", zh="可容缺后补"),
    "lacking": Text(en="Missing", zh="缺少材料"),
    "by_day": Text(en="by {day}", zh="期限 {day}"),
    "provisional": Text(en="provisional", zh="暂定"),
    "notice_text": Text(en="Text handed over", zh="告知文书"),
    "mandatory": Text(en="mandatory", zh="强制性"),
    "recommended": Text(en="recommended", zh="推荐性"),
    "list": Text(en="List", zh="名单"),
    "listing": Text(en="Listing", zh="列入编号"),
    "document": Text(en="Document", zh="文书"),
    "basis": Text(en="Legal basis", zh="依据"),
    "designated": Text(en="Designated by", zh="认定部门"),
    "implemented": Text(en="Implemented by", zh="实施部门"),
    "term": Text(en="In force", zh="期限"),
    "confirmed": Text(en="confirmed {day}", zh="来源确认于 {day}"),
    "objection": Text(en="To object", zh="异议渠道"),
    "repair": Text(en="To repair", zh="修复渠道"),
    "asked": Text(en="As asked", zh="查询内容"),
    "kind": Text(en="Application", zh="申请类型"),
    "supplied": Text(en="Materials supplied", zh="已交材料"),
    "record": Text(en="The record", zh="记录"),
    "check_id": Text(en="Check id", zh="查询编号"),
    "request_id": Text(en="Request id", zh="请求编号"),
    "caller": Text(en="Connection", zh="接入方"),
    "revision": Text(en="Registry revision", zh="登记库版本"),
    "edition": Text(en="Catalogue edition", zh="目录版本"),
    "index_age": Text(en="Age of the index", zh="数据时差"),
    "worker": Text(en="Answered by", zh="答复进程"),
    "took": Text(en="Took", zh="用时"),
    "not_measured": Text(en="not measured", zh="未计时"),
    "expires": Text(en="Held until", zh="有效至"),
    "proof": Text(en="Proof", zh="存证证明"),
    "no_proof": Text(
        en="This version of the service gives no proof of inclusion in the log. The row’s id and bytes do not change, "
        "so a later version can prove it.",
        zh="本版本服务尚不提供日志包含证明。记录的编号与字节不再变化，后续版本可予证明。",
    ),
    "facts": Text(en="The facts behind the answer", zh="答复所依据的事实"),
    "facts_hint": Text(
        en="What the index held of the subject at that revision. With it and the edition, the answer can be computed "
        "again.",
        zh="该版本下索引中关于该主体的内容。凭此与目录版本可重新计算答复。",
    ),
    "no_facts": Text(en="None: the check was refused before any were read.", zh="无：查询在读取事实之前即被拒。"),
    "afterwards": Text(en="What happened afterwards", zh="后续情况"),
    "nothing_later": Text(en="Nothing is recorded after this check.", zh="该查询之后没有记录。"),
    "by": Text(en="by {who}", zh="由 {who}"),
    "see_case": Text(en="Checks of this case", zh="该办件的查询"),
    "see_officer": Text(en="Checks by this officer", zh="该经办人的查询"),
    "see_subject": Text(en="Checks of this subject", zh="该主体的查询"),
    # Reports
    "reports_lead": Text(
        en="Figures measure checking. None is a number of restrictions to reach.",
        zh="统计衡量查询工作本身，不设任何限制数量指标。",
    ),
    "kinds": Text(en="Reports", zh="报表"),
    "by_dimension": Text(en="Divided by", zh="分组"),
    "total_alone": Text(en="not divided", zh="不分组"),
    "fold": Text(en="Take groups of fewer than five together, for publication", zh="对外公布：合并不足五件的组"),
    "show": Text(en="Show", zh="查看"),
    "totals": Text(en="All together", zh="合计"),
    "chart": Text(en="Chart of {what}; its figures stand in the table below", zh="{what}图；数据见下表"),
    "by_group": Text(en="By {what}", zh="按{what}"),
    "definitions": Text(en="What the figures mean", zh="指标释义"),
    "folded": Text(en="small groups together", zh="合并的小组"),
    "nowhere": Text(en="not given", zh="未填"),
    "no_groups": Text(en="Nothing falls into this period.", zh="该期间没有数据。"),
    # Patterns
    "patterns_title": Text(en="Worth a person’s look", zh="值得人工查看的线索"),
    "patterns_lead": Text(
        en="None of these is a wrong by itself: look at the checks, and ask.",
        zh="以下线索本身不代表违规：请查看记录并向经办人了解。",
    ),
    "pattern": Text(en="What", zh="线索"),
    "whose": Text(en="Whose", zh="何人"),
    "how_many": Text(en="How many", zh="数量"),
    "out_of": Text(en="{count} of {out_of}", zh="{count} / {out_of}"),
    "first_check": Text(en="First check", zh="首次查询"),
    "hour_from": Text(en="from {moment}", zh="自 {moment} 起一小时"),
    "no_patterns": Text(en="Nothing stands out in this period.", zh="该期间没有异常线索。"),
    # Troubles
    "trouble": Text(en="This did not work", zh="未能完成"),
    "too_many": Text(
        en="More than {most} checks match: more than one sheet should hold. Narrow the search, or take CSV or NDJSON.",
        zh="符合条件的查询超过 {most} 条，工作簿不宜容纳。请缩小范围，或导出 CSV、NDJSON。",
    ),
    "not_found": Text(en="There is no such page.", zh="没有这个页面。"),
    "form_refused": Text(
        en="The form was sent from another page, or its session is over. Open the page again and send it once more.",
        zh="表单来自其他页面，或会话已结束。请重新打开页面后再提交。",
    ),
}

REASONS: Mapping[str, Text] = {
    "INVALID_IDENTIFIER": Text(
        en="That is no valid code of this scheme: see its length and check sign.",
        zh="该代码不符合所选类型，请核对长度与校验位。",
    ),
    "INVALID_REQUEST": Text(en="A field cannot be taken as it is.", zh="有字段填写不符合要求。"),
    "CHECK_NOT_FOUND": Text(en="No recorded check has this id.", zh="没有该编号的查询记录。"),
    "ACCESS_DENIED": Text(
        en="You are known here, but no grant lets you read this.", zh="已识别您的身份，但您没有查阅的授权。"
    ),
    "NO_WORKER": Text(en="The service does not answer at this moment. Try again.", zh="服务暂时没有响应，请稍后重试。"),
    "DEADLINE_EXCEEDED": Text(
        en="It took too long. Narrow the period, and try again.", zh="用时过长，请缩小期间后重试。"
    ),
    "OVERLOADED": Text(en="The service is busy. Try again in a moment.", zh="服务繁忙，请稍后重试。"),
}
"""What a refusal means to a visitor, where there is more to say than the service's own words."""

REPORTS: Mapping[str, tuple[pb.ReportKind.ValueType, Text]] = {
    "coverage": (pb.REPORT_KIND_COVERAGE, Text(en="Coverage", zh="应查必查")),
    "feedback": (pb.REPORT_KIND_FEEDBACK, Text(en="Feedback", zh="结果反馈")),
    "departures": (pb.REPORT_KIND_DEPARTURES, Text(en="Departures", zh="未按建议适用")),
    "refusals": (pb.REPORT_KIND_REFUSALS, Text(en="Refused checks", zh="被拒查询")),
    "objections": (pb.REPORT_KIND_OBJECTIONS, Text(en="Objections", zh="异议")),
    "latency": (pb.REPORT_KIND_LATENCY, Text(en="Latency and staleness", zh="时延与时效")),
}
"""A report's place in an address → which one it is, and its name."""

DIMENSIONS: Mapping[str, tuple[pb.Dimension.ValueType, Text]] = {
    "month": (pb.DIMENSION_MONTH, Text(en="month", zh="月份")),
    "authority": (pb.DIMENSION_AUTHORITY, Text(en="authority", zh="机关")),
    "item": (pb.DIMENSION_ITEM, Text(en="licence item", zh="许可事项")),
    "region": (pb.DIMENSION_REGION, Text(en="region", zh="地区")),
    "reason": (pb.DIMENSION_REASON, Text(en="reason", zh="原因")),
    "regime": (pb.DIMENSION_REGIME, Text(en="list", zh="名单制度")),
}

PATTERNS: Mapping[pb.PatternKind.ValueType, Text] = {
    pb.PATTERN_KIND_SAME_SUBJECT_MANY_CASES: Text(
        en="One subject, checked under many cases", zh="同一主体以多个办件被查询"
    ),
    pb.PATTERN_KIND_OUTSIDE_WORKING_HOURS: Text(en="Checks outside working hours", zh="工作时间以外的查询"),
    pb.PATTERN_KIND_WALK_OVER_CODES: Text(
        en="Many codes not listed or not valid, within one hour", zh="一小时内大量未列入或无效的代码"
    ),
    pb.PATTERN_KIND_WITHOUT_OUTCOME: Text(en="Cases without an outcome that is due", zh="到期未反馈结果的办件"),
}

STANDINGS: Mapping[decision_pb2.Standing.ValueType, Text] = {
    decision_pb2.STANDING_LISTED: Text(en="listed", zh="有效列入"),
    decision_pb2.STANDING_NOT_LISTED: Text(en="not listed", zh="未列入"),
    decision_pb2.STANDING_POSSIBLE_MATCH: Text(en="possible match", zh="疑似匹配"),
    decision_pb2.STANDING_UNKNOWN: Text(en="unknown", zh="不明"),
}

APPLICATIONS: Mapping[check_service_pb2.ApplicationKind.ValueType, Text] = {
    check_service_pb2.APPLICATION_KIND_UNSPECIFIED: Text(en="not given", zh="未填"),
    check_service_pb2.APPLICATION_KIND_NEW: Text(en="new", zh="新办"),
    check_service_pb2.APPLICATION_KIND_RENEWAL: Text(en="renewal", zh="延续"),
    check_service_pb2.APPLICATION_KIND_CHANGE: Text(en="change", zh="变更"),
}


def word(name: str, language: Language, **parts: object) -> str:
    """One of the console's words, its gaps filled."""
    return say(WORDS[name], language).format(**parts) if parts else say(WORDS[name], language)
