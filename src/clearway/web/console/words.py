"""The console's own words, in English and Chinese: whatever neither the service nor the catalogue says."""

from __future__ import annotations

from collections.abc import Mapping

from clearway.catalogue.model import Text
from clearway.decision.explain import Language, say
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import audit_service_pb2, check_service_pb2, decision_pb2
from clearway.gen.v1 import feed_service_pb2 as feed_pb

WORDS: Mapping[str, Text] = {
    "console": Text(en="Auditor’s console", zh="审计台"),
    "skip": Text(en="Skip to content", zh="跳到正文"),
    "pages": Text(en="Pages", zh="页面"),
    "checks": Text(en="Checks", zh="查询记录"),
    "reports": Text(en="Figures", zh="统计"),
    "patterns": Text(en="Unusual", zh="异常线索"),
    "affected": Text(en="Affected", zh="受影响查询"),
    "overdue": Text(en="Overdue", zh="逾期未反馈"),
    "subject_access": Text(en="Subject access", zh="主体查阅"),
    "sign_in": Text(en="Sign in", zh="登录"),
    "sign_out": Text(en="Sign out", zh="退出"),
    "other_language": Text(en="中文", zh="English"),
    "looks_recorded": Text(
        en="The console reads and acts through the same services as every other program, and in no other way.",
        zh="本台与其他程序一样，仅经由同一服务读取和办理，别无他途。",
    ),
    # Rows set aside and lists that wait
    "rows_lead": Text(
        en="Rows of published lists that could not be taken as they came. A row that is corrected goes through its "
        "feed’s format again like any other.",
        zh="名单文件中未能采纳的行。更正后的行与其他行一样，重新按其数据源格式校验。",
    ),
    "row": Text(en="Row", zh="行"),
    "row_state": Text(en="State", zh="状态"),
    "rows_found": Text(en="Rows, the oldest first", zh="待更正行（早者在前）"),
    "row_of_file": Text(en="Row {number} of {file}", zh="{file} 第 {number} 行"),
    "no_rows": Text(en="No row is in this state.", zh="没有处于该状态的行。"),
    "why_set_aside": Text(en="Why it was set aside", zh="未采纳原因"),
    "masked_row": Text(en="kept masked", zh="已遮蔽"),
    "masked_hint": Text(
        en="The row may be about a natural person and is kept masked. It is corrected in the file at its source; here "
        "it can only be turned down.",
        zh="该行可能涉及自然人，仅以遮蔽形式保存。请在来源处更正文件；此处只能不予采纳。",
    ),
    "correct_row": Text(en="Correct the row", zh="更正该行"),
    "as_it_came": Text(en="As it came", zh="原始内容"),
    "still_wrong": Text(en="Still not right.", zh="仍有错误。"),
    "correct": Text(en="Correct and take", zh="更正并采纳"),
    "where_from": Text(en="Where it comes from", zh="来源"),
    "registrar": Text(en="Registrar", zh="登记人员"),
    "act_reason": Text(en="Reason, for the history", zh="事由（载入历史）"),
    "changed_to": Text(en="{column}, changed to", zh="{column} 更正为"),
    "dismiss_row": Text(en="Turn the row down", zh="不予采纳"),
    "dismiss_hint": Text(en="For good: nothing will follow from this row.", zh="不可撤回：该行将不产生任何后果。"),
    "dismiss": Text(en="Turn down", zh="不予采纳"),
    "lists": Text(en="Lists that wait", zh="待确认名单"),
    "lists_lead": Text(
        en="Lists that differ so much from the one loaded that a person must say whether they are right. Until then "
        "the old list stays. Shown are those that wait on the node that answers.",
        zh="与已载入名单差异过大、须由人工判断是否正确的名单；确认之前沿用旧名单。此处显示在应答节点上等待的名单。",
    ),
    "list_of": Text(en="List of {feed}", zh="{feed} 的名单"),
    "why_waiting": Text(en="Why it waits", zh="等待原因"),
    "would_be": Text(en="What loading it would do", zh="载入后的变化"),
    "no_lists": Text(en="No list waits here.", zh="没有待确认的名单。"),
    "no_such_list": Text(en="No list of this feed waits here.", zh="该数据源没有待确认的名单。"),
    "list_file": Text(en="File", zh="文件"),
    "list_day": Text(en="As of", zh="截止日期"),
    "added": Text(en="New listings", zh="新增列入"),
    "changed": Text(en="Changed", zh="变更"),
    "unchanged": Text(en="Unchanged", zh="不变"),
    "gone": Text(en="Gone: they would end", zh="移出（将终止）"),
    "rejected": Text(en="Rows counted only", zh="仅计数的行"),
    "first_gone": Text(en="The first that would be gone", zh="将移出的（前几项）"),
    "first_added": Text(en="The first that would be new", zh="将新增的（前几项）"),
    "first_changed": Text(en="The first that would change", zh="将变更的（前几项）"),
    "first_faults": Text(
        en="Rows that would not be taken, the first of each reason", zh="不予采纳的行（每种原因的前几行）"
    ),
    "your_word": Text(en="Your word on it", zh="您的决定"),
    "confirm_list": Text(en="It is right: load it", zh="确认无误，载入"),
    "discard_list": Text(en="Turn it down", zh="退回"),
    "decide_hint": Text(
        en="A list that is turned down is not taken again as the same file; the old one stays.",
        zh="退回的名单，同一文件不再采纳；沿用旧名单。",
    ),
    "list_loaded": Text(en="The list was loaded.", zh="名单已载入。"),
    "list_discarded": Text(en="The list was turned down.", zh="名单已退回。"),
    "in_field": Text(en="in {field}", zh="字段：{field}"),
    "service_said": Text(en="In the service’s own words", zh="服务原文（英文）"),
    "see_rows": Text(en="See them", zh="查看"),
    "see_list": Text(en="Look at it", zh="查看名单"),
    # Feeds and nodes
    "feeds": Text(en="Feeds", zh="数据源"),
    "node": Text(en="Node", zh="节点"),
    "nodes": Text(en="Nodes", zh="节点"),
    "nodes_lead": Text(
        en="Every node that shares this log, as it last gave account of itself there.",
        zh="共用本日志的各节点最近一次自述的状况。",
    ),
    "nodes_untold": Text(
        en="The log’s database does not answer, so nothing is known of other nodes.",
        zh="日志数据库没有响应，无法得知其他节点的状况。",
    ),
    "this_node": Text(en="The node that answers", zh="应答节点"),
    "node_seen": Text(en="Last heard of", zh="最近自述"),
    "node_missing": Text(en="Missing", zh="失联"),
    "node_started": Text(en="Started", zh="启动时间"),
    "days_ago": Text(en="{count} days ago", zh="{count} 天前"),
    "hours_ago": Text(en="{count} hours ago", zh="{count} 小时前"),
    "minutes_ago": Text(en="{count} minutes ago", zh="{count} 分钟前"),
    "seconds_ago": Text(en="{count} seconds ago", zh="{count} 秒前"),
    "run_by": Text(en="Run by", zh="执行账户"),
    "in_seconds": Text(en="{count} s", zh="{count} 秒"),
    "ago": Text(en="{time} ago", zh="{time}前"),
    "waited": Text(en="the oldest waited {time}", zh="最早一行已等待 {time}"),
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
    "list_beyond": Text(en="for other registrars to see", zh="由其他登记人员处理"),
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
        "that you ask. Signing out takes it from the browser and ends the session, for copies of it too.",
        zh="请粘贴发放给您的令牌。令牌仅保存在本浏览器的密封会话中，随每次查询提交；退出后即从浏览器清除，"
        "会话随之终止，其副本亦告失效。",
    ),
    "sign_in_lead": Text(en="This service asks who reads its log.", zh="本服务须核实查阅日志者的身份。"),
    "session_over": Text(
        en="Sign in to go on. A session ends when it has been idle, or has lasted, too long.",
        zh="请登录后继续。会话闲置或持续过久即告结束。",
    ),
    "signed_out_here_alone": Text(
        en="You are signed out in this browser. The service could not note that the session has ended: a copy of its "
        "cookie would open until it runs out. Where there may be one, have your token revoked.",
        zh="已在本浏览器退出，但服务未能记下会话已终止：其 Cookie 如有副本，到期前仍可使用。"
        "如怀疑存在副本，请申请吊销令牌。",
    ),
    "token_refused": Text(en="The token was not accepted.", zh="令牌未被接受。"),
    "token_empty": Text(en="Paste a token first.", zh="请先粘贴令牌。"),
    "token_too_long": Text(en="A token this long is none of ours.", zh="令牌过长，不是本服务的令牌。"),
    "oidc_sign_in": Text(en="Sign in with your organisation’s account", zh="以单位统一身份登录"),
    "oidc_hint": Text(
        en="You sign in at your organisation’s own page, and come back here. This service never sees your password.",
        zh="将转到本单位的登录页面，登录后返回此处。本服务不接触您的密码。",
    ),
    "or_token": Text(en="Or with a token", zh="或使用令牌"),
    "signed_in": Text(en="Signed in", zh="已登录"),
    "not_signed_in": Text(en="Not signed in", zh="未能登录"),
    "go_on": Text(en="Go on", zh="继续"),
    "oidc_away": Text(
        en="The sign-in service does not answer at this moment. Try again, or sign in with a token.",
        zh="统一身份服务暂时没有响应，请稍后重试，或使用令牌登录。",
    ),
    "oidc_state": Text(
        en="This sign-in was not begun in this browser, or too long ago. Begin it anew.",
        zh="本次登录并非由此浏览器发起，或已超过时限，请重新登录。",
    ),
    "oidc_refused": Text(
        en="The sign-in service did not let you in, or you broke it off there.",
        zh="统一身份服务未准许登录，或您已在该页面取消。",
    ),
    "oidc_code": Text(
        en="The sign-in service did not confirm this sign-in: it may have been used before. Begin it anew.",
        zh="统一身份服务未确认本次登录（可能已被使用过），请重新登录。",
    ),
    "oidc_client": Text(
        en="The sign-in service does not take sign-ins for this console. Tell those who run this service.",
        zh="统一身份服务不受理本审计台的登录，请告知运维人员。",
    ),
    "oidc_proof": Text(
        en="What the sign-in service answered does not belong to this sign-in. Begin it anew; if this happens again, "
        "tell those who run this service.",
        zh="统一身份服务的答复与本次登录不符，请重新登录；如再次出现，请告知运维人员。",
    ),
    "oidc_too_long": Text(
        en="The sign-in service’s token is too long for a session. Tell those who run this service.",
        zh="统一身份服务签发的令牌过长，无法建立会话，请告知运维人员。",
    ),
    "oidc_not_accepted": Text(
        en="You signed in, but this service does not know you by that account.",
        zh="您已通过统一身份登录，但本服务未登记该账号。",
    ),
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
    "holds": Text(en="Holds", zh="成立"),
    "failed": Text(en="Failed", zh="不成立"),
    "open": Text(en="Not shown", zh="未能证明"),
    "proven": Text(en="Proven: this answer is on the log, as it was given", zh="已证明：该答复按原样载于日志"),
    "not_proven": Text(
        en="Not proven: a step failed. Keep this page and the proof, and ask who runs the service.",
        zh="未获证明：有步骤不成立。请保存本页与证明文件，并向服务运营方查问。",
    ),
    "partly_proven": Text(
        en="Proven in part: what was erased cannot be shown any more", zh="部分证明：已清除的内容无法再予证明"
    ),
    "verified_here": Text(
        en="Verified by this console at {moment}, from the bytes that the log gave.",
        zh="由本台于 {moment} 根据日志提供的原始字节验证。",
    ),
    "raw_values": Text(en="Raw values", zh="原始值"),
    "record_agrees": Text(
        en="The answer on this page is what the recorded bytes say: it was made from them again.",
        zh="本页所示与所记录的字节一致：已据该字节重新生成并比对。",
    ),
    "record_differs": Text(
        en="The page shows something else than the recorded bytes say ({fields}): do not rely on it.",
        zh="本页所示与所记录的字节不符（{fields}）：请勿采信。",
    ),
    "record_unreadable": Text(
        en="The bytes that were given for the record are no record, so nothing on this page is shown by them.",
        zh="所提供的字节不是有效记录，无法据以证明本页内容。",
    ),
    "record_erased": Text(
        en="The record was erased: what it said cannot be shown any more.", zh="记录已清除，其内容无法再予证明。"
    ),
    "record_bytes": Text(en="Bytes of the record", zh="记录字节数"),
    "entry_agrees": Text(
        en="The log’s entry for this check was made from exactly these bytes.",
        zh="日志中该查询的条目正是由这些字节生成。",
    ),
    "entry_differs": Text(
        en="The log’s entry was made from other bytes: the record was changed after it was logged.",
        zh="日志条目由其他字节生成：记录在入日志后被改动。",
    ),
    "entry_of_another": Text(
        en="The log’s entry is another check’s ({check_id}), and says nothing of this one.",
        zh="该日志条目属于另一查询（{check_id}），与本查询无关。",
    ),
    "entry_unreadable": Text(en="What was given as the log’s entry is none.", zh="所提供的日志条目无效。"),
    "entry_not_opened": Text(
        en="The entry stands, and what it was made from was erased.", zh="条目仍在，但其所依据的内容已清除。"
    ),
    "entry": Text(en="Entry", zh="条目"),
    "salt": Text(en="Random bytes of the entry", zh="条目随机字节"),
    "made_of_record": Text(en="SHA-256 of random bytes and record", zh="随机字节与记录的 SHA-256"),
    "committed_to": Text(en="SHA-256 in the entry", zh="条目中的 SHA-256"),
    "place_holds": Text(
        en="The entry is row {row} of the {size} rows that the log’s root hash stands for.",
        zh="该条目为日志根哈希所代表的 {size} 行中的第 {row} 行。",
    ),
    "place_differs": Text(
        en="The entry is not row {row} of {size}: the hashes lead to another root. The row was changed, or moved, or "
        "the proof is of another log.",
        zh="该条目不是 {size} 行中的第 {row} 行：哈希导出另一根值。该行被改动或移位，或证明属于另一日志。",
    ),
    "place_leads_nowhere": Text(
        en="The proof does not fit a log of {size} rows: for row {row} it has too many hashes, or too few.",
        zh="证明与 {size} 行的日志不符：就第 {row} 行而言，哈希过多或过少。",
    ),
    "leaf_hash": Text(en="Hash of the entry", zh="条目哈希"),
    "hashes_beside": Text(en="Hashes on the way to the root", zh="通往根的哈希"),
    "root": Text(en="Root hash", zh="根哈希"),
    "leads_to": Text(en="Root that the proof leads to", zh="证明导出的根哈希"),
    "signature_holds": Text(
        en="The log {origin} signed this root with its key. Compare the key with the one that you were given.",
        zh="日志 {origin} 已用其密钥签署该根哈希。请将密钥与您所持的公钥比对。",
    ),
    "signature_false": Text(
        en="The log’s signature is false: what it stands under is not what {origin} signed.",
        zh="日志签名无效：所附内容并非 {origin} 所签署。",
    ),
    "signature_missing": Text(
        en="None of the log’s keys signed this root: it may be another log’s than {origin}.",
        zh="该根哈希未经日志密钥签署：可能并非日志 {origin}。",
    ),
    "signed_text": Text(en="What is signed", zh="签署内容"),
    "log_key": Text(en="The log’s public key (VKEY)", zh="日志公钥（VKEY）"),
    "proof_unreadable": Text(en="What was given as the proof is none.", zh="所提供的证明无效。"),
    "checkpoint_unreadable": Text(en="What was given as the log’s signed root is none.", zh="所提供的日志签署根无效。"),
    "witnesses": Text(en="Witnesses", zh="见证方"),
    "no_witnesses": Text(
        en="No witness is known here. Then only a checkpoint that somebody keeps elsewhere shows whether the log was "
        "written anew.",
        zh="此处未设见证方。日志是否被整体改写，只能凭他处保存的检查点发现。",
    ),
    "witness_holds": Text(
        en="{name} signed it too, at {moment} UTC: it continues all that this witness saw before.",
        zh="{name} 已于 {moment}（UTC）共同签署：与该见证方此前所见连续一致。",
    ),
    "witness_undated": Text(en="{name} signed it too, without saying when.", zh="{name} 已共同签署，未注明时间。"),
    "witness_false": Text(en="A signature that names {name} is false.", zh="署名 {name} 的签名无效。"),
    "witness_silent": Text(en="{name} has not signed this one.", zh="{name} 尚未签署本次。"),
    "witness_key": Text(en="The witness’s public key", zh="见证方公钥"),
    "take_proof": Text(en="Take the proof home", zh="下载证明"),
    "see_log": Text(en="The log itself", zh="查看日志"),
    "verify_proof_yourself": Text(
        en="With the log’s public key anybody verifies the file elsewhere:",
        zh="凭日志公钥，任何人均可在他处验证该文件：",
    ),
    "proof_pending": Text(en="Not signed yet", zh="尚未签署"),
    "proof_pending_hint": Text(
        en="The check is on the log; the log signs what is new every few seconds. Look again in a moment.",
        zh="该查询已入日志；日志每隔数秒签署新增内容，请稍候再看。",
    ),
    "no_proof_given": Text(en="No proof was given", zh="未取得证明"),
    "look_again": Text(en="Look again", zh="再次查看"),
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
    "erased_of_period": Text(
        en="Besides these, {count} rows of this time were erased by a rule or an order: whose they were, and what they "
        "said, is gone.",
        zh="此外，该期间有 {count} 行记录已依规则或命令清除，其归属与内容均不复存在，未计入以上结果。",
    ),
    "erased_of_log": Text(
        en="Besides these, {count} rows of the log were erased by a rule or an order. Whether any belonged here cannot "
        "be told any more.",
        zh="此外，日志中有 {count} 行记录已依规则或命令清除，其中是否有与此相关的已无从得知。",
    ),
    "fold": Text(en="Take groups of fewer than five together, for publication", zh="对外公布：合并不足五件的组"),
    "show": Text(en="Show", zh="查看"),
    "totals": Text(en="All together", zh="合计"),
    "chart": Text(en="Chart of {what}; its figures stand in the table below", zh="{what}图；数据见下表"),
    "by_group": Text(en="By {what}", zh="按{what}"),
    "definitions": Text(en="What the figures mean", zh="指标释义"),
    "folded": Text(en="small groups together", zh="合并的小组"),
    "nowhere": Text(en="not given", zh="未填"),
    "no_region": Text(en="of no region alone", zh="不限于某一地区"),
    "objections_place": Text(
        en="An objection is to a listing, not to a licence. Of one region are those to listings that an authority of "
        "that region designated; of one licence item, those to listings of which a measure or an incentive names the "
        "item. A listing may name many items, so objections are not divided by item: one would be counted under each.",
        zh="异议针对列入信息，而非某项许可。按地区查看：由该地区机关认定的列入信息的异议；按许可事项查看：其措施或激励"
        "适用于该事项的列入信息的异议。同一列入信息可能涉及多个事项，故不按事项分组，以免同一异议重复计数。",
    ),
    "not_refused": Text(en="answered", zh="已答复"),
    "not_departed": Text(en="as advised", zh="按建议适用"),
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
    "patterns_found": Text(en="Found, the largest of each kind first", zh="线索（各类之中数量大者在前）"),
    "patterns_definitions": Text(en="What was looked for", zh="线索释义"),
    "patterns_divided": Text(
        en="Divided by {what}, these numbers must be reached within each by itself: what is spread over several is not "
        "found here.",
        zh="按{what}划分时，须在每一{what}内各自达到上述数量；分散在多处的不在此列。",
    ),
    "patterns_cut": Text(
        en="{what}: there are more than are given; these are the largest, and counted are these alone. Narrow the "
        "question for the others.",
        zh="{what}：实际数量多于所列；所列及所计仅为其中最大者，请缩小范围查看其余。",
    ),
    "listed_from": Text(en="From how many on something is listed", zh="列示标准"),
    "no_patterns": Text(en="Nothing stands out in this period.", zh="该期间没有异常线索。"),
    # Affected checks
    "affected_title": Text(en="Checks that used a listing", zh="使用某条列入信息的查询"),
    "affected_lead": Text(
        en="Where a listing turns out to be wrong, these are the cases to look at again, and the authorities to tell.",
        zh="列入信息有误时，以下为须复核的办件和须告知的机关。",
    ),
    "affected_found": Text(en="Checks, the oldest first", zh="查询记录（早者在前）"),
    "reliance": Text(en="The listing was used for", zh="该信息用于"),
    "applied": Text(en="Reported as applied", zh="已反馈适用"),
    "none_affected": Text(en="No recorded answer used this listing.", zh="没有答复使用过该列入信息。"),
    "oldest": Text(en="Back to the oldest", zh="回到最早"),
    "later": Text(en="Later", zh="更晚"),
    # Overdue outcomes
    "overdue_title": Text(en="Outcomes not reported in time", zh="逾期未反馈结果的办件"),
    "overdue_lead": Text(
        en="Cases of your own authority that were checked and have no final outcome, the longest overdue first.",
        zh="本机关已查询而尚无最终结果的办件，逾期最久者在前。",
    ),
    "checked_until": Text(en="Last checked up to, inclusive", zh="最后查询不晚于（含当日）"),
    "overdue_found": Text(en="Cases", zh="办件"),
    "last_checked": Text(en="Last checked", zh="最后查询"),
    "none_overdue": Text(en="No outcome is overdue.", zh="没有逾期未反馈的办件。"),
    # A subject's access
    "subject_title": Text(en="What was asked about a subject", zh="关于某主体的查询"),
    "subject_lead": Text(
        en="Every check recorded under a code: who asked, when, why, and what was answered, to be handed over to the "
        "subject. By an exact code only; refused checks, and those by a name or a masked code, are not found by it.",
        zh="以某代码记录的全部查询：何人、何时、因何查询及答复内容，供向该主体提供。"
        "须填写完整代码；被拒的查询及仅按名称或遮蔽代码的查询无法据此检索。",
    ),
    "subject_found": Text(en="Checks about", zh="查询记录："),
    "answered": Text(en="What was answered", zh="答复内容"),
    "subject_nothing": Text(en="No check is recorded under this code.", zh="该代码没有查询记录。"),
    # The log
    "log": Text(en="Log", zh="日志"),
    "log_title": Text(en="The log itself", zh="日志本身"),
    "log_lead": Text(
        en="Every row has its place in a tree of hashes, whose root the log signs. Whoever keeps a signed root can "
        "show later whether anything before it was changed, lost or moved.",
        zh="每一行在哈希树中各有其位，日志签署树根。保存签署的树根，即可在日后证明此前内容是否被改动、丢失或移位。",
    ),
    "newest_tree": Text(en="Newest checkpoint", zh="最新检查点"),
    "origin": Text(en="Log", zh="日志名称"),
    "tree_size": Text(en="Rows", zh="行数"),
    "signed_at": Text(en="Signed", zh="签署时间"),
    "take_checkpoint": Text(en="Take the checkpoint home", zh="下载检查点"),
    "continuity": Text(en="Against the checkpoint this browser saw last", zh="与本浏览器上次所见检查点比对"),
    "continuity_brought": Text(en="Against the checkpoint you brought", zh="与您提供的检查点比对"),
    "nothing_seen": Text(
        en="This browser has seen none before. It keeps this one, and holds the next to it.",
        zh="本浏览器此前未见检查点。现予保存，下次据以比对。",
    ),
    "tree_continues": Text(
        en="The {size} rows of today begin with the {before} rows signed then: none of those was changed, lost or "
        "moved.",
        zh="现有 {size} 行以当时签署的 {before} 行开头：其中无一被改动、丢失或移位。",
    ),
    "tree_same": Text(en="It is the same: {size} rows, and the same root.", zh="完全相同：{size} 行，根哈希一致。"),
    "tree_forked": Text(
        en="The log was written anew: the {size} rows of today do not begin with the {before} rows that it signed "
        "then. Keep both checkpoints; together they show it.",
        zh="日志已被改写：现有 {size} 行并不以当时签署的 {before} 行开头。请保存两份检查点，合并即为证据。",
    ),
    "tree_smaller": Text(
        en="The newest here has {size} rows, and {before} were signed before. Another node may be ahead by seconds; if "
        "this stays so, rows were cut off.",
        zh="此处最新为 {size} 行，而此前已签署 {before} 行。其他节点可能领先数秒；若持续如此，则有行被截去。",
    ),
    "another_log": Text(
        en="The checkpoint is of another log ({origin}): this one may have been begun anew.",
        zh="该检查点属于另一日志（{origin}）：本日志可能已重新开始。",
    ),
    "seen_not_signed": Text(
        en="The checkpoint is none that this log signed with a key of its own.", zh="该检查点并非由本日志的密钥签署。"
    ),
    "root_before": Text(en="Root hash then", zh="当时的根哈希"),
    "seen_before": Text(en="The checkpoint it is held to", zh="所比对的检查点"),
    "forget_seen": Text(en="Let it go, and begin with the newest", zh="舍弃，自最新检查点重新开始"),
    "bring_checkpoint": Text(en="Compare with a checkpoint of yours", zh="与您自存的检查点比对"),
    "checkpoint_text": Text(en="The checkpoint, as it was kept", zh="所保存的检查点原文"),
    "compare": Text(en="Compare", zh="比对"),
    "full_verification": Text(en="Last full verification", zh="最近一次全面验证"),
    "verification_sound": Text(en="Nothing was found wrong", zh="未发现问题"),
    "verification_unsound": Text(en="Found wrong: {count}", zh="发现问题：{count} 处"),
    "rows_compared": Text(en="Rows compared", zh="比对行数"),
    "never_verified": Text(
        en="No verification of the whole log is recorded on this node.", zh="本节点尚无全面验证的记录。"
    ),
    "full_verification_hint": Text(
        en="Run on the node by whoever operates it. Whoever must not take their word runs it themselves.",
        zh="由节点运营方自行执行。如不采信其结论，请自行验证。",
    ),
    "verify_yourself": Text(en="Verify it yourself", zh="自行验证"),
    "verify_yourself_hint": Text(
        en="What this page says was verified by the service’s own console. On a machine of yours the same is done with "
        "the log’s public key and a checkpoint that you kept:",
        zh="本页由服务自身的审计台验证。凭日志公钥与您自存的检查点，可在您自己的机器上同样验证：",
    ),
    "verify_published": Text(en="All that is published, from outside:", zh="自外部验证全部公布内容："),
    "verify_node": Text(en="Every row as well, on the node:", zh="在节点上并逐行验证："),
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
    "ROW_CLOSED": Text(
        en="Somebody was here before: the row has been dealt with, or is not to be corrected here.",
        zh="该行已由他人处理，或不可在此更正。",
    ),
    "ROW_NOT_FOUND": Text(en="There is no such row, or none that is yours to see.", zh="没有该行，或您无权查看。"),
    "LIST_NOT_WAITING": Text(
        en="This list does not wait any more: somebody gave their word on it, or the source gave another.",
        zh="该名单已不再等待确认：已有人作出决定，或来源已提供新名单。",
    ),
    "REGISTRY_BUSY": Text(
        en="Somebody else is writing just now. Try again in a moment.", zh="他人正在写入，请稍后重试。"
    ),
    "INVALID_IDENTIFIER": Text(
        en="That is no valid code of this scheme: see its length and check sign.",
        zh="该代码不符合所选类型，请核对长度与校验位。",
    ),
    "INVALID_REQUEST": Text(en="A field cannot be taken as it is.", zh="有字段填写不符合要求。"),
    "CHECK_ERASED": Text(
        en="This check was recorded, and its row was erased by {because} on {erased_on}. Its place in the log stands.",
        zh="该查询曾有记录，其内容已依 {because} 于 {erased_on} 清除；其在日志中的位置仍在。",
    ),
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

