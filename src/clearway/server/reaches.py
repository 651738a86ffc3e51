"""What a request reaches for: the licence item, region, regime and officer that a grant must extend to.

Where a request names a recorded check, a listing or a record, what it reaches for is known only once that is looked up;
a caller whose grants do not extend to it is told what they would be told if it did not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from google.protobuf.message import Message

from clearway.access.grants import NOTHING, Reach
from clearway.access.methods import Role, rule_of
from clearway.decision.facts import SubjectProfile
from clearway.gen.v1 import card_service_pb2 as card_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.gen.v1 import feed_service_pb2 as feed_pb
from clearway.gen.v1 import registry_service_pb2 as registry_pb
from clearway.gen.v1 import subject_pb2
from clearway.querylog.record import CheckRecord
from clearway.server.call import Call, Caller
from clearway.server.errors import Refusal
from clearway.subjects.schemes import uscc
from clearway.subjects.text import normalise_code

WHOLE = Reach(whole=True)


def of_check(request: pb.CheckSubjectRequest, caller: Caller) -> Reach:
    """A check: its item, its region (the caller's own where it names none) and its officer."""
    return Reach(item=request.item_code, region=request.region_code or caller.region, officer=request.officer)


def of_officer(request: Any, caller: Caller) -> Reach:
    """An act in a case: its officer; the case's item and region are the recorded check's."""
    return Reach(officer=request.officer)


def of_registrar(request: Any, caller: Caller) -> Reach:
    """An act on a fact: its registrar; the fact's regime and region are the record's."""
    return Reach(officer=request.act.registrar)


def of_registration(request: registry_pb.RegisterSubjectRequest, caller: Caller) -> Reach:
    """A registration: the regions of all the codes given."""
    regions = {region_of(code) for code in request.identifiers}
    return Reach(region=regions.pop() if len(regions) == 1 else "", officer=request.act.registrar)


def of_listing(request: registry_pb.EnterListingRequest, caller: Caller) -> Reach:
    """A new listing: its regime, and the region of its subject."""
    return Reach(regimes=(request.listing.regime,), region=region_of(request.identifier), officer=request.act.registrar)


def of_correction(request: registry_pb.CorrectListingRequest, caller: Caller) -> Reach:
    """A correction: the regime that it states; the one that stood before is the record's."""
    return Reach(regimes=(request.listing.regime,), officer=request.act.registrar)


def of_resolution(request: registry_pb.ResolveObjectionRequest, caller: Caller) -> Reach:
    """A resolution: the regime of the corrected statement, where there is one."""
    regimes = (request.corrected.regime,) if request.HasField("corrected") else ()
    return Reach(regimes=regimes, officer=request.act.registrar)


def of_adverse_record(request: registry_pb.RecordAdverseRequest, caller: Caller) -> Reach:
    """A new adverse record, and the region of its subject."""
    return Reach(adverse_records=True, region=region_of(request.identifier), officer=request.act.registrar)


def of_subject(request: registry_pb.GetSubjectRequest, caller: Caller) -> Reach:
    """A look at a subject: its region."""
    return Reach(region=region_of(request.identifier))


REACHES: dict[type[Message], Callable[[Any, Caller], Reach]] = {
    pb.CheckSubjectRequest: of_check,
    pb.ReportOutcomeRequest: of_officer,
    card_pb.GrantViewRequest: of_officer,
    deferral_pb.CommitRequest: of_officer,
    deferral_pb.IssueNoticeRequest: of_officer,
    deferral_pb.SupplementRequest: of_officer,
    deferral_pb.ExtendRequest: of_officer,
    deferral_pb.WithdrawRequest: of_officer,
    deferral_pb.LapseRequest: of_officer,
    registry_pb.RegisterSubjectRequest: of_registration,
    registry_pb.EnterListingRequest: of_listing,
    registry_pb.CorrectListingRequest: of_correction,
    registry_pb.ConfirmListingRequest: of_registrar,
    registry_pb.OpenObjectionRequest: of_registrar,
    registry_pb.ResolveObjectionRequest: of_resolution,
    registry_pb.RepairRequest: of_registrar,
    registry_pb.DelistRequest: of_registrar,
    registry_pb.RevokeInErrorRequest: of_registrar,
    registry_pb.LiftProvisionallyRequest: of_registrar,
    registry_pb.EndLiftingRequest: of_registrar,
    registry_pb.RecordAdverseRequest: of_adverse_record,
    registry_pb.GetSubjectRequest: of_subject,
    feed_pb.CorrectRowRequest: of_registrar,
    feed_pb.DismissRowRequest: of_registrar,
    feed_pb.ConfirmListRequest: of_registrar,
    feed_pb.DiscardListRequest: of_registrar,
}
"""Request → what it reaches for by itself. A test holds it to every request that names an officer or a registrar."""


def reach_in(call: Call) -> Reach:
    """What the call's request reaches for."""
    made = REACHES.get(type(call.message)) if call.message is not None else None
    if made is not None:
        return made(call.message, call.known_caller())
    return WHOLE if rule_of(call.method.name).whole else NOTHING


def region_of(identifier: subject_pb2.Identifier) -> str:
    """The region of registration that a code states; empty where its scheme states none."""
    return region_within(identifier.scheme, normalise_code(identifier.value))


def region_within(scheme: str, code: str) -> str:
    """As `region_of`, of a normalised code."""
    return code[2:8] if scheme == uscc.NAME else ""


def require_check(call: Call, request: pb.CheckSubjectRequest) -> None:
    """Hold one check of a batch to the caller's grants. Raises `Refusal` ACCESS_DENIED."""
    caller = call.known_caller()
    caller.rights.reaching(call.method.name, call.grants, of_check(request, caller))


def extends_to_check(call: Call, record: CheckRecord) -> bool:
    """Whether the caller may act on a recorded check; where not, the refusal is marked."""
    caller = call.known_caller()
    if record.authority != caller.authority:
        call.concealed = True
        return False
    region = pb.CheckSubjectRequest.FromString(record.request).region_code or caller.region
    return extends(call, replace(reach_in(call), item=record.item_code, region=region))


def extends_to_fact(call: Call, fact_id: str, profile: SubjectProfile) -> bool:
    """Whether the caller may act on a fact of this subject; where not, the refusal is marked."""
    asked = reach_in(call)
    regimes = tuple(listing.regime for listing in profile.listings if listing.listing_id == fact_id)
    region = region_within(profile.scheme, profile.code)
    reach = replace(asked, regimes=(*asked.regimes, *regimes), region=region, adverse_records=not regimes)
    return extends(call, reach)


def extends(call: Call, reach: Reach) -> bool:
    """Whether one of the call's grants reaches so far; where not, the refusal is marked."""
    caller = call.known_caller()
    try:
        call.acted_in = caller.rights.reaching(call.method.name, call.grants, reach)
    except Refusal:
        call.concealed = True
        return False
    return True


def may_see_check(call: Call, record: CheckRecord) -> bool:
    """Whether the caller may see a recorded check: as an auditor any, else those that it may act on."""
    if any(grant.role is Role.AUDITOR for grant in call.grants):
        own = record.authority == call.known_caller().authority and call.acted_in is not Role.AUDITOR
        call.acted_in = call.acted_in if own else Role.AUDITOR
        return True
    return extends_to_check(call, record)
