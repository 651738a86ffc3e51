"""The contract's closed sets of words, as the answer and the reports use them; a test holds each to the contract."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from clearway.gen.v1 import check_service_pb2 as checks
from clearway.gen.v1 import decision_pb2 as decisions
from clearway.gen.v1 import deferral_service_pb2 as deferrals

WordT = TypeVar("WordT", bound=StrEnum)


class Outcome(StrEnum):
    """What the officer is advised to do. None refuses. One that this client does not know reads as UNDETERMINED."""

    RESTRICTION = "RESTRICTION"
    DEFERRED_ACCEPTANCE = "DEFERRED_ACCEPTANCE"
    GREEN_CHANNEL = "GREEN_CHANNEL"
    ORDINARY = "ORDINARY"
    UNDETERMINED = "UNDETERMINED"


class Standing(StrEnum):
    """What is known of the subject, apart from what follows. One that this client does not know reads as UNKNOWN."""

    LISTED = "LISTED"
    NOT_LISTED = "NOT_LISTED"
    POSSIBLE_MATCH = "POSSIBLE_MATCH"
    UNKNOWN = "UNKNOWN"


class ReasonCode(StrEnum):
    """Why a reason stands in the answer."""

    SERIOUS_LISTING = "SERIOUS_LISTING"
    TRUSTED_LISTING = "TRUSTED_LISTING"
    CLEAN_RECORD = "CLEAN_RECORD"
    UNRECOGNISED = "UNRECOGNISED"


class MeasureKind(StrEnum):
    """What a measure does to the application."""

    ENHANCED_REVIEW = "ENHANCED_REVIEW"
    LICENCE_BAR = "LICENCE_BAR"
    GREEN_CHANNEL = "GREEN_CHANNEL"
    UNRECOGNISED = "UNRECOGNISED"


class MeasureForce(StrEnum):
    """How far a measure binds the implementing authority."""

    MANDATORY = "MANDATORY"
    RECOMMENDED = "RECOMMENDED"
    UNRECOGNISED = "UNRECOGNISED"


class MeasureEffect(StrEnum):
    """What a measure does to the subject's rights."""

    RIGHTS_REDUCING = "RIGHTS_REDUCING"
    MANAGEMENT = "MANAGEMENT"
    INCENTIVE = "INCENTIVE"
    UNRECOGNISED = "UNRECOGNISED"


class BasisRank(StrEnum):
    """The rank of a legal basis, highest first."""

    LAW = "LAW"
    ADMINISTRATIVE_REGULATION = "ADMINISTRATIVE_REGULATION"
    CENTRAL_POLICY_DOCUMENT = "CENTRAL_POLICY_DOCUMENT"
    LOCAL_REGULATION = "LOCAL_REGULATION"
    DEPARTMENTAL_RULE = "DEPARTMENTAL_RULE"
    NORMATIVE_DOCUMENT = "NORMATIVE_DOCUMENT"
    MEMORANDUM = "MEMORANDUM"
    UNRECOGNISED = "UNRECOGNISED"


class NoticeCode(StrEnum):
    """What a notice tells the officer; docs/integrate.md has each with its details."""

    STAYED_UNDER_OBJECTION = "STAYED_UNDER_OBJECTION"
    UNDER_OBJECTION = "UNDER_OBJECTION"
    INFORMATION_ONLY = "INFORMATION_ONLY"
    NAME_DIFFERS = "NAME_DIFFERS"
    RECOMMENDED_NOT_ADOPTED = "RECOMMENDED_NOT_ADOPTED"
    INCENTIVE_WITHHELD = "INCENTIVE_WITHHELD"
    TRUSTED_AND_SERIOUS = "TRUSTED_AND_SERIOUS"
    POSSIBLE_MATCH = "POSSIBLE_MATCH"
    NAME_ONLY = "NAME_ONLY"
    MASKED_IDENTIFIER = "MASKED_IDENTIFIER"
    STALE_DATA = "STALE_DATA"
    NO_DATA = "NO_DATA"
    NO_MEASURE_HERE = "NO_MEASURE_HERE"
    MATCHED_THROUGH = "MATCHED_THROUGH"
    DEFERRAL_EXCLUDED = "DEFERRAL_EXCLUDED"
    DEADLINE_PROVISIONAL = "DEADLINE_PROVISIONAL"
    UNKNOWN_REGIME = "UNKNOWN_REGIME"
    LIFTED_PROVISIONALLY = "LIFTED_PROVISIONALLY"
    SOURCE_OVERDUE = "SOURCE_OVERDUE"
    UNRECOGNISED = "UNRECOGNISED"


