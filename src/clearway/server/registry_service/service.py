"""The methods of RegistryService. Each reads the request, lets the registry act or answer, and says what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import Message

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language
from clearway.decision.facts import Objection
from clearway.decision.publicity import Publicity
from clearway.decision.terms import Instant, objection_stays, review_ends
from clearway.gen.v1 import registry_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.registry import commands
from clearway.registry.commands.desk import FIRST_YEAR, LAST_YEAR
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.events import ListingFacts
from clearway.registry.history import RecordedSubject
from clearway.registry.registry import RPC_ORIGIN, Registry
from clearway.server.call import Call
from clearway.server.checks import Clock
from clearway.server.errors import Refusal, Violation
from clearway.server.lookup import about_of
from clearway.server.reaches import extends_to_fact
from clearway.server.registry_door import RegistryDoor
from clearway.server.registry_service.acts import (
    ADVERSE_KINDS,
    GROUNDS,
    RESOLUTIONS,
    SEVERITIES,
    ActParts,
    act_by_its_own_dates,
    act_of,
    day_of,
    document_of,
    end_of_day,
    identifier_of,
    required_day,
    statement_of,
)
from clearway.server.registry_service.subjects import SubjectAsRecorded
from clearway.server.revision import parse_token, require_same_database, token_of
from clearway.subjects.identifiers import parse_identifier
from clearway.subjects.keys import SubjectKeys

SERVICE = pb.DESCRIPTOR.services_by_name["RegistryService"].full_name


NOTHING_HAS = "-/nothing"
"""No fact has this id: the contract's ids begin with a letter or digit."""


