"""What an application still lacks, and by when what is deferrable may follow."""

from __future__ import annotations

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import LicenceItem
from clearway.decision.answer import DeferredMaterial, Materials, Notice, NoticeCode
from clearway.decision.facts import CheckRequest, SubjectProfile
from clearway.decision.terms import Instant, closes_deferral, usable


def materials_of(item: LicenceItem, request: CheckRequest) -> Materials:
    """What is not among the supplied materials. No deadline yet: only an open deferral route sets one."""
    supplied = request.supplied_materials
    return Materials(
        missing_essential=tuple(m for m in item.essential_materials if m.code not in supplied),
        deferrable=tuple(DeferredMaterial(m, None, False) for m in item.deferrable_materials if m.code not in supplied),
    )


def with_deadlines(materials: Materials, catalogue: Catalogue, now: Instant) -> tuple[Materials, list[Notice]]:
    """The missing deferrable materials with their deadlines in working days, counted from the day after today."""
    deferrable, notices = [], []
    for missing in materials.deferrable:
        deadline = catalogue.calendar.add(now.day, missing.material.deadline)
        deferrable.append(DeferredMaterial(missing.material, deadline.day, deadline.provisional))
        if deadline.provisional:
            details = {"material": missing.material.code, "deadline": deadline.day.isoformat()}
            notices.append(Notice(NoticeCode.DEADLINE_PROVISIONAL, details=details))
    return Materials(materials.missing_essential, tuple(deferrable)), notices


def deferral_exclusions(item: LicenceItem, profile: SubjectProfile, catalogue: Catalogue, now: Instant) -> list[Notice]:
    """Why deferred acceptance is excluded for this subject and item: empty where it is not."""
    policy = catalogue.edition.deferral
    display = catalogue.edition.adverse_display
    reasons: list[str] = []
    if item.deferral_excluded is not None:
        reasons.append("item_excluded")
    records = profile.adverse_records
    if policy.unrepaired_adverse_record and any(usable(record, display, now) for record in records):
        reasons.append("unrepaired_adverse_record")
    if any(closes_deferral(record, policy.broken_commitment, display, now) for record in records):
        reasons.append("broken_commitment")
    return [Notice(NoticeCode.DEFERRAL_EXCLUDED, details={"because": reason}) for reason in reasons]
