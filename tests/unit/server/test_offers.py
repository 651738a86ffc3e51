"""Whether an offer of deferred acceptance still stands, and what a commitment takes from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import cast

import pytest

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.facts import AdverseKind, AdverseRecord, Severity, SourceState, SubjectProfile
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.gen.v1 import subject_pb2
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.index.reader import Hit, Snapshot
from clearway.server.errors import Refusal
from clearway.server.lookup import Lookup
from clearway.server.offers import NoOffer, Offer, commitment_on, offer_in, require_standing
from tests.unit.cli.answers import CASES, CHECK_ID, ESSENTIAL, ITEM, MOMENT, catalogue, listed, response_to
from tests.unit.querylog.records import a_record
from tests.unit.server.calls import CODE, KEYS

DEFERRED = next(case for case in CASES if case.outcome == "DEFERRED_ACCEPTANCE")
TRUSTED = listed("TAX-A").profile
LOOKUP = Lookup(KEYS, max_index_age=300.0)
MIDNIGHT = datetime(2026, 5, 5, tzinfo=catalogue().zone)


class Index:
    """An index of one subject, or of none."""

    confirmations: Mapping[str, date] = {}

    def __init__(self, profile: SubjectProfile | None) -> None:
        self._profile = profile

    def find(self, key: bytes) -> Hit | None:
        return None if self._profile is None else Hit(self._profile, "", b"")


def snapshot(profile: SubjectProfile | None = TRUSTED) -> Snapshot:
    return cast("Snapshot", Index(profile))


def an_offer(**changes: object) -> Offer:
    response = response_to(DEFERRED)
    request = pb.CheckSubjectRequest(
        subject=subject_pb2.Subject(identifier=subject_pb2.Identifier(scheme="cn-uscc", value=CODE)),
        item_code=ITEM,
        application_kind=pb.APPLICATION_KIND_NEW,
        supplied_materials=sorted(ESSENTIAL),
    )
    fields: dict[str, object] = {
        "check_id": CHECK_ID,
        "decided_at": MOMENT,
        "outcome": "OUTCOME_DEFERRED_ACCEPTANCE",
        "edition_hash": catalogue().content_hash,
        "request": request.SerializeToString(),
        "response": response.SerializeToString(),
    }
    return offer_in(a_record(1, **(fields | changes)))


def because(offer: Offer, moment: datetime, found: Snapshot, edition: Catalogue | None = None) -> str:
    with pytest.raises(Refusal) as refused:
        require_standing(offer, edition or catalogue(), "110000", LOOKUP, found, moment)
    assert refused.value.reason == ErrorReason.ERROR_REASON_DEFERRAL_NOT_OFFERED
    return refused.value.metadata["because"]


def test_an_offer_stands_to_the_end_of_its_day_in_the_registrys_zone() -> None:
    require_standing(an_offer(), catalogue(), "110000", LOOKUP, snapshot(), MOMENT)
    last = (MIDNIGHT - timedelta(microseconds=1)).astimezone(UTC)
    require_standing(an_offer(), catalogue(), "110000", LOOKUP, snapshot(), last)
    assert because(an_offer(), MIDNIGHT.astimezone(UTC), snapshot()) == NoOffer.EXPIRED


def test_an_offer_ends_when_a_source_behind_it_is_overdue() -> None:
    fresh = SourceState("tax", ("TAX-A",), MOMENT, MOMENT + timedelta(hours=1))
    require_standing(an_offer(), catalogue(), "110000", LOOKUP, snapshot(), MOMENT, (fresh,))
    overdue = SourceState("tax", ("TAX-A",), None, MOMENT)
    with pytest.raises(Refusal) as refused:
        require_standing(an_offer(), catalogue(), "110000", LOOKUP, snapshot(), MOMENT, (overdue,))
    assert refused.value.metadata["because"] == NoOffer.CHANGED


def test_an_offer_ends_with_a_fact_behind_it() -> None:
    response = response_to(DEFERRED)
    response.decision.expires_at.FromDatetime(MOMENT + timedelta(hours=1))
    offer = an_offer(response=response.SerializeToString())
    require_standing(offer, catalogue(), "110000", LOOKUP, snapshot(), MOMENT)
    assert because(offer, MOMENT + timedelta(hours=1), snapshot()) == NoOffer.EXPIRED


def test_an_offer_ends_with_its_edition() -> None:
    assert because(an_offer(edition_hash="f" * 64), MOMENT, snapshot()) == NoOffer.EDITION


BROKEN = AdverseRecord("A-1", AdverseKind.BROKEN_COMMITMENT, Severity.GENERAL, "N-1", MOMENT.date())


@pytest.mark.parametrize(
    "profile",
    [
        None,
        listed("SAMR-SERIOUS").profile,
        SubjectProfile(1, "cn-uscc", TRUSTED.code, "虚构", TRUSTED.known_since, TRUSTED.listings, (BROKEN,)),
    ],
    ids=["no longer known", "restricted", "a commitment broken"],
)
def test_an_offer_ends_where_the_registry_no_longer_makes_it(profile: SubjectProfile | None) -> None:
    assert because(an_offer(), MOMENT, snapshot(profile)) == NoOffer.CHANGED


@pytest.mark.parametrize("outcome", ["OUTCOME_ORDINARY", ""])
def test_another_answer_or_none_offers_nothing(outcome: str) -> None:
    with pytest.raises(Refusal) as refused:
        an_offer(outcome=outcome)
    assert refused.value.metadata == {"because": NoOffer.OUTCOME}


def test_a_commitment_keeps_the_days_of_the_answer_and_the_words_of_both_languages() -> None:
    request = deferral_pb.CommitRequest(officer="o-7", signatory="法定代表人", commitment_reference="file 3")
    commitment = commitment_on(an_offer(), catalogue(), request)
    answered = {m.code: m.deadline for m in response_to(DEFERRED).decision.materials.deferrable}
    assert {p.material: p.deadline.isoformat() for p in commitment.promises} == answered
    item = catalogue().item(ITEM)
    assert item is not None
    assert {p.material: (p.name.en, p.name.zh, p.how.zh, p.term) for p in commitment.promises} == {
        m.code: (m.name.en, m.name.zh, m.how.zh, m.deadline) for m in item.deferrable_materials
    }
    assert commitment.consequence.zh == catalogue().edition.deferral.consequence.zh
    assert commitment.counted_from == date(2026, 5, 4)
