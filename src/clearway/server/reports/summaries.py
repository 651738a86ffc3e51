"""A recorded check in short, on the wire."""

from __future__ import annotations

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language, say
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.querylog.record import CheckRecord


def summary_of(record: CheckRecord, catalogue: Catalogue, language: Language) -> pb.CheckSummary:
    """Who asked about whom, for what, and what came of it."""
    summary = pb.CheckSummary(
        check_id=record.check_id,
        authority=authority_of(record.authority, catalogue, language),
        caller=record.caller,
        officer=record.officer,
        case_number=record.case_number,
        item_code=record.item_code,
        region_code=record.region,
        refused_reason=record.error_reason.removeprefix("ERROR_REASON_"),
        scheme=record.scheme,
        subject=record.subject,
    )
    summary.decided_at.FromDatetime(record.decided_at)
    if record.answered:
        summary.outcome = decision_pb2.Outcome.Value(record.outcome)
        summary.standing = decision_pb2.Standing.Value(record.standing)
    return summary


def authority_of(code: str, catalogue: Catalogue, language: Language) -> decision_pb2.Authority:
    """An authority, named where the catalogue knows it."""
    known = catalogue.find_authority(code)
    return decision_pb2.Authority(code=code, name=say(known.name, language) if known else "")
