"""容缺受理 after the answer, free of transport: commit, notice, supplement, extend, withdraw, lapse, read, list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, datetime

import msgspec

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import Text
from clearway.decision.deferral_notice import Heading, issued_notice
from clearway.decision.explain import Language
from clearway.decision.facts import Severity
from clearway.gen.v1 import deferral_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.index.reader import IndexReader
from clearway.querylog.reader import Log
from clearway.registry.cases import acts
from clearway.registry.cases import deferral as deferrals
from clearway.registry.cases.acts import LapseDeferral, Step, record_id_of
from clearway.registry.cases.deferral import Deferral
from clearway.registry.cases.errors import CaseIsClosed
from clearway.registry.cases.events import Committed, DeferralEvent, Lapsed, Words
from clearway.registry.cases.store import CaseFile, CaseRecord
from clearway.registry.registry import Registry
from clearway.server.call import Call, Methods
from clearway.server.checks import Clock
from clearway.server.deferral_messages import DeferralMessages, text
from clearway.server.errors import Refusal, Violation
from clearway.server.lookup import Lookup, RecordedKeys
from clearway.server.offers import Offer, commitment_on, offer_in, recorded_check, require_standing
from clearway.server.paging import page_size, page_token, parse_page_token
from clearway.server.registry_door import RegistryDoor
from clearway.server.revision import token_of
from clearway.server.sources import ScheduledSources

QUESTION = "overdue-deferrals"


class Overdue(msgspec.Struct, frozen=True, order=True, array_like=True):
    """Where a deferral stands in the list of those overdue: the longest overdue first."""

    since: date
    check_id: str


class Deferrals:
    """The deferrals of one worker's callers: each sees and acts on its own authority's."""

    def __init__(
        self,
        log: Log,
        registry: RegistryDoor,
        index: IndexReader,
        lookup: Lookup,
        catalogue: Catalogue,
        language: Language,
        clock: Clock,
        sources: ScheduledSources,
    ) -> None:
        self._log = log
        self._registry = registry
        self._index = index
        self._lookup = lookup
        self._sources = sources
        self._catalogue = catalogue
        self._language = language
        self._clock = clock
        self._sources = sources
        self._messages = DeferralMessages(catalogue.calendar)

    def methods(self) -> Methods:
        """What the service offers."""
        return (
            ("Commit", pb.CommitRequest, self.commit),
            ("IssueNotice", pb.IssueNoticeRequest, self.issue_notice),
            ("Supplement", pb.SupplementRequest, self.supplement),
            ("Extend", pb.ExtendRequest, self.extend),
            ("Withdraw", pb.WithdrawRequest, self.withdraw),
            ("Lapse", pb.LapseRequest, self.lapse),
            ("GetDeferral", pb.GetDeferralRequest, self.get),
            ("ListOverdueDeferrals", pb.ListOverdueDeferralsRequest, self.list_overdue),
        )

    async def commit(self, request: pb.CommitRequest, call: Call) -> bytes:
        """Record the commitment, on the day of the answer. Raises `Refusal` DEFERRAL_NOT_OFFERED."""
        offer, record = await self._case(request.check_id, call)
        if record.deferral(request.check_id).commitment is None:
            with self._index.snapshot() as snapshot:
                region = call.known_caller().region
                sources = self._sources.of(snapshot)
                require_standing(offer, self._catalogue, region, self._lookup, snapshot, self._clock(), sources)
        commitment = self._commitment(offer, record, request)
        deferral = await self._write(offer, call, lambda file: acts.commit(file, request.check_id, commitment))
        return pb.CommitResponse(deferral=self._message(deferral, False, call)).SerializeToString()

    async def issue_notice(self, request: pb.IssueNoticeRequest, call: Call) -> bytes:
        """Issue the notice, in both languages."""
        if not request.notice_number.isprintable():
            raise invalid("notice_number", "must be printable")
        offer, _ = await self._case(request.check_id, call)
        number = request.notice_number or request.check_id
        day = self._day(self._clock())
        calendar = self._catalogue.calendar

        def step(deferral: Deferral) -> tuple[DeferralEvent, ...]:
            written = self._notice(offer, deferral, number, day)
            return deferrals.issue_notice(deferral, request.officer, number, written, day, calendar)

        return pb.IssueNoticeResponse(deferral=await self._act(offer, call, step)).SerializeToString()

    async def supplement(self, request: pb.SupplementRequest, call: Call) -> bytes:
        """Record materials that arrived. Raises `NotPromised`."""
        offer, _ = await self._case(request.check_id, call)
        arrived = tuple(request.materials)
        done = await self._act(offer, call, lambda found: deferrals.supplement(found, request.officer, arrived))
        return pb.SupplementResponse(deferral=done).SerializeToString()

    async def extend(self, request: pb.ExtendRequest, call: Call) -> bytes:
        """Extend for force majeure."""
        require_words("reason", request.reason)
        deadline = day_in("deadline", request.deadline)
        offer, _ = await self._case(request.check_id, call)
        calendar = self._catalogue.calendar

        def step(deferral: Deferral) -> tuple[DeferralEvent, ...]:
            return deferrals.extend(deferral, request.officer, request.reason, deadline, calendar)

        return pb.ExtendResponse(deferral=await self._act(offer, call, step)).SerializeToString()

    async def withdraw(self, request: pb.WithdrawRequest, call: Call) -> bytes:
        """Record that the applicant withdrew."""
        offer, _ = await self._case(request.check_id, call)
        done = await self._act(
            offer, call, lambda deferral: deferrals.withdraw(deferral, request.officer, request.reason)
        )
        return pb.WithdrawResponse(deferral=done).SerializeToString()

    async def lapse(self, request: pb.LapseRequest, call: Call) -> bytes:
        """Return the file, deemed withdrawn, and enter the broken commitment of its subject."""
        require_words("reason", request.reason)
        offer, record = await self._case(request.check_id, call)
        moment = self._clock()
        if self._lapses(request, record, self._day(moment)):
            command = self._lapse(request, offer, call, self._day(moment))

            def do(registry: Registry) -> int:
                return registry.execute(command, actor=request.officer, moment=moment, note=request.reason)

            await self._registry.act(do)
        record = await self._registry.read(lambda registry: registry.cases.of_case(offer.case))
        deferral = record.deferral(request.check_id)
        if deferral.lapse is None:
            raise LookupError(request.check_id)
        database = await self._registry.read(lambda registry: registry.database_id())
        return pb.LapseResponse(
            deferral=self._message(deferral, record.closed, call),
            record_id=deferral.lapse.record_id,
            revision=token_of(database, deferral.lapse.revision),
        ).SerializeToString()

    async def get(self, request: pb.GetDeferralRequest, call: Call) -> bytes:
        """A deferral, or the offer of one."""
        offer, record = await self._case(request.check_id, call)
        return pb.GetDeferralResponse(deferral=self.standing(offer, record, call)).SerializeToString()

    def standing(self, offer: Offer, record: CaseRecord, call: Call) -> pb.Deferral:
        """The deferral of a check as it stands in its case, or the offer of one."""
        deferral = record.deferral(offer.record.check_id)
        if deferral.commitment is None:
            return self._messages.offered(offer)
        return self._message(deferral, record.closed, call)

    async def list_overdue(self, request: pb.ListOverdueDeferralsRequest, call: Call) -> bytes:
        """The authority's deferrals past their deadline, the longest overdue first."""
        after = parse_page_token(request.page_token, QUESTION, Overdue)
        authority = call.known_caller().authority
        found = await self._registry.read(lambda registry: registry.cases.open_deferrals(authority))
        day = self._day(self._clock())
        places = sorted(
            Overdue(since, check_id)
            for check_id, deferral in found.items()
            if (since := deferral.overdue_since(day, self._catalogue.calendar)) is not None
        )
        rest = [place for place in places if after is None or place > after]
        shown = rest[: page_size(request.page_size)]
        response = pb.ListOverdueDeferralsResponse(
            deferrals=[self._message(found[place.check_id], False, call) for place in shown],
            next_page_token=page_token(QUESTION, shown[-1]) if len(rest) > len(shown) else "",
        )
        return response.SerializeToString()

    async def _case(self, check_id: str, call: Call) -> tuple[Offer, CaseRecord]:
        """What the check offered, and its case. Raises `Refusal` CHECK_NOT_FOUND, DEFERRAL_NOT_OFFERED."""
        offer = offer_in(await asyncio.to_thread(recorded_check, self._log, check_id, call))
        return offer, await self._registry.read(lambda registry: registry.cases.of_case(offer.case))

    async def _act(self, offer: Offer, call: Call, step: Step) -> pb.Deferral:
        """Do one act; gives the deferral after it."""
        closed = False

        def act(file: CaseFile) -> Deferral:
            nonlocal closed
            closed = file.closed
            return acts.act(file, offer.record.check_id, step)

        return self._message(await self._write(offer, call, act), closed, call)

    async def _write(self, offer: Offer, call: Call, act: Callable[[CaseFile], Deferral]) -> Deferral:
        moment, actor = self._clock(), call.known_caller().principal

        def write(registry: Registry) -> Deferral:
            with registry.cases.acting(offer.case, actor=actor, moment=moment) as file:
                return act(file)

        return await self._registry.act(write)

    def _commitment(self, offer: Offer, record: CaseRecord, request: pb.CommitRequest) -> Committed:
        """The commitment asked for; where there is one already, that one as the request would have it."""
        known = record.deferral(request.check_id).commitment
        if known is None:
            return commitment_on(offer, self._catalogue, request)
        return msgspec.structs.replace(
            known, officer=request.officer, signatory=request.signatory, reference=request.commitment_reference
        )

    def _lapses(self, request: pb.LapseRequest, record: CaseRecord, day: date) -> bool:
        """Whether the lapse is to be recorded, and was not before. Raises what forbids it."""
        lapsed = Lapsed(request.officer, request.reason, record_id_of(request.check_id), 0)
        events = deferrals.lapse(record.deferral(request.check_id), lapsed, day, self._catalogue.calendar)
        if events and record.closed:
            raise CaseIsClosed
        return bool(events)

    def _lapse(self, request: pb.LapseRequest, offer: Offer, call: Call, day: date) -> LapseDeferral:
        return LapseDeferral(
            case=offer.case,
            check_id=request.check_id,
            officer=request.officer,
            reason=request.reason,
            day=day,
            calendar=self._catalogue.calendar,
            subject_id=self._subject(offer),
            severity=Severity(self._catalogue.edition.deferral.broken_commitment_severity),
            actor=call.known_caller().principal,
        )

    def _subject(self, offer: Offer) -> int:
        """Whom the check's identifier names now. Raises `Refusal` SUBJECT_NOT_FOUND, `IndexUnavailable`."""
        with self._index.snapshot() as snapshot:
            hit = self._lookup.hit_of(offer.request.subject, RecordedKeys.of(offer.record), snapshot)
        if hit is None:
            message = "no subject is recorded under this code"
            raise Refusal(ErrorReason.ERROR_REASON_SUBJECT_NOT_FOUND, message)
        return hit.profile.subject_id

    def _notice(self, offer: Offer, deferral: Deferral, number: str, day: date) -> Words:
        """The notice's text; empty before a commitment, which no state allows to be told of."""
        if deferral.commitment is None:
            return Words("", "")
        record = offer.record
        authority = self._catalogue.find_authority(record.authority)
        name = Text(en=record.authority, zh=record.authority) if authority is None else authority.name
        heading = Heading(number, record.case_number, name, day)
        item, consequence = text(deferral.commitment.item_name), text(deferral.commitment.consequence)
        due = self._messages.due(deferral)
        english, chinese = (
            issued_notice(heading, item, due, consequence, language) for language in (Language.EN, Language.ZH_CN)
        )
        return Words(english, chinese)

    def _message(self, deferral: Deferral, closed: bool, call: Call) -> pb.Deferral:
        day = self._day(self._clock())
        return self._messages.committed(deferral, closed, day, call.language(self._language))

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._catalogue.zone).date()


def day_in(field: str, written: str) -> date:
    """The day written in a field. Raises `Refusal` INVALID_REQUEST for one that no calendar has."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise invalid(field, "is no day of any calendar") from None


def require_words(field: str, words: str) -> None:
    """Refuse a reason of blanks. Raises `Refusal` INVALID_REQUEST."""
    if not words.strip():
        raise invalid(field, "must say something")


def invalid(field: str, description: str) -> Refusal:
    """A field that breaks a rule which the contract's annotations cannot state."""
    violations = [Violation(field, description)]
    return Refusal(ErrorReason.ERROR_REASON_INVALID_REQUEST, f"invalid: {field}", violations=violations)
