"""A second decider, to hold the first one to: slow, plain, and written from the rules alone.

It walks every listing and every measure of the edition for every question, computes nothing ahead, and shares only
the data types with `clearway.decision`. Its answer is what matters of a decision, in sets and counts.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from clearway.catalogue import model
from clearway.catalogue.catalogue import Catalogue
from clearway.decision import facts
from clearway.decision.answer import Decision
from clearway.subjects.text import normalise_name

CLOCKED = ("STAYED_UNDER_OBJECTION", "UNDER_OBJECTION", "LIFTED_PROVISIONALLY")


@dataclass
class Answer:
    """What matters of a decision. Pairs are (measure or incentive, listing); notices are (code, listing).

    `clocks` has the details of the notices that say until when: of objections and of liftings.
    """

    outcome: str
    standing: str
    restrictions: set[tuple[str, str]] = field(default_factory=set)
    incentives: set[tuple[str, str]] = field(default_factory=set)
    notices: Counter[tuple[str, str]] = field(default_factory=Counter)
    clocks: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    deferrable: dict[str, date | None] = field(default_factory=dict)


def answer_of(decision: Decision) -> Answer:
    """A decision, reduced to what the reference computes."""
    return Answer(
        decision.outcome,
        decision.standing,
        {(r.measure.code, r.listing.listing_id) for r in decision.restrictions},
        {(i.incentive.code, i.listing.listing_id if i.listing else "") for i in decision.incentives},
        Counter((notice.code.value, notice.listing_id) for notice in decision.notices),
        {
            (notice.code.value, notice.listing_id): dict(notice.details)
            for notice in decision.notices
            if notice.code.value in CLOCKED
        },
        {material.code for material in decision.materials.missing_essential},
        {deferred.material.code: deferred.deadline for deferred in decision.materials.deferrable},
    )


def plus(day: date, length: model.Duration) -> date:
    """`day` moved by a calendar length; where the month is too short, its last day. The last day there is, at most."""
    year, month = divmod(day.year * 12 + day.month - 1 + length.years * 12 + length.months, 12)
    if year > date.max.year:
        return date.max
    moved = date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
    return moved + timedelta(days=min(length.days, (date.max - moved).days))


class Reference:
    """The rules, read literally, for one catalogue and one moment."""

    def __init__(
        self,
        catalogue: Catalogue,
        moment: datetime,
        confirmations: facts.Confirmations,
        sources: facts.Sources = (),
    ) -> None:
        self.catalogue, self.edition = catalogue, catalogue.edition
        self.moment, self.day = moment, moment.astimezone(catalogue.zone).date()
        self.confirmations = confirmations
        self.overdue = [source for source in sources if moment >= source.overdue_at]

    def regime(self, code: str) -> model.Regime | None:
        return next((regime for regime in self.edition.regimes if regime.code == code), None)

    def over(self, listing: facts.Listing) -> bool:
        """Wrong from the start, not begun, ended, expired, or publicised too long: neither applied nor shown."""
        if listing.annulled:
            return True
        if listing.ended_at is not None and listing.ended_at <= self.moment:
            return True
        if listing.effective_from is not None and self.day < listing.effective_from:
            return True
        ends = [listing.expires_on]
        regime, dated = self.regime(listing.regime), listing.document_date
        if regime is not None and dated is not None:
            if isinstance(regime.ends, model.EndsOnDate) and listing.expires_on is None and regime.ends.term:
                ends.append(plus(dated, regime.ends.term))
            if regime.max_publicity:
                ends.append(plus(dated, regime.max_publicity))
        return any(end is not None and end <= self.day for end in ends)

    def complete(self, listing: facts.Listing, regime: model.Regime) -> bool:
        """Whether it has all that something may follow from: document, end or fresh confirmation, remedies."""
        if not listing.document_number or listing.document_date is None:
            return False
        if any(source.feed == listing.feed for source in self.overdue):
            return False
        if isinstance(regime.ends, model.EndsOnDate):
            # Where display stops by itself, the measure is lifted with it: that is an end too.
            if listing.expires_on is None and regime.ends.term is None and regime.max_publicity is None:
                return False
        else:
            said = [listing.confirmed_on, self.confirmations.get(listing.feed) if listing.feed else None]
            days = [(self.day - day).days for day in said if day is not None]
            if not days or min(days) > regime.ends.confirm_within:
                return False
        return regime.kind is model.ListKind.TRUSTED or (regime.objection is not None and regime.repair is not None)

    def in_force(self, profile: facts.SubjectProfile) -> Iterator[tuple[facts.Listing, model.Regime | None]]:
        for listing in profile.listings:
            if not self.over(listing):
                yield listing, self.regime(listing.regime)

    def open_objections(self, listing: facts.Listing) -> list[facts.Objection]:
        return [
            objection
            for objection in listing.objections
            if objection.opened_at <= self.moment
            and (objection.resolved_at is None or self.moment < objection.resolved_at)
        ]

    def clock(self, listing: facts.Listing, regime: model.Regime) -> dict[str, str]:
        """What is told of the oldest open objection where it must be resolved in time."""
        if regime.objection is None or regime.objection.review_within is None:
            return {}
        oldest = min(self.open_objections(listing), key=lambda objection: objection.opened_at)
        opened = oldest.opened_at.astimezone(self.catalogue.zone).date()
        due = self.catalogue.calendar.add(opened, regime.objection.review_within)
        told = {"objection_id": oldest.objection_id, "opened_on": str(opened), "due_on": str(due.day)}
        told |= {"provisional": "true"} if due.provisional else {}
        return told | ({"overdue": "true"} if due.day < self.day else {})

    def lifted_to(self, listing: facts.Listing) -> date | None:
        """The last day on which the measures are lifted, where they are lifted now."""
        ends = [lifting.ends_at for lifting in listing.liftings if lifting.begins_at <= self.moment < lifting.ends_at]
        last = [(end - timedelta(microseconds=1)).astimezone(self.catalogue.zone).date() for end in ends]
        return max(last, default=None)

    def valid(self, rule: model.Measure | model.Incentive, request: facts.CheckRequest) -> bool:
        """Whether a measure or incentive of the edition holds here and now for this item."""
        return (
            rule.valid_from <= self.day
            and (rule.valid_to is None or self.day < rule.valid_to)
            and ("*" in rule.items or request.item in rule.items)
            and (not rule.regions or any(self.lies_in(request.region, region) for region in rule.regions))
        )

    def lies_in(self, region: str, other: str) -> bool:
        regions = self.catalogue.regions
        return region == other if regions is None else bool(region) and regions.within(region, other, self.day)

    def usable_records(self, profile: facts.SubjectProfile) -> Iterator[facts.AdverseRecord]:
        display = self.edition.adverse_display
        terms = {"minor": display.minor, "general": display.general, "serious": display.serious}
        for record in profile.adverse_records:
            repaired = record.annulled or (record.ended_at is not None and record.ended_at <= self.moment)
            ends = plus(record.document_date, terms[record.severity.value].max)
            if record.display_ends_on is not None and record.display_ends_on < ends:
                ends = record.display_ends_on
            if not repaired and record.document_date <= self.day < ends:
                yield record

    def clean_for(self, profile: facts.SubjectProfile, years: int) -> bool:
        """Known for the whole period; no usable adverse record in it and no serious listing that counts."""
        if profile.known_since is None or self.day < plus(profile.known_since, model.Duration(years=years)):
            return False
        if any(self.day < plus(r.document_date, model.Duration(years=years)) for r in self.usable_records(profile)):
            return False
        return not any(
            regime is not None and regime.kind is model.ListKind.SERIOUS and self.effective(listing, regime)
            for listing, regime in self.in_force(profile)
        )

    def matters(self, code: str, item: str) -> bool:
        """Whether a listing under this regime could change an answer on the item, now or ever."""
        regime = self.regime(code)
        if regime is None:
            return False
        if any(code in m.regimes and ("*" in m.items or item in m.items) for m in self.edition.measures):
            return True
        for incentive in self.edition.incentives:
            if "*" not in incentive.items and item not in incentive.items:
                continue
            if isinstance(incentive.route, model.TrustedListingRoute):
                if code in incentive.route.regimes:
                    return True
            elif regime.kind is model.ListKind.SERIOUS:
                return True
        return False

    def silent(self, item: str, profile: facts.SubjectProfile | None = None) -> set[str]:
        """The overdue feeds without which nothing certain can be said: they list, or may list, what matters."""
        found = set()
        for source in self.overdue:
            regimes = set(source.regimes)
            if profile is not None:
                regimes |= {entry.regime for entry, _ in self.in_force(profile) if entry.feed == source.feed}
            if not source.regimes or any(self.matters(code, item) for code in regimes):
                found.add(source.feed)
        return found

    def stayed(self, listing: facts.Listing, regime: model.Regime) -> bool:
        effect = regime.objection.effect if regime.objection else model.ObjectionEffect.SUSPEND
        return bool(self.open_objections(listing)) and effect is model.ObjectionEffect.SUSPEND

    def effective(self, listing: facts.Listing, regime: model.Regime) -> bool:
        lifted = self.lifted_to(listing) is not None
        return self.complete(listing, regime) and not self.stayed(listing, regime) and not lifted

    def deferral_closed(self, item: model.LicenceItem, profile: facts.SubjectProfile) -> int:
        """How many rules close the deferral route."""
        policy, records = self.edition.deferral, list(self.usable_records(profile))
        by_item = item.deferral_excluded is not None
        by_record = policy.unrepaired_adverse_record and bool(records)
        by_promise = any(
            record.kind is facts.AdverseKind.BROKEN_COMMITMENT
            and (policy.broken_commitment is None or self.day < plus(record.document_date, policy.broken_commitment))
            for record in records
        )
        return by_item + by_record + by_promise

    def decide(self, evidence: facts.Evidence, request: facts.CheckRequest) -> Answer:
        item = next(item for item in self.edition.items if item.code == request.item)
        answer = Answer("UNDETERMINED", "UNKNOWN")
        lacking = [m for m in item.deferrable_materials if m.code not in request.supplied_materials]
        answer.missing = {m.code for m in item.essential_materials if m.code not in request.supplied_materials}
        answer.deferrable = {material.code: None for material in lacking}
        if self.day < self.edition.valid_from or (self.edition.valid_to and self.edition.valid_to <= self.day):
            answer.notices["STALE_DATA", ""] += 1
            return answer
        match evidence:
            case facts.Stale():
                answer.notices["STALE_DATA", ""] += 1
            case facts.NoData():
                answer.notices["NO_DATA", ""] += 1
            case facts.Resembling(because, candidates):
                masked = because is facts.Unidentified.MASKED
                answer.notices["MASKED_IDENTIFIER" if masked else "NAME_ONLY", ""] += 1
                if self.resembles(answer, candidates):
                    answer.standing = "POSSIBLE_MATCH"
                answer.notices["SOURCE_OVERDUE", ""] += len(self.silent(request.item))
            case facts.NotKnown(resembling):
                silent = self.silent(request.item)
                answer.notices["SOURCE_OVERDUE", ""] += len(silent)
                answer.outcome = "UNDETERMINED" if silent else "ORDINARY"
                unlisted = "UNKNOWN" if silent else "NOT_LISTED"
                answer.standing = "POSSIBLE_MATCH" if self.resembles(answer, resembling) else unlisted
            case facts.Known(profile, through, resembling):
                answer.notices["MATCHED_THROUGH", ""] += bool(through)
                names = {normalise_name(name) for name in (profile.name, *profile.other_names) if name}
                answer.notices["NAME_DIFFERS", ""] += bool(
                    request.name and names and normalise_name(request.name) not in names
                )
                resembles = self.resembles(answer, resembling)
                self.known(answer, profile, request, item, lacking)
                listed = any(True for _ in self.in_force(profile))
                unlisted = "UNKNOWN" if self.silent(request.item, profile) else "NOT_LISTED"
                answer.standing = "LISTED" if listed else "POSSIBLE_MATCH" if resembles else unlisted
        answer.notices = +answer.notices
        return answer

    def resembles(self, answer: Answer, candidates: tuple[facts.SubjectProfile, ...]) -> bool:
        """A notice for each candidate with something in force, the first five; whether there is one."""
        found = [next(self.in_force(candidate), None) for candidate in candidates]
        shown = [first[0].listing_id for first in found if first is not None]
        answer.notices.update(("POSSIBLE_MATCH", listing_id) for listing_id in shown[:5])
        return bool(shown)

    def known(
        self,
        answer: Answer,
        profile: facts.SubjectProfile,
        request: facts.CheckRequest,
        item: model.LicenceItem,
        lacking: list[model.DeferrableMaterial],
    ) -> None:
        kinds: set[model.ListKind] = set()  # of the lists from which something may follow
        trusted: list[facts.Listing] = []
        for listing, regime in self.in_force(profile):
            if regime is None:
                answer.notices["UNKNOWN_REGIME", listing.listing_id] += 1
                continue
            self.say(answer, listing, regime)
            if not self.effective(listing, regime):
                continue
            kinds.add(regime.kind)
            if regime.kind is model.ListKind.SERIOUS:
                self.restrict(answer, listing, request)
            else:
                trusted.append(listing)
        answer.notices["TRUSTED_AND_SERIOUS", ""] += len(kinds) == 2
        silent = self.silent(request.item, profile)
        answer.notices["SOURCE_OVERDUE", ""] += len(silent)
        if silent and not answer.restrictions:
            return  # nothing is granted on what a silent source might contradict
        routes = self.routes(profile, trusted, request)
        # Nor is a record known to be clean.
        self.grant(answer, (route for route in routes if route[1] or not silent))
        self.weigh(answer, profile, item, lacking)

    def grant(self, answer: Answer, routes: Iterator[tuple[model.Incentive, str]]) -> None:
        for incentive, listing_id in routes:
            if answer.restrictions and incentive.withheld_by_restriction:
                answer.notices["INCENTIVE_WITHHELD", listing_id] += 1
            else:
                answer.incentives.add((incentive.code, listing_id))

    def say(self, answer: Answer, listing: facts.Listing, regime: model.Regime) -> None:
        """What is to be said of a listing in force, whatever follows from it."""
        if not self.complete(listing, regime):
            answer.notices["INFORMATION_ONLY", listing.listing_id] += 1
        if self.open_objections(listing):
            code = "STAYED_UNDER_OBJECTION" if self.stayed(listing, regime) else "UNDER_OBJECTION"
            answer.notices[code, listing.listing_id] += 1
            answer.clocks[code, listing.listing_id] = self.clock(listing, regime)
        if (until := self.lifted_to(listing)) is not None:
            answer.notices["LIFTED_PROVISIONALLY", listing.listing_id] += 1
            answer.clocks["LIFTED_PROVISIONALLY", listing.listing_id] = {"until": str(until)}

    def routes(
        self, profile: facts.SubjectProfile, trusted: list[facts.Listing], request: facts.CheckRequest
    ) -> Iterator[tuple[model.Incentive, str]]:
        """Every incentive with a route to it, by each trusted listing that opens it and by a clean record."""
        for incentive in self.edition.incentives:
            if not self.valid(incentive, request):
                continue
            if isinstance(incentive.route, model.TrustedListingRoute):
                for listing in trusted:
                    if listing.regime in incentive.route.regimes:
                        yield incentive, listing.listing_id
            elif self.clean_for(profile, incentive.route.years):
                yield incentive, ""

    def restrict(self, answer: Answer, listing: facts.Listing, request: facts.CheckRequest) -> None:
        silent = True
        for measure in self.edition.measures:
            if (
                listing.regime in measure.regimes
                and request.application_kind in measure.application_kinds
                and self.valid(measure, request)
            ):
                silent = False
                if measure.force is model.MeasureForce.MANDATORY or request.authority in measure.adopted_by:
                    answer.restrictions.add((measure.code, listing.listing_id))
                else:
                    answer.notices["RECOMMENDED_NOT_ADOPTED", listing.listing_id] += 1
        answer.notices["NO_MEASURE_HERE", listing.listing_id] += silent

    def weigh(
        self,
        answer: Answer,
        profile: facts.SubjectProfile,
        item: model.LicenceItem,
        lacking: list[model.DeferrableMaterial],
    ) -> None:
        """A restriction heads the answer; then what an open route allows; then the ordinary procedure."""
        answer.outcome = "ORDINARY"
        if answer.restrictions:
            answer.outcome = "RESTRICTION"
        elif answer.incentives and not answer.missing:
            if not lacking:
                answer.outcome = "GREEN_CHANNEL"
            elif closed := self.deferral_closed(item, profile):
                answer.notices["DEFERRAL_EXCLUDED", ""] += closed
            else:
                answer.outcome = "DEFERRED_ACCEPTANCE"
                deadlines = {m.code: self.catalogue.calendar.add(self.day, m.deadline) for m in lacking}
                answer.deferrable = {code: deadline.day for code, deadline in deadlines.items()}
                answer.notices["DEADLINE_PROVISIONAL", ""] += sum(d.provisional for d in deadlines.values())
