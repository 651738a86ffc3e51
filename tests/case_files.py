"""The table cases of `tests/cases/*.yaml`: who asks what, when, and the answer that is wanted.

A case is run in-process, as facts straight into `decide`, and over the wire, as a registrar's acts and a real check.
Each case file's head says what its fields mean. A `#` in a name stands for the case's number, so that no two cases
share a name; codes are synthetic and follow from that number too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.loader import load_catalogue
from clearway.catalogue.model import ApplicationKind
from clearway.decision import facts
from clearway.decision.answer import Decision
from clearway.registry import commands
from clearway.registry.events import ObjectionGrounds, Resolution
from clearway.registry.synthetic import code_of

FOLDER = Path(__file__).parent / "cases"
EDITION = "cn-demo"
AT = datetime(2026, 3, 10, 10, 0)  # noqa: DTZ001 - of the edition's zone, which is given where it is used
AUTHORITY, REGION = "DEMO-LICENSING", "110000"
FIRST_NUMBER = 50_000_000

Whom = Literal["known", "unknown", "name_only", "masked", "stale", "no_data"]
Ended = Literal["repaired", "delisted"]


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a case file."""


class Opened(_Written, frozen=True):
    opened: datetime
    resolved: datetime | None = None
    upheld: bool = False


class Lifted(_Written, frozen=True):
    begins: datetime
    until: datetime
    ended: datetime | None = None


class Listed(_Written, frozen=True):
    regime: str
    id: str = "L1"
    document: date | None = None
    number: str = "示字〔2026〕1号"
    begins: date | None = None
    expires: date | None = None
    confirmed: date | None = None
    feed: str = ""
    repaired: datetime | None = None
    delisted: datetime | None = None
    revoked: datetime | None = None
    objections: tuple[Opened, ...] = ()
    lifted: tuple[Lifted, ...] = ()


class Adverse(_Written, frozen=True):
    document: date
    kind: facts.AdverseKind = facts.AdverseKind.PENALTY
    severity: facts.Severity = facts.Severity.GENERAL
    repaired: datetime | None = None
    revoked: datetime | None = None


class Subject(_Written, frozen=True):
    name: str = "示例企业#"
    other_names: tuple[str, ...] = ()
    known_since: date | None = None
    listings: tuple[Listed, ...] = ()
    adverse: tuple[Adverse, ...] = ()


class Asked(_Written, frozen=True):
    item: str = "FOOD-OPERATION"
    kind: ApplicationKind = ApplicationKind.NEW
    authority: str = AUTHORITY
    region: str = REGION
    name: str = ""
    materials: Literal["all", "essential"] | tuple[str, ...] = "all"


class Wanted(_Written, frozen=True):
    """Everything is compared; what is left out must be empty, except `expires`: None is an answer without an end."""

    outcome: str
    standing: str
    restrictions: tuple[str, ...] = ()
    incentives: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    details: Mapping[str, Mapping[str, str]] = {}
    missing: tuple[str, ...] = ()
    deadlines: Mapping[str, date | None] = {}
    expires: datetime | msgspec.UnsetType | None = msgspec.UNSET


class Read(_Written, frozen=True):
    feed: str
    regimes: tuple[str, ...] = ()
    at: datetime | None = None
    overdue: datetime = AT


class Case(_Written, frozen=True):
    case: str
    want: Wanted
    at: datetime = AT
    found: Whom = "known"
    subject: Subject | None = None
    namesake: Subject | None = None
    through: str = ""
    lists_confirmed: Mapping[str, date] = {}
    sources: tuple[Read, ...] = ()
    ask: Asked = Asked()
    wire: bool = True


class CaseFile(_Written, frozen=True):
    rule: str
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class NumberedCase:
    """A case with the file it stands in and its number among all of them."""

    file: str
    number: int
    case: Case

    def __str__(self) -> str:
        return f"{self.file}: {self.case.case}"

    def named(self, name: str) -> str:
        return name.replace("#", f"{self.number:04d}")

    @property
    def code(self) -> str:
        return code_of(FIRST_NUMBER + self.number)

    @property
    def other_code(self) -> str:
        """A registration number of before 2007, which has no check sign."""
        return f"9999990{self.number:06d}"


@cache
def catalogue() -> Catalogue:
    return load_catalogue(EDITION)


@cache
def all_cases() -> tuple[NumberedCase, ...]:
    """Every case of every file, in order. Raises `msgspec.ValidationError` for a field no case has."""
    found: list[NumberedCase] = []
    for path in sorted(FOLDER.glob("*.yaml")):
        written = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), CaseFile)
        found += [NumberedCase(path.stem, len(found) + n, case) for n, case in enumerate(written.cases)]
    return tuple(found)


