"""Lives of listings, drawn by chance, and a plain record of them to hold the real one to.

A life is a sequence of revisions, each of one or two acts, on few subjects and few ids, so that acts meet: whatever can
be refused is, now and then. `PlainRecord` keeps what was recorded in dictionaries and says which acts it accepts; it
shares nothing with the registry but the acts' own types and the facts that a decision reads.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from clearway.catalogue import model
from clearway.catalogue.catalogue import Catalogue
from clearway.decision import facts
from clearway.registry import commands
from clearway.registry.events import ListingFacts, ObjectionGrounds, Resolution
from clearway.registry.synthetic import code_of
from tests.reference import plus

BEGINS = datetime(2026, 3, 2, 1, tzinfo=UTC)
SUBJECTS = (83_000_001, 83_000_002)
LISTINGS, RECORDS = ("L-1", "L-2", "L-3"), ("A-1", "A-2")
REGIMES = ("SAMR-SERIOUS", "SAMR-SERIOUS", "FOOD-REVOKED", "JUDGMENT-DEFAULTER", "TAX-A", "ELSEWHERE")


@dataclass(frozen=True)
class Revision:
    """So many hours after the one before: its acts, all or none."""

    hours: int
    acts: tuple[commands.Command, ...]


def _born(number: int) -> tuple[commands.Command, ...]:
    document = "No. 1", BEGINS.date() - timedelta(days=200 * (number % 10))
    return (
        commands.RegisterSubject("cn-uscc", code_of(number), "虚构有限公司", known_since=date(2020, 1, 1)),
        commands.ListSubject("cn-uscc", code_of(number), f"L-{number % 10}", "SAMR-SERIOUS", *document),
    )


FIRST = Revision(0, tuple(act for number in SUBJECTS for act in _born(number)))
"""How every life begins: both subjects are known, and each is listed."""


def revisions(first_repair: commands.FirstRepair) -> st.SearchStrategy[list[Revision]]:
    """A life. Moments of effect are given as hours from the beginning; repairs ask for the catalogue's term."""
    whole = st.builds(
        Revision,
        st.sampled_from((0, 1, 1, 5, 5, 24, 24 * 31, 24 * 400)),
        st.one_of(*[st.tuples(_acts(first_repair))] * 3, st.tuples(_acts(first_repair), _acts(first_repair))),
    )
    return st.lists(whole, min_size=10, max_size=24).map(lambda drawn: [FIRST, *drawn])


_days = st.integers(-900, 40).map(lambda days: BEGINS.date() + timedelta(days=days))
_moments = (
    st.none() | st.none() | st.none() | st.integers(-600, 2000).map(lambda hours: BEGINS + timedelta(hours=hours))
)
_ends = st.integers(0, 20_000).map(lambda hours: BEGINS + timedelta(hours=hours))
_listings, _facts = st.sampled_from((*LISTINGS[:2], *LISTINGS)), st.sampled_from((*LISTINGS, *RECORDS))
_names = st.sampled_from(("X-1", "X-1", "X-1", "X-2"))
_codes = st.sampled_from(SUBJECTS).map(code_of)
_cn = st.just("cn-uscc")
_terms = {
    "regime": st.sampled_from(REGIMES),
    "document_number": st.sampled_from(("No. 1", "No. 2", "No. 3", "")),
    "document_date": st.one_of(_days, _days, _days, st.none()),
    "designating_authority": st.just(""),
    "effective_from": st.one_of(st.none(), st.none(), _days),
    "expires_on": st.one_of(st.none(), st.none(), st.integers(0, 900).map(lambda n: BEGINS.date() + timedelta(days=n))),
}


