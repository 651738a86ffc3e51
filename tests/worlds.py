"""Hypothesis strategies for small worlds: an edition, what is known of a subject, a request, and a telling moment.

Editions are made of the catalogue's own types and not held to its loader's rules: the decision must be right under any
of them. Moments are drawn from those at which some rule, on these facts, turns: the first and last microsecond of a
day on which a term begins or ends, the instants at which something is opened, resolved or ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import Any

from hypothesis import strategies as st

from clearway.catalogue import model
from clearway.catalogue.catalogue import Catalogue
from clearway.decision import facts
from clearway.subjects.regions import shipped_regions
from tests.reference import plus

FIRST = date(2022, 1, 1)
ITEMS = ("SHOP", "FAIR", "MILL")
SERIOUS, TRUSTED = ("GRAVE", "COURT", "CITY"), ("GOOD", "SOUND")
REGIMES = SERIOUS + TRUSTED
AUTHORITIES = ("STATE", "TOWN")
REGIONS = ("110000", "110101", "310000", "310101")
MATERIALS = ("FORM", "PLAN", "PROOF")
FEEDS = ("daily", "weekly")
TICK = timedelta(microseconds=1)
ONE_DAY = model.Duration(days=1)

_TEXT = model.Text(en="Words", zh="文字")
_CHANNEL = model.Channel(authority="STATE", how=_TEXT)

_FAR = (date.min, date.max, date(9999, 1, 1), date(1, 2, 3))
_EDGES = (date(2024, 2, 29), date(2023, 8, 31), date(2024, 12, 31), date(2025, 1, 1))


def _nth_day(number: int) -> date:
    # Lists are typed by people: now and then a date is any that can be written.
    return (*_EDGES, *_FAR)[number] if number < 8 else FIRST + timedelta(days=10 * (number - 8))


any_days = st.integers(0, 190).map(_nth_day)
instants = st.integers(0, 5 * 366 * 24).map(lambda hours: datetime(2022, 1, 1, tzinfo=UTC) + timedelta(hours=hours))
_LENGTHS = (
    model.Duration(years=1),
    model.Duration(years=3),
    model.Duration(months=6),
    model.Duration(months=1),
    model.Duration(days=90),
    model.Duration(years=100, days=36600),
)


def _day(chance: Random) -> date:
    return FIRST + timedelta(days=chance.randrange(5 * 366))


def _some(chance: Random, *values: str, least: int = 0) -> tuple[str, ...]:
    return tuple(chance.sample(values, chance.randint(least, min(3, len(values)))))


def _regime(chance: Random, code: str) -> model.Regime:
    serious = code in SERIOUS
    objection = model.Objection(
        effect=chance.choice(list(model.ObjectionEffect)),
        review_within=chance.choice([None, 5, 20]),
        channel=_CHANNEL,
    )
    ends: model.EndsOnDate | model.EndsOnEvent = model.EndsOnDate(by="date", term=chance.choice([None, *_LENGTHS]))
    if chance.random() < 0.3:
        ends = model.EndsOnEvent(by="event", event=_TEXT, confirm_within=chance.choice([1, 35, 3660]))
    return model.Regime(
        code=code,
        name=_TEXT,
        kind=model.ListKind.SERIOUS if serious else model.ListKind.TRUSTED,
        basis="LAW",
        designating_authority="STATE",
        ends=ends,
        max_publicity=chance.choice([None, None, *_LENGTHS]),
        objection=objection if chance.random() < (0.9 if serious else 0.4) else None,
        repair=_CHANNEL if chance.random() < 0.9 else None,
        subject_matter=_TEXT,
    )


def _measure(chance: Random, code: str) -> model.Measure:
    return model.Measure(
        code=code,
        name=_TEXT,
        kind=chance.choice(list(model.MeasureKind)),
        force=chance.choice(list(model.MeasureForce)),
        effect=model.MeasureEffect.MANAGEMENT,
        basis="LAW",
        implementing_authority="STATE",
        regimes=_some(chance, *SERIOUS, least=1),
        items=_some(chance, *ITEMS, "*", least=1),
        coupling=_TEXT,
        application_kinds=tuple(chance.sample(list(model.ApplicationKind), chance.choice([1, 2, 3, 3, 3]))),
        regions=chance.choice([(), (), _some(chance, "110000", "310101")]),
        adopted_by=_some(chance, *AUTHORITIES),
        valid_from=chance.choice([FIRST, FIRST, FIRST, _day(chance)]),
        valid_to=chance.choice([None, None, None, _day(chance)]),
    )


def _incentive(chance: Random, code: str) -> model.Incentive:
    trusted = model.TrustedListingRoute(by="trusted_listing", regimes=_some(chance, *TRUSTED, least=1))
    return model.Incentive(
        code=code,
        name=_TEXT,
        route=chance.choice([trusted, model.CleanRecordRoute(by="clean_record", years=chance.randint(1, 3))]),
        basis="LAW",
        implementing_authority="STATE",
        items=_some(chance, *ITEMS, "*", least=1),
        regions=chance.choice([(), (), _some(chance, "110000", "310101")]),
        withheld_by_restriction=chance.random() < 0.6,
        valid_from=chance.choice([FIRST, FIRST, FIRST, _day(chance)]),
        valid_to=chance.choice([None, None, None, _day(chance)]),
    )


def _item(chance: Random, code: str) -> model.LicenceItem:
    plan = model.DeferrableMaterial(code="PLAN", name=_TEXT, deadline=5, how=_TEXT)
    proof = model.DeferrableMaterial(code="PROOF", name=_TEXT, deadline=20, how=_TEXT)
    return model.LicenceItem(
        code=code,
        name=_TEXT,
        implementing_authority="STATE",
        processing_limit=20,
        essential_materials=chance.choice([(), (model.Material(code="FORM", name=_TEXT),)]),
        deferrable_materials=chance.choice([(), (plan,), (plan, proof), (plan, proof)]),
        deferral_excluded=chance.choice([None] * 5 + [_TEXT]),
    )


@cache
def edition(number: int) -> Catalogue:
    """Three items and five regimes, three serious and two trusted, with a few measures and incentives, by chance."""
    chance = Random(number)
    regions = chance.choice(["cn-demo", "cn-demo", None])
    made = model.Edition(
        edition=f"small-{number}",
        title=_TEXT,
        # In Havana some days begin at one o'clock, and some have two midnights.
        zone=chance.choice(["Asia/Shanghai", "Asia/Shanghai", "America/New_York", "America/Havana"]),
        calendar=chance.choice(["cn", "weekends"]),
        regions=regions,
        valid_from=chance.choice([FIRST] * 9 + [_day(chance)]),
        valid_to=chance.choice([None] * 7 + [_day(chance) + timedelta(days=700)]),
        authorities=tuple(model.Authority(code=code, name=_TEXT) for code in AUTHORITIES),
        legal_bases=(model.LegalBasis(code="LAW", title="法", article="一", rank=model.BasisRank.LAW),),
        regimes=tuple(_regime(chance, code) for code in REGIMES),
        measures=tuple(_measure(chance, code) for code in ("M1", "M2", "M3", "M4", "M5", "M6", "M7")),
        incentives=tuple(_incentive(chance, code) for code in ("I1", "I2", "I3", "I4")),
        items=tuple(_item(chance, code) for code in ITEMS),
        deferral=model.DeferralPolicy(
            unrepaired_adverse_record=chance.random() < 0.5,
            broken_commitment=chance.choice([None, *_LENGTHS]),
            consequence=_TEXT,
        ),
        adverse_display=model.AdverseDisplay(serious=model.DisplayTerm(max=chance.choice(_LENGTHS))),
    )
    return Catalogue(made, "0" * 64, None if regions is None else shipped_regions(regions))


editions = st.integers(0, 499).map(edition)
"""Editions by number: a failing example says which one."""


def _seldom(what: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), st.none(), st.none(), what)


objections = st.builds(facts.Objection, objection_id=st.just("O"), opened_at=instants, resolved_at=st.none() | instants)

liftings = st.builds(facts.Lifting, lifting_id=st.just("U"), begins_at=instants, ends_at=instants)


def listings(listing_id: str) -> st.SearchStrategy[facts.Listing]:
    """Listings that lack anything, stand under any regime, known or not, and were dated by anybody."""
    return st.builds(
        facts.Listing,
        listing_id=st.just(listing_id),
        regime=st.sampled_from((*REGIMES, "GRAVE", "GOOD", "ELSEWHERE")),
        document_number=st.sampled_from(["No. 1"] * 9 + [""]),
        document_date=st.one_of(*[any_days] * 7, st.none()),
        effective_from=_seldom(any_days),
        expires_on=_seldom(any_days),
        confirmed_on=st.none() | any_days,
        feed=st.sampled_from(["", *FEEDS]),
        ended_at=_seldom(instants),
        objections=st.one_of(st.just(()), st.just(()), st.tuples(objections), st.tuples(objections, objections)),
        liftings=st.one_of(st.just(()), st.just(()), st.tuples(liftings), st.tuples(liftings, liftings)),
        annulled=st.sampled_from([False] * 9 + [True]),
    )


adverse_records = st.builds(
    facts.AdverseRecord,
    record_id=st.just("A"),
    kind=st.sampled_from(facts.AdverseKind),
    severity=st.sampled_from(facts.Severity),
    document_number=st.just("No. 2"),
    document_date=any_days,
    ended_at=_seldom(instants),
    display_ends_on=_seldom(any_days),
    annulled=st.sampled_from([False] * 5 + [True]),
)


def profiles(subject_id: int = 1, most: int = 4) -> st.SearchStrategy[facts.SubjectProfile]:
    numbered = st.integers(0, most).flatmap(
        lambda count: st.tuples(*(listings(f"L{subject_id}{number}") for number in range(count)))
    )
    return st.builds(
        facts.SubjectProfile,
        subject_id=st.just(subject_id),
        scheme=st.just("cn-uscc"),
        code=st.just("91999999000000000X"),
        name=st.sampled_from(["示例企业一", "Example One Ltd"]),
        known_since=st.one_of(any_days, any_days, st.none()),
        listings=numbered,
        adverse_records=st.lists(adverse_records, max_size=2).map(tuple),
        other_names=st.sampled_from([(), ("Example Two",)]),
    )


requests = st.builds(
    facts.CheckRequest,
    item=st.sampled_from(ITEMS),
    application_kind=st.sampled_from(model.ApplicationKind),
    authority=st.sampled_from(AUTHORITIES),
    region=st.sampled_from(("", *REGIONS)),
    supplied_materials=st.sampled_from(
        [frozenset(), frozenset({"FORM"}), frozenset({"FORM", "PLAN"}), frozenset({"PLAN"}), frozenset(MATERIALS)]
    ),
    name=st.sampled_from(["", "示例企业一", "EXAMPLE  one, ltd.", "example two", "Somebody Else"]),
)

candidates = st.integers(0, 7).flatmap(
    lambda count: st.tuples(*(profiles(number, most=1) for number in range(2, count + 2)))
)
few_candidates = st.one_of(st.just(()), st.just(()), st.just(()), st.tuples(profiles(2, most=2)))
known = st.builds(
    facts.Known, profile=profiles(), through=st.sampled_from(["", "", "cn-regno"]), resembling=few_candidates
)
resembling = st.builds(facts.Resembling, because=st.sampled_from(facts.Unidentified), candidates=candidates)
not_known = st.builds(facts.NotKnown, resembling=few_candidates)
dated: st.SearchStrategy[facts.Evidence] = st.one_of(known, known, known, not_known, resembling)
inexact: st.SearchStrategy[facts.Evidence] = st.one_of(
    resembling,
    st.just(facts.Stale(400.0, 300.0)),
    st.just(facts.NoData()),
)
evidence: st.SearchStrategy[facts.Evidence] = st.one_of(known, known, known, known, known, not_known, inexact)


def _source(feed: str) -> st.SearchStrategy[facts.SourceState]:
    return st.builds(
        facts.SourceState,
        feed=st.just(feed),
        regimes=st.sampled_from([(), ("GRAVE",), ("GOOD", "CITY"), ("ELSEWHERE",), ("COURT", "SOUND")]),
        read_at=st.none() | instants,
        overdue_at=instants,
    )


sources = st.one_of(
    *(st.tuples(_source(feed)) for feed in (*FEEDS, "other")), st.tuples(*(_source(feed) for feed in FEEDS))
)
"""Scheduled feeds; the listings of a world may be of them, whatever regimes they say they carry."""


@dataclass(frozen=True)
class World:
    """One question and everything its answer depends on."""

    catalogue: Catalogue
    evidence: facts.Evidence
    request: facts.CheckRequest
    confirmations: Mapping[str, date]
    moment: datetime
    sources: facts.Sources = ()

    @property
    def day(self) -> date:
        return self.moment.astimezone(self.catalogue.zone).date()

    def at(self, moment: datetime) -> World:
        return replace(self, moment=moment)

    def of(self, profile: facts.SubjectProfile) -> World:
        """The same question about a subject known by this profile alone."""
        return replace(self, evidence=facts.Known(profile))

    @property
    def profile(self) -> facts.SubjectProfile:
        if not isinstance(self.evidence, facts.Known):
            raise TypeError("nobody is known exactly here")
        return self.evidence.profile


def profiles_in(found: facts.Evidence) -> tuple[facts.SubjectProfile, ...]:
    match found:
        case facts.Known(profile, _, resembling):
            return (profile, *resembling)
        case facts.NotKnown(resembling):
            return resembling
        case facts.Resembling(_, candidates):
            return candidates
    return ()


def turns(
    catalogue: Catalogue, found: facts.Evidence, confirmations: Mapping[str, date], sources: facts.Sources = ()
) -> list[datetime]:
    """Moments at and just before which something may turn: every date moved by every length the edition knows."""
    edition = catalogue.edition
    stated: set[date | None] = {edition.valid_from, edition.valid_to}
    rules: tuple[model.Measure | model.Incentive, ...] = (*edition.measures, *edition.incentives)
    for rule in rules:
        stated |= {rule.valid_from, rule.valid_to}
    documents: set[date | None] = set()
    said: set[date | None] = set(confirmations.values())
    moments: list[datetime] = [source.overdue_at for source in sources]
    for profile in profiles_in(found):
        documents.add(profile.known_since)
        for listing in profile.listings:
            documents.add(listing.document_date)
            said.add(listing.confirmed_on)
            stated |= {listing.effective_from, listing.expires_on}
            moments += [m for o in listing.objections for m in (o.opened_at, o.resolved_at) if m is not None]
            moments += [m for lifting in listing.liftings for m in (lifting.begins_at, lifting.ends_at)]
            moments += [listing.ended_at] if listing.ended_at else []
            opened = [objection.opened_at.astimezone(catalogue.zone).date() for objection in listing.objections]
            stated |= {plus(catalogue.calendar.add(d, within).day, ONE_DAY) for d in opened for within in (5, 20)}
        for record in profile.adverse_records:
            documents.add(record.document_date)
            stated.add(record.display_ends_on)
            moments += [record.ended_at] if record.ended_at else []
    terms = [model.Duration(years=years) for years in (0, 1, 2, 3)] + [
        model.Duration(months=1), model.Duration(months=3), model.Duration(months=6), model.Duration(days=90),
    ]  # fmt: skip
    stated |= {plus(day, length) for day in documents if day for length in terms}
    stated |= {plus(day, model.Duration(days=within + 1)) for day in said if day for within in (1, 35, 3660)}
    for day in stated:
        if day is not None and FIRST - timedelta(days=2) < day < date(2031, 1, 1):
            moments.append(datetime.combine(day, time(), catalogue.zone).astimezone(UTC))
    return sorted(moment for turn in moments for moment in (turn - TICK, turn))


@st.composite
def worlds(draw: st.DrawFn, found: st.SearchStrategy[facts.Evidence] = evidence) -> World:
    """Questions at telling moments. `found` says what the look-up finds."""
    catalogue, seen, request = draw(editions), draw(found), draw(requests)
    confirmations = draw(st.dictionaries(st.sampled_from(FEEDS), any_days, max_size=2))
    read = draw(st.one_of(st.just(()), st.just(()), st.just(()), sources))
    telling = turns(catalogue, seen, confirmations, read)
    # By number: the first choices of a list would be drawn too often, and they are its earliest moments.
    number = draw(st.integers(0, 99_999))
    moment = draw(instants) if number % 4 == 0 else telling[number * 7919 % len(telling)]
    return World(catalogue, seen, request, confirmations, moment, read)