# In-process: the case as what a look-up would find.


def moment_of(case: Case) -> datetime:
    return case.at.replace(tzinfo=catalogue().zone)


def sources_of(case: Case) -> facts.Sources:
    return tuple(
        facts.SourceState(read.feed, read.regimes, _utc(read.at), read.overdue.replace(tzinfo=catalogue().zone))
        for read in case.sources
    )


def evidence_of(numbered: NumberedCase) -> facts.Evidence:
    case = numbered.case
    namesakes = () if case.namesake is None else (profile_of(numbered, case.namesake, "src.cases", 2),)
    subject = None if case.subject is None else profile_of(numbered, case.subject, "cn-uscc", 1)
    match case.found:
        case "known":
            return facts.Known(subject or profile_of(numbered, Subject(), "cn-uscc", 1), case.through, namesakes)
        case "unknown":
            return facts.NotKnown(namesakes)
        case "name_only":
            return facts.Resembling(facts.Unidentified.NAME_ONLY, (subject,) if subject else ())
        case "masked":
            return facts.Resembling(facts.Unidentified.MASKED, (subject,) if subject else ())
        case "stale":
            return facts.Stale(600.0, 300.0)
        case "no_data":
            return facts.NoData()


def profile_of(numbered: NumberedCase, subject: Subject, scheme: str, subject_id: int) -> facts.SubjectProfile:
    return facts.SubjectProfile(
        subject_id,
        scheme,
        numbered.code,
        numbered.named(subject.name),
        subject.known_since,
        tuple(_listing(listed) for listed in subject.listings),
        tuple(
            facts.AdverseRecord(
                f"A{n}",
                a.kind,
                a.severity,
                f"罚字〔2026〕{n}号",
                a.document,
                _utc(a.repaired or a.revoked),
                annulled=a.revoked is not None,
            )
            for n, a in enumerate(subject.adverse)
        ),
        other_names=tuple(map(numbered.named, subject.other_names)),
    )


def _listing(listed: Listed) -> facts.Listing:
    # An objection that is upheld ends the listing at the same moment, as if it had never been.
    upheld = [o.resolved for o in listed.objections if o.upheld and o.resolved is not None]
    ended = [at for at in (listed.repaired, listed.delisted, listed.revoked, *upheld) if at is not None]
    return facts.Listing(
        listed.id,
        listed.regime,
        listed.number,
        listed.document,
        effective_from=listed.begins,
        expires_on=listed.expires,
        confirmed_on=listed.confirmed,
        feed=listed.feed,
        ended_at=_utc(min(ended, default=None)),
        objections=tuple(
            facts.Objection(f"O{n}", opened, _utc(o.resolved))
            for n, o in enumerate(listed.objections)
            if (opened := _utc(o.opened)) is not None
        ),
        liftings=tuple(
            facts.Lifting(f"U{n}", begins, ends)
            for n, lifted in enumerate(listed.lifted)
            if (begins := _utc(lifted.begins)) is not None
            if (ends := _utc(lifted.ended or lifted.until)) is not None
        ),
        annulled=bool(upheld) or listed.revoked is not None,
    )


def _utc(local: datetime | None) -> datetime | None:
    return None if local is None else local.replace(tzinfo=catalogue().zone)


def request_of(numbered: NumberedCase) -> facts.CheckRequest:
    ask = numbered.case.ask
    return facts.CheckRequest(
        ask.item, ask.kind, ask.authority, ask.region, frozenset(materials_of(ask)), numbered.named(ask.name)
    )


def materials_of(ask: Asked) -> tuple[str, ...]:
    """The codes of the materials supplied."""
    item = catalogue().item(ask.item)
    if item is None:
        raise LookupError(ask.item)
    match ask.materials:
        case "all":
            return tuple(m.code for m in (*item.essential_materials, *item.deferrable_materials))
        case "essential":
            return tuple(m.code for m in item.essential_materials)
        case codes:
            return codes


def answered(decision: Decision, expected: Wanted) -> Wanted:
    """A decision in the words of a case file: no more of the details, and of the end, than the case asks for."""
    expires = decision.expires_at
    local = None if expires is None else expires.astimezone(catalogue().zone).replace(tzinfo=None)
    told = {notice.code.value: dict(notice.details) for notice in decision.notices}
    return Wanted(
        outcome=decision.outcome,
        standing=decision.standing,
        restrictions=tuple(f"{r.measure.code} {r.listing.listing_id}" for r in decision.restrictions),
        incentives=tuple(
            f"{i.incentive.code} {i.listing.listing_id}" if i.listing else i.incentive.code for i in decision.incentives
        ),
        notices=tuple(sorted(f"{notice.code.value} {notice.listing_id}".strip() for notice in decision.notices)),
        details=chosen(told, expected.details),
        missing=tuple(material.code for material in decision.materials.missing_essential),
        deadlines={deferred.material.code: deferred.deadline for deferred in decision.materials.deferrable},
        expires=msgspec.UNSET if expected.expires is msgspec.UNSET else local,
    )


