"""What a worker refused with, as a visitor is told it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import grpc
from google.rpc import error_details_pb2

from clearway.decision.explain import Language, say
from clearway.server.errors import Refusal, status_of
from clearway.web.console.words import REASONS
from clearway.web.json.connect import HTTP_STATUS, code_of, status_in

ERASED = "CHECK_ERASED"
"""The refusal whose words say by what, and when."""


@dataclass(frozen=True, slots=True)
class Told:
    """A refusal: its reason's name, the words for it, the fields to blame, and the HTTP status that fits.

    `parts` are what varies with it: of a row that is still wrong its fault and column.
    """

    reason: str
    words: str
    fields: tuple[str, ...]
    http: int
    parts: Mapping[str, str]


def told_of(fault: grpc.aio.AioRpcError | Refusal, language: Language) -> Told:
    """A refusal in words."""
    status = status_of(fault) if isinstance(fault, Refusal) else status_in(fault)
    reason, fields, parts = "", list[str](), dict[str, str]()
    for detail in status.details:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason, parts = info.reason, dict(info.metadata)
        elif detail.Unpack(bad):
            fields += [f"{violation.field}: {violation.description}" for violation in bad.field_violations]
    words = say(REASONS[reason], language) if reason in REASONS else status.message
    if reason == ERASED:
        words = words.format(because=parts.get("because", "?"), erased_on=parts.get("erased_on", "?"))
    return Told(reason, words, tuple(fields), HTTP_STATUS[code_of(status)], parts)


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
