"""Reading a recorded check back, as it was asked and answered."""

from __future__ import annotations

import asyncio

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language, say
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord
from clearway.server.call import About, Call
from clearway.server.embedding import embedded
from clearway.server.errors import Refusal
from clearway.server.reaches import may_see_check
from clearway.transparency.entries import ErasureEntry


def never_recorded() -> Refusal:
    """Nothing has this id, or nothing that the caller may see."""
    return Refusal(ErrorReason.ERROR_REASON_CHECK_NOT_FOUND, "no recorded check has this id")


def absence_of(log: Log, check_id: str) -> Refusal:
    """Why there is no row of this id: it was erased, as the published tree says to everybody, or it never was."""
    erasure = log.erasure(check_id)
    return never_recorded() if erasure is None else erased_by(erasure)


def erased_by(erasure: ErasureEntry) -> Refusal:
    """The row was erased, as the published tree says to everybody."""
    about = {
        "erasure": erasure.erasure_id,
        "erased_on": f"{erasure.erased_at:%Y-%m-%d}",
        "because": erasure.because,
    }
    return Refusal(ErrorReason.ERROR_REASON_CHECK_ERASED, "the check was recorded, and has been erased", about)


class RecordedChecks:
    """Reads checks from the log: shipped or still in a journal."""

    def __init__(self, log: Log, catalogue: Catalogue, language: Language) -> None:
        self._log = log
        self._catalogue = catalogue
        self._language = language

    async def get(self, request: pb.GetCheckRequest, call: Call) -> bytes:
        """The serialized record. Raises `Refusal` CHECK_ERASED; CHECK_NOT_FOUND, also where it may not be seen."""
        stored = await asyncio.to_thread(self._log.get, request.check_id)
        if stored is None:
            raise await asyncio.to_thread(absence_of, self._log, request.check_id)
        if not may_see_check(call, stored.record):
            raise never_recorded()
        record = stored.record
        call.about = About(record.scheme, record.subject, record.subject_key, record.key_id)
        return self.message(stored.record, call.language(self._language))

    def message(self, record: CheckRecord, language: Language) -> bytes:
        """A serialized record, its answer byte for byte as it was given."""
        rest = self._without_answer(record, language).SerializeToString()
        return rest + embedded(pb.GetCheckResponse, answer_field(record), record.response)

    def _without_answer(self, record: CheckRecord, language: Language) -> pb.GetCheckResponse:
        message = pb.GetCheckResponse(request=pb.CheckSubjectRequest.FromString(record.request))
        message.authority.code = record.authority
        known = self._catalogue.find_authority(record.authority)
        if known is not None:
            message.authority.name = say(known.name, language)
        message.recorded_at.FromDatetime(record.decided_at)
        return message


def answer_field(record: CheckRecord) -> str:
    """Where the recorded answer or refusal stands in a `GetCheckResponse`."""
    return "response" if record.answered else "error"