def chosen(told: Mapping[str, Mapping[str, str]], wanted: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Of the details told, those that the case speaks of."""
    return {
        code: {key: told.get(code, {}).get(key, "(not told)") for key in details} for code, details in wanted.items()
    }


# Over the wire: the case as a registrar's acts, all its days moved by the same number of days.


def acts_of(numbered: NumberedCase, shift: timedelta) -> Iterable[commands.Command]:
    """What a registrar does so that the registry holds the case's subjects, `shift` later than the case says."""
    case = numbered.case
    if case.found not in {"unknown", "stale", "no_data"} and (case.subject is not None or case.found == "known"):
        aliases = (("cn-regno", numbered.other_code),) if case.through else ()
        yield from _subject_acts(numbered, case.subject or Subject(), "cn-uscc", numbered.code, aliases, shift)
    if case.namesake is not None:
        yield from _subject_acts(numbered, case.namesake, "src.cases", str(numbered.number), (), shift)


def wire_id(numbered: NumberedCase, short: str) -> str:
    """The id in the registry of what a case calls `short`: unique among all cases."""
    return f"CASE-{numbered.number:04d}-{short}"


def _subject_acts(
    numbered: NumberedCase,
    subject: Subject,
    scheme: str,
    code: str,
    aliases: tuple[tuple[str, str], ...],
    shift: timedelta,
) -> Iterable[commands.Command]:
    yield commands.RegisterSubject(
        scheme,
        code,
        numbered.named(subject.name),
        tuple(map(numbered.named, subject.other_names)),
        aliases,
        _moved(subject.known_since, shift),
    )
    for listed in subject.listings:
        yield from _listing_acts(numbered, listed, scheme, code, shift)
    for n, adverse in enumerate(subject.adverse):
        record_id, document = wire_id(numbered, f"A{n}"), adverse.document + shift
        yield commands.RecordAdverse(
            scheme, code, record_id, adverse.kind, adverse.severity, f"罚字〔2026〕{n}号", document
        )
        if adverse.repaired is not None:
            yield commands.Repair(record_id, _moment(adverse.repaired, shift))
        if adverse.revoked is not None:
            yield commands.RevokeInError(record_id, _moment(adverse.revoked, shift))


def _listing_acts(
    numbered: NumberedCase, listed: Listed, scheme: str, code: str, shift: timedelta
) -> Iterable[commands.Command]:
    listing_id = wire_id(numbered, listed.id)
    yield commands.ListSubject(
        scheme,
        code,
        listing_id,
        listed.regime,
        listed.number,
        _moved(listed.document, shift),
        effective_from=_moved(listed.begins, shift),
        expires_on=_moved(listed.expires, shift),
        confirmed_on=_moved(listed.confirmed, shift),
    )
    for n, objection in enumerate(listed.objections):
        name = wire_id(numbered, f"O{n}")
        yield commands.OpenObjection(listing_id, name, ObjectionGrounds.WRONG, _moment(objection.opened, shift))
        if objection.resolved is not None:
            resolution = Resolution.UPHELD if objection.upheld else Resolution.REJECTED
            yield commands.ResolveObjection(listing_id, name, resolution, _moment(objection.resolved, shift))
    for n, lifted in enumerate(listed.lifted):
        name = wire_id(numbered, f"U{n}")
        begins, until = _moment(lifted.begins, shift), _moment(lifted.until, shift)
        yield commands.LiftProvisionally(listing_id, name, until, begins)
        if lifted.ended is not None:
            yield commands.EndLifting(listing_id, name, _moment(lifted.ended, shift))
    if listed.revoked is not None:
        yield commands.RevokeInError(listing_id, _moment(listed.revoked, shift))
    if listed.repaired is not None:
        yield commands.Repair(listing_id, _moment(listed.repaired, shift))
    if listed.delisted is not None:
        yield commands.Delist(listing_id, _moment(listed.delisted, shift))


def _moved(day: date | None, shift: timedelta) -> date | None:
    return None if day is None else day + shift


def _moment(local: datetime, shift: timedelta) -> datetime:
    return (local + shift).replace(tzinfo=catalogue().zone)