def _acts(first_repair: commands.FirstRepair) -> st.SearchStrategy[commands.Command]:
    confirmed = st.none() | _days
    return st.one_of(
        st.builds(commands.RegisterSubject, _cn, _codes, st.just("虚构有限公司"), known_since=st.none() | _days),
        st.builds(commands.ListSubject, _cn, _codes, _listings, **_terms, confirmed_on=confirmed),
        st.builds(commands.CorrectListing, _listings, **_terms),
        st.builds(commands.Confirm, _listings, _days),
        st.builds(commands.Delist, _listings, _moments),
        st.builds(commands.OpenObjection, _listings, _names, st.sampled_from(ObjectionGrounds)),
        st.builds(commands.OpenObjection, _listings, _names, st.sampled_from(ObjectionGrounds), _moments),
        st.builds(
            commands.ResolveObjection,
            _listings,
            _names,
            st.sampled_from(Resolution),
            _moments,
            st.none() | st.none() | st.builds(ListingFacts, **_terms),
        ),
        st.builds(commands.ResolveObjection, _listings, _names, st.just(Resolution.UPHELD)),
        st.builds(commands.LiftProvisionally, _listings, _names, _ends, _moments),
        st.builds(commands.LiftProvisionally, _listings, _names, _ends),
        st.builds(commands.EndLifting, _listings, _names, _moments),
        st.builds(
            commands.RecordAdverse,
            _cn,
            _codes,
            st.sampled_from(RECORDS),
            st.sampled_from(facts.AdverseKind),
            st.sampled_from(facts.Severity),
            st.just("No. 9"),
            _days,
        ),
        st.builds(commands.WithdrawAdverse, st.sampled_from(RECORDS), _moments),
        st.builds(commands.Repair, _facts, _moments, st.just(first_repair)),
        st.builds(commands.RevokeInError, _facts),
    )


class Refused(Exception):
    """The plain record does not take the act."""


