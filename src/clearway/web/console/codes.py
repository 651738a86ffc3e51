"""Codes of the service in words, for pages: whatever it names by a code and neither it nor the catalogue says.

A code that has no words here is shown as it is. Tests hold the tables to what the service has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from clearway.catalogue.model import Text
from clearway.decision.explain import Language, say

REFUSALS: Mapping[str, Text] = {
    "MALFORMED_REQUEST": Text(en="Request not readable", zh="请求无法解析"),
    "INVALID_REQUEST": Text(en="A field not as it should be", zh="字段不符合要求"),
    "UNKNOWN_SCHEME": Text(en="Unknown kind of code", zh="没有这种代码类型"),
    "INVALID_IDENTIFIER": Text(en="Code not valid", zh="代码无效"),
    "UNKNOWN_ITEM": Text(en="Unknown licence item", zh="没有该许可事项"),
    "UNKNOWN_REGION": Text(en="Unknown region", zh="没有该地区"),
    "UNKNOWN_MATERIAL": Text(en="Unknown material", zh="没有该材料"),
    "NATURAL_PERSON_NOT_ACCEPTED": Text(en="Natural person not accepted here", zh="该事项不受理自然人查询"),
    "REQUEST_ID_REUSED": Text(en="Request id used for something else", zh="请求编号已用于其他请求"),
    "INVALID_REVISION": Text(en="Revision not valid", zh="版本标识无效"),
    "FOREIGN_REVISION": Text(en="Revision of another registry", zh="版本标识属于其他登记库"),
    "INDEX_BEHIND": Text(en="Index behind the revision asked for", zh="索引尚未达到所需版本"),
    "INDEX_UNAVAILABLE": Text(en="Index not readable", zh="索引不可用"),
    "AUDIT_UNAVAILABLE": Text(en="Log not writable", zh="日志无法写入"),
    "CHECK_NOT_FOUND": Text(en="No such check", zh="没有该查询"),
    "OVERLOADED": Text(en="Service busy", zh="服务繁忙"),
    "DEADLINE_EXCEEDED": Text(en="Took too long", zh="超时"),
    "SHUTTING_DOWN": Text(en="Node stopping", zh="节点正在停止"),
    "UNKNOWN_METHOD": Text(en="Unknown method", zh="没有该方法"),
    "SERVER_FAULT": Text(en="Fault of the service", zh="服务内部故障"),
    "REGISTRY_BUSY": Text(en="Registry busy", zh="登记库正忙"),
    "SUBJECT_NOT_FOUND": Text(en="No such subject", zh="没有该主体"),
    "FACT_NOT_FOUND": Text(en="No such listing or record", zh="没有该列入信息或记录"),
    "FACT_EXISTS": Text(en="Listing or record exists", zh="列入信息或记录已存在"),
    "ALREADY_ENDED": Text(en="Already ended", zh="已终止"),
    "IDENTIFIER_COLLISION": Text(en="Code of another subject", zh="代码属于另一主体"),
    "INVALID_ACT": Text(en="Act not possible so", zh="不能如此办理"),
    "UNKNOWN_REGIME": Text(en="Unknown list", zh="没有该名单制度"),
    "REPAIR_TOO_EARLY": Text(en="Too early for a repair", zh="未满最短公示期，不能修复"),
    "DEFERRAL_NOT_OFFERED": Text(en="Deferral not offered", zh="未给出容缺受理"),
    "DEFERRAL_STATE": Text(en="Not possible in the deferral’s state", zh="容缺受理当前状态不允许"),
    "DEPARTURE_REASON_REQUIRED": Text(en="Departure without a reason", zh="未按建议适用而未说明理由"),
    "OUTCOME_MISMATCH": Text(en="Report does not fit the answer", zh="反馈与答复不符"),
    "CASE_CLOSED": Text(en="Case over", zh="办件已办结"),
    "INVALID_CURSOR": Text(en="Page mark not valid", zh="分页标记无效"),
    "REGISTRY_UNAVAILABLE": Text(en="Database not reachable", zh="数据库不可用"),
    "REQUEST_UNDER_WAY": Text(en="Same request under way", zh="相同请求正在处理"),
    "CREDENTIALS_MISSING": Text(en="No credentials", zh="未提供身份凭证"),
    "CREDENTIALS_INVALID": Text(en="Credentials not valid", zh="身份凭证无效"),
    "CREDENTIALS_EXPIRED": Text(en="Credentials expired", zh="身份凭证已过期"),
    "PRINCIPAL_UNKNOWN": Text(en="Caller not registered", zh="调用方未登记"),
    "ACCESS_DENIED": Text(en="No right to this", zh="无权进行此操作"),
    "RATE_LIMITED": Text(en="Too many requests", zh="请求过于频繁"),
    "WALK_SUSPECTED": Text(en="Looks like a walk over codes", zh="疑似逐号遍历"),
    "SUBJECT_CHECKED_TOO_OFTEN": Text(en="Subject checked under too many cases", zh="同一主体被以过多办件查询"),
    "IDENTITY_UNAVAILABLE": Text(en="Identity could not be verified", zh="暂时无法验证身份"),
    "TREE_BEHIND": Text(en="Not signed yet", zh="尚未签署"),
    "UNKNOWN_TREE_SIZE": Text(en="No tree of this size", zh="没有该大小的存证树"),
    "TILE_NOT_FOUND": Text(en="No such part of the tree", zh="没有存证树的该部分"),
    "COSIGNATURE_REJECTED": Text(en="Cosignature not accepted", zh="见证签名未被接受"),
    "UNSUPPORTED_MEDIA_TYPE": Text(en="Form of the request not supported", zh="请求格式不受支持"),
    "REQUEST_TOO_LARGE": Text(en="Request too large", zh="请求过大"),
    "NO_WORKER": Text(en="No process to answer", zh="没有可用的应答进程"),
    "ORIGIN_REFUSED": Text(en="Page of another origin", zh="来源页面无权调用"),
    "VIEW_REFUSED": Text(en="View token not accepted", zh="查看凭证无效"),
    "ROW_NOT_FOUND": Text(en="No such row", zh="没有该行"),
    "ROW_CLOSED": Text(en="Row dealt with", zh="该行已处理"),
    "ROW_REFUSED": Text(en="Row still wrong", zh="该行仍有错误"),
    "LIST_NOT_WAITING": Text(en="List does not wait", zh="名单未在等待"),
    "FEED_NOT_FOUND": Text(en="No such feed", zh="没有该数据源"),
    "CHECK_ERASED": Text(en="Check erased", zh="查询记录已清除"),
    "SUBJECT_KEY_MISSING": Text(en="Key of natural persons’ numbers missing", zh="缺少主体密钥"),
}
"""Why the service refused, in a few words. `clearway.web.console.words.REASONS` has what a visitor is to do."""

SCHEMES: Mapping[str, Text] = {
    "cn-uscc": Text(en="Unified social credit code", zh="统一社会信用代码"),
    "cn-orgcode": Text(en="Organisation code", zh="组织机构代码"),
    "cn-regno": Text(en="Business registration number", zh="工商注册号"),
    "cn-taxno": Text(en="Taxpayer number", zh="纳税人识别号"),
    "cn-ric": Text(en="Citizen identity number", zh="公民身份号码"),
    "lei": Text(en="Legal entity identifier", zh="全球法人识别编码（LEI）"),
}
"""Kinds of codes that Clearway itself has; those of python-stdnum and of sources go by their own names."""

OUTCOMES_OF_READINGS: Mapping[str, Text] = {
    "loaded": Text(en="Loaded", zh="已载入"),
    "unchanged": Text(en="Unchanged", zh="来源未变"),
    "nothing_new": Text(en="No newer file", zh="没有新文件"),
    "waiting": Text(en="Waits for a person", zh="待人工确认"),
    "discarded": Text(en="Turned down by a person", zh="经人工退回"),
    "failed": Text(en="Failed", zh="读取失败"),
}

KINDS_OF_SOURCES: Mapping[str, Text] = {
    "http": Text(en="from an address", zh="来自网址"),
    "folder": Text(en="from a folder", zh="来自文件夹"),
}

DOUBTS: Mapping[str, Text] = {
    "older_list": Text(
        en="The list is as of {as_of}, and one as of {loaded_as_of} is loaded",
        zh="名单截至 {as_of}，而已载入的名单截至 {loaded_as_of}",
    ),
    "empty_list": Text(en="The list is empty", zh="名单为空"),
    "missing_and_unread": Text(
        en="{gone} listings are missing, and some rows could not be read", zh="缺少 {gone} 条列入信息，且有行无法识别"
    ),
    "shrunk_list": Text(
        en="{gone} of {held_before} listings are missing", zh="原有 {held_before} 条列入信息中缺少 {gone} 条"
    ),
    "grown_list": Text(
        en="The list grew from {held_before} to {holds_now} listings",
        zh="列入信息由 {held_before} 条增至 {holds_now} 条",
    ),
}
"""Why a list waits for a person."""

FAILURES: Mapping[str, Text] = {
    "header_empty": Text(en="A header of the request has no value", zh="请求头缺少取值：变量或文件缺失或为空"),
    "certificates_unreadable": Text(en="The trusted certificates cannot be read", zh="受信任证书文件无法读取"),
    "source_unreachable": Text(en="The source cannot be reached", zh="无法连接来源"),
    "source_status": Text(en="The source answers with an error", zh="来源返回错误状态"),
    "answer_unreadable": Text(en="The source’s answer cannot be read", zh="来源的应答无法识别"),
    "unsafe_redirect": Text(en="The source leads to an address that is not as safe", zh="来源转向安全性较低的网址"),
    "too_many_redirects": Text(en="The source leads on and on", zh="来源转向次数过多"),
    "file_too_long": Text(en="The file is longer than allowed", zh="文件超过允许的大小"),
    "download_too_slow": Text(en="The download took too long", zh="下载超时"),
    "download_not_kept": Text(en="The download cannot be kept", zh="下载内容无法保存"),
    "checksum_unreadable": Text(en="The published checksum is none of this file", zh="公布的校验值不适用于该文件"),
    "checksum_differs": Text(en="The file does not match its checksum", zh="文件与公布的校验值不符"),
    "folder_unreadable": Text(en="The folder cannot be read", zh="文件夹无法读取"),
    "file_unreadable": Text(en="The file cannot be read", zh="文件无法读取"),
    "file_changed": Text(en="The file changed while it was read", zh="读取过程中文件发生变化"),
    "file_not_settled": Text(en="The file may still be written", zh="文件可能尚在写入"),
    "no_file": Text(en="No file fits the pattern", zh="没有符合命名规则的文件"),
    "discarded_list": Text(en="The source still gives the list that was turned down", zh="来源提供的仍是已退回的名单"),
    "node_stopping": Text(en="The node was stopping", zh="节点正在停止"),
    "unreadable_feed": Text(en="The file as a whole cannot be read", zh="文件整体无法识别"),
    "invalid_feed": Text(en="The feed’s settings do not fit", zh="数据源配置有误"),
    "invalid_time": Text(en="The list speaks of a day to come", zh="名单截止日期晚于今日"),
    "busy": Text(en="Somebody else was writing", zh="他人正在写入"),
    "unavailable": Text(en="The database cannot be reached", zh="数据库无法访问"),
    "read_only": Text(en="The database takes no writes", zh="数据库不接受写入"),
    "forbidden": Text(en="The database refuses the service’s role", zh="数据库拒绝服务账户"),
    "other_key": Text(en="The subject key is another", zh="主体密钥不符"),
    "key_missing": Text(en="A subject key is missing", zh="缺少主体密钥"),
    "other_schema": Text(en="The database is of another version", zh="数据库版本不符"),
}
"""Why a reading of a feed failed: whatever a source, or the registry that is to take the list, may have against it."""

PROCESSES: Mapping[str, Text] = {
    "worker": Text(en="answers calls", zh="应答查询"),
    "helper": Text(en="starts the others", zh="启动其他进程"),
    "follower": Text(en="keeps the index up to date", zh="更新索引"),
    "shipper": Text(en="carries rows to the log", zh="送达日志"),
    "feeds": Text(en="reads feeds", zh="读取数据源"),
    "notary": Text(en="signs the log", zh="签署日志"),
    "watcher": Text(en="watches pending cases", zh="关注在办办件"),
    "web": Text(en="serves pages", zh="提供网页"),
}
"""What each process of a node does, by the first part of its name."""

LABELS_OF_FIELDS: Mapping[str, str] = {
    "since": "since",
    "until": "until",
    "listing_id": "listing",
    "scheme": "scheme",
    "value": "code",
    "name": "name",
    "case_number": "case",
    "officer": "officer",
    "item_code": "item",
    "region_code": "region",
    "authority": "authority",
    "refused_reason": "refused_for",
    "registrar": "registrar",
    "reason": "act_reason",
    "feed": "feed",
    "check_id": "check_id",
}
"""The last part of a field's path in the contract → the word that pages have for it."""