ROW_REASONS: Mapping[str, Text] = {
    "identifier_empty": Text(en="The code is empty", zh="代码为空"),
    "identifier_length": Text(en="The code has too few signs, or too many", zh="代码位数不对"),
    "identifier_alphabet": Text(en="The code has a sign that codes do not have", zh="代码含有不允许的字符"),
    "identifier_format": Text(en="The code is not built as it should be", zh="代码结构不正确"),
    "identifier_check_sign": Text(en="The code’s check sign is wrong", zh="代码校验位不正确"),
    "identifier_unknown_scheme": Text(en="There is no such kind of code", zh="没有这种代码类型"),
    "identifier_masked": Text(en="The code is masked", zh="代码已遮蔽"),
    "identifier_rounded": Text(en="A spreadsheet rounded the code", zh="代码被电子表格舍入"),
    "identifier_collision": Text(en="A code of the row belongs to another subject", zh="代码属于另一主体"),
    "fact_of_another": Text(en="The id belongs to something else", zh="编号属于其他记录"),
    "ended_here": Text(en="It has ended here, and the row changes it", zh="该记录在此已终止，而该行要求变更"),
    "end_date": Text(en="The end date cannot be read", zh="截止日期无法识别"),
    "date": Text(en="A date cannot be read", zh="日期无法识别"),
    "term": Text(en="It would end before it begins", zh="截止早于起始"),
    "missing_value": Text(en="A value that is needed is missing", zh="缺少必填内容"),
    "overlong_value": Text(en="A value is too long", zh="内容过长"),
    "unknown_value": Text(en="A value is none of those allowed", zh="内容不在允许范围内"),
    "unknown_fact": Text(en="It does not say what the row states", zh="未说明该行表述的事项"),
    "unknown_list": Text(en="A list for which there is no regime", zh="没有对应名单制度的名单"),
    "natural_person": Text(en="It may be about a natural person", zh="可能涉及自然人"),
    "not_a_subject": Text(en="It is about no organisation", zh="不涉及任何组织"),
    "duplicate": Text(en="An earlier row says something else", zh="与前面的行重复且不一致"),
    "malformed": Text(en="The row is not built like the others", zh="行结构与其他行不同"),
}
"""Why a row is not taken; a test holds them to the registry's reasons."""

