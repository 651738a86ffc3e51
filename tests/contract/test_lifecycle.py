"""The life of a listing through the wire: a registrar acts on one service, and the next check answers accordingly."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from clearway.gen.v1 import audit_service_pb2 as audit
from clearway.gen.v1 import check_service_pb2 as check_pb
from clearway.gen.v1 import decision_pb2, subject_pb2
from clearway.gen.v1 import registry_service_pb2 as pb
from clearway.gen.v1.audit_service_pb2_grpc import AuditServiceStub
from clearway.gen.v1.registry_service_pb2_grpc import RegistryServiceStub
from clearway.registry.synthetic import code_of
from tests.contract.loaded import a_check, notices, outcome, refusal_in, standing
from tests.node import RunningNode
from tests.unit.registry.making import CITIZEN

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node-2")]

PATIENCE = 10.0
ZONE = ZoneInfo("Asia/Shanghai")
SERIOUS, COURT = "SAMR-SERIOUS", "JUDGMENT-DEFAULTER"


def today() -> date:
    return datetime.now(ZONE).date()


class Registrar:
    """A registrar of one subject, who acts over the wire and has it checked."""

    _next = 74_000_000

    def __init__(self, node: RunningNode) -> None:
        self.node = node
        self.acts = RegistryServiceStub(node.channel())
        Registrar._next += 1
        self.number = Registrar._next
        self.listing_id = f"L-{self.number}"
        self.identifier = subject_pb2.Identifier(scheme="cn-uscc", value=code_of(self.number))
        self.revision = self.acts.RegisterSubject(
            pb.RegisterSubjectRequest(act=act(), identifiers=[self.identifier], name="虚构生命周期有限公司"),
            timeout=PATIENCE,
        ).recorded.revision

    def list(self, regime: str = SERIOUS, dated: date | None = None, **fields: Any) -> None:
        document = decision_pb2.Document(number="示决〔2026〕1号", date=str(dated or today() - timedelta(days=400)))
        statement = {"regime": regime, "document": document, **fields.pop("listing", {})}
        request = pb.EnterListingRequest(act=act(), identifier=self.identifier, listing_id=self.listing_id, **fields)
        request.listing.CopyFrom(pb.ListingStatement(**statement))
        self.revision = self.acts.EnterListing(request, timeout=PATIENCE).recorded.revision

    def do(self, method: str, **fields: Any) -> Any:
        """Do an act on the listing, by the method's name; gives the response."""
        request_type = getattr(pb, f"{method}Request")
        which = "fact_id" if "fact_id" in request_type.DESCRIPTOR.fields_by_name else "listing_id"
        request = request_type(**({"act": act(), which: self.listing_id} | fields))
        response = getattr(self.acts, method)(request, timeout=PATIENCE)
        self.revision = response.recorded.revision
        return response

    def check(self, **changes: Any) -> check_pb.CheckSubjectResponse:
        """A check that is at least as fresh as the last act."""
        fresh = check_pb.Consistency(at_least_as_fresh=self.revision)
        return self.node.checks().CheckSubject(a_check(self.number, consistency=fresh, **changes), timeout=PATIENCE)

    def recorded(self, **fields: Any) -> pb.GetSubjectResponse:
        return self.acts.GetSubject(pb.GetSubjectRequest(identifier=self.identifier, **fields), timeout=PATIENCE)

    def status(self, **fields: Any) -> str:
        (listing,) = self.recorded(**fields).listings
        return pb.FactStatus.Name(listing.status).removeprefix("FACT_STATUS_")


def act(**fields: Any) -> pb.Act:
    return pb.Act(**({"registrar": "registrar 3", "reason": "by the book"} | fields))


@pytest.fixture
def registrar(node: RunningNode) -> Registrar:
    return Registrar(node)


