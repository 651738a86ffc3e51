"""A pending case hears of it when its answer turns: once, in order, after a disconnect too, and no other case does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import grpc
import pytest

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.registry import commands
from clearway.registry.events import ObjectionGrounds
from clearway.registry.registry import Registry
from clearway.registry.synthetic import code_of, name_of
from tests.contract.loaded import a_check, by_code, by_name, listing, load, refusal_in
from tests.contract.watching import PATIENCE, Listener, turn
from tests.node import RunningNode
from tests.processes import living, parts

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("watching_cases")]

NUMBERS = count(80_000_001)
"""Subjects that only these tests know, each of one test."""

A_WHILE = 1.5
"""Seconds in which a change that is wrongly told would have been heard of."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningNode, Registry]]:
    """A node of these tests' own, whose streams end and whose processes are killed."""
    data_dir = tmp_path_factory.mktemp("watched")
    with load(data_dir) as registry, RunningNode(data_dir, workers=2) as node:
        yield node, registry


def now() -> datetime:
    return datetime.now(UTC)


def yesterday() -> date:
    return now().astimezone(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=1)


def register(registry: Registry, number: int) -> None:
    registry.execute(commands.RegisterSubject("cn-uscc", code_of(number), name_of(number)), actor="test", moment=now())


def put_on_list(registry: Registry, number: int) -> str:
    """List the subject; gives the listing's id."""
    command = listing(number, "SAMR-SERIOUS", yesterday())
    registry.execute(
        commands.RegisterSubject("cn-uscc", code_of(number), name_of(number)), command, actor="test", moment=now()
    )
    return command.listing_id


def checked(node: RunningNode, number: int, case: str = "") -> str:
    """Check a subject in a case of its own, and wait until its row is in the log; gives the case."""
    case = case or f"WATCHED-{number}"
    node.checks().CheckSubject(a_check(number, case_number=case), timeout=PATIENCE)
    time.sleep(0.8)
    return case


def report_the_end(node: RunningNode, check_id: str) -> None:
    """Close the check's case by reporting its final outcome."""
    request = pb.ReportOutcomeRequest(
        check_id=check_id, report_id=f"end-of-{check_id}", officer="officer 7", case_result=pb.CASE_RESULT_GRANTED
    )
    assert node.checks().ReportOutcome(request, timeout=PATIENCE).case_closed


# What is told


def test_a_case_whose_subject_is_listed_hears_of_it_once(watched: tuple[RunningNode, Registry]) -> None:
    node, registry = watched
    number = next(NUMBERS)
    with Listener(node) as listener:
        case = checked(node, number)
        put_on_list(registry, number)
        listener.wait_for(case)
        time.sleep(A_WHILE)
        (change,) = listener.of_case(case)
    assert turn(change) == ("ORDINARY", "RESTRICTION")
    assert {"outcome", "standing", "restrictions"} <= set(change.differs)
    assert change.officer == "officer 7"
    assert change.after.restrictions[0].objection.how


def test_what_was_heard_before_a_disconnect_is_not_heard_again_and_what_came_meanwhile_is(
    watched: tuple[RunningNode, Registry],
) -> None:
    node, registry = watched
    first, second = next(NUMBERS), next(NUMBERS)
    with Listener(node) as listener:
        cases = checked(node, first), checked(node, second)
        put_on_list(registry, first)
        listener.wait_for(cases[0])
        cursor = listener.cursor
    put_on_list(registry, second)
    with Listener(node, after=cursor) as resumed:
        resumed.wait_for(cases[1])
        time.sleep(A_WHILE)
        assert [change.case_number for change in resumed.changes] == [cases[1]]


def test_a_stream_from_the_revision_of_an_answer_hears_what_came_since(
    watched: tuple[RunningNode, Registry],
) -> None:
    node, registry = watched
    number = next(NUMBERS)
    request = a_check(number, case_number=f"WATCHED-{number}")
    answered = node.checks().CheckSubject(request, timeout=PATIENCE)
    put_on_list(registry, number)
    with Listener(node, since_revision=answered.revision) as listener:
        (change,) = listener.wait_for(f"WATCHED-{number}")
    assert change.check_id == answered.check_id


