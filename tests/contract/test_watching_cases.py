"""A pending case hears of it when its answer turns: once, in order, after a disconnect too, and no other case does."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from clearway.registry import commands
from clearway.registry.registry import Registry
from clearway.registry.synthetic import code_of, name_of
from tests.contract.loaded import a_check, listing
from tests.contract.watching import Listener, turn
from tests.node import RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

NUMBERS = count(80_000_001)
"""Subjects that only these tests list, each once."""


def now() -> datetime:
    return datetime.now(UTC)


def today() -> object:
    return now().astimezone(ZoneInfo("Asia/Shanghai")).date()


def put_on_list(registry: Registry, number: int) -> None:
    day = now().astimezone(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=1)
    registry.execute(
        commands.RegisterSubject("cn-uscc", code_of(number), name_of(number)),
        listing(number, "SAMR-SERIOUS", day),
        actor="test",
        moment=now(),
    )


def checked(node: RunningNode, number: int) -> str:
    """Check a subject in a case of its own; gives the case."""
    case = f"WATCHED-{number}"
    node.checks().CheckSubject(a_check(number, case_number=case), timeout=10)
    return case


def test_a_case_whose_subject_is_listed_hears_of_it_once(served: tuple[RunningNode, Registry]) -> None:
    node, registry = served
    number = next(NUMBERS)
    with Listener(node) as listener:
        case = checked(node, number)
        time.sleep(1.0)
        put_on_list(registry, number)
        (change,) = listener.wait_for(case)
        assert turn(change) == ("ORDINARY", "RESTRICTION")
        assert {"outcome", "standing", "restrictions"} <= set(change.differs)
        time.sleep(1.0)
        assert len(listener.of_case(case)) == 1