@dataclass
class PlainRecord:
    """What has been recorded: subjects with their first day, and facts by id, each a dictionary of what is known."""

    catalogue: Catalogue
    known: dict[str, date | None] = field(default_factory=dict)
    held: dict[str, dict[str, Any]] = field(default_factory=dict)

    def after(self, acts: tuple[commands.Command, ...], now: datetime) -> PlainRecord | None:
        """The record after these acts, or None where one of them is refused."""
        later = PlainRecord(self.catalogue, dict(self.known), deepcopy(self.held))
        try:
            for act in acts:
                later.take(act, now)
        except Refused:
            return None
        return later

    def take(self, act: commands.Command, now: datetime) -> None:
        match act:
            case commands.RegisterSubject():
                self.known[act.code] = act.known_since
            case commands.ListSubject():
                self.enter(act.code, act.listing_id, "listing", now)
                self.held[act.listing_id] |= stated(act) | {"confirmed_on": act.confirmed_on}
            case commands.RecordAdverse():
                self.enter(act.code, act.record_id, "adverse", now)
                self.held[act.record_id] |= {
                    "kind": act.kind,
                    "severity": act.severity,
                    "document_number": act.document_number,
                    "document_date": act.document_date,
                }
            case commands.CorrectListing():
                self.live("listing", act.listing_id, now).update(stated(act))
            case commands.Confirm():
                self.live("listing", act.listing_id, now)["confirmed_on"] = act.on
            case commands.Delist():
                at = act.effective_at or now
                self.live("listing", act.listing_id, max(now, at))["ended_at"] = at
            case commands.WithdrawAdverse():
                at = act.effective_at or now
                self.live("adverse", act.record_id, max(now, at))["ended_at"] = at
            case commands.Repair():
                self.repair(act.fact_id, act.effective_at or now, now)
            case commands.RevokeInError():
                require(not self.found("", act.fact_id)["annulled"])
                self.held[act.fact_id] |= {"ended_at": now, "annulled": True}
            case _:
                self.take_dispute(act, now)

    def take_dispute(self, act: commands.Command, now: datetime) -> None:
        match act:
            case commands.OpenObjection():
                opened = self.live("listing", act.listing_id, now)["objections"]
                require(act.objection_id not in opened)
                opened[act.objection_id] = [act.opened_at or now, None]
            case commands.ResolveObjection():
                self.resolve(act, now)
            case commands.LiftProvisionally():
                lifted = self.live("listing", act.listing_id, now)["liftings"]
                begins = act.effective_at or now
                require(act.lifting_id not in lifted and act.until > max(begins, now))
                lifted[act.lifting_id] = [begins, act.until]
            case commands.EndLifting():
                lifted = self.found("listing", act.listing_id)["liftings"]
                at = act.effective_at or now
                require(act.lifting_id in lifted and lifted[act.lifting_id][1] > max(at, now))
                lifted[act.lifting_id][1] = at
            case _:
                raise TypeError(act)

    def enter(self, code: str, fact_id: str, kind: str, now: datetime) -> None:
        require(code in self.known and fact_id not in self.held)
        self.held[fact_id] = {
            "fact": kind, "code": code, "ended_at": None, "annulled": False, "objections": {}, "liftings": {},
        }  # fmt: skip

    def resolve(self, act: commands.ResolveObjection, now: datetime) -> None:
        listing = self.found("listing", act.listing_id)
        require(act.objection_id in listing["objections"])
        course = listing["objections"][act.objection_id]
        at = act.resolved_at or now
        require(course[1] is None and at >= course[0])
        if act.resolution is Resolution.UPHELD:
            require(at <= now)
        if act.corrected is not None:
            require(act.resolution is Resolution.CORRECTED)
            self.live("listing", act.listing_id, now).update(stated(act.corrected))
        course[1] = at
        if act.resolution is Resolution.UPHELD and not listing["annulled"]:
            listing |= {"ended_at": at, "annulled": True}

    def repair(self, fact_id: str, at: datetime, now: datetime) -> None:
        fact = self.live("", fact_id, max(now, at))
        shortest = self.shortest_publicity(fact)
        if shortest is not None and fact["document_date"] is not None:
            first = datetime.combine(plus(fact["document_date"], shortest), time(), self.catalogue.zone)
            require(at >= first)
        fact["ended_at"] = at

    def shortest_publicity(self, fact: dict[str, Any]) -> model.Duration | None:
        edition = self.catalogue.edition
        if fact["fact"] == "adverse":
            display = edition.adverse_display
            return {"minor": display.minor, "general": display.general, "serious": display.serious}[
                fact["severity"]
            ].min
        return next((r.min_publicity for r in edition.regimes if r.code == fact["regime"]), None)

    def found(self, kind: str, fact_id: str) -> dict[str, Any]:
        fact = self.held.get(fact_id)
        if fact is None or kind not in ("", fact["fact"]):
            raise Refused
        return fact

    def live(self, kind: str, fact_id: str, last: datetime) -> dict[str, Any]:
        fact = self.found(kind, fact_id)
        require(not fact["annulled"] and (fact["ended_at"] is None or fact["ended_at"] > last))
        return fact

    def profile(self, code: str) -> facts.SubjectProfile | None:
        """The subject as a decision reads it; None where nobody knows of it."""
        if code not in self.known:
            return None
        own = {name: fact for name, fact in self.held.items() if fact["code"] == code}
        return facts.SubjectProfile(
            0,
            "cn-uscc",
            code,
            "虚构有限公司",
            self.known[code],
            tuple(as_listing(name, fact) for name, fact in own.items() if fact["fact"] == "listing"),
            tuple(as_record(name, fact) for name, fact in own.items() if fact["fact"] == "adverse"),
        )


def require(holds: bool) -> None:
    if not holds:
        raise Refused


def stated(act: commands.ListSubject | commands.CorrectListing | ListingFacts) -> dict[str, Any]:
    require(act.effective_from is None or act.expires_on is None or act.effective_from < act.expires_on)
    return {
        "regime": act.regime,
        "document_number": act.document_number,
        "document_date": act.document_date,
        "effective_from": act.effective_from,
        "expires_on": act.expires_on,
    }


def as_listing(listing_id: str, fact: dict[str, Any]) -> facts.Listing:
    return facts.Listing(
        listing_id,
        fact["regime"],
        fact["document_number"],
        fact["document_date"],
        "",
        fact["effective_from"],
        fact["expires_on"],
        fact["confirmed_on"],
        "",
        fact["ended_at"],
        tuple(facts.Objection(name, *course) for name, course in fact["objections"].items()),
        tuple(facts.Lifting(name, *course) for name, course in fact["liftings"].items()),
        fact["annulled"],
    )


def as_record(record_id: str, fact: dict[str, Any]) -> facts.AdverseRecord:
    return facts.AdverseRecord(
        record_id,
        fact["kind"],
        fact["severity"],
        fact["document_number"],
        fact["document_date"],
        fact["ended_at"],
        fact["annulled"],
    )