def test_repair_is_told_and_hides_what_it_repaired(watched: tuple[RunningNode, Registry]) -> None:
    node, registry = watched
    number = next(NUMBERS)
    listing_id = put_on_list(registry, number)
    with Listener(node) as listener:
        time.sleep(0.5)
        case = checked(node, number)
        registry.execute(commands.Repair(listing_id), actor="test", moment=now())
        (change,) = listener.wait_for(case)
    assert turn(change) == ("RESTRICTION", "ORDINARY")
    assert listing_id not in str(change.after)


def test_every_turn_is_told_in_order_each_from_the_one_before(watched: tuple[RunningNode, Registry]) -> None:
    node, registry = watched
    number = next(NUMBERS)
    with Listener(node) as listener:
        case = checked(node, number)
        listing_id = put_on_list(registry, number)
        listener.wait_for(case, 1)
        registry.execute(
            commands.OpenObjection(listing_id, f"O-{number}", ObjectionGrounds.WRONG), actor="test", moment=now()
        )
        listener.wait_for(case, 2)
        registry.execute(commands.Delist(listing_id), actor="test", moment=now())
        changes = listener.wait_for(case, 3)
    assert [turn(change) for change in changes] == [
        ("ORDINARY", "RESTRICTION"),
        ("RESTRICTION", "ORDINARY"),
        ("ORDINARY", "ORDINARY"),
    ]
    assert [change.before for change in changes[1:]] == [change.after for change in changes[:-1]]
    assert len({change.change_id for change in changes}) == 3


def test_an_expiry_is_told_though_nobody_does_anything(watched: tuple[RunningNode, Registry]) -> None:
    node, registry = watched
    number = next(NUMBERS)
    listing_id = put_on_list(registry, number)
    ends_at = now() + timedelta(seconds=4)
    registry.execute(commands.Delist(listing_id, effective_at=ends_at), actor="test", moment=now())
    with Listener(node) as listener:
        time.sleep(0.5)
        case = checked(node, number)
        (change,) = listener.wait_for(case)
    assert turn(change) == ("RESTRICTION", "ORDINARY")
    assert change.noticed_at.ToDatetime(UTC) >= ends_at


def test_a_name_without_a_code_hears_of_an_entry_that_resembles_it(watched: tuple[RunningNode, Registry]) -> None:
    node, registry = watched
    number = next(NUMBERS)
    with Listener(node) as listener:
        request = by_name(name_of(number))
        request.case_number = f"WATCHED-{number}"
        node.checks().CheckSubject(request, timeout=PATIENCE)
        time.sleep(0.8)
        put_on_list(registry, number)
        (change,) = listener.wait_for(f"WATCHED-{number}")
    assert turn(change) == ("UNDETERMINED", "UNDETERMINED")
    assert "notices" in change.differs


# What is not told


def test_a_closed_case_hears_of_nothing(watched: tuple[RunningNode, Registry]) -> None:
    node, registry = watched
    number, other = next(NUMBERS), next(NUMBERS)
    with Listener(node) as listener:
        cases = f"WATCHED-{number}", checked(node, other)
        answered = node.checks().CheckSubject(a_check(number, case_number=cases[0]), timeout=PATIENCE)
        report_the_end(node, answered.check_id)
        time.sleep(1.0)
        put_on_list(registry, number)
        put_on_list(registry, other)
        listener.wait_for(cases[1])
        assert listener.of_case(cases[0]) == []


def test_what_the_officer_saw_in_a_new_check_is_not_told(watched: tuple[RunningNode, Registry]) -> None:
    node, registry = watched
    number = next(NUMBERS)
    with Listener(node) as listener:
        case = checked(node, number)
        put_on_list(registry, number)
        listener.wait_for(case)
        checked(node, number, case)
        register(registry, number)
        time.sleep(A_WHILE)
        assert len(listener.of_case(case)) == 1