class ApplicationKind(StrEnum):
    """What the application asks for."""

    NEW = "NEW"
    RENEWAL = "RENEWAL"
    CHANGE = "CHANGE"


class MeasureResult(StrEnum):
    """What an officer did with one measure or incentive of an answer."""

    APPLIED = "APPLIED"
    NOT_APPLIED = "NOT_APPLIED"
    MODIFIED = "MODIFIED"
    GRANTED = "GRANTED"
    DECLINED = "DECLINED"


class DepartureReason(StrEnum):
    """Why a measure was not applied as advised."""

    CONDITIONS_NOT_MET = "CONDITIONS_NOT_MET"
    WRONG_SUBJECT = "WRONG_SUBJECT"
    LISTING_WRONG_OR_ENDED = "LISTING_WRONG_OR_ENDED"
    ORDERED_OTHERWISE = "ORDERED_OTHERWISE"
    DISPROPORTIONATE = "DISPROPORTIONATE"
    OTHER = "OTHER"


class CaseResult(StrEnum):
    """How a case ended."""

    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class DeferralState(StrEnum):
    """Where a deferral stands."""

    OFFERED = "OFFERED"
    COMMITTED = "COMMITTED"
    NOTICE_ISSUED = "NOTICE_ISSUED"
    EXTENDED = "EXTENDED"
    COMPLETED = "COMPLETED"
    LAPSED = "LAPSED"
    WITHDRAWN = "WITHDRAWN"
    UNRECOGNISED = "UNRECOGNISED"


WIRE: dict[type[StrEnum], tuple[Any, str]] = {
    Outcome: (decisions.Outcome, "OUTCOME_"),
    Standing: (decisions.Standing, "STANDING_"),
    ReasonCode: (decisions.ReasonCode, "REASON_CODE_"),
    MeasureKind: (decisions.MeasureKind, "MEASURE_KIND_"),
    MeasureForce: (decisions.MeasureForce, "MEASURE_FORCE_"),
    MeasureEffect: (decisions.MeasureEffect, "MEASURE_EFFECT_"),
    BasisRank: (decisions.BasisRank, "BASIS_RANK_"),
    NoticeCode: (decisions.NoticeCode, "NOTICE_CODE_"),
    ApplicationKind: (checks.ApplicationKind, "APPLICATION_KIND_"),
    MeasureResult: (checks.MeasureResult, "MEASURE_RESULT_"),
    DepartureReason: (checks.DepartureReason, "DEPARTURE_REASON_"),
    CaseResult: (checks.CaseResult, "CASE_RESULT_"),
    DeferralState: (deferrals.DeferralState, "DEFERRAL_STATE_"),
}
"""Each set of words, and the enum on the wire that it stands for, with the prefix of its values."""

ASK_A_PERSON: dict[type[StrEnum], StrEnum] = {Outcome: Outcome.UNDETERMINED, Standing: Standing.UNKNOWN}
"""What a value of a later contract reads as, where it is not UNRECOGNISED."""


def read(words: type[WordT], number: int) -> WordT:
    """The word of a number on the wire; that for values this client does not know, where it does not know it."""
    enum, prefix = WIRE[words]
    if number and number in enum.values():
        return words(enum.Name(number).removeprefix(prefix))
    unknown = ASK_A_PERSON.get(words)
    return words("UNRECOGNISED") if unknown is None else words(unknown)


def written(word: StrEnum) -> Any:
    """The number of a word on the wire."""
    enum, prefix = WIRE[type(word)]
    return enum.Value(f"{prefix}{word}")
