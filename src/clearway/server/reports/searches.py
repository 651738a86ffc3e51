"""The log searched: page by page, the newest first, at a bounded cost."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import check_service_pb2, decision_pb2
from clearway.querylog.check_ids import moment_of
from clearway.querylog.filter import Filter
from clearway.querylog.reader import Log
from clearway.server.call import About, Call, Methods
from clearway.server.moments import moment_in
from clearway.server.paging import page_size, page_token, parse_page_token
from clearway.server.reports.subject_keys import about_subject, named
from clearway.server.reports.summaries import summary_of
from clearway.subjects.keys import SubjectKeys


class Searches:
    """Finds checks for auditors, who see every authority's."""

    def __init__(self, log: Log, catalogue: Catalogue, keys: SubjectKeys, language: Language) -> None:
        self._log = log
        self._catalogue = catalogue
        self._keys = keys
        self._language = language

    def methods(self) -> Methods:
        """What is offered of the audit service."""
        return (
            ("SearchChecks", pb.SearchChecksRequest, self.search),
            ("ReportSubjectAccess", pb.ReportSubjectAccessRequest, self.subject_access),
        )

    async def search(self, request: pb.SearchChecksRequest, call: Call) -> bytes:
        """One page of the checks wanted. Raises `Refusal` INVALID_CURSOR, INVALID_REQUEST; `InvalidIdentifier`."""
        keys: tuple[bytes, ...] = ()
        if request.filter.HasField("subject"):
            call.about, keys = about_subject(request.filter.subject, self._keys)
        wanted = filter_of(request.filter, call.about)
        # The token must not tell the subject: it holds a digest of the question, which has the subject's key.
        question = f"search:{wanted!r}"
        before = parse_page_token(request.page_token, question, str)
        limit = page_size(request.page_size)
        page = await asyncio.to_thread(self._log.search, *under_each(wanted, keys), limit=limit, before=before)
        language = call.language(self._language)
        response = pb.SearchChecksResponse(
            checks=[summary_of(stored.record, self._catalogue, language) for stored in page.checks]
        )
        if page.reached is not None:
            response.next_page_token = page_token(question, page.reached)
            response.searched_back_to.FromDatetime(moment_of(page.reached))
        if before is None:
            response.erased_rows = await asyncio.to_thread(self._log.erased, wanted.since, wanted.until)
        return response.SerializeToString()

    async def subject_access(self, request: pb.ReportSubjectAccessRequest, call: Call) -> bytes:
        """One page of the checks about a subject, with what was answered, word for word.

        Raises `InvalidIdentifier` for a code that names nobody for certain, `Refusal` INVALID_CURSOR.
        """
        subject, keys = named(request.identifier, self._keys)
        call.about = subject
        question = f"subject:{subject.key.hex()}"
        before = parse_page_token(request.page_token, question, str)
        wanted = under_each(Filter(), keys)
        limit = page_size(request.page_size)
        page = await asyncio.to_thread(self._log.search, *wanted, limit=limit, before=before)
        language = call.language(self._language)
        response = pb.ReportSubjectAccessResponse(subject=subject.shown)
        for stored in page.checks:
            record = stored.record
            asked = check_service_pb2.CheckSubjectRequest.FromString(record.request)
            entry = response.entries.add(
                check=summary_of(record, self._catalogue, language), application_kind=asked.application_kind
            )
            if record.answered:
                response_kept = check_service_pb2.CheckSubjectResponse.FromString(record.response)
                entry.decision.CopyFrom(response_kept.decision)
        if page.reached is not None:
            response.next_page_token = page_token(question, page.reached)
        if before is None:
            response.erased_rows = await asyncio.to_thread(self._log.erased)
        return response.SerializeToString()


def under_each(wanted: Filter, keys: tuple[bytes, ...]) -> tuple[Filter, ...]:
    """The same checks, of the subject of these keys, one filter a key; as they are where no subject is asked for."""
    return tuple(replace(wanted, subject_key=key) for key in keys) or (wanted,)


def filter_of(asked: pb.CheckFilter, about: About) -> Filter:
    """Which checks are asked for, `about` a subject if given. Raises `Refusal` INVALID_REQUEST."""
    return Filter(
        subject_key=about.key or None,
        case_number=asked.case_number or None,
        authority=asked.authority or None,
        officer=asked.officer or None,
        caller=asked.caller or None,
        item_code=asked.item_code or None,
        outcome=decision_pb2.Outcome.Name(asked.outcome) if asked.outcome else None,
        standing=decision_pb2.Standing.Name(asked.standing) if asked.standing else None,
        error_reason=f"ERROR_REASON_{asked.refused_reason}" if asked.refused_reason else None,
        since=moment_in(asked.since, "filter.since") if asked.HasField("since") else None,
        until=moment_in(asked.until, "filter.until") if asked.HasField("until") else None,
    )