def eventually(holds: Callable[[], bool], within: float = PATIENCE) -> float:
    """How many seconds it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within, "did not come about in time"
        time.sleep(0.01)
    return time.monotonic() - began


def refused(call: Callable[[], object]) -> dict[str, Any]:
    with pytest.raises(grpc.RpcError) as error:
        call()
    return refusal_in(error.value)


@pytest.mark.parametrize("service", ["clearway.v1.RegistryService", "clearway.v1.AuditService"])
def test_the_services_say_that_they_are_there(node: RunningNode, service: str) -> None:
    health = health_pb2_grpc.HealthStub(node.channel())
    found = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE)
    assert found.status == health_pb2.HealthCheckResponse.SERVING
    asked = reflection_pb2.ServerReflectionRequest(file_containing_symbol=service)
    stub = reflection_pb2_grpc.ServerReflectionStub(node.channel())
    (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=PATIENCE)
    assert answer.file_descriptor_response.file_descriptor_proto


# What each act does to the next check


def test_an_entered_listing_restricts_the_next_check(registrar: Registrar) -> None:
    registrar.list()
    response = registrar.check()
    assert outcome(response) == "RESTRICTION"
    assert [reason.listing_id for reason in response.decision.restrictions] == [registrar.listing_id]


def test_an_objection_under_a_suspending_regime_stays_within_a_second(registrar: Registrar) -> None:
    registrar.list()
    assert outcome(registrar.check()) == "RESTRICTION"
    opened = registrar.do("OpenObjection", objection_id="O-1", grounds=pb.OBJECTION_GROUNDS_WRONG)
    # Plain checks, as a licensing system makes them that knows of no revision.
    took = eventually(lambda: outcome(registrar.node.checks().CheckSubject(a_check(registrar.number))) == "ORDINARY")
    assert took < 1.0
    (notice,) = registrar.check().decision.notices
    assert notice.code == decision_pb2.NOTICE_CODE_STAYED_UNDER_OBJECTION
    assert notice.details["due_on"] == opened.due_on
    assert opened.due_on in notice.text
    assert opened.stays_measures


def test_an_objection_under_an_annotating_regime_stays_nothing(registrar: Registrar) -> None:
    registrar.list(COURT, confirmed_on=str(today()))
    opened = registrar.do("OpenObjection", objection_id="O-1", grounds=pb.OBJECTION_GROUNDS_WRONG)
    assert (opened.stays_measures, opened.due_on) == (False, "")
    response = registrar.check()
    assert (outcome(response), notices(response)) == ("RESTRICTION", {"UNDER_OBJECTION"})


def test_a_rejected_objection_brings_the_measure_back(registrar: Registrar) -> None:
    registrar.list()
    registrar.do("OpenObjection", objection_id="O-1", grounds=pb.OBJECTION_GROUNDS_MISSING)
    registrar.do("ResolveObjection", objection_id="O-1", resolution=pb.OBJECTION_RESOLUTION_REJECTED)
    assert outcome(registrar.check()) == "RESTRICTION"


def test_an_upheld_objection_leaves_nothing_of_the_listing(registrar: Registrar) -> None:
    registrar.list()
    registrar.do("OpenObjection", objection_id="O-1", grounds=pb.OBJECTION_GROUNDS_WRONG)
    registrar.do("ResolveObjection", objection_id="O-1", resolution=pb.OBJECTION_RESOLUTION_UPHELD)
    response = registrar.check()
    assert (outcome(response), standing(response), notices(response)) == ("ORDINARY", "NOT_LISTED", set())
    long_ago = datetime.now(UTC) - timedelta(days=100)
    assert registrar.status(effective_at=long_ago) == "REVOKED"


def test_an_objection_may_end_with_a_correction_in_one_revision(registrar: Registrar) -> None:
    registrar.list()
    registrar.do("OpenObjection", objection_id="O-1", grounds=pb.OBJECTION_GROUNDS_WRONG)
    corrected = pb.ListingStatement(
        regime=SERIOUS, document=decision_pb2.Document(number="示更〔2026〕1号", date=str(today()))
    )
    registrar.do(
        "ResolveObjection", objection_id="O-1", resolution=pb.OBJECTION_RESOLUTION_CORRECTED, corrected=corrected
    )
    (reason,) = registrar.check().decision.restrictions
    assert reason.document.number == "示更〔2026〕1号"
    last, before = registrar.recorded().history[-1], registrar.recorded().history[-2]
    assert (last.kind, before.kind, last.revision == before.revision) == ("corrected", "objection_resolved", True)


def test_a_repair_lifts_and_hides(registrar: Registrar) -> None:
    registrar.list()
    registrar.do("Repair")
    response = registrar.check()
    assert (outcome(response), standing(response), notices(response)) == ("ORDINARY", "NOT_LISTED", set())
    assert not response.decision.HasField("expires_at")
    assert registrar.status() == "REPAIRED"


def test_a_repair_before_the_shortest_publicity_is_over_is_refused(registrar: Registrar) -> None:
    dated = today() - timedelta(days=100)
    registrar.list(dated=dated)
    refusal = refused(lambda: registrar.do("Repair"))
    assert (refusal["reason"], refusal["code"]) == ("REPAIR_TOO_EARLY", "FAILED_PRECONDITION")
    assert refusal["metadata"]["earliest"] == registrar.recorded().listings[0].publicity_min_end
    assert outcome(registrar.check()) == "RESTRICTION"
    registrar.do("RevokeInError")
    assert outcome(registrar.check()) == "ORDINARY"


def test_a_delisting_may_take_effect_later(registrar: Registrar) -> None:
    registrar.list()
    until = datetime.now(UTC) + timedelta(days=3)
    registrar.do("Delist", act=act(effective_at=until))
    response = registrar.check()
    assert (outcome(response), response.decision.expires_at.ToDatetime(UTC)) == ("RESTRICTION", until)
    assert registrar.status(effective_at=until) == "DELISTED"
    registrar.do("OpenObjection", objection_id="O-1", grounds=pb.OBJECTION_GROUNDS_WRONG)
    assert outcome(registrar.check()) == "ORDINARY"


def test_a_lifting_is_told_and_ends_with_its_day_or_before(registrar: Registrar) -> None:
    registrar.list()
    last = today() + timedelta(days=10)
    registrar.do("LiftProvisionally", lifting_id="U-1", until=str(last))
    response = registrar.check()
    (notice,) = response.decision.notices
    assert (outcome(response), standing(response)) == ("ORDINARY", "LISTED")
    assert notice.code == decision_pb2.NOTICE_CODE_LIFTED_PROVISIONALLY
    assert (notice.details["until"], str(last) in notice.text) == (str(last), True)
    ends = response.decision.expires_at.ToDatetime(UTC)
    assert ends.astimezone(ZONE).replace(tzinfo=None) == datetime.combine(last + timedelta(days=1), datetime.min.time())
    assert registrar.status(effective_at=ends) == "IN_FORCE"
    registrar.do("EndLifting", lifting_id="U-1")
    assert outcome(registrar.check()) == "RESTRICTION"


def test_an_expired_listing_has_ended_without_any_process_running(registrar: Registrar) -> None:
    # Nothing ends it: the answers differ by the moment of the question alone.
    tomorrow = today() + timedelta(days=1)
    registrar.list(listing={"until": str(today())})
    response = registrar.check()
    ends = datetime.combine(tomorrow, datetime.min.time(), ZONE)
    assert (outcome(response), response.decision.expires_at.ToDatetime(UTC)) == ("RESTRICTION", ends)
    history = [entry.kind for entry in registrar.recorded().history]
    assert (registrar.status(effective_at=ends), history) == ("EXPIRED", ["known", "listed"])
    registrar.do("CorrectListing", listing=statement(until=str(today() - timedelta(days=1))))
    response = registrar.check()
    assert (outcome(response), standing(response), notices(response)) == ("ORDINARY", "NOT_LISTED", set())


def statement(**fields: str) -> pb.ListingStatement:
    dated = str(today() - timedelta(days=400))
    return pb.ListingStatement(regime=SERIOUS, document=decision_pb2.Document(number="示更1号", date=dated), **fields)


@pytest.mark.parametrize(
    ("document", "lack"),
    [({"number": "示决1号"}, "document_date"), ({"date": "2026-01-31"}, "document_number"), ({}, "document_number")],
)
def test_a_listing_without_its_document_is_information_only(
    registrar: Registrar, document: dict[str, str], lack: str
) -> None:
    registrar.list(listing={"document": decision_pb2.Document(**document)})
    response = registrar.check()
    assert (outcome(response), notices(response)) == ("ORDINARY", {"INFORMATION_ONLY"})
    assert lack in response.decision.notices[0].details["missing"]
    (listing,) = registrar.recorded().listings
    assert listing.status == pb.FACT_STATUS_INFORMATION_ONLY
    assert lack in listing.lacks


def test_an_open_ended_listing_binds_while_it_is_confirmed(registrar: Registrar) -> None:
    registrar.list(COURT)
    assert notices(registrar.check()) == {"INFORMATION_ONLY"}
    registrar.do("ConfirmListing", confirmed_on=str(today()))
    assert outcome(registrar.check()) == "RESTRICTION"
    assert registrar.status(effective_at=datetime.now(UTC) + timedelta(days=40)) == "INFORMATION_ONLY"


def test_an_adverse_record_is_entered_and_repaired(registrar: Registrar) -> None:
    document = decision_pb2.Document(number="示罚〔2026〕1号", date=str(today() - timedelta(days=100)))
    request = pb.RecordAdverseRequest(
        act=act(),
        identifier=registrar.identifier,
        record_id=f"A-{registrar.number}",
        kind=pb.ADVERSE_KIND_PENALTY,
        severity=pb.SEVERITY_GENERAL,
        document=document,
    )
    registrar.acts.RecordAdverse(request, timeout=PATIENCE)
    (record,) = registrar.recorded().adverse_records
    assert (record.status, record.document) == (pb.FACT_STATUS_IN_FORCE, document)
    registrar.do("Repair", fact_id=record.record_id)
    (record,) = registrar.recorded().adverse_records
    assert record.status == pb.FACT_STATUS_REPAIRED


# Withdrawn as wrong: the checks that relied on it


def test_every_check_that_relied_on_a_revoked_listing_is_found(registrar: Registrar) -> None:
    registrar.list()
    relied = [registrar.check(case_number=f"CASE-{n}").check_id for n in range(5)]
    registrar.do("OpenObjection", objection_id="O-1", grounds=pb.OBJECTION_GROUNDS_WRONG)
    noted = registrar.check(case_number="CASE-NOTED").check_id
    registrar.do("RevokeInError")
    unconcerned = registrar.check(case_number="CASE-AFTER").check_id
    found = affected(registrar, page_size=2)
    assert [one.check_id for one in found] == [*relied, noted]
    assert unconcerned not in {one.check_id for one in found}
    assert [one.case_number for one in found] == [*(f"CASE-{n}" for n in range(5)), "CASE-NOTED"]
    assert {one.authority.code for one in found} == {"DEMO-LICENSING"}
    assert all(one.authority.name and one.officer == "officer 7" and one.item_code for one in found)
    assert [one.reliance for one in found] == [audit.RELIANCE_RESTRICTION] * 5 + [audit.RELIANCE_NOTICE]
    assert [one.outcome for one in found] == [decision_pb2.OUTCOME_RESTRICTION] * 5 + [decision_pb2.OUTCOME_ORDINARY]


def affected(registrar: Registrar, page_size: int) -> list[audit.AffectedCheck]:
    """All of them, page by page."""
    stub, token = AuditServiceStub(registrar.node.channel()), ""
    found: list[audit.AffectedCheck] = []
    while True:
        request = audit.ListAffectedChecksRequest(
            listing_id=registrar.listing_id, page_size=page_size, page_token=token
        )
        page = stub.ListAffectedChecks(request, timeout=PATIENCE)
        assert len(page.checks) <= page_size
        found += page.checks
        token = page.next_page_token
        if not token:
            return found


def test_an_incentive_that_rested_on_a_listing_is_found_as_such(registrar: Registrar) -> None:
    registrar.list("TAX-A", listing={"until": str(today() + timedelta(days=30))})
    assert outcome(registrar.check()) == "GREEN_CHANNEL"
    (one,) = affected(registrar, page_size=10)
    assert one.reliance == audit.RELIANCE_INCENTIVE


def test_a_page_token_of_another_listing_is_refused(registrar: Registrar) -> None:
    registrar.list()
    for _ in range(2):
        registrar.check()
    stub = AuditServiceStub(registrar.node.channel())
    first = stub.ListAffectedChecks(
        audit.ListAffectedChecksRequest(listing_id=registrar.listing_id, page_size=1), timeout=PATIENCE
    )
    for token in (first.next_page_token, "nonsense", "AAAA", "\u4e00"):
        request = audit.ListAffectedChecksRequest(listing_id="another", page_token=token)
        refusal = refused(lambda request=request: stub.ListAffectedChecks(request, timeout=PATIENCE))  # type: ignore[misc]
        assert refusal["reason"] == "INVALID_CURSOR"


# The record read back


def test_the_record_is_read_as_of_a_revision_and_as_recorded_at_a_moment(registrar: Registrar) -> None:
    known = registrar.revision
    registrar.list()
    listed, listed_at = registrar.revision, datetime.now(UTC)
    registrar.do("Repair")
    assert len(registrar.recorded(at_revision=known).listings) == 0
    assert registrar.status(at_revision=listed) == "IN_FORCE"
    assert registrar.status(recorded_at=listed_at) == "IN_FORCE"
    assert registrar.status() == "REPAIRED"
    assert [entry.kind for entry in registrar.recorded(at_revision=listed).history] == ["known", "listed"]
    assert registrar.recorded(at_revision=listed).revision == listed


def test_the_history_says_who_when_why_and_on_which_document(registrar: Registrar) -> None:
    document = decision_pb2.Document(number="示决〔2026〕2号", date="2026-02-03")
    before = datetime.now(UTC)
    registrar.list()
    registrar.do("Delist", act=act(document=document, reason="moved away\n迁出"))
    entry = registrar.recorded().history[-1]
    assert (entry.actor, entry.origin, entry.reason) == ("DEMO-LICENSING/registrar 3", "rpc", "moved away\n迁出")
    assert (entry.document, entry.kind, entry.fact_id) == (document, "delisted", registrar.listing_id)
    assert before <= entry.recorded_at.ToDatetime(UTC) <= datetime.now(UTC)


def test_an_objection_is_shown_with_its_clock(registrar: Registrar) -> None:
    registrar.list()
    opened = datetime.now(UTC) - timedelta(days=90)
    registrar.do(
        "OpenObjection", act=act(effective_at=opened), objection_id="O-1", grounds=pb.OBJECTION_GROUNDS_DUPLICATE
    )
    (objection,) = registrar.recorded().listings[0].objections
    assert (objection.grounds, objection.overdue) == (pb.OBJECTION_GROUNDS_DUPLICATE, True)
    assert objection.opened_at.ToDatetime(UTC) == opened
    assert registrar.check().decision.notices[0].details["overdue"] == "true"
    registrar.do("ResolveObjection", objection_id="O-1", resolution=pb.OBJECTION_RESOLUTION_WITHDRAWN)
    (objection,) = registrar.recorded().listings[0].objections
    assert (objection.resolution, objection.overdue) == (pb.OBJECTION_RESOLUTION_WITHDRAWN, False)


def test_a_fact_of_a_feed_names_its_file(node: RunningNode) -> None:
    stub = RegistryServiceStub(node.channel())
    identifier = subject_pb2.Identifier(scheme="cn-uscc", value=code_of(2))
    found = stub.GetSubject(pb.GetSubjectRequest(identifier=identifier), timeout=PATIENCE)
    sources = [*(f.provenance for f in found.listings), *(f.provenance for f in found.adverse_records)]
    assert sources
    for source in sources:
        assert (source.feed, source.file_name, len(source.file_sha256)) == ("flat-csv", "synthetic.csv", 64)


def test_a_natural_person_is_shown_masked_and_nameless(node: RunningNode) -> None:
    stub = RegistryServiceStub(node.channel())
    identifier = subject_pb2.Identifier(scheme="cn-ric", value=CITIZEN)
    registering = pb.RegisterSubjectRequest(act=act(), identifiers=[identifier], name="虚构某人")
    stub.RegisterSubject(registering, timeout=PATIENCE)
    found = stub.GetSubject(pb.GetSubjectRequest(identifier=identifier), timeout=PATIENCE)
    assert CITIZEN not in str(found)
    assert "某人" not in str(found)
    assert found.identifiers[0].value.count("*") >= 12


# What is refused


REFUSED: tuple[tuple[str, Callable[[Registrar], object], str], ...] = (
    ("a regime the catalogue lacks", lambda r: r.list("NO-SUCH-LIST"), "UNKNOWN_REGIME"),
    ("a day that no calendar has", lambda r: r.list(confirmed_on="2026-02-30"), "INVALID_ACT"),
    (
        "an end before the beginning",
        lambda r: r.list(listing={"from": "2026-03-02", "until": "2026-03-01"}),
        "INVALID_ACT",
    ),
    ("an end past the calendar", lambda r: r.list(listing={"until": "9999-12-31"}), "INVALID_ACT"),
    (
        "a document's date in other words",
        lambda r: r.list(listing={"document": decision_pb2.Document(number="1", date="last week")}),
        "INVALID_ACT",
    ),
    (
        "a document's number with control signs",
        lambda r: r.list(listing={"document": decision_pb2.Document(number="1\x1b[2J")}),
        "INVALID_ACT",
    ),
    ("a listing that is not there", lambda r: r.do("Delist", listing_id="nothing"), "FACT_NOT_FOUND"),
    ("a fact that is not there", lambda r: r.do("RevokeInError", fact_id="nothing"), "FACT_NOT_FOUND"),
    (
        "a moment beyond the years",
        lambda r: r.do("Delist", act=act(effective_at=datetime(9999, 1, 1, tzinfo=UTC))),
        "INVALID_ACT",
    ),
    (
        "a moment for an act that has its own dates",
        lambda r: r.do(
            "ConfirmListing", act=act(effective_at=datetime(2026, 1, 1, tzinfo=UTC)), confirmed_on="2026-01-01"
        ),
        "INVALID_ACT",
    ),
    ("a reason with control signs", lambda r: r.do("Delist", act=act(reason="\x1b[2J")), "INVALID_ACT"),
    ("nobody who acts", lambda r: r.do("Delist", act=act(registrar="")), "INVALID_REQUEST"),
    ("no act", lambda r: r.do("Delist", act=None), "INVALID_REQUEST"),
    (
        "an objection without grounds",
        lambda r: r.do("OpenObjection", objection_id="O-1"),
        "INVALID_REQUEST",
    ),
    (
        "an objection that is not there",
        lambda r: r.do("ResolveObjection", objection_id="O", resolution=pb.OBJECTION_RESOLUTION_REJECTED),
        "FACT_NOT_FOUND",
    ),
    ("a lifting that is not there", lambda r: r.do("EndLifting", lifting_id="U"), "FACT_NOT_FOUND"),
    ("a lifting that is over", lambda r: r.do("LiftProvisionally", lifting_id="U", until="2020-01-01"), "INVALID_ACT"),
    ("a moment no zone has", lambda r: r.recorded(effective_at=datetime(1, 1, 1, tzinfo=UTC)), "INVALID_REQUEST"),
    ("a revision of nobody", lambda r: r.recorded(at_revision="yesterday"), "INVALID_REVISION"),
    ("a revision of another database", lambda r: r.recorded(at_revision=f"r1.{'0' * 32}.1"), "FOREIGN_REVISION"),
    (
        "a revision of before a restore",
        lambda r: r.recorded(at_revision=r.revision.rpartition(".")[0] + ".999999999"),
        "FOREIGN_REVISION",
    ),
)


@pytest.mark.parametrize(("what", "do", "reason"), REFUSED, ids=[what for what, _, _ in REFUSED])
def test_what_cannot_be_is_refused_and_leaves_nothing(
    registrar: Registrar, what: str, do: Callable[[Registrar], object], reason: str
) -> None:
    registrar.list()
    before = len(registrar.recorded().history)
    assert refused(lambda: do(registrar))["reason"] == reason
    assert len(registrar.recorded().history) == before


def test_an_act_twice_is_refused(registrar: Registrar) -> None:
    registrar.list()
    assert refused(registrar.list)["reason"] == "FACT_EXISTS"
    registrar.do("OpenObjection", objection_id="O-1", grounds=pb.OBJECTION_GROUNDS_WRONG)
    again = refused(lambda: registrar.do("OpenObjection", objection_id="O-1", grounds=pb.OBJECTION_GROUNDS_WRONG))
    assert (again["reason"], again["metadata"]["fault"]) == ("FACT_EXISTS", "objection_exists")
    registrar.do("Delist")
    assert refused(lambda: registrar.do("Delist"))["reason"] == "ALREADY_ENDED"


def test_nobody_is_read_as_nobody(node: RunningNode) -> None:
    stub = RegistryServiceStub(node.channel())
    identifier = subject_pb2.Identifier(scheme="cn-uscc", value=code_of(79_999_999))
    refusal = refused(lambda: stub.GetSubject(pb.GetSubjectRequest(identifier=identifier), timeout=PATIENCE))
    assert refusal["reason"] == "SUBJECT_NOT_FOUND"
    identifier.value = "not a code"
    refusal = refused(lambda: stub.GetSubject(pb.GetSubjectRequest(identifier=identifier), timeout=PATIENCE))
    assert (refusal["reason"], refusal["violations"][0]["field"]) == ("INVALID_IDENTIFIER", "identifier.value")


def test_acts_at_once_are_done_one_after_the_other(registrar: Registrar) -> None:
    registrar.list()
    begun = [
        registrar.acts.OpenObjection.future(
            pb.OpenObjectionRequest(
                act=act(), listing_id=registrar.listing_id, objection_id=name, grounds=pb.OBJECTION_GROUNDS_WRONG
            ),
            timeout=PATIENCE,
        )
        for name in (uuid4().hex for _ in range(20))
    ]
    revisions = {pending.result().recorded.revision for pending in begun}
    assert len(revisions) == 20
    assert len(registrar.recorded().listings[0].objections) == 20
