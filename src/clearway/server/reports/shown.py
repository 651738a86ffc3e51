"""What a record alone says of a check: as workers show it, and as whoever verifies makes it anew from proven bytes."""

from __future__ import annotations

from typing import Any

import msgspec
from google.rpc import status_pb2

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import check_service_pb2
from clearway.querylog.record import CheckRecord, decode_record
from clearway.server.recording import facts_in
from clearway.server.reports.summaries import summary_of


def shown_of(record: CheckRecord, catalogue: Catalogue, language: Language) -> pb.ShowCheckResponse:
    """The check as its record has it; nothing of what happened afterwards."""
    response = pb.ShowCheckResponse(
        check=summary_of(record, catalogue, language),
        request=check_service_pb2.CheckSubjectRequest.FromString(record.request),
        revision=record.revision,
        catalogue_edition=check_service_pb2.CatalogueEdition(id=record.edition, content_hash=record.edition_hash),
        worker=record.worker,
        elapsed_us=record.elapsed_us,
    )
    if record.answered:
        response.response.ParseFromString(record.response)
        response.facts = facts_as_json(record)
    else:
        response.error.CopyFrom(status_pb2.Status.FromString(record.response))
    return response


def shown_in(raw: bytes, catalogue: Catalogue, language: Language) -> pb.ShowCheckResponse:
    """The same, from a record's bytes. Raises `UnreadableRecord`."""
    return shown_of(decode_record(raw), catalogue, language)


def facts_as_json(record: CheckRecord) -> str:
    """The facts behind an answer, with their names; empty where they are not of this version's shape."""
    try:
        facts = facts_in(record)
    except msgspec.DecodeError:
        return ""
    return msgspec.json.encode(with_names(facts)).decode()


def with_names(value: Any) -> Any:
    """Structs as objects, with their type where it tells one kind of evidence from another."""
    match value:
        case msgspec.Struct():
            fields = {name: with_names(field) for name, field in msgspec.structs.asdict(value).items()}
            return {"kind": type(value).__name__} | fields if value.__struct_config__.tag else fields
        case dict():
            return {str(key): with_names(found) for key, found in value.items()}
        case list() | tuple() | frozenset():
            return [with_names(found) for found in value]
        case _:
            return value
