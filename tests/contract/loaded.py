"""A registry of synthetic subjects for the server's tests, one for each thing an answer can say, and checks of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import grpc

from clearway.cli.connection import error_document
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.registry import commands
from clearway.registry.events import ObjectionGrounds
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of, name_of, write
from clearway.server.keys import load_keys
from clearway.server.settings import Settings

SUBJECTS = 200
ITEM = "FOOD-OPERATION"
ESSENTIAL = ("APPLICATION-FORM", "SAFETY-RULES", "PREMISES-PROOF")
DEFERRABLE = ("LAYOUT-PLAN", "STAFF-HEALTH-CERTIFICATES")


class Extra(IntEnum):
    """Subjects beside the synthetic ones."""

    WITHOUT_DOCUMENT = 70_000_001
    OF_UNKNOWN_REGIME = 70_000_002


def load(data_dir: Path) -> Registry:
    """An open registry in `data_dir`, loaded: the synthetic subjects, an open objection, the extra listings."""
    data_dir.mkdir(parents=True, exist_ok=True)
    settings = Settings(data_dir=data_dir)
    now = datetime.now(UTC)
    today = now.astimezone(ZoneInfo("Asia/Shanghai")).date()
    registry = Registry.open(settings.registry_url, load_keys(settings), moment=now)
    file = data_dir / "synthetic.csv"
    write(file, SUBJECTS, today)
    registry.import_feed("flat-csv", file, actor="test", moment=now)
    objecting = f"SYN-{Character.OBJECTING:08d}"
    without, unknown = Extra.WITHOUT_DOCUMENT, Extra.OF_UNKNOWN_REGIME
    registry.execute(
        commands.OpenObjection(objecting, "OBJ-1", ObjectionGrounds.WRONG),
        commands.RegisterSubject("cn-uscc", code_of(without), name_of(without)),
        listing(without, "SAMR-SERIOUS", today, document_number=""),
        commands.RegisterSubject("cn-uscc", code_of(unknown), name_of(unknown)),
        listing(unknown, "SOME-OTHER-LIST", today),
        actor="test",
        moment=now,
    )
    return registry


def listing(number: int, regime: str, day: date, document_number: str = "SYN-D-1") -> commands.ListSubject:
    """A listing that began on `day`."""
    return commands.ListSubject(
        "cn-uscc",
        code_of(number),
        f"EXTRA-{number}",
        regime,
        document_number=document_number,
        document_date=day,
        effective_from=day,
    )


def a_check(number: int | None = Character.UNKNOWN, **changes: Any) -> pb.CheckSubjectRequest:
    """A valid check of the synthetic subject of that number, by code; None names nobody yet."""
    fields: dict[str, Any] = {
        "item_code": ITEM,
        "application_kind": pb.APPLICATION_KIND_NEW,
        "case_number": "CASE-1",
        "officer": "officer 7",
        "supplied_materials": ESSENTIAL + DEFERRABLE,
    }
    request = pb.CheckSubjectRequest(**(fields | changes))
    if number is not None:
        request.subject.identifier.scheme = "cn-uscc"
        request.subject.identifier.value = code_of(number)
    return request


def by_code(scheme: str, value: str, name: str = "", **changes: Any) -> pb.CheckSubjectRequest:
    """A valid check of whom a code names."""
    request = a_check(None, **changes)
    request.subject.identifier.scheme = scheme
    request.subject.identifier.value = value
    request.subject.name = name
    return request


def by_name(name: str) -> pb.CheckSubjectRequest:
    """A valid check by name only."""
    request = a_check(None)
    request.subject.name = name
    return request


def refusal_in(error: grpc.RpcError) -> dict[str, Any]:
    """A failed call's code, reason, message, metadata and field violations."""
    document: dict[str, Any] = error_document(error)["error"]
    return document


def notices(response: pb.CheckSubjectResponse) -> set[str]:
    """The codes of an answer's notices, without their prefix."""
    return {decision_pb2.NoticeCode.Name(n.code).removeprefix("NOTICE_CODE_") for n in response.decision.notices}


def outcome(response: pb.CheckSubjectResponse) -> str:
    """An answer's outcome, without its prefix."""
    return decision_pb2.Outcome.Name(response.decision.outcome).removeprefix("OUTCOME_")


def standing(response: pb.CheckSubjectResponse) -> str:
    """An answer's standing, without its prefix."""
    return decision_pb2.Standing.Name(response.decision.standing).removeprefix("STANDING_")
