"""What auditors ask of the log: which past checks relied on a listing, so that harm can be undone."""

from __future__ import annotations

import asyncio

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language, say
from clearway.gen.v1 import audit_service_pb2 as pb
from clearway.gen.v1 import check_service_pb2, decision_pb2
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord
from clearway.server.call import Call, Methods
from clearway.server.paging import page_size, page_token, parse_page_token
from clearway.server.registry_door import RegistryDoor


class Audits:
    """Reads the log for auditors. An auditor sees every authority's checks."""

    def __init__(self, log: Log, door: RegistryDoor, catalogue: Catalogue, language: Language) -> None:
        self._log = log
        self._door = door
        self._catalogue = catalogue
        self._language = language

    def methods(self) -> Methods:
        """The service's methods, as `clearway.server.call.Methods` has them."""
        return (("ListAffectedChecks", pb.ListAffectedChecksRequest, self.list_affected_checks),)

    async def list_affected_checks(self, request: pb.ListAffectedChecksRequest, call: Call) -> bytes:
        """Every past check whose answer used a listing, the oldest first, page by page.

        A listing that no answer used, or that does not exist, has an empty list. Raises `Refusal` INVALID_CURSOR.
        """
        question = f"affected:{request.listing_id}"
        after = parse_page_token(request.page_token, question, str) or ""
        size = page_size(request.page_size)
        found = await asyncio.to_thread(self._log.relying_on, request.listing_id, after=after, limit=size + 1)
        records = [stored.record for stored in found]
        ids = [record.check_id for record in records[:size]]
        applied = await self._door.read(lambda registry: registry.cases.measures_applied(ids))
        language = call.language(self._language)
        response = pb.ListAffectedChecksResponse()
        for record in records[:size]:
            check = affected_check(record, request.listing_id)
            self._name_authority(check.authority, record, language)
            check.measures_applied.extend(applied.get(record.check_id, ()))
            response.checks.append(check)
        if len(records) > size:
            response.next_page_token = page_token(question, records[size - 1].check_id)
        if not after:
            response.erased_rows = await asyncio.to_thread(self._log.erased)
        return response.SerializeToString()

    def _name_authority(self, wire: decision_pb2.Authority, record: CheckRecord, language: Language) -> None:
        wire.code = record.authority
        known = self._catalogue.find_authority(record.authority)
        if known is not None:
            wire.name = say(known.name, language)


def affected_check(record: CheckRecord, listing_id: str) -> pb.AffectedCheck:
    """A recorded check, and how its answer used the listing."""
    decision = check_service_pb2.CheckSubjectResponse.FromString(record.response).decision
    check = pb.AffectedCheck(
        check_id=record.check_id,
        case_number=record.case_number,
        officer=record.officer,
        item_code=record.item_code,
        outcome=decision.outcome,
        reliance=reliance_on(decision, listing_id),
    )
    check.decided_at.FromDatetime(record.decided_at)
    return check


def reliance_on(decision: decision_pb2.Decision, listing_id: str) -> pb.Reliance.ValueType:
    """The weightiest use that an answer makes of a listing."""
    if any(reason.listing_id == listing_id for reason in decision.restrictions):
        return pb.RELIANCE_RESTRICTION
    if any(reason.listing_id == listing_id for reason in decision.incentives):
        return pb.RELIANCE_INCENTIVE
    return pb.RELIANCE_NOTICE