class RegistryService:
    """The acts of registrars, and what is recorded of a subject. Raises `Refusal` and the errors of the table."""

    def __init__(
        self, door: RegistryDoor, catalogue: Catalogue, language: Language, clock: Clock, keys: SubjectKeys
    ) -> None:
        self._door = door
        self._catalogue = catalogue
        self._publicity = Publicity(catalogue)
        self._language = language
        self._clock = clock
        self._keys = keys

    def methods(self) -> tuple[tuple[str, type[Any], Any], ...]:
        """The service's methods, as `clearway.server.worker.Methods` has them."""
        return (
            ("RegisterSubject", pb.RegisterSubjectRequest, self.register),
            ("EnterListing", pb.EnterListingRequest, self.enter),
            ("CorrectListing", pb.CorrectListingRequest, self.correct),
            ("ConfirmListing", pb.ConfirmListingRequest, self.confirm),
            ("OpenObjection", pb.OpenObjectionRequest, self.open_objection),
            ("ResolveObjection", pb.ResolveObjectionRequest, self.resolve_objection),
            ("Repair", pb.RepairRequest, self.repair),
            ("Delist", pb.DelistRequest, self.delist),
            ("RevokeInError", pb.RevokeInErrorRequest, self.revoke),
            ("LiftProvisionally", pb.LiftProvisionallyRequest, self.lift),
            ("EndLifting", pb.EndLiftingRequest, self.end_lifting),
            ("RecordAdverse", pb.RecordAdverseRequest, self.record_adverse),
            ("GetSubject", pb.GetSubjectRequest, self.get_subject),
        )

    async def register(self, request: pb.RegisterSubjectRequest, call: Call) -> bytes:
        """Make a subject known, or describe it anew."""
        act = act_by_its_own_dates(request.act, call.known_caller())
        first, *others = (identifier_of(code, f"identifiers[{n}]") for n, code in enumerate(request.identifiers))
        command = commands.RegisterSubject(
            *first, request.name, tuple(request.other_names), tuple(others), day_of(request.known_since, "known_since")
        )
        return raw(pb.RegisterSubjectResponse(recorded=await self._do(act, command)))

    async def enter(self, request: pb.EnterListingRequest, call: Call) -> bytes:
        """列入: put a registered subject on a list."""
        act = act_by_its_own_dates(request.act, call.known_caller())
        scheme, code = identifier_of(request.identifier, "identifier")
        stated = self._statement(request.listing, "listing")
        command = commands.ListSubject(
            scheme,
            code,
            request.listing_id,
            stated.regime,
            stated.document_number,
            stated.document_date,
            stated.designating_authority,
            stated.effective_from,
            stated.expires_on,
            day_of(request.confirmed_on, "confirmed_on"),
        )
        return raw(pb.EnterListingResponse(recorded=await self._do(act, command)))

    async def correct(self, request: pb.CorrectListingRequest, call: Call) -> bytes:
        """更正: restate a listing whole."""
        act = act_by_its_own_dates(request.act, call.known_caller())
        stated = self._statement(request.listing, "listing")
        fact_id = await self._reachable(call, request.listing_id)
        command = commands.CorrectListing(
            fact_id,
            stated.regime,
            stated.document_number,
            stated.document_date,
            stated.designating_authority,
            stated.effective_from,
            stated.expires_on,
        )
        return raw(pb.CorrectListingResponse(recorded=await self._do(act, command)))

    async def confirm(self, request: pb.ConfirmListingRequest, call: Call) -> bytes:
        """Note that the source confirmed a listing."""
        act = act_by_its_own_dates(request.act, call.known_caller())
        fact_id = await self._reachable(call, request.listing_id)
        command = commands.Confirm(fact_id, required_day(request.confirmed_on, "confirmed_on"))
        return raw(pb.ConfirmListingResponse(recorded=await self._do(act, command)))

    async def open_objection(self, request: pb.OpenObjectionRequest, call: Call) -> bytes:
        """异议: open an objection; says what it does to the measures, and by when it is to be resolved."""
        act = act_of(request.act, call.known_caller())
        grounds = GROUNDS[request.grounds]
        fact_id = await self._reachable(call, request.listing_id)
        command = commands.OpenObjection(fact_id, request.objection_id, grounds, act.effective_at)
        response = pb.OpenObjectionResponse(recorded=await self._do(act, command), stays_measures=True)
        await self._tell_course(response, request)
        return raw(response)

    async def resolve_objection(self, request: pb.ResolveObjectionRequest, call: Call) -> bytes:
        """Resolve an objection."""
        act = act_of(request.act, call.known_caller())
        fact_id = await self._reachable(call, request.listing_id)
        command = commands.ResolveObjection(
            fact_id,
            request.objection_id,
            RESOLUTIONS[request.resolution],
            act.effective_at,
            self._statement(request.corrected, "corrected") if request.HasField("corrected") else None,
        )
        return raw(pb.ResolveObjectionResponse(recorded=await self._do(act, command)))

    async def repair(self, request: pb.RepairRequest, call: Call) -> bytes:
        """信用修复: repair a listing or adverse record, not before its shortest publicity is over."""
        act = act_of(request.act, call.known_caller())
        fact_id = await self._reachable(call, request.fact_id)
        command = commands.Repair(fact_id, act.effective_at, self._publicity.first_repair)
        return raw(pb.RepairResponse(recorded=await self._do(act, command)))

    async def delist(self, request: pb.DelistRequest, call: Call) -> bytes:
        """移出: end a listing."""
        act = act_of(request.act, call.known_caller())
        fact_id = await self._reachable(call, request.listing_id)
        command = commands.Delist(fact_id, act.effective_at)
        return raw(pb.DelistResponse(recorded=await self._do(act, command)))

    async def revoke(self, request: pb.RevokeInErrorRequest, call: Call) -> bytes:
        """撤销: take back what was wrong from its beginning."""
        act = act_of(request.act, call.known_caller())
        fact_id = await self._reachable(call, request.fact_id)
        command = commands.RevokeInError(fact_id, act.effective_at)
        return raw(pb.RevokeInErrorResponse(recorded=await self._do(act, command)))

    async def lift(self, request: pb.LiftProvisionallyRequest, call: Call) -> bytes:
        """Lift a listing's measures for a time."""
        act = act_of(request.act, call.known_caller())
        until = end_of_day(request.until, self._catalogue.zone, "until")
        fact_id = await self._reachable(call, request.listing_id)
        command = commands.LiftProvisionally(fact_id, request.lifting_id, until, act.effective_at)
        return raw(pb.LiftProvisionallyResponse(recorded=await self._do(act, command)))

    async def end_lifting(self, request: pb.EndLiftingRequest, call: Call) -> bytes:
        """End a provisional lifting before its day."""
        act = act_of(request.act, call.known_caller())
        fact_id = await self._reachable(call, request.listing_id)
        command = commands.EndLifting(fact_id, request.lifting_id, act.effective_at)
        return raw(pb.EndLiftingResponse(recorded=await self._do(act, command)))

    async def record_adverse(self, request: pb.RecordAdverseRequest, call: Call) -> bytes:
        """不良信用记录: enter an adverse record."""
        act = act_by_its_own_dates(request.act, call.known_caller())
        scheme, code = identifier_of(request.identifier, "identifier")
        command = commands.RecordAdverse(
            scheme,
            code,
            request.record_id,
            ADVERSE_KINDS[request.kind],
            SEVERITIES[request.severity],
            document_of(request.document, "document").number,
            required_day(request.document.date, "document.date"),
        )
        return raw(pb.RecordAdverseResponse(recorded=await self._do(act, command)))

    async def get_subject(self, request: pb.GetSubjectRequest, call: Call) -> bytes:
        """What is recorded of one subject, as of a state of the record and at a moment."""
        scheme, code = identifier_of(request.identifier, "identifier")
        given = request.effective_at if request.HasField("effective_at") else None
        now = Instant.at(self._clock() if given is None else seen_at(given, "effective_at"), self._catalogue.zone)

        def look_up(registry: Registry) -> tuple[RecordedSubject | None, str]:
            return self._recorded(registry, request, scheme, code), registry.database_id()

        call.about = about_of(parse_identifier(scheme, code), self._keys)
        recorded, database_id = await self._door.read(look_up)
        if recorded is None:
            raise RegistryError(RegistryReason.UNKNOWN_SUBJECT, "no subject is recorded under this code")
        language = call.language(self._language)
        return raw(SubjectAsRecorded(recorded, database_id, self._catalogue, now, language).response())

    def _recorded(
        self, registry: Registry, request: pb.GetSubjectRequest, scheme: str, code: str
    ) -> RecordedSubject | None:
        match request.WhichOneof("recorded"):
            case "at_revision":
                wanted = parse_token(request.at_revision, "at_revision")
                require_same_database(wanted, registry.database_id())
                if wanted.number > registry.head():
                    message = "the revision token is from before a restore of this database"
                    raise Refusal(ErrorReason.ERROR_REASON_FOREIGN_REVISION, message)
                return registry.record(scheme, code, wanted.number)
            case "recorded_at":
                return registry.record(scheme, code, recorded_at=seen_at(request.recorded_at, "recorded_at"))
            case _:
                return registry.record(scheme, code)

    async def _do(self, act: ActParts, command: commands.Command) -> pb.RecordedAct:
        """Record an act; gives the revision and the moment."""
        moment = self._clock()

        def execute(registry: Registry) -> tuple[str, int]:
            revision = registry.execute(
                command, actor=act.actor, moment=moment, note=act.note, document=act.document, origin=RPC_ORIGIN
            )
            return registry.database_id(), revision

        recorded = pb.RecordedAct(revision=token_of(*await self._door.act(execute)))
        recorded.recorded_at.FromDatetime(moment)
        return recorded

    async def _tell_course(self, response: pb.OpenObjectionResponse, request: pb.OpenObjectionRequest) -> None:
        """What an objection just opened does, and by when it is to be resolved, by the rules of its regime."""
        profile = await self._door.read(lambda registry: registry.profile_of_fact(request.listing_id))
        listing = (
            next(known for known in profile.listings if known.listing_id == request.listing_id) if profile else None
        )
        regime = None if listing is None else self._catalogue.regime(listing.regime)
        if listing is None or regime is None:
            return
        response.stays_measures = objection_stays(regime)
        now = Instant.at(response.recorded.recorded_at.ToDatetime(UTC), self._catalogue.zone)
        due = review_ends(
            objection_named(listing.objections, request.objection_id), regime, self._catalogue.calendar, now
        )
        if due is not None:
            response.due_on = due.day.isoformat()
            response.due_provisional = due.provisional

    async def _reachable(self, call: Call, fact_id: str) -> str:
        """The id of a fact that the caller's grants extend to; of any other, an id that nothing has.

        With that one the registry refuses whatever the act is exactly as it would if the fact did not exist, so that a
        caller learns nothing of facts that are not theirs to know.
        """
        if all(grant.regimes is None and grant.regions is None for grant in call.grants):
            return fact_id
        profile = await self._door.read(lambda registry: registry.profile_of_fact(fact_id))
        return fact_id if profile is None or extends_to_fact(call, fact_id, profile) else NOTHING_HAS

    def _statement(self, statement: pb.ListingStatement, field: str) -> ListingFacts:
        """What a listing is to state, under a regime that the catalogue has. Raises `Refusal` UNKNOWN_REGIME."""
        stated = statement_of(statement, field)
        if self._catalogue.regime(stated.regime) is None:
            message = "the catalogue has no such regime"
            violations = [Violation(f"{field}.regime", message)]
            raise Refusal(ErrorReason.ERROR_REASON_UNKNOWN_REGIME, message, violations=violations)
        return stated


def objection_named(objections: tuple[Objection, ...], objection_id: str) -> Objection:
    """The objection of that id."""
    return next(objection for objection in objections if objection.objection_id == objection_id)


def seen_at(timestamp: Any, field: str) -> datetime:
    """The moment for which a subject is looked at. Raises `Refusal` for one that no zone's calendar has."""
    try:
        moment: datetime = timestamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        moment = datetime.max.replace(tzinfo=UTC)
    if FIRST_YEAR <= moment.year <= LAST_YEAR:
        return moment
    message = f"must be a moment of the years {FIRST_YEAR} to {LAST_YEAR}"
    violations = [Violation(field, message)]
    raise Refusal(ErrorReason.ERROR_REASON_INVALID_REQUEST, f"invalid: {field}", violations=violations)


def raw(response: Message) -> bytes:
    """A response as it travels."""
    return response.SerializeToString()
