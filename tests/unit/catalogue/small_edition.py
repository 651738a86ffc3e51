"""A small edition that keeps every rule, for tests that break one at a time."""

from __future__ import annotations

from clearway.catalogue.loader import Report, check_content

SMALL_EDITION = """\
edition: small-1
title: {en: A small edition, zh: 小清单}
zone: Asia/Shanghai
calendar: cn
regions: cn-demo
valid_from: 2024-01-01
authorities:
  - code: STATE
    name: {en: State office, zh: 国家局}
  - code: CITY
    name: {en: City office, zh: 市局}
    region: "110000"
legal_bases:
  - {code: LAW, title: 法, article: 第一条, rank: law}
  - {code: CENTRAL, title: 意见, article: 一, rank: central_policy_document}
  - {code: LOCAL, title: 条例, article: 第一条, rank: local_regulation, region: "110000"}
  - {code: RULE, title: 办法, article: 第一条, rank: departmental_rule}
  - {code: MEMO, title: 备忘录, article: 一, rank: memorandum}
regimes:
  - code: GRAVE
    name: {en: Grave list, zh: 严重名单}
    kind: serious
    basis: LAW
    designating_authority: STATE
    ends: {by: date, term: {years: 3}}
    subject_matter: {en: Grave wrongs, zh: 严重违法}
    objection:
      channel: {authority: STATE, how: {en: Write, zh: 书面}}
    repair: {authority: STATE, how: {en: Apply, zh: 申请}}
  - code: COURT
    name: {en: Court list, zh: 法院名单}
    kind: serious
    basis: LAW
    designating_authority: STATE
    ends:
      by: event
      event: {en: Performed, zh: 履行}
      confirm_within: 35
    subject_matter: {en: Judgments, zh: 判决}
    objection:
      effect: annotate_only
      channel: {authority: STATE, how: {en: Write, zh: 书面}}
    repair: {authority: STATE, how: {en: Apply, zh: 申请}}
  - code: CITY-GRAVE
    name: {en: City list, zh: 市名单}
    kind: serious
    basis: LOCAL
    designating_authority: CITY
    ends: {by: date, term: {years: 1}}
    subject_matter: {en: City wrongs, zh: 本市违法}
    objection:
      channel: {authority: CITY, how: {en: Write, zh: 书面}}
    repair: {authority: CITY, how: {en: Apply, zh: 申请}}
    region: "110000"
  - code: GOOD
    name: {en: Good list, zh: 红名单}
    kind: trusted
    basis: RULE
    designating_authority: STATE
    ends: {by: date}
    subject_matter: {en: Good conduct, zh: 守信}
measures:
  - code: REVIEW
    name: {en: Review, zh: 从严审核}
    kind: enhanced_review
    force: mandatory
    effect: management
    basis: RULE
    implementing_authority: STATE
    regimes: [GRAVE]
    items: ["*"]
    coupling: {en: Same field, zh: 同一领域}
    valid_from: 2024-01-01
  - code: LIMIT
    name: {en: Limit, zh: 限制}
    kind: enhanced_review
    force: recommended
    effect: rights_reducing
    basis: CENTRAL
    implementing_authority: STATE
    regimes: [GRAVE]
    items: [SHOP]
    coupling: {en: Same field, zh: 同一领域}
    adopted_by: [CITY]
    valid_from: 2024-01-01
    valid_to: 2030-01-01
  - code: BAR
    name: {en: Bar, zh: 不予许可}
    kind: licence_bar
    force: mandatory
    effect: rights_reducing
    basis: LAW
    implementing_authority: STATE
    regimes: [GRAVE]
    items: [SHOP]
    coupling: {en: Same field, zh: 同一领域}
    valid_from: 2024-01-01
  - code: CITY-LIMIT
    name: {en: City limit, zh: 本市限制}
    kind: enhanced_review
    force: mandatory
    effect: rights_reducing
    basis: LOCAL
    implementing_authority: CITY
    regimes: [CITY-GRAVE]
    items: [SHOP]
    coupling: {en: Same field, zh: 同一领域}
    regions: ["110101"]
    valid_from: 2024-01-01
incentives:
  - code: GREEN
    name: {en: Green channel, zh: 绿色通道}
    route: {by: trusted_listing, regimes: [GOOD]}
    basis: MEMO
    implementing_authority: STATE
    items: ["*"]
    valid_from: 2024-01-01
  - code: CLEAN
    name: {en: Clean record, zh: 无不良记录}
    route: {by: clean_record}
    basis: CENTRAL
    implementing_authority: STATE
    items: [SHOP]
    valid_from: 2025-01-01
items:
  - code: SHOP
    name: {en: Shop licence, zh: 店铺许可}
    implementing_authority: CITY
    processing_limit: 10
    essential_materials:
      - {code: FORM, name: {en: Form, zh: 申请书}}
    deferrable_materials:
      - {code: PLAN, name: {en: Plan, zh: 平面图}, deadline: 10, how: {en: Upload, zh: 上传}}
    natural_persons: LAW
  - code: FAIR
    name: {en: Fair licence, zh: 集市许可}
    implementing_authority: STATE
    processing_limit: 5
deferral:
  broken_commitment: {months: 6}
  consequence: {en: Returned, zh: 退件}
"""


def edited(old: str, new: str) -> str:
    """The small edition with the one place that says `old` saying `new`."""
    assert SMALL_EDITION.count(old) == 1, f"{old!r} stands {SMALL_EDITION.count(old)} times"
    return SMALL_EDITION.replace(old, new)


def report_on(text: str) -> Report:
    """What checking a text finds."""
    return check_content("small.yaml", text.encode())


def line_of(text: str, mark: str = "# HERE") -> int:
    """The line, from 1, on which the mark stands."""
    return text[: text.index(mark)].count("\n") + 1