FAULTS_OF_FIELDS: Mapping[str, Text] = {
    "required": Text(en="is needed", zh="必填"),
    "string.min_len": Text(en="is needed", zh="必填"),
    "string.max_len": Text(en="is too long", zh="过长"),
    "string.pattern": Text(en="is not built as it should be", zh="格式不正确"),
    "timestamp.range": Text(en="is out of the calendar", zh="日期超出范围"),
    "until": Text(en="comes after the beginning, by 366 days at most", zh="须晚于起始日期，且相距不超过 366 天"),
    "page_token": Text(en="is none of this search", zh="不适用于本次检索"),
}
"""What is wrong with a field, by the rule that it breaks, or by its name where no rule is told."""

REST = Text(en="cannot be taken as it is", zh="填写不符合要求")

HINTS: tuple[tuple[re.Pattern[str], Text], ...] = (
    (re.compile(r"want one of (?P<choices>.+)$"), Text(en="want one of {choices}", zh="可填：{choices}")),
    (re.compile(r"more than (?P<most>\d+) signs"), Text(en="more than {most} signs", zh="不得超过 {most} 字")),
    (re.compile(r"status (?P<status>\d{3})\b"), Text(en="status {status}", zh="状态码 {status}")),
)
"""What the service's sentence says beyond its code."""


def hint(sentence: str, language: Language) -> str:
    """What a sentence of the service's adds to its code; empty where nothing that has words."""
    for pattern, text in HINTS:
        found = pattern.search(sentence)
        if found is not None:
            return say(text, language).format(**found.groupdict())
    return ""
