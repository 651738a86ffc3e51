"""What a grant reaches. Regions lie within each other by their digits here: 110105 within 110000."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.access.grants import NOTHING, Denied, Grant, Granted, Lack, Reach, reaching
from clearway.access.methods import METHODS, Role, rule_of
from clearway.access.principals import Principal, local_principal

CHECK = "/clearway.v1.CheckService/CheckSubject"
WATCH = "/clearway.v1.CheckService/WatchCases"
DELIST = "/clearway.v1.RegistryService/Delist"


def within(region: str, granted: str) -> bool:
    return bool(region) and region.startswith(granted.rstrip("0"))


def checker(**limits: object) -> Grant:
    return Grant(Role.CHECKER, **limits)  # type: ignore[arg-type]


def registrar(**limits: object) -> Grant:
    return Grant(Role.REGISTRAR, **limits)  # type: ignore[arg-type]


FOOD = frozenset({"FOOD"})
SERIOUS = frozenset({"SERIOUS"})
ONE = frozenset({"officer 7"})


@pytest.mark.parametrize(
    ("grant", "reach", "lack"),
    [
        (checker(), Reach("TRAVEL", "310000", officer="officer 1"), None),
        (checker(items=FOOD), Reach("FOOD"), None),
        (checker(items=FOOD), Reach("TRAVEL"), Lack.ITEM),
        (checker(items=FOOD), Reach(whole=True), Lack.ITEM),
        (checker(items=FOOD), NOTHING, None),
        (checker(regions=("110000",)), Reach(region="110105"), None),
        (checker(regions=("110105",)), Reach(region="110000"), Lack.REGION),
        (checker(regions=("110000",)), Reach(region=""), Lack.REGION),
        (checker(regions=("110000",)), Reach(whole=True), Lack.REGION),
        (checker(regions=("310000", "110000")), Reach(region="110000"), None),
        (checker(officers=ONE), Reach(officer="officer 7"), None),
        (checker(officers=ONE), Reach(officer="officer 8"), Lack.OFFICER),
        (registrar(regimes=SERIOUS), Reach(regimes=("SERIOUS",)), None),
        (registrar(regimes=SERIOUS), Reach(regimes=("SERIOUS", "TAX")), Lack.REGIME),
        (registrar(regimes=SERIOUS), Reach(adverse_records=True), Lack.ADVERSE_RECORDS),
        (registrar(regimes=SERIOUS, adverse_records=True), Reach(adverse_records=True), None),
    ],
)
def test_a_grant_reaches_as_far_as_it_says(grant: Grant, reach: Reach, lack: Lack | None) -> None:
    assert grant.lack(reach, within) is lack


def test_one_grant_must_reach_the_whole_call() -> None:
    grants = (checker(items=FOOD, regions=("110000",)), checker(items=frozenset({"TRAVEL"}), regions=("310000",)))
    assert reaching(grants, Reach("FOOD", "110105"), within) is grants[0]
    assert reaching(grants, Reach("FOOD", "310000"), within) is Lack.REGION
    assert reaching(grants, Reach("DRUGS", "310000"), within) is Lack.ITEM


def test_no_grant_reaches_nothing() -> None:
    assert reaching((), NOTHING, within) is Lack.ROLE


@pytest.mark.parametrize(
    ("method", "found"),
    [
        (CHECK, Granted(checker())),
        (DELIST, Denied(Lack.ROLE, (Role.REGISTRAR,))),
        (WATCH, Granted(checker())),
        ("/grpc.health.v1.Health/Check", Granted(None)),
        ("/clearway.v1.CheckService/ListSubjects", Denied(Lack.METHOD, ())),
    ],
)
def test_a_principal_may_call_what_its_roles_are_for(method: str, found: Granted | Denied) -> None:
    assert Principal("p", "A", (checker(),)).decide(method, within) == found


@pytest.mark.parametrize("method", METHODS)
def test_the_local_caller_may_do_everything(method: str) -> None:
    reach = Reach("FOOD", "110000", ("SERIOUS",), adverse_records=True, officer="officer 1", whole=True)
    assert isinstance(local_principal("A").decide(method, within, reach), Granted)


REGIONS = st.sampled_from(["110000", "110100", "110105", "310000", "310101", ""])
ITEMS = st.sampled_from(["FOOD", "TRAVEL"])
GRANTS = st.builds(
    Grant,
    role=st.sampled_from(list(Role)),
    items=st.none() | st.frozensets(ITEMS, min_size=1),
    regions=st.none() | st.lists(REGIONS.filter(bool), min_size=1).map(tuple),
    regimes=st.none() | st.frozensets(st.sampled_from(["SERIOUS", "TAX"]), min_size=1),
    adverse_records=st.booleans(),
    officers=st.none() | st.just(ONE),
)
REACHES = st.builds(
    Reach,
    item=st.none() | ITEMS,
    region=st.none() | REGIONS,
    regimes=st.lists(st.sampled_from(["SERIOUS", "TAX"]), max_size=2).map(tuple),
    adverse_records=st.booleans(),
    officer=st.sampled_from(["", "officer 7", "officer 8"]),
    whole=st.booleans(),
)


@given(st.lists(GRANTS, max_size=4), st.lists(GRANTS, max_size=2), REACHES, st.sampled_from(list(METHODS)))
def test_a_further_grant_never_takes_away(some: list[Grant], more: list[Grant], reach: Reach, method: str) -> None:
    few, many = Principal("p", "A", tuple(some)), Principal("p", "A", (*some, *more))
    if isinstance(few.decide(method, within, reach), Granted):
        assert isinstance(many.decide(method, within, reach), Granted)


@given(st.lists(GRANTS, max_size=4), REACHES, st.sampled_from(list(METHODS)))
def test_whoever_is_let_in_has_a_role_of_the_row(grants: list[Grant], reach: Reach, method: str) -> None:
    found = Principal("p", "A", tuple(grants)).decide(method, within, reach)
    if isinstance(found, Granted) and found.grant is not None:
        assert found.grant.role in rule_of(method).roles
        assert found.grant.lack(reach, within) is None
