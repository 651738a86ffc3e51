"""A watch tells each change once, goes on where it was left, and gives up only where going on is no use."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from clearway.client import After, ErrorReason, FromNow, InvalidRequest, Outcome, Raise, SinceRevision, watching
from clearway.client.errors import failure_of_status
from clearway.client.watching import LONGEST_PAUSE, Course
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.testing import FakeClearway
from clearway.testing.refusals import refused, unreachable


def told(change_id: str, cursor: str) -> pb.WatchCasesResponse:
    return pb.WatchCasesResponse(change=change(change_id), cursor=cursor)


def change(change_id: str, case: str = "C-1") -> pb.CaseChange:
    made = pb.CaseChange(change_id=change_id, case_number=case, differs=["outcome"])
    made.before.outcome = decision_pb2.OUTCOME_ORDINARY
    made.after.outcome = decision_pb2.OUTCOME_RESTRICTION
    return made


def a_course(start: Any = None) -> Course:
    return Course(start or FromNow(), "", lambda: 1.0)


def test_a_watch_begins_where_it_is_told_to() -> None:
    assert a_course(FromNow()).request() == pb.WatchCasesRequest()
    assert a_course(After("7")).request() == pb.WatchCasesRequest(after="7")
    assert a_course(SinceRevision("r-1")).request() == pb.WatchCasesRequest(since_revision="r-1")
    assert Course(FromNow(), "C-1", lambda: 1.0).request() == pb.WatchCasesRequest(case_number="C-1")


def test_it_goes_on_after_the_last_cursor_even_of_a_heartbeat() -> None:
    course = a_course(SinceRevision("r-1"))
    assert course.take(pb.WatchCasesResponse(cursor="1")) is None
    assert course.request() == pb.WatchCasesRequest(after="1")
    taken = course.take(told("a", "2"))
    assert taken is not None
    assert (taken.cursor, taken.before, taken.after) == ("2", Outcome.ORDINARY, Outcome.RESTRICTION)
    assert course.request() == pb.WatchCasesRequest(after="2")


def test_a_change_that_is_sent_again_is_not_told_again() -> None:
    course = a_course()
    assert course.take(told("a", "1")) is not None
    assert course.take(told("a", "1")) is None
    assert course.take(told("b", "2")) is not None
    assert course.take(told("a", "1")) is None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "REMEMBERED", 3)
    course = a_course()
    assert all(course.take(told(name, "1")) for name in "abcd")
    assert course.take(told("b", "1")) is None
    assert course.take(told("a", "1")) is not None


def test_pauses_grow_with_failures_to_a_bound_and_start_anew_with_an_answer() -> None:
    course, error = a_course(), failure_of_status(unreachable().status)
    pauses = [course.pause_after(error) for _ in range(20)]
    assert pauses[:3] == [0.05, 0.1, 0.2]
    assert pauses[-1] == LONGEST_PAUSE
    course.take(pb.WatchCasesResponse(cursor="1"))
    assert course.pause_after(None) == 0.05


def test_pauses_are_jittered() -> None:
    assert Course(FromNow(), "", lambda: 0.0).pause_after(None) == 0.025


def test_it_gives_up_where_going_on_is_no_use() -> None:
    error = failure_of_status(refused(ErrorReason.INVALID_CURSOR, "words").status)
    with pytest.raises(InvalidRequest):
        a_course().pause_after(error)


def test_a_watch_outlives_interruptions_and_outages_without_loss_or_repeat() -> None:
    fake, found = FakeClearway(), list[str]()
    with fake.client(on_unavailable=Raise()) as clearway:
        beginning, first = clearway.watch_cases(start=SinceRevision("fake.0")), fake.tells(change("1"))
        one = next(beginning)
        assert (one.change_id, one.cursor) == ("1", first)
        fake.interrupts_watches()
        fake.tells(change("2"))
        found.append(next(beginning).change_id)
        with fake.unavailable():
            fake.tells(change("3"))
            threading.Timer(0.2, fake._script.recover).start()
            found.append(next(beginning).change_id)
        assert found == ["2", "3"]


async def test_the_async_watch_does_the_same() -> None:
    fake, found = FakeClearway(), list[str]()
    async with fake.async_client(on_unavailable=Raise()) as clearway:
        fake.tells(change("1"))
        watch = clearway.watch_cases(start=SinceRevision("fake.0"))
        found.append((await anext(watch)).change_id)
        fake.interrupts_watches()
        fake.tells(change("2"))
        found.append((await anext(watch)).change_id)
    assert found == ["1", "2"]
    assert [one async for one in watch] == []


def test_closing_the_client_ends_the_watch() -> None:
    fake, ended = FakeClearway(), threading.Event()
    clearway = fake.client(on_unavailable=Raise())

    def follow() -> None:
        assert list(clearway.watch_cases(start=FromNow())) == []
        ended.set()

    thread = threading.Thread(target=follow)
    thread.start()
    clearway.close()
    thread.join(5)
    assert ended.is_set()


async def test_a_watch_for_one_case_hears_of_no_other() -> None:
    fake = FakeClearway()
    fake.tells(change("1", "C-1"))
    fake.tells(change("2", "C-2"))
    async with fake.async_client(on_unavailable=Raise()) as clearway:
        watch = clearway.watch_cases(start=SinceRevision("fake.0"), case="C-2")
        assert (await asyncio.wait_for(anext(watch), 5)).change_id == "2"


def test_a_cursor_that_is_not_the_services_is_an_error() -> None:
    with FakeClearway().client(on_unavailable=Raise()) as clearway, pytest.raises(InvalidRequest):
        next(clearway.watch_cases(start=After("nonsense")))
