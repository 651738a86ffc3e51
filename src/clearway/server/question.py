"""A request as the decision takes it: its item, region and materials held to the catalogue."""

from __future__ import annotations

from datetime import date

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import ApplicationKind, LicenceItem
from clearway.decision.decide import UnknownItem
from clearway.decision.facts import CheckRequest
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.call import Caller
from clearway.server.errors import Refusal, Violation
from clearway.server.lookup import Applicant

KINDS = {
    pb.APPLICATION_KIND_NEW: ApplicationKind.NEW,
    pb.APPLICATION_KIND_RENEWAL: ApplicationKind.RENEWAL,
    pb.APPLICATION_KIND_CHANGE: ApplicationKind.CHANGE,
}


def item_of(request: pb.CheckSubjectRequest, catalogue: Catalogue) -> LicenceItem:
    """The licence item asked about. Raises `UnknownItem`."""
    item = catalogue.item(request.item_code)
    if item is None:
        raise UnknownItem(request.item_code)
    return item


def question_of(
    request: pb.CheckSubjectRequest,
    item: LicenceItem,
    applicant: Applicant,
    caller: Caller,
    catalogue: Catalogue,
    day: date,
) -> CheckRequest:
    """The request as the decision takes it. Raises `Refusal` for a region or material the catalogue lacks."""
    region = request.region_code or caller.region
    if request.region_code and not catalogue.has_region(request.region_code, day):
        message = "no such region"
        violations = [Violation("region_code", message)]
        raise Refusal(ErrorReason.ERROR_REASON_UNKNOWN_REGION, message, violations=violations)
    # A slice is a list at once; a repeated field gives its elements one by one, at twice the cost.
    supplied = frozenset(request.supplied_materials[:])
    unknown = supplied - catalogue.materials(item.code)
    if unknown:
        message = "the licence item has no such material"
        places = [n for n, code in enumerate(request.supplied_materials) if code in unknown]
        violations = [Violation(f"supplied_materials[{n}]", message) for n in places]
        raise Refusal(ErrorReason.ERROR_REASON_UNKNOWN_MATERIAL, message, violations=violations)
    return CheckRequest(
        item=item.code,
        application_kind=KINDS[request.application_kind],
        authority=caller.authority,
        region=region,
        supplied_materials=supplied,
        name=applicant.name,
    )
