"""What differs materially between two answers to the same question.

Not looked at: words, which depend on the language; deadlines and the first day of a clean period, which move with the
day of the question; when a source last confirmed a listing or was last read; when the answer expires.
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from clearway.gen.v1 import decision_pb2 as pb

PARTS = ("outcome", "standing", "known_since", "restrictions", "incentives", "notices", "materials")
"""What may differ, by the names of the decision's fields."""

PASSING = frozenset({pb.NOTICE_CODE_DEADLINE_PROVISIONAL, pb.NOTICE_CODE_SOURCE_OVERDUE})
"""Notices that come and go with the day of the question or the reading of sources."""

WITHOUT_DATA = frozenset({pb.NOTICE_CODE_STALE_DATA, pb.NOTICE_CODE_NO_DATA, pb.NOTICE_CODE_SOURCE_OVERDUE})
"""Notices that say why an answer is undetermined: the data does not support one."""

Gist = tuple[object, ...]
"""The material parts of a decision, in the order of `PARTS`."""

_encode = msgspec.msgpack.Encoder().encode


def gist_of(decision: pb.Decision) -> Gist:
    """The material parts of a decision, the same in every language and on every day on which nothing turned."""
    materials = decision.materials
    return (
        decision.outcome,
        decision.standing,
        decision.known_since,
        sorted(reason_gist(reason) for reason in decision.restrictions),
        sorted(reason_gist(reason) for reason in decision.incentives),
        sorted(notice_gist(notice) for notice in decision.notices if notice.code not in PASSING),
        (
            sorted(material.code for material in materials.missing_essential),
            sorted(material.code for material in materials.deferrable),
            materials.commitment_required,
        ),
    )


def digest_of(gist: Gist) -> bytes:
    """16 bytes that tell one gist from another."""
    return blake2b(_encode(gist), digest_size=16).digest()


def differences(before: pb.Decision, after: pb.Decision) -> tuple[str, ...]:
    """The names of the parts that differ; none where the two say the same."""
    pairs = zip(PARTS, gist_of(before), gist_of(after), strict=True)
    return tuple(part for part, one, other in pairs if one != other)


def is_supported(decision: pb.Decision) -> bool:
    """Whether data supports the decision: one that is undetermined for want of data is never told as a change."""
    return decision.outcome != pb.OUTCOME_UNDETERMINED or not any(
        notice.code in WITHOUT_DATA for notice in decision.notices
    )


def reason_gist(reason: pb.Reason) -> tuple[str | int, ...]:
    """What a restriction or incentive rests on and how long it lasts."""
    basis, term = reason.legal_basis, reason.term
    listed = bool(reason.listing_id)
    return (
        reason.measure,
        reason.listing_id,
        reason.regime,
        reason.kind,
        reason.force,
        reason.effect,
        reason.document.number,
        reason.document.date,
        reason.designating_authority.code or reason.designating_authority.name,
        reason.implementing_authority.code,
        basis.title,
        basis.article,
        basis.rank,
        basis.document_number,
        getattr(term, "from") if listed else "",
        term.until if listed else "",
    )


def notice_gist(notice: pb.Notice) -> tuple[int, str, str, list[tuple[str, str]]]:
    """What a notice says, without its words."""
    return notice.code, notice.listing_id, notice.regime, sorted(notice.details.items())