ROW_STATES: Mapping[feed_pb.RowState.ValueType, tuple[str, Text]] = {
    feed_pb.ROW_STATE_WAITING: ("waiting", Text(en="Waits for correction", zh="待更正")),
    feed_pb.ROW_STATE_CORRECTED: ("corrected", Text(en="Corrected and taken", zh="已更正采纳")),
    feed_pb.ROW_STATE_DISMISSED: ("dismissed", Text(en="Turned down", zh="不予采纳")),
    feed_pb.ROW_STATE_SUPERSEDED: ("superseded", Text(en="Overtaken by a later list", zh="已有更新名单")),
}
"""What became of a row → its place in an address, and its words."""

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

THRESHOLDS: Mapping[str, Text] = {
    "cases_of_one_subject": Text(en="Cases of one subject", zh="同一主体的办件数"),
    "checks_outside_hours": Text(en="Checks outside working hours", zh="工作时间以外的查询数"),
    "codes_an_hour": Text(en="Codes within one hour", zh="一小时内的代码数"),
    "cases_without_outcome": Text(en="Cases without an outcome", zh="未反馈结果的办件数"),
    "work_begins": Text(en="Work begins, o’clock", zh="上班（时）"),
    "work_ends": Text(en="Work ends, o’clock", zh="下班（时）"),
}
"""A number from which on something counts as unusual → what it is called in a form."""

RELIANCES: Mapping[audit_service_pb2.Reliance.ValueType, Text] = {
    audit_service_pb2.RELIANCE_RESTRICTION: Text(en="a restriction", zh="限制措施"),
    audit_service_pb2.RELIANCE_INCENTIVE: Text(en="an incentive", zh="激励措施"),
    audit_service_pb2.RELIANCE_NOTICE: Text(en="a notice", zh="提示"),
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
