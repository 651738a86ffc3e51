"""The nouns of a measure catalogue: what an edition file may say, as frozen pydantic models.

A catalogue is data with an edition and validity dates, never code. The shapes here are the YAML file's shapes; what a
shape alone cannot hold (ranks, references, coupling, deadlines) is held by `clearway.catalogue.rules`.
Unknown fields are refused, so what has no field here (a score, a trait of a person) cannot be written down at all.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
"""A catalogue code: a letter or digit, then letters, digits and `._:-`, at most 64 signs."""

ItemPattern = Annotated[str, Field(pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9._:-]{0,63})$")]
"""A licence item's code, or `*` for every item."""

Words = Annotated[str, Field(min_length=1, max_length=2000)]
"""A text of 1 to 2,000 signs."""


def _written_day(value: object) -> object:
    # pydantic would also read a bare number as seconds since 1970, which nobody means in an edition.
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip()):
        raise ValueError("must be a day written YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_written_day)]
"""A day in the edition's zone, written YYYY-MM-DD."""


class ListKind(StrEnum):
    """Which way a list points: 红名单 or 严重失信主体名单."""

    TRUSTED = "trusted"
    SERIOUS = "serious"


class BasisRank(StrEnum):
    """The rank of a legal basis, highest first (国办发〔2020〕49号)."""

    LAW = "law"
    ADMINISTRATIVE_REGULATION = "administrative_regulation"
    CENTRAL_POLICY_DOCUMENT = "central_policy_document"
    LOCAL_REGULATION = "local_regulation"
    DEPARTMENTAL_RULE = "departmental_rule"
    NORMATIVE_DOCUMENT = "normative_document"
    MEMORANDUM = "memorandum"


class MeasureKind(StrEnum):
    """What a restricting measure does to an application."""

    ENHANCED_REVIEW = "enhanced_review"
    LICENCE_BAR = "licence_bar"


class MeasureForce(StrEnum):
    """Whether a measure binds every implementing authority, or only those that adopted it."""

    MANDATORY = "mandatory"
    RECOMMENDED = "recommended"


class MeasureEffect(StrEnum):
    """What a restricting measure does to rights."""

    RIGHTS_REDUCING = "rights_reducing"
    MANAGEMENT = "management"


class ObjectionEffect(StrEnum):
    """What an open objection does to the measure: 暂不执行, or a note only."""

    SUSPEND = "suspend"
    ANNOTATE_ONLY = "annotate_only"


class ApplicationKind(StrEnum):
    """What an application asks for."""

    NEW = "new"
    RENEWAL = "renewal"
    CHANGE = "change"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Text(_Model):
    """A text people read, in both languages."""

    en: Words
    zh: Words


class Authority(_Model):
    """A body with public powers. `region` is where its powers end; absent means the whole country."""

    code: Code
    name: Text
    region: Code | None = None


class LegalBasis(_Model):
    """A provision that a regime, measure or incentive rests on. `region` is required for a local regulation."""

    code: Code
    title: Words
    article: Words
    rank: BasisRank
    document_number: Annotated[str, Field(max_length=200)] = ""
    region: Code | None = None


class Channel(_Model):
    """Where and how a subject objects or repairs."""

    authority: Code
    how: Text
    url: Annotated[str, Field(max_length=500)] = ""
    phone: Annotated[str, Field(max_length=100)] = ""


class Duration(_Model):
    """A calendar length. Exactly one unit is non-zero."""

    years: Annotated[int, Field(ge=0, le=100)] = 0
    months: Annotated[int, Field(ge=0, le=1200)] = 0
    days: Annotated[int, Field(ge=0, le=36600)] = 0


class EndsOnDate(_Model):
    """A listing ends on a date: its own, or `term` counted from the document date where it states none."""

    by: Literal["date"]
    term: Duration | None = None


class EndsOnEvent(_Model):
    """A listing ends on an event set by law; it stands while the source confirmed it within `confirm_within` days."""

    by: Literal["event"]
    event: Text
    confirm_within: Annotated[int, Field(ge=1, le=3660, description="days")]


class Objection(_Model):
    """How listings under a regime are objected to, and what an open objection does to their measures."""

    effect: ObjectionEffect = ObjectionEffect.SUSPEND
    review_within: Annotated[int, Field(ge=1, le=250)] | None = Field(
        default=None, description="Working days within which an objection is to be resolved; absent: no term is set."
    )
    channel: Channel


class Regime(_Model):
    """名单制度: a list kept by an authority under a legal basis, with entry and exit."""

    code: Code
    name: Text
    kind: ListKind
    basis: Code
    designating_authority: Code
    ends: Annotated[EndsOnDate | EndsOnEvent, Field(discriminator="by")]
    min_publicity: Duration | None = Field(
        default=None, description="A listing may be repaired this long after the document date and not earlier."
    )
    max_publicity: Duration | None = Field(
        default=None, description="Display stops by itself this long after the document date."
    )
    objection: Objection | None = None
    repair: Channel | None = None
    region: Code | None = None
    subject_matter: Text = Field(description="What conduct the list is about, for the coupling to its measures.")


class Measure(_Model):
    """A restriction that follows from a listing, for the licence items it names."""

    code: Code
    name: Text
    kind: MeasureKind
    force: MeasureForce
    effect: MeasureEffect
    basis: Code
    implementing_authority: Code
    regimes: Annotated[tuple[Code, ...], Field(min_length=1)]
    items: Annotated[tuple[ItemPattern, ...], Field(min_length=1)]
    coupling: Text = Field(description="The material link between the wrong and the licence items (禁止不当联结).")
    application_kinds: Annotated[tuple[ApplicationKind, ...], Field(min_length=1)] = (
        ApplicationKind.NEW,
        ApplicationKind.RENEWAL,
        ApplicationKind.CHANGE,
    )
    regions: tuple[Code, ...] = ()
    adopted_by: tuple[Code, ...] = ()
    valid_from: Day
    valid_to: Day | None = Field(default=None, description="First day on which it no longer holds.")


class TrustedListingRoute(_Model):
    """The route by a listing in force on one of these trusted regimes."""

    by: Literal["trusted_listing"]
    regimes: Annotated[tuple[Code, ...], Field(min_length=1)]


class CleanRecordRoute(_Model):
    """The route by `years` consecutive years, known throughout and without a usable adverse record."""

    by: Literal["clean_record"]
    years: Annotated[int, Field(ge=1, le=30)] = 3


class Incentive(_Model):
    """Green channel, with deferred acceptance: who has a route to it, and what withholds it."""

    code: Code
    name: Text
    route: Annotated[TrustedListingRoute | CleanRecordRoute, Field(discriminator="by")]
    basis: Code
    implementing_authority: Code
    items: Annotated[tuple[ItemPattern, ...], Field(min_length=1)]
    regions: tuple[Code, ...] = ()
    withheld_by_restriction: bool = Field(
        default=True, description="Whether a restriction in force on the same application withholds this incentive."
    )
    valid_from: Day
    valid_to: Day | None = Field(default=None, description="First day on which it no longer holds.")


class Material(_Model):
    """A paper the applicant supplies."""

    code: Code
    name: Text


class DeferrableMaterial(Material):
    """A paper that neither law nor regulation demands up front: it may follow (可容缺材料)."""

    deadline: Annotated[int, Field(ge=1, le=250, description="working days")]
    how: Text


class LicenceItem(_Model):
    """许可事项: what is applied for. `processing_limit` is the time the authority has to decide, in working days."""

    code: Code
    name: Text
    implementing_authority: Code
    processing_limit: Annotated[int, Field(ge=1, le=250, description="working days")]
    essential_materials: tuple[Material, ...] = ()
    deferrable_materials: tuple[DeferrableMaterial, ...] = ()
    deferral_excluded: Text | None = Field(
        default=None, description="Why deferred acceptance is excluded for this item, where it is."
    )
    natural_persons: Code | None = Field(
        default=None,
        description="The statute that bars certain natural persons from this item; none may be checked otherwise.",
    )


class DeferralPolicy(_Model):
    """What closes the deferral route, beyond an item's own exclusion."""

    unrepaired_adverse_record: bool = True
    broken_commitment: Duration | None = Field(
        default=None, description="How long an unrepaired broken commitment closes the route; absent: until repaired."
    )
    broken_commitment_severity: Literal["minor", "general", "serious"] = Field(
        default="general", description="How grave the adverse record of a broken commitment is: how long it is shown."
    )
    consequence: Text = Field(description="What follows when a deadline is missed, told in the notice.")


class DisplayTerm(_Model):
    """How long an adverse record is displayed: no repair before `min` is over, no display after `max`."""

    min: Duration | None = None
    max: Duration


class AdverseDisplay(_Model):
    """How long adverse records are displayed and used, by severity, counted from the document's date.

    The defaults are those of the 信用修复管理办法 (NDRC Order 36).
    """

    minor: DisplayTerm = DisplayTerm(max=Duration(months=3))
    general: DisplayTerm = DisplayTerm(min=Duration(months=3), max=Duration(years=1))
    serious: DisplayTerm = DisplayTerm(min=Duration(years=1), max=Duration(years=3))


class Edition(_Model):
    """One edition of a measure catalogue, as its file states it."""

    edition: Code
    title: Text
    zone: str = Field(max_length=64, description="IANA name of the registry's time zone, for every date.")
    calendar: Literal["cn", "weekends"] = Field(
        description="Working days: the State Council's published calendar, or Monday to Friday."
    )
    regions: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")] | None = Field(
        default=None,
        description="Name of the region table shipped with the service; absent: no regions are told apart.",
    )
    valid_from: Day
    valid_to: Day | None = None
    authorities: Annotated[tuple[Authority, ...], Field(max_length=10_000)]
    legal_bases: Annotated[tuple[LegalBasis, ...], Field(max_length=10_000)]
    regimes: Annotated[tuple[Regime, ...], Field(max_length=1_000)]
    measures: Annotated[tuple[Measure, ...], Field(max_length=10_000)]
    incentives: Annotated[tuple[Incentive, ...], Field(max_length=1_000)]
    items: Annotated[tuple[LicenceItem, ...], Field(min_length=1, max_length=10_000)]
    deferral: DeferralPolicy
    adverse_display: AdverseDisplay = AdverseDisplay()
