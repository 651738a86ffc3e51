"""The decision under any small catalogue, on any facts, at telling moments: equal to the reference, and lawful."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, assume, find, given, settings
from hypothesis import strategies as st

from clearway.catalogue import model
from clearway.decision import facts
from clearway.decision.answer import Decision, NoticeCode, Outcome, Standing
from clearway.decision.decide import decide
from tests.reference import Answer, Reference, answer_of, plus
from tests.worlds import MATERIALS, TICK, World, dated, evidence, inexact, known, listings, sources, turns, worlds

pytestmark = pytest.mark.timeout(900)

law = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
PROCEDURES = (Outcome.ORDINARY, Outcome.DEFERRED_ACCEPTANCE, Outcome.GREEN_CHANNEL)
"""From the slowest procedure to the quickest."""


def decided(world: World) -> Decision:
    return decide(world.evidence, world.request, world.catalogue, world.moment, world.confirmations, world.sources)


def referred(world: World) -> Answer:
    return Reference(world.catalogue, world.moment, world.confirmations, world.sources).decide(
        world.evidence, world.request
    )


def shown(decision: Decision) -> set[str]:
    """Every listing that the answer names."""
    answer = answer_of(decision)
    pairs = (*answer.restrictions, *answer.incentives, *answer.notices)
    return {listing_id for _, listing_id in pairs if listing_id}


@settings(law, max_examples=5 * settings().max_examples)
@given(worlds())
def test_the_decision_is_the_reference_s(world: World) -> None:
    assert answer_of(decided(world)) == referred(world)


@law
@given(worlds())
def test_the_same_question_gets_the_same_answer(world: World) -> None:
    assert decided(world) == decided(world)


@law
@given(worlds(known), st.data())
def test_an_ended_listing_is_neither_applied_nor_shown(world: World, data: st.DataObject) -> None:
    ended = data.draw(listings("ENDED"))
    how = data.draw(st.sampled_from(["repaired", "expired", "annulled", "not begun"]))
    ended = {
        "repaired": lambda: msgspec.structs.replace(ended, ended_at=world.moment),
        "annulled": lambda: msgspec.structs.replace(ended, annulled=True),
        "expired": lambda: msgspec.structs.replace(ended, expires_on=world.day),
        "not begun": lambda: msgspec.structs.replace(ended, effective_from=world.day + timedelta(days=1)),
    }[how]()
    profile = world.profile
    with_it = decided(world.of(msgspec.structs.replace(profile, listings=(ended, *profile.listings))))
    without = decided(world.of(profile))
    assert "ENDED" not in shown(with_it)
    if how == "not begun":
        assert answer_of(with_it) == answer_of(without)
    else:
        # Not even the answer's end lets it show through.
        assert with_it == without


@law
@given(worlds(known))
def test_past_its_publicity_a_listing_is_not_shown(world: World) -> None:
    visible = shown(decided(world))
    for listing in world.profile.listings:
        regime = world.catalogue.regime(listing.regime)
        if regime is None or regime.max_publicity is None or listing.document_date is None:
            continue
        if plus(listing.document_date, regime.max_publicity) <= world.day:
            assert listing.listing_id not in visible


@law
@given(worlds(known))
def test_an_open_objection_under_a_suspending_regime_leaves_no_measure(world: World) -> None:
    opened = facts.Objection("NOW", world.moment)
    objected = tuple(msgspec.structs.replace(entry, objections=(opened,)) for entry in world.profile.listings)
    decision = decided(world.of(msgspec.structs.replace(world.profile, listings=objected)))
    for restriction in decision.restrictions:
        assert restriction.regime.objection is not None
        assert restriction.regime.objection.effect is model.ObjectionEffect.ANNOTATE_ONLY
    noted = {notice.listing_id for notice in decision.notices if "OBJECTION" in notice.code}
    assert {restriction.listing.listing_id for restriction in decision.restrictions} <= noted


@law
@given(worlds(known))
def test_a_provisional_lifting_leaves_no_measure_and_is_told(world: World) -> None:
    now = facts.Lifting("NOW", world.moment, world.moment + TICK)
    lifted = tuple(msgspec.structs.replace(entry, liftings=(now,)) for entry in world.profile.listings)
    decision = decided(world.of(msgspec.structs.replace(world.profile, listings=lifted)))
    assert not decision.restrictions
    assert all(reason.listing is None for reason in decision.incentives)
    told = {notice.listing_id for notice in decision.notices if notice.code is NoticeCode.LIFTED_PROVISIONALLY}
    unknown = {notice.listing_id for notice in decision.notices if notice.code is NoticeCode.UNKNOWN_REGIME}
    assert shown(decision) <= told | unknown
    assert decision.expires_at == world.moment + TICK or not told


@law
@given(worlds(known))
def test_every_restriction_has_all_that_a_restriction_must_have(world: World) -> None:
    for restriction in decided(world).restrictions:
        listing, regime = restriction.listing, restriction.regime
        assert regime.kind is model.ListKind.SERIOUS
        assert listing.document_number
        assert listing.document_date
        assert regime.objection
        assert regime.repair
        assert restriction.term.ends or (restriction.term.confirmed_on and isinstance(regime.ends, model.EndsOnEvent))
        assert restriction.term.ends is None or world.day < restriction.term.ends


@law
@given(worlds(known))
def test_information_only_neither_restricts_nor_grants(world: World) -> None:
    decision = decided(world)
    only = {notice.listing_id for notice in decision.notices if notice.code is NoticeCode.INFORMATION_ONLY}
    only |= {notice.listing_id for notice in decision.notices if notice.code is NoticeCode.UNKNOWN_REGIME}
    assert not only & {reason.listing.listing_id for reason in decision.restrictions}
    assert not only & {reason.listing.listing_id for reason in decision.incentives if reason.listing}


@law
@given(worlds(inexact))
def test_without_an_exact_subject_nothing_follows(world: World) -> None:
    decision = decided(world)
    assert decision.outcome is Outcome.UNDETERMINED
    assert decision.standing in {Standing.UNKNOWN, Standing.POSSIBLE_MATCH}
    assert not decision.restrictions
    assert not decision.incentives
    assert all(deferred.deadline is None for deferred in decision.materials.deferrable)


@law
@given(worlds(dated), sources)
def test_an_overdue_source_never_restricts_never_grants_and_never_reads_as_clear(
    world: World, read: facts.Sources
) -> None:
    late = tuple(msgspec.structs.replace(source, regimes=(), overdue_at=world.moment) for source in read)
    world = replace(world, sources=late)
    decision, feeds = decided(world), {source.feed for source in late}
    assume(NoticeCode.STALE_DATA not in {notice.code for notice in decision.notices})
    assert {n.details["feed"] for n in decision.notices if n.code is NoticeCode.SOURCE_OVERDUE} == feeds
    assert not feeds & {restriction.listing.feed for restriction in decision.restrictions}
    assert decision.standing is not Standing.NOT_LISTED
    if decision.restrictions:
        assert all(reason.listing and reason.listing.feed not in feeds for reason in decision.incentives)
        assert answer_of(decision).restrictions <= answer_of(decided(replace(world, sources=()))).restrictions
    else:
        assert (decision.outcome, decision.incentives) == (Outcome.UNDETERMINED, ())


@law
@given(worlds(dated), sources)
def test_a_source_read_in_time_changes_nothing_but_the_end(world: World, read: facts.Sources) -> None:
    soon = world.moment + TICK
    decision = decided(replace(world, sources=tuple(msgspec.structs.replace(s, overdue_at=soon) for s in read)))
    plain = decided(replace(world, sources=()))
    assert msgspec.structs.replace(decision, expires_at=plain.expires_at) == plain
    assert decision.expires_at in {soon, plain.expires_at}


@law
@given(worlds(dated), st.data())
def test_the_answer_stands_until_it_expires(world: World, data: st.DataObject) -> None:
    decision = decided(world)
    expires = decision.expires_at
    assert expires is None or expires > world.moment
    last = expires or datetime(2099, 1, 1, tzinfo=UTC)
    telling = [
        moment for moment in turns(world.catalogue, world.evidence, world.confirmations, world.sources) if moment < last
    ]
    telling = [moment for moment in (*telling, last - TICK) if world.moment <= moment]
    for moment in data.draw(st.lists(st.sampled_from(telling), max_size=6)) if telling else ():
        later = decided(world.at(moment))
        assert (later.expires_at, answer_of(later)) == (expires, answer_of(decision))
        assert later.notices == decision.notices


@law
@given(worlds(known), st.data())
def test_one_more_listing_takes_no_restriction_away(world: World, data: st.DataObject) -> None:
    profile, added = world.profile, data.draw(listings("ADDED"))
    more = decided(world.of(msgspec.structs.replace(profile, listings=(*profile.listings, added))))
    before, after = answer_of(decided(world.of(profile))), answer_of(more)
    assert before.restrictions <= after.restrictions
    assert {listing_id for _, listing_id in after.restrictions - before.restrictions} <= {"ADDED"}


@law
@given(worlds(known), st.randoms(use_true_random=False))
def test_the_order_of_the_listings_is_of_no_account(world: World, chance: object) -> None:
    shuffled = list(world.profile.listings)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    other = decided(world.of(msgspec.structs.replace(world.profile, listings=tuple(shuffled))))
    assert answer_of(other) == answer_of(decided(world.of(world.profile)))


@law
@given(worlds(known), st.sampled_from(MATERIALS))
def test_one_more_material_never_slows_the_procedure(world: World, material: str) -> None:
    before = decided(world)
    supplied = world.request.supplied_materials | {material}
    request = msgspec.structs.replace(world.request, supplied_materials=supplied)
    after = decide(world.evidence, request, world.catalogue, world.moment, world.confirmations, world.sources)
    assert (after.restrictions, after.incentives, after.standing) == (
        before.restrictions, before.incentives, before.standing,
    )  # fmt: skip
    if before.outcome in PROCEDURES:
        assert PROCEDURES.index(after.outcome) >= PROCEDURES.index(before.outcome)
    else:
        assert after.outcome is before.outcome


@law
@given(worlds(evidence))
def test_a_quicker_procedure_has_an_open_route_and_every_essential_material(world: World) -> None:
    decision = decided(world)
    lacking = decision.materials.deferrable
    if decision.outcome in {Outcome.GREEN_CHANNEL, Outcome.DEFERRED_ACCEPTANCE}:
        assert decision.incentives
        assert not decision.restrictions
        assert not decision.materials.missing_essential
        assert bool(lacking) == (decision.outcome is Outcome.DEFERRED_ACCEPTANCE)
    assert all((m.deadline is not None) == (decision.outcome is Outcome.DEFERRED_ACCEPTANCE) for m in lacking)


@law
@given(worlds(known))
def test_absence_of_data_is_no_clean_record(world: World) -> None:
    unknown = msgspec.structs.replace(world.profile, known_since=None)
    assert all(reason.listing is not None for reason in decided(world.of(unknown)).incentives)


@law
@given(worlds(known))
def test_a_repaired_record_is_as_none(world: World) -> None:
    profile = world.profile
    assume(profile.adverse_records)
    repaired = tuple(msgspec.structs.replace(record, ended_at=world.moment) for record in profile.adverse_records)
    assert decided(world.of(msgspec.structs.replace(profile, adverse_records=repaired))) == decided(
        world.of(msgspec.structs.replace(profile, adverse_records=()))
    )


@pytest.mark.parametrize("outcome", Outcome)
def test_the_worlds_are_of_every_outcome(outcome: Outcome) -> None:
    search = settings(law, max_examples=5000, database=None, derandomize=True, phases=[Phase.generate])
    find(worlds(known), lambda world: decided(world).outcome is outcome, settings=search)


@law
@given(worlds(known))
def test_a_record_past_its_display_is_as_none(world: World) -> None:
    display, records = world.catalogue.edition.adverse_display, world.profile.adverse_records
    terms = {"minor": display.minor, "general": display.general, "serious": display.serious}
    shown_still = tuple(r for r in records if world.day < plus(r.document_date, terms[r.severity].max))
    assume(shown_still != records)
    profile = msgspec.structs.replace(world.profile, adverse_records=shown_still)
    assert decided(world.of(world.profile)) == decided(world.of(profile))
