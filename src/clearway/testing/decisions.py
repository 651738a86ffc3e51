"""Whole decisions to script: every part that a case screen shows is filled in, invented, and fits the contract.

Change any part of what comes back before scripting it: they are plain messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from clearway.client.terms import (
    BasisRank,
    MeasureEffect,
    MeasureForce,
    MeasureKind,
    NoticeCode,
    Outcome,
    ReasonCode,
    Standing,
    written,
)
from clearway.gen.v1 import decision_pb2 as pb

Decision = pb.Decision
AUTHORITY = pb.Authority(code="EXAMPLE-AUTHORITY", name="Example authority")


def restriction(
    *,
    measure: str = "EXAMPLE-REVIEW",
    kind: MeasureKind = MeasureKind.ENHANCED_REVIEW,
    force: MeasureForce = MeasureForce.MANDATORY,
    listing_id: str = "EXAMPLE-LISTING-1",
    first_day: date = date(2026, 1, 1),
    last_day: date = date(2028, 12, 31),
) -> Decision:
    """A listing in force carries a measure that applies to the licence item."""
    effect = MeasureEffect.RIGHTS_REDUCING if kind is MeasureKind.LICENCE_BAR else MeasureEffect.MANAGEMENT
    reason = _reason(ReasonCode.SERIOUS_LISTING, measure, kind, force, effect, listing_id, first_day, last_day)
    decision = _decision(Outcome.RESTRICTION, Standing.LISTED, "A listing in force applies to this application.")
    decision.restrictions.append(reason)
    return decision


def green_channel(*, listing_id: str = "EXAMPLE-LISTING-2") -> Decision:
    """A trusted listing opens the green channel, and nothing is missing."""
    decision = _decision(Outcome.GREEN_CHANNEL, Standing.LISTED, "Handle with priority and fewer steps.")
    decision.incentives.append(_incentive(listing_id))
    return decision


def deferred_acceptance(
    materials: Sequence[str] = ("EXAMPLE-MATERIAL",), *, deadline: date = date(2026, 12, 31), provisional: bool = False
) -> Decision:
    """The green channel is open and these materials may follow by the deadline."""
    decision = _decision(Outcome.DEFERRED_ACCEPTANCE, Standing.LISTED, "Accept now; what is missing may follow.")
    decision.incentives.append(_incentive("EXAMPLE-LISTING-2"))
    decision.materials.notice_text = "Supply what is missing by the deadline, or the file is returned."
    decision.materials.commitment_required = True
    for code in materials:
        decision.materials.deferrable.add(
            code=code, name=code, deadline=deadline.isoformat(), provisional=provisional, how="At the counter."
        )
    return decision


def ordinary(missing_essential: Sequence[str] = ()) -> Decision:
    """Known, fresh, and nothing in force."""
    decision = _decision(Outcome.ORDINARY, Standing.NOT_LISTED, "Proceed by the ordinary procedure.")
    for code in missing_essential:
        decision.materials.missing_essential.add(code=code, name=code)
    return decision


def undetermined(notice: NoticeCode = NoticeCode.NO_DATA) -> Decision:
    """The data cannot support an answer, for the reason that the notice gives. Not a clear answer."""
    possible = notice in (NoticeCode.POSSIBLE_MATCH, NoticeCode.NAME_ONLY, NoticeCode.MASKED_IDENTIFIER)
    standing = Standing.POSSIBLE_MATCH if possible else Standing.UNKNOWN
    decision = _decision(Outcome.UNDETERMINED, standing, "The data cannot support an answer. Go on by hand.")
    decision.notices.add(code=written(notice), text="See docs/integrate.md.")
    return decision


def _decision(outcome: Outcome, standing: Standing, text: str) -> Decision:
    return pb.Decision(
        outcome=written(outcome),
        standing=written(standing),
        known_since="2020-01-01" if standing in (Standing.LISTED, Standing.NOT_LISTED) else "",
        explanation=pb.Explanation(language="en", text=text),
    )


def _incentive(listing_id: str) -> pb.Reason:
    return _reason(
        ReasonCode.TRUSTED_LISTING,
        "EXAMPLE-GREEN-CHANNEL",
        MeasureKind.GREEN_CHANNEL,
        MeasureForce.MANDATORY,
        MeasureEffect.INCENTIVE,
        listing_id,
        date(2026, 1, 1),
        date(2028, 12, 31),
    )


def _reason(
    code: ReasonCode,
    measure: str,
    kind: MeasureKind,
    force: MeasureForce,
    effect: MeasureEffect,
    listing_id: str,
    first_day: date,
    last_day: date,
) -> pb.Reason:
    reason = pb.Reason(
        code=written(code),
        measure=measure,
        measure_name=f"Example measure {measure}",
        kind=written(kind),
        force=written(force),
        effect=written(effect),
        regime="EXAMPLE-LIST",
        regime_name="Example list",
        listing_id=listing_id,
        document=pb.Document(number="EXAMPLE-1", date=first_day.isoformat()),
        designating_authority=AUTHORITY,
        implementing_authority=AUTHORITY,
        legal_basis=pb.LegalBasis(title="Example law", article="Article 1", rank=written(BasisRank.LAW)),
        objection=pb.Channel(authority=AUTHORITY, how="Object in writing."),
        repair=pb.Channel(authority=AUTHORITY, how="Apply for repair."),
    )
    setattr(reason.term, "from", first_day.isoformat())
    reason.term.until = last_day.isoformat()
    return reason
