"""A decision put on the wire, in the language asked for.

What the catalogue says of a measure never changes while an edition is loaded, so each reason starts as a copy of a
template made once; only the listing's own facts are filled in per answer.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from cachetools import LRUCache

from clearway.catalogue import model
from clearway.catalogue.catalogue import Catalogue
from clearway.decision.answer import Decision, Incentive, NoticeCode, Outcome, Restriction, Standing, Term
from clearway.decision.deferral_notice import deferral_notice
from clearway.decision.explain import Language, explain, last_day, notice_text, say
from clearway.decision.facts import CheckRequest, Listing
from clearway.gen.v1 import decision_pb2 as pb

OUTCOMES = {outcome: pb.Outcome.Value(f"OUTCOME_{outcome}") for outcome in Outcome}
NOTICES = {code: pb.NoticeCode.Value(f"NOTICE_CODE_{code}") for code in NoticeCode}
STANDINGS = {standing: pb.Standing.Value(f"STANDING_{standing}") for standing in Standing}
KINDS = {kind: pb.MeasureKind.Value(f"MEASURE_KIND_{kind.name}") for kind in model.MeasureKind}
FORCES = {force: pb.MeasureForce.Value(f"MEASURE_FORCE_{force.name}") for force in model.MeasureForce}
EFFECTS = {effect: pb.MeasureEffect.Value(f"MEASURE_EFFECT_{effect.name}") for effect in model.MeasureEffect}
RANKS = {rank: pb.BasisRank.Value(f"BASIS_RANK_{rank.name}") for rank in model.BasisRank}


MaterialsKey = tuple[str, frozenset[str], date | None]


class Translation:
    """Decisions of one catalogue edition, put on the wire in one language."""

    def __init__(self, catalogue: Catalogue, language: Language) -> None:
        self._catalogue = catalogue
        self._language = language
        self._restriction_template = lru_cache(maxsize=4096)(self._make_restriction_template)
        self._materials_templates: LRUCache[MaterialsKey, pb.Materials] = LRUCache(4096)
        self._incentive_template = lru_cache(maxsize=4096)(self._make_incentive_template)

    def fill(self, wire: pb.Decision, decision: Decision, question: CheckRequest, day: date) -> None:
        """Put the whole decision on `question` into an empty message; `day` is when it was made, in the zone."""
        wire.outcome = OUTCOMES[decision.outcome]
        wire.standing = STANDINGS[decision.standing]
        if decision.known_since is not None:
            wire.known_since = decision.known_since.isoformat()
        explanation = wire.explanation
        explanation.language = self._language.value
        explanation.text = explain(decision, self._language, day)
        for restriction in decision.restrictions:
            self._restriction(wire.restrictions.add(), restriction)
        for incentive in decision.incentives:
            self._incentive(wire.incentives.add(), incentive)
        for notice in decision.notices:
            wire.notices.add(
                code=NOTICES[notice.code],
                text=notice_text(notice, self._language),
                listing_id=notice.listing_id,
                regime=notice.regime,
                details=notice.details,
            )
        if decision.materials.missing_essential or decision.materials.deferrable:
            wire.materials.CopyFrom(self._materials_template(decision, question, day))
        if decision.expires_at is not None:
            wire.expires_at.seconds = int(decision.expires_at.timestamp())
            wire.expires_at.nanos = decision.expires_at.microsecond * 1000

    def _restriction(self, reason: pb.Reason, restriction: Restriction) -> None:
        reason.CopyFrom(self._restriction_template(restriction.measure.code, restriction.regime.code))
        self._fill(reason, restriction.listing, restriction.term, restriction.regime)

    def _incentive(self, reason: pb.Reason, incentive: Incentive) -> None:
        regime = incentive.regime
        reason.CopyFrom(self._incentive_template(incentive.incentive.code, regime.code if regime else ""))
        if regime is not None and incentive.listing is not None:
            self._fill(reason, incentive.listing, incentive.term, regime)
        elif incentive.term.starts is not None:
            setattr(reason.term, "from", incentive.term.starts.isoformat())

    def _fill(self, reason: pb.Reason, listing: Listing, term: Term, regime: model.Regime) -> None:
        reason.listing_id = listing.listing_id
        reason.document.number = listing.document_number
        reason.document.date = iso(listing.document_date)
        if listing.designating_authority:
            self._authority_named(reason.designating_authority, listing.designating_authority)
        setattr(reason.term, "from", iso(term.starts))
        if term.ends is not None:
            reason.term.until = last_day(term.ends).isoformat()
        if isinstance(regime.ends, model.EndsOnEvent):
            reason.term.confirmed_on = iso(term.confirmed_on)

    def _materials_template(self, decision: Decision, question: CheckRequest, day: date) -> pb.Materials:
        """What is missing depends on the item, on what was supplied and, with deadlines, on the day: made once each."""
        deferred = decision.outcome is Outcome.DEFERRED_ACCEPTANCE
        key = (question.item, question.supplied_materials, day if deferred else None)
        template = self._materials_templates.get(key)
        if template is None:
            template = self._materials_templates[key] = self._make_materials_template(decision, question.item)
        return template

    def _make_materials_template(self, decision: Decision, item_code: str) -> pb.Materials:
        wire, materials = pb.Materials(), decision.materials
        for missing in materials.missing_essential:
            wire.missing_essential.add(code=missing.code, name=say(missing.name, self._language))
        for deferred in materials.deferrable:
            wire.deferrable.add(
                code=deferred.material.code,
                name=say(deferred.material.name, self._language),
                deadline=iso(deferred.deadline),
                provisional=deferred.provisional,
                how=say(deferred.material.how, self._language),
            )
        item = self._catalogue.item(item_code)
        if decision.outcome is Outcome.DEFERRED_ACCEPTANCE and item is not None:
            wire.notice_text = deferral_notice(decision, item, self._catalogue, self._language)
            wire.commitment_required = True
        return wire

    def _make_restriction_template(self, measure_code: str, regime_code: str) -> pb.Reason:
        measure = next(m for m in self._catalogue.edition.measures if m.code == measure_code)
        reason = pb.Reason(
            code=pb.REASON_CODE_SERIOUS_LISTING,
            measure=measure.code,
            measure_name=say(measure.name, self._language),
            kind=KINDS[measure.kind],
            force=FORCES[measure.force],
            effect=EFFECTS[measure.effect],
            implementing_authority=self._authority(measure.implementing_authority),
            legal_basis=self._basis(measure.basis),
        )
        self._name_regime(reason, regime_code)
        return reason

    def _make_incentive_template(self, incentive_code: str, regime_code: str) -> pb.Reason:
        incentive = next(i for i in self._catalogue.edition.incentives if i.code == incentive_code)
        reason = pb.Reason(
            code=pb.REASON_CODE_TRUSTED_LISTING if regime_code else pb.REASON_CODE_CLEAN_RECORD,
            measure=incentive.code,
            measure_name=say(incentive.name, self._language),
            kind=pb.MEASURE_KIND_GREEN_CHANNEL,
            force=pb.MEASURE_FORCE_MANDATORY,
            effect=pb.MEASURE_EFFECT_INCENTIVE,
            implementing_authority=self._authority(incentive.implementing_authority),
            legal_basis=self._basis(incentive.basis),
        )
        if regime_code:
            self._name_regime(reason, regime_code)
        return reason

    def _name_regime(self, reason: pb.Reason, regime_code: str) -> None:
        regime = self._catalogue.regime(regime_code)
        if regime is None:
            raise LookupError(regime_code)
        reason.regime = regime.code
        reason.regime_name = say(regime.name, self._language)
        reason.designating_authority.CopyFrom(self._authority(regime.designating_authority))
        if isinstance(regime.ends, model.EndsOnEvent):
            reason.term.ends_on_event = say(regime.ends.event, self._language)
        if regime.objection is not None:
            reason.objection.CopyFrom(self._channel(regime.objection.channel))
        if regime.repair is not None:
            reason.repair.CopyFrom(self._channel(regime.repair))

    def _authority(self, code: str) -> pb.Authority:
        return pb.Authority(code=code, name=say(self._catalogue.authority(code).name, self._language))

    def _authority_named(self, wire: pb.Authority, given: str) -> None:
        """A listing's own designating authority: a catalogue code, or the name its source gives."""
        known = self._catalogue.find_authority(given)
        if known is not None:
            wire.CopyFrom(self._authority(given))
        else:
            wire.Clear()
            wire.name = given

    def _channel(self, channel: model.Channel) -> pb.Channel:
        return pb.Channel(
            authority=self._authority(channel.authority),
            how=say(channel.how, self._language),
            url=channel.url,
            phone=channel.phone,
        )

    def _basis(self, code: str) -> pb.LegalBasis:
        basis = self._catalogue.basis(code)
        return pb.LegalBasis(
            title=basis.title, article=basis.article, rank=RANKS[basis.rank], document_number=basis.document_number
        )


def iso(day: date | None) -> str:
    """ISO 8601 of a day; empty where there is none."""
    return "" if day is None else day.isoformat()