def test_a_change_that_leaves_the_answer_as_it_is_is_not_told(watched: tuple[RunningNode, Registry]) -> None:
    node, registry = watched
    number = next(NUMBERS)
    with Listener(node) as listener:
        case = checked(node, number)
        register(registry, number)
        time.sleep(A_WHILE)
        assert listener.of_case(case) == []


def test_one_case_can_be_listened_to_alone(watched: tuple[RunningNode, Registry]) -> None:
    node, registry = watched
    one, other = next(NUMBERS), next(NUMBERS)
    cases = checked(node, one), checked(node, other)
    with Listener(node, case_number=cases[0]) as alone, Listener(node) as both:
        put_on_list(registry, other)
        put_on_list(registry, one)
        both.wait_for(cases[0])
        both.wait_for(cases[1])
        alone.wait_for(cases[0])
        assert [change.case_number for change in alone.changes] == [cases[0]]
        assert both.of_case(cases[0]) == alone.changes


# The stream itself


def test_a_heartbeat_says_how_far_every_case_was_compared(watched: tuple[RunningNode, Registry]) -> None:
    node, registry = watched
    with Listener(node) as listener:
        head = registry.head()
        listener.eventually(lambda: int(listener.heard[-1].revision.rpartition(".")[2]) >= head)
        assert not listener.heard[-1].HasField("change")


@pytest.mark.parametrize(
    "request_of",
    [
        lambda own: pb.WatchCasesRequest(after="yesterday"),
        lambda own: pb.WatchCasesRequest(after=f"c1.{'0' * 32}.1"),
        lambda own: pb.WatchCasesRequest(after=own.rpartition(".")[0] + ".999999999"),
        lambda own: pb.WatchCasesRequest(after=own.rpartition(".")[0] + ".9" * 30),
        lambda own: pb.WatchCasesRequest(after=own.rpartition(".")[0] + ".٣"),
    ],
    ids=["garbage", "foreign", "ahead", "too long", "other digits"],
)
def test_a_cursor_that_is_not_ours_is_refused(watched: tuple[RunningNode, Registry], request_of: object) -> None:
    node, _ = watched
    with Listener(node) as listener:
        own = listener.cursor
    error = refused(node, request_of(own))  # type: ignore[operator]
    assert (error["reason"], error["code"]) == ("INVALID_CURSOR", "INVALID_ARGUMENT")


def test_a_revision_that_is_not_ours_is_refused(watched: tuple[RunningNode, Registry]) -> None:
    node, _ = watched
    assert refused(node, pb.WatchCasesRequest(since_revision="yesterday"))["reason"] == "INVALID_REVISION"
    foreign = pb.WatchCasesRequest(since_revision=f"r1.{'0' * 32}.1")
    assert refused(node, foreign)["reason"] == "FOREIGN_REVISION"


def test_bytes_that_are_no_request_are_refused(watched: tuple[RunningNode, Registry]) -> None:
    node, _ = watched
    call: grpc.UnaryStreamMultiCallable[bytes, bytes] = node.channel().unary_stream(
        "/clearway.v1.CheckService/WatchCases"
    )
    with pytest.raises(grpc.RpcError) as raised:
        next(iter(call(b"\xff\xff", timeout=PATIENCE)))
    assert refusal_in(raised.value)["reason"] == "MALFORMED_REQUEST"


def refused(node: RunningNode, request: pb.WatchCasesRequest) -> dict[str, object]:
    with pytest.raises(grpc.RpcError) as raised:
        next(iter(node.checks().WatchCases(request, timeout=PATIENCE)))
    return refusal_in(raised.value)


# Processes that end


