"""What a card shows, made of the contract's messages: every word chosen, every day written, nothing left to decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

from clearway.decision.answer import Outcome
from clearway.decision.explain import OUTCOMES, Language, say
from clearway.gen.v1 import card_service_pb2 as card_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.server.watching.comparing import differences
from clearway.web.card import words

OPEN = (
    deferral_pb.DEFERRAL_STATE_COMMITTED,
    deferral_pb.DEFERRAL_STATE_NOTICE_ISSUED,
    deferral_pb.DEFERRAL_STATE_EXTENDED,
)
"""States in which materials are awaited."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what stands beside it."""

    label: str
    value: str

    @property
    def chinese(self) -> bool:
        """Whether the value is Chinese, whatever the card's language is: a screen reader must know."""
        return any("\u4e00" <= letter <= "\u9fff" for letter in self.value)


@dataclass(frozen=True, slots=True)
class Remedy:
    """How to object, or to repair."""

    label: str
    authority: str
    how: str
    phone: str
    url: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a form, and its words."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class ReasonView:
    """One restriction or incentive."""

    measure: str
    listing_id: str
    name: str
    force: str
    mandatory: bool
    facts: tuple[Fact, ...]
    remedies: tuple[Remedy, ...]
    results: tuple[Choice, ...]
    reported: str


@dataclass(frozen=True, slots=True)
class MaterialView:
    """A material that is missing, may follow, or has arrived."""

    code: str
    name: str
    deadline: str
    provisional: bool
    how: str
    arrived: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """What the answer would be now."""

    change_id: str
    before: str
    outcome: str
    after: str
    why: str
    noticed: str
    turned_back: bool
    """The answer is again what it was."""


@dataclass(frozen=True, slots=True)
class DeferralView:
    """Deferred acceptance, as it stands."""

    state: str
    offered: bool
    to_issue: bool
    awaited: bool
    overdue: bool
    issued: bool
    commitment: str
    materials: tuple[MaterialView, ...]


@dataclass(frozen=True, slots=True)
class CardView:
    """One card, in one language."""

    language: str
    check_id: str
    outcome: str
    title: str
    next: str
    explanation: str
    purpose: tuple[Fact, ...]
    restrictions: tuple[ReasonView, ...]
    incentives: tuple[ReasonView, ...]
    notices: tuple[str, ...]
    missing: tuple[MaterialView, ...]
    deferrable: tuple[MaterialView, ...]
    lacking: tuple[MaterialView, ...]
    notice_text: str
    deferral: DeferralView | None
    change: ChangeView | None
    departure_reasons: tuple[Choice, ...]
    case_results: tuple[Choice, ...]
    closed: str
    officer: str
    footer: tuple[Fact, ...]

    @property
    def reasons(self) -> tuple[ReasonView, ...]:
        """Restrictions and incentives, in the order in which the outcome form asks of them."""
        return self.restrictions + self.incentives


def card_view(card: card_pb.GetCardResponse) -> CardView:
    """The view of an answered check's card."""
    return Drawing(card).card()


