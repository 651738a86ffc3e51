"""What counts as unusual: the numbers meant, what is given of many, and that each kind is defined with its numbers."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from clearway.catalogue.loader import load_catalogue
from clearway.decision.explain import Language
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.querylog.patterns import MOST
from clearway.server.errors import Refusal
from clearway.server.reports.pattern_definitions import DEFINITIONS, NAMES, definitions_of
from clearway.server.reports.thresholds import FIELDS, Thresholds, thresholds_of
from clearway.server.reports.unusual import largest

WALK, BUSY = pb.PATTERN_KIND_WALK_OVER_CODES, pb.PATTERN_KIND_SAME_SUBJECT_MANY_CASES


def walks(*counts: int) -> list[pb.UnusualPattern]:
    return [pb.UnusualPattern(kind=WALK, count=count, caller=f"cn={count}") for count in counts]


def test_every_kind_has_a_number_a_name_and_a_definition() -> None:
    kinds = [kind for kind in pb.PatternKind.values() if kind]
    assert list(FIELDS) == kinds
    assert set(NAMES) == set(DEFINITIONS) == set(kinds)
    assert set(FIELDS.values()) <= {field.name for field in dataclasses.fields(Thresholds)}


def test_a_number_that_is_not_given_is_the_usual_one() -> None:
    found = thresholds_of(pb.ListUnusualPatternsRequest(checks_outside_hours=3))
    assert found == dataclasses.replace(Thresholds(), checks_outside_hours=3)


@pytest.mark.parametrize(
    ("begins", "ends", "meant"),
    [(0, 0, (Thresholds().work_begins, Thresholds().work_ends)), (0, 6, (0, 6)), (22, 24, (22, 24))],
)
def test_hours_are_given_by_their_end(begins: int, ends: int, meant: tuple[int, int]) -> None:
    found = thresholds_of(pb.ListUnusualPatternsRequest(work_begins=begins, work_ends=ends))
    assert (found.work_begins, found.work_ends) == meant


def test_work_does_not_end_before_it_begins() -> None:
    with pytest.raises(Refusal):
        thresholds_of(pb.ListUnusualPatternsRequest(work_begins=9, work_ends=8))


def test_the_largest_of_each_kind_are_given_and_it_is_known_that_there_are_more() -> None:
    one = pb.UnusualPattern(kind=BUSY, count=1, officer="o-1")
    given, cut = largest([*walks(*range(1, MOST + 2)), one])
    assert given[0] == one
    assert [pattern.count for pattern in given[1:]] == list(range(MOST + 1, 1, -1))
    assert cut == {WALK}
    given, cut = largest(walks(*range(1, MOST + 1)))
    assert (len(given), cut) == (MOST, frozenset())


@pytest.mark.parametrize("language", Language)
def test_a_definition_says_the_numbers_that_were_applied(language: Language) -> None:
    numbers = Thresholds(101, 102, 103, 104, work_begins=8, work_ends=17)
    found = definitions_of(numbers, timedelta(days=33), load_catalogue("cn-demo").zone.key, language, {WALK})
    assert [one.least for one in found] == [101, 102, 103, 104]
    assert all(str(one.least) in one.definition for one in found)
    assert [one.kind for one in found if one.cut] == [WALK]
    assert all(words in found[1].definition for words in ("8 ", "17 ", "Asia/Shanghai"))
    assert all(words in found[3].definition for words in ("33 ", "50%"))
    assert not any("{" in one.definition for one in found)