@pytest.mark.parametrize("when", ["before the change", "after the change"])
def test_a_watcher_that_is_killed_loses_nothing_and_tells_nothing_twice(
    watched: tuple[RunningNode, Registry], when: str
) -> None:
    node, registry = watched
    numbers = [next(NUMBERS) for _ in range(5)]
    with Listener(node) as listener:
        cases = [checked(node, number) for number in numbers]
        put_on_list(registry, numbers[0])
        listener.wait_for(cases[0])
        if when == "before the change":
            kill_the_watcher(node)
        for number in numbers[1:]:
            put_on_list(registry, number)
        if when == "after the change":
            kill_the_watcher(node)
        for case in cases:
            listener.wait_for(case)
        time.sleep(A_WHILE)
        assert [len(listener.of_case(case)) for case in cases] == [1] * 5


def kill_the_watcher(node: RunningNode) -> None:
    os.kill(living(node.pid)["watcher"], signal.SIGKILL)


def test_a_node_that_stops_sends_its_listeners_elsewhere_and_the_next_one_goes_on(tmp_path: Path) -> None:
    number, other = next(NUMBERS), next(NUMBERS)
    with load(tmp_path) as registry, RunningNode(tmp_path) as node:
        with Listener(node) as listener:
            case, case_meanwhile = checked(node, number), checked(node, other)
            put_on_list(registry, number)
            listener.wait_for(case)
            cursor = listener.cursor
            os.kill(node.pid, signal.SIGTERM)
            assert listener.ended.wait(PATIENCE)
            assert listener.error is not None
            assert refusal_in(listener.error)["reason"] == "SHUTTING_DOWN"
        node.stop()
        put_on_list(registry, other)
        node.start()
        with Listener(node, after=cursor) as resumed:
            resumed.wait_for(case_meanwhile)
            assert [change.case_number for change in resumed.changes] == [case_meanwhile]


def test_one_stream_too_many_is_refused_and_checks_go_on(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path, max_streams=1, max_in_flight=1) as node, Listener(node):
        error = refused(node, pb.WatchCasesRequest())
        assert (error["reason"], error["metadata"]) == ("OVERLOADED", {"limit": "1"})
        assert node.checks().CheckSubject(a_check(), timeout=PATIENCE).check_id


def test_a_stream_ends_by_itself_before_its_connection_is_cut(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path, max_connection_age=3) as node, Listener(node) as listener:
        assert listener.ended.wait(PATIENCE)
        assert listener.error is None


def test_nothing_is_told_from_stale_data(tmp_path: Path) -> None:
    number = next(NUMBERS)
    with load(tmp_path) as registry, RunningNode(tmp_path, max_index_age=2) as node, Listener(node) as listener:
        case = checked(node, number)
        follower = parts(node.pid)["follower"]
        os.kill(follower, signal.SIGSTOP)
        time.sleep(3.0)
        assert listener.of_case(case) == []
        put_on_list(registry, number)
        os.kill(follower, signal.SIGCONT)
        (change,) = listener.wait_for(case)
        assert turn(change) == ("ORDINARY", "RESTRICTION")


def test_a_natural_person_s_case_hears_of_it_without_the_number_being_kept(
    watched: tuple[RunningNode, Registry],
) -> None:
    node, registry = watched
    citizen, case = "110108299901010013", "WATCHED-PERSON"
    with Listener(node) as listener:
        node.checks().CheckSubject(by_code("cn-ric", citizen, case_number=case), timeout=PATIENCE)
        time.sleep(0.8)
        registry.execute(
            commands.RegisterSubject("cn-ric", citizen, ""),
            commands.ListSubject(
                "cn-ric",
                citizen,
                "EXTRA-PERSON",
                "FOOD-REVOKED",
                document_number="SYN-D-2",
                document_date=yesterday(),
                effective_from=yesterday(),
            ),
            actor="test",
            moment=now(),
        )
        (change,) = listener.wait_for(case)
    assert turn(change)[1] == "RESTRICTION"
    assert citizen not in str(change)
