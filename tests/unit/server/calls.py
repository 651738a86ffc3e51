"""Calls, requests and a catalogue for tests of the server's parts, without a server."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from clearway.access.principals import local_principal
from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.loader import load_catalogue
from clearway.decision.facts import Sources
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.server.call import Call, Caller, Method
from clearway.server.rights import Rights, within_by
from clearway.server.sitting import Sitting, sit
from clearway.subjects.keys import SubjectKeys

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
KEYS = SubjectKeys(bytes(range(32)))
METHOD = Method("/clearway.v1.CheckService/CheckSubject", pb.CheckSubjectRequest, is_check=True)
CITIZEN_NUMBER = "11010519491231002X"
"""The standard's own example (GB 11643-1999)."""
CODE = "91350100M000100Y43"
"""A code that is nobody's (GB 32100-2015's own example)."""


class Context:
    """What the parts ask of a gRPC context."""

    def __init__(self, remaining: float | None = None, metadata: tuple[tuple[str, Any], ...] = ()) -> None:
        self.remaining = remaining
        self.metadata = metadata
        self.aborted: tuple[Any, ...] | None = None

    def time_remaining(self) -> float | None:
        return self.remaining

    def invocation_metadata(self) -> tuple[tuple[str, Any], ...]:
        return self.metadata

    async def abort(self, *given: Any) -> None:
        self.aborted = given
        raise Aborted


class Aborted(BaseException):
    """gRPC ends a handler by raising."""


def local_caller() -> Caller:
    """The one caller of a service on loopback: it may do everything."""
    rights = Rights(local_principal("DEMO-LICENSING"), within_by(catalogue(), lambda: NOON))
    return Caller("local", "DEMO-LICENSING", "110000", rights)


def a_call(raw: bytes = b"", context: Any = None, method: Method = METHOD) -> Call:
    """A call of the local caller."""
    call = Call(method, raw, cast("Any", context or Context()))
    call.caller = local_caller()
    call.grants = call.caller.rights.grants(method.name)
    return call


def a_request(scheme: str = "cn-uscc", value: str = CODE, name: str = "", **changes: Any) -> pb.CheckSubjectRequest:
    """A check by code; without one where `scheme` is empty."""
    fields: dict[str, Any] = {
        "item_code": "FOOD-OPERATION",
        "application_kind": pb.APPLICATION_KIND_NEW,
        "case_number": "CASE-1",
        "officer": "officer 7",
    }
    request = pb.CheckSubjectRequest(**(fields | changes))
    if scheme:
        request.subject.identifier.scheme = scheme
        request.subject.identifier.value = value
    request.subject.name = name
    return request


def a_snapshot(revision: int = 7, synced_at: float = NOON.timestamp(), **confirmations: date) -> Any:
    """What is asked of a snapshot besides looking up."""
    return SimpleNamespace(database_id="db", revision=revision, synced_at=synced_at, confirmations=confirmations)


def a_sitting(sources: Sources = ()) -> Sitting:
    """A look at a snapshot that is in step, at noon."""
    edition = pb.CatalogueEdition(id=catalogue().edition.edition, content_hash=catalogue().content_hash)
    return sit(a_snapshot(), NOON, NOON.date(), edition, sources)


@cache
def catalogue() -> Catalogue:
    """The demonstration edition."""
    return load_catalogue("cn-demo")