class Drawing:
    """Draws one card in the language of its answer."""

    def __init__(self, card: card_pb.GetCardResponse) -> None:
        self._card = card
        self._response = card.check.response
        self._decision = card.check.response.decision
        self._language = Language(self._decision.explanation.language or Language.EN)
        self._zone = ZoneInfo(card.time_zone)

    def card(self) -> CardView:
        """The whole card."""
        decision, materials = self._decision, self._decision.materials
        outcome = outcome_of(decision)
        due = [material for material in materials.deferrable if material.deadline]
        closed = self._card.report.case_result
        return CardView(
            language=self._language.value,
            check_id=self._response.check_id,
            outcome=outcome.value.lower().replace("_", "-"),
            title=say(OUTCOMES[outcome], self._language),
            next=say(words.NEXT[outcome], self._language),
            explanation=decision.explanation.text,
            purpose=self._purpose(),
            restrictions=tuple(map(self._reason, decision.restrictions)),
            incentives=tuple(map(self._reason, decision.incentives)),
            notices=tuple(notice.text for notice in decision.notices),
            missing=tuple(MaterialView(m.code, m.name, "", False, "", "") for m in materials.missing_essential),
            deferrable=tuple(map(offered_material, due)),
            lacking=tuple(map(offered_material, [m for m in materials.deferrable if not m.deadline])),
            notice_text=materials.notice_text,
            deferral=self._deferral() if self._card.HasField("deferral") else None,
            change=self._change() if self._card.HasField("change") else None,
            departure_reasons=self._choices(words.REASONS, tuple(words.REASONS), pb.DepartureReason),
            case_results=self._choices(words.CASE_RESULTS, tuple(words.CASE_RESULTS), pb.CaseResult),
            closed=say(words.CASE_RESULTS[closed], self._language) if closed else "",
            officer=self._card.officer,
            footer=self._footer(),
        )

    def _say(self, label: str) -> str:
        return say(words.LABELS[label], self._language)

    def _moment(self, moment: Timestamp) -> str:
        return f"{moment.ToDatetime(UTC).astimezone(self._zone):%Y-%m-%d %H:%M}"

    def _purpose(self) -> tuple[Fact, ...]:
        request = self._card.check.request
        identifier = request.subject.identifier.value
        subject = " · ".join(filter(None, (request.subject.name, identifier)))
        rows = {
            "subject": subject,
            "item": self._card.item_name,
            "case": request.case_number,
            "officer": self._card.officer,
        }
        return self._facts(rows)

    def _facts(self, rows: dict[str, str]) -> tuple[Fact, ...]:
        return tuple(Fact(self._say(label), value) for label, value in rows.items() if value)

    def _reason(self, reason: decision_pb2.Reason) -> ReasonView:
        incentive = reason.effect == decision_pb2.MEASURE_EFFECT_INCENTIVE
        mandatory = not incentive and reason.force == decision_pb2.MEASURE_FORCE_MANDATORY
        force = "incentive" if incentive else "mandatory" if mandatory else "recommended"
        rows = {
            "basis": self._basis(reason.legal_basis),
            "list": reason.regime_name,
            "document": " · ".join(filter(None, (reason.document.number, reason.document.date))),
            "designated": reason.designating_authority.name,
            "implemented": reason.implementing_authority.name,
            "term": self._term(reason.term),
        }
        remedies = (("objection", reason.objection), ("repair", reason.repair))
        results = words.OF_INCENTIVES if incentive else words.OF_RESTRICTIONS
        return ReasonView(
            measure=reason.measure,
            listing_id=reason.listing_id,
            name=reason.measure_name,
            force=self._say(force),
            mandatory=mandatory,
            facts=self._facts(rows),
            remedies=tuple(self._remedy(label, channel) for label, channel in remedies if channel.how),
            results=self._choices(words.RESULTS, results, pb.MeasureResult),
            reported=self._reported(reason),
        )

    def _basis(self, basis: decision_pb2.LegalBasis) -> str:
        rank = say(words.RANKS[basis.rank], self._language) if basis.rank in words.RANKS else ""
        named = " ".join(filter(None, (basis.title, basis.article)))
        return " · ".join(filter(None, (named, basis.document_number, rank)))

    def _term(self, term: decision_pb2.Term) -> str:
        start = getattr(term, "from") or "…"
        if term.until:
            return f"{start} – {term.until}"
        if term.ends_on_event:
            confirmed = f" ({self._say('confirmed')} {term.confirmed_on})" if term.confirmed_on else ""
            return f"{start} – {term.ends_on_event}{confirmed}"
        return f"{start} –"

    def _remedy(self, label: str, channel: decision_pb2.Channel) -> Remedy:
        # What a source gives as an address may be anything: only the web's own are made links.
        url = channel.url if channel.url.startswith(("https://", "http://")) else ""
        return Remedy(self._say(label), channel.authority.name, channel.how, channel.phone, url)

    def _reported(self, reason: decision_pb2.Reason) -> str:
        for told in self._card.report.measures:
            if (told.measure, told.listing_id) == (reason.measure, reason.listing_id):
                why = say(words.REASONS[told.reason], self._language) if told.reason in words.REASONS else ""
                result = say(words.RESULTS[told.result], self._language)
                return " · ".join(filter(None, (result, why, told.reason_text)))
        return ""

    def _choices(self, texts: object, values: tuple[int, ...], enum: object) -> tuple[Choice, ...]:
        return tuple(
            Choice(enum.Name(value), say(texts[value], self._language))  # type: ignore[attr-defined,index]
            for value in values
        )

    def _deferral(self) -> DeferralView:
        deferral = self._card.deferral
        running = deferral.state in OPEN and not self._card.report.case_result
        return DeferralView(
            state=say(words.STATES[deferral.state], self._language),
            offered=deferral.state == deferral_pb.DEFERRAL_STATE_OFFERED and not self._card.report.case_result,
            to_issue=running and not deferral.HasField("notice"),
            awaited=running,
            overdue=deferral.overdue,
            issued=deferral.HasField("notice"),
            commitment=" · ".join(filter(None, (deferral.signatory, deferral.commitment_reference))),
            materials=tuple(map(self._promised, deferral.materials)),
        )

    def _promised(self, material: deferral_pb.PromisedMaterial) -> MaterialView:
        arrived = self._moment(material.supplied_at) if material.HasField("supplied_at") else ""
        return MaterialView(
            material.code, material.name, material.deadline, material.provisional, material.how, arrived
        )

    def _change(self) -> ChangeView:
        change = self._card.change
        before, after = outcome_of(self._decision), outcome_of(change.after)
        return ChangeView(
            change_id=change.change_id,
            before=say(OUTCOMES[before], self._language),
            outcome=after.value.lower().replace("_", "-"),
            after=say(OUTCOMES[after], self._language),
            why=change.after.explanation.text,
            noticed=self._moment(change.noticed_at),
            turned_back=not differences(self._decision, change.after),
        )

    def _footer(self) -> tuple[Fact, ...]:
        response, edition = self._response, self._response.catalogue_edition
        rows = {
            "decided": self._moment(response.decided_at),
            "holds": self._moment(self._decision.expires_at) if self._decision.HasField("expires_at") else "",
            "edition": f"{edition.id} · {edition.content_hash[:12]}",
            "check_id": response.check_id,
            "view_ends": self._moment(self._card.view_expires_at) if self._card.HasField("view_expires_at") else "",
        }
        return self._facts(rows)


def outcome_of(decision: decision_pb2.Decision) -> Outcome:
    """The outcome of an answer."""
    return Outcome(decision_pb2.Outcome.Name(decision.outcome).removeprefix("OUTCOME_"))


def offered_material(material: decision_pb2.DeferrableMaterial) -> MaterialView:
    """A deferrable material as the answer names it."""
    return MaterialView(material.code, material.name, material.deadline, material.provisional, material.how, "")
