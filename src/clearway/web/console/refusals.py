"""What a worker refused with, as a visitor is told it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import grpc
from google.rpc import error_details_pb2

from clearway.decision.explain import Language, say
from clearway.server.errors import Refusal, status_of
from clearway.web.console.codes import FAULTS_OF_FIELDS, LABELS_OF_FIELDS, REFUSALS, REST
from clearway.web.console.words import REASONS, ROW_REASONS, word
from clearway.web.json.connect import HTTP_STATUS, code_of, status_in

ERASED = "CHECK_ERASED"
"""The refusal whose words say by what, and when."""


@dataclass(frozen=True, slots=True)
class Told:
    """A refusal: its reason's name, the words for it, the fields to blame, and the HTTP status that fits.

    `parts` are what varies with it: of a row that is still wrong its fault and column. `details` are the service's own
    sentences about the fields.
    """

    reason: str
    words: str
    fields: tuple[str, ...]
    http: int
    parts: Mapping[str, str]
    details: tuple[str, ...] = ()


def told_of(fault: grpc.aio.AioRpcError | Refusal, language: Language) -> Told:
    """A refusal in words."""
    status = status_of(fault) if isinstance(fault, Refusal) else status_in(fault)
    reason, fields, parts = "", list[str](), dict[str, str]()
    details: list[str] = []
    for detail in status.details:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason, parts = info.reason, dict(info.metadata)
        elif detail.Unpack(bad):
            fields += [field_words(violation, language) for violation in bad.field_violations]
            details += [violation.description for violation in bad.field_violations]
    words = refusal_words(reason, status.message, language)
    if reason == ERASED:
        words = words.format(because=parts.get("because", "?"), erased_on=parts.get("erased_on", "?"))
    return Told(reason, words, tuple(fields), HTTP_STATUS[code_of(status)], parts, tuple(details))


def refusal_words(reason: str, message: str, language: Language) -> str:
    """A reason in words: ours, else the service's own, which are English."""
    if reason in REASONS:
        return say(REASONS[reason], language)
    return say(REFUSALS[reason], language) if reason in REFUSALS and language is not Language.EN else message


def field_words(violation: error_details_pb2.BadRequest.FieldViolation, language: Language) -> str:
    """What is wrong with a field: in the service's own words, or in a language that it has none in."""
    if language is Language.EN:
        return f"{violation.field}: {violation.description}"
    last = violation.field.rpartition(".")[2]
    label = word(LABELS_OF_FIELDS[last], language) if last in LABELS_OF_FIELDS else last
    code = f"identifier_{violation.reason}"
    known = ROW_REASONS.get(code) or FAULTS_OF_FIELDS.get(violation.reason) or FAULTS_OF_FIELDS.get(last) or REST
    return f"{label}：{say(known, language)}"


def told_of_act(fault: grpc.aio.AioRpcError, language: Language) -> Told:
    """Why an act was not done, to be told where it was asked for. Raises again where the visitor is not known."""
    if fault.code() is grpc.StatusCode.UNAUTHENTICATED:
        raise fault
    return told_of(fault, language)


def told_of_input(fault: grpc.aio.AioRpcError, language: Language) -> Told:
    """What is wrong with what a visitor entered. Raises any other refusal again."""
    if fault.code() is not grpc.StatusCode.INVALID_ARGUMENT:
        raise fault
    return told_of(fault, language)
