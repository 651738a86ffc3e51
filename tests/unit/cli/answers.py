"""Answers as the service gives them, one an outcome, decided from synthetic facts by the shipped edition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.loader import load_catalogue
from clearway.catalogue.model import ApplicationKind
from clearway.decision.decide import decide
from clearway.decision.explain import Language
from clearway.decision.facts import CheckRequest, Evidence, Known, Listing, NotKnown, Stale, SubjectProfile
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.server.translate import Translation
from tests.unit.cli.running import CODE

MOMENT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
DAY = date(2026, 5, 4)
ITEM = "FOOD-OPERATION"
ESSENTIAL = frozenset({"APPLICATION-FORM", "SAFETY-RULES", "PREMISES-PROOF"})
DEFERRABLE = frozenset({"LAYOUT-PLAN", "STAFF-HEALTH-CERTIFICATES"})
CHECK_ID = "0195a0b0-0000-7000-8000-000000000001"
_CATALOGUE = load_catalogue("cn-demo")


def catalogue() -> Catalogue:
    """The edition behind the answers."""
    return _CATALOGUE


def listed(regime: str) -> Known:
    """A subject known lately, on one list since a month."""
    begun = DAY - timedelta(days=30)
    listing = Listing("L-1", regime, "虚构文1号", begun, "", begun)
    return Known(SubjectProfile(1, "cn-uscc", CODE, "虚构有限公司", DAY - timedelta(days=60), (listing,)))


@dataclass(frozen=True)
class Case:
    """An answer and the lines an officer must find in it, in both languages."""

    outcome: str
    evidence: Evidence
    supplied: frozenset[str]
    en: tuple[str, ...]
    zh: tuple[str, ...]


CASES = (
    Case(
        "RESTRICTION",
        listed("SAMR-SERIOUS"),
        ESSENTIAL | DEFERRABLE,
        ("Restriction", "(mandatory)", "Legal basis", "第十五条", "虚构文1号 2026-04-04", "→ 2029-04-03", "To object"),
        ("限制 / 从严审核", "（强制性）", "依据", "认定部门", "实施部门", "异议", "修复"),
    ),
    Case(
        "RESTRICTION",
        listed("FOOD-REVOKED"),
        ESSENTIAL | DEFERRABLE,
        ("statutory bar", "第一百三十五条", "→ 2031-04-03", "To repair"),
        ("法定禁入", "第一百三十五条", "期限"),
    ),
    Case(
        "DEFERRED_ACCEPTANCE",
        listed("TAX-A"),
        ESSENTIAL,
        ("Deferred acceptance", "May follow", "(LAYOUT-PLAN) — 2026-05-", "holds until"),
        ("容缺受理", "可容缺材料", "有效至"),
    ),
    Case(
        "GREEN_CHANNEL",
        listed("TAX-A"),
        ESSENTIAL | DEFERRABLE,
        ("Green channel", "A-rate taxpayers", "no material is missing"),
        ("绿色通道", "名单", "材料齐全"),
    ),
    Case(
        "ORDINARY",
        NotKnown(),
        frozenset(),
        ("Ordinary procedure", "No listing of this subject", "Missing, essential", "(APPLICATION-FORM)"),
        ("一般程序", "无有效名单记录", "缺少必备材料"),
    ),
    Case(
        "UNDETERMINED",
        Stale(age=900.0, limit=300.0),
        frozenset(),
        ("Undetermined", "not a clear answer", "• The index is older than allowed."),
        ("无法判定", "人工办理", "• 数据（索引）"),
    ),
)


def response_to(case: Case, language: Language = Language.EN) -> pb.CheckSubjectResponse:
    """The response of a case in a language."""
    request = CheckRequest(ITEM, ApplicationKind.NEW, "DEMO-LICENSING", "110000", case.supplied)
    decision = decide(case.evidence, request, _CATALOGUE, MOMENT)
    decided_at = Timestamp()
    decided_at.FromDatetime(MOMENT)
    response = pb.CheckSubjectResponse(
        check_id=CHECK_ID,
        revision="r1.db.1",
        catalogue_edition=pb.CatalogueEdition(id=_CATALOGUE.edition.edition, content_hash=_CATALOGUE.content_hash),
        decided_at=decided_at,
        request_id="R-1",
    )
    Translation(_CATALOGUE, language).fill(response.decision, decision, request, MOMENT)
    return response
