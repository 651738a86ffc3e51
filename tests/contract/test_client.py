"""The client over real gRPC: against a node, and, for what a node does not do on demand, against the fake's server."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Never

import grpc
import pytest

from clearway.client import (
    Answer,
    AsyncClearway,
    Check,
    Clearway,
    ConnectConfig,
    DeadlineExceeded,
    ErrorReason,
    FromNow,
    GoOnByHand,
    InvalidIdentifier,
    InvalidRequest,
    NoAnswer,
    NotFound,
    NotPermitted,
    Outcome,
    Raise,
    RequestIdReused,
    RetryConfig,
    Standing,
    TLSConfig,
    Unavailable,
    verify_receipt,
)
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.registry.synthetic import Character, code_of
from clearway.testing import FakeClearway, decisions
from tests.certificates import Authority, make_authority, make_certificate
from tests.contract.loaded import DEFERRABLE, ESSENTIAL, ITEM
from tests.node import RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

CHECK = Check(
    scheme="cn-uscc",
    code=code_of(Character.SERIOUS),
    item=ITEM,
    case="C-1",
    officer="o-7",
    materials=ESSENTIAL + DEFERRABLE,
)


def of(number: int, **changes: object) -> Check:
    return replace(CHECK, code=code_of(number), **changes)  # type: ignore[arg-type]


@pytest.fixture
def clearway(node: RunningNode) -> Iterator[Clearway[Never]]:
    with Clearway(ConnectConfig(node.address, timeout=5), on_unavailable=Raise()) as client:
        yield client


# Against a node


@pytest.mark.parametrize(
    ("number", "materials", "outcome", "standing"),
    [
        (Character.SERIOUS, ESSENTIAL + DEFERRABLE, Outcome.RESTRICTION, Standing.LISTED),
        (Character.TRUSTED, ESSENTIAL + DEFERRABLE, Outcome.GREEN_CHANNEL, Standing.LISTED),
        (Character.TRUSTED_MODEL, ESSENTIAL, Outcome.DEFERRED_ACCEPTANCE, Standing.LISTED),
        (Character.UNKNOWN, ESSENTIAL, Outcome.ORDINARY, Standing.NOT_LISTED),
    ],
)
def test_an_answer_of_a_node_is_read_whole(
    clearway: Clearway[Never], number: int, materials: tuple[str, ...], outcome: Outcome, standing: Standing
) -> None:
    answer = clearway.check(of(number, materials=materials))
    assert (answer.outcome, answer.standing) == (outcome, standing)
    assert answer.explanation
    assert {material.code for material in answer.missing} == {*ESSENTIAL, *DEFERRABLE} - {*materials}
    for reason in answer.restrictions:
        assert reason.legal_basis.title
        assert reason.mandatory
        assert reason.objection is not None
        assert reason.repair is not None
    recorded = clearway.get_check(answer.check_id)
    assert recorded.answer == answer
    assert recorded.request.officer == "o-7"


def test_a_check_is_the_same_check_under_its_id(clearway: Clearway[Never]) -> None:
    given = replace(CHECK, request_id="client/1")
    first, again = clearway.check(given), clearway.check(given)
    assert first == again
    with pytest.raises(RequestIdReused):
        clearway.check(replace(given, case="C-2"))


def test_a_refusal_of_a_node_has_its_kind_and_its_parts(clearway: Clearway[Never]) -> None:
    with pytest.raises(InvalidIdentifier) as mistyped:
        clearway.check(replace(CHECK, code=CHECK.code.replace("0", "O", 1)))
    assert mistyped.value.suggestion == CHECK.code
    assert mistyped.value.fault == "alphabet"
    with pytest.raises(InvalidRequest) as unknown:
        clearway.check(replace(CHECK, item="NO-SUCH-ITEM"))
    assert unknown.value.reason is ErrorReason.UNKNOWN_ITEM
    assert unknown.value.violations[0].field == "item_code"
    with pytest.raises(NotFound):
        clearway.get_check("00000000-0000-7000-8000-000000000000")


def test_a_batch_of_a_node_keeps_its_order(clearway: Clearway[Never]) -> None:
    bad = replace(CHECK, code="1")
    numbers = [Character.SERIOUS, Character.TRUSTED] * 60
    results = list(clearway.check_batch([*(of(number) for number in numbers), bad]))
    assert isinstance(results.pop(), InvalidIdentifier)
    wanted = [Outcome.RESTRICTION, Outcome.GREEN_CHANNEL] * 60
    assert [result.outcome for result in results if isinstance(result, Answer)] == wanted


def test_a_receipt_of_a_node_is_verified_by_the_keys_that_it_gives(clearway: Clearway[Never]) -> None:
    answer = clearway.check(replace(CHECK, receipt=True))
    receipt = verify_receipt(answer.receipt, clearway.receipt_keys(), now=datetime.now(UTC), case=CHECK.case)
    assert (receipt.check_id, receipt.outcome) == (answer.check_id, answer.outcome)


def test_an_answer_comes_in_the_language_asked_for(clearway: Clearway[Never]) -> None:
    answer = clearway.check(CHECK, language="zh-CN")
    assert answer.language == "zh-CN"
    assert "审核" in answer.explanation


async def test_the_async_client_answers_many_at_once(node: RunningNode) -> None:
    async with AsyncClearway(ConnectConfig(node.address, timeout=5), on_unavailable=Raise()) as clearway:
        answers = await asyncio.gather(*(clearway.check(replace(CHECK, case=f"C-{n}")) for n in range(50)))
        batch = [result async for result in clearway.check_batch([CHECK] * 101)]
    assert {answer.outcome for answer in answers} == {Outcome.RESTRICTION}
    assert len({answer.check_id for answer in answers}) == 50
    assert len(batch) == 101


def test_many_threads_share_one_client(clearway: Clearway[Never]) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: clearway.check(replace(CHECK, case=f"C-{n}")), range(50)))
    assert all(answer.restricts for answer in answers)


# Over a wire that can be broken


@pytest.fixture
def fake() -> FakeClearway:
    fake = FakeClearway()
    fake.answers(decisions.restriction(), scheme="cn-uscc", code=CHECK.code)
    return fake


def free_address() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{found.getsockname()[1]}"


def test_what_is_unavailable_is_asked_again_as_the_same_check(fake: FakeClearway) -> None:
    with fake.serving() as address, Clearway(ConnectConfig(address), on_unavailable=Raise()) as clearway:
        with fake.unavailable(ErrorReason.INDEX_BEHIND), pytest.raises(Unavailable) as failed:
            clearway.check(CHECK)
        attempts = fake.checks
        assert len(attempts) == 5
        assert len({check.request_id for check in attempts}) == 1
        assert failed.value.reason is ErrorReason.INDEX_BEHIND


def test_an_outage_shorter_than_the_retries_is_not_noticed(fake: FakeClearway) -> None:
    with fake.serving() as address, Clearway(ConnectConfig(address), on_unavailable=Raise()) as clearway:
        clearway.check(CHECK)
        with fake.unavailable(ErrorReason.SHUTTING_DOWN), ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(clearway.check, CHECK)
            while len(fake.checks) < 2:
                time.sleep(0.001)
            fake._script.recover()
            assert waiting.result(5).restricts


@pytest.mark.parametrize("reason", [ErrorReason.OVERLOADED, ErrorReason.DEADLINE_EXCEEDED, ErrorReason.UNKNOWN_ITEM])
def test_nothing_else_is_asked_again(fake: FakeClearway, reason: ErrorReason) -> None:
    with (
        fake.serving() as address,
        Clearway(ConnectConfig(address), on_unavailable=Raise()) as clearway,
        fake.unavailable(reason),
        pytest.raises(Exception, match=reason.value),
    ):
        clearway.check(CHECK)
    assert len(fake.checks) == 1


def test_acts_are_not_repeated_by_themselves(fake: FakeClearway) -> None:
    check_id = "00000000-0000-7000-8000-000000000000"
    busy = fake.unavailable(ErrorReason.REGISTRY_BUSY)
    with fake.serving() as address, Clearway(ConnectConfig(address), on_unavailable=Raise()) as clearway, busy:
        with pytest.raises(Unavailable):
            clearway.deferrals.withdraw(check_id, officer="o-7")
        with pytest.raises(Unavailable):
            clearway.deferrals.get(check_id)
    assert [received.method for received in fake.received] == ["Withdraw", *["GetDeferral"] * 5]


def test_one_attempt_is_one_attempt(fake: FakeClearway) -> None:
    once = RetryConfig(max_attempts=1)
    with (
        fake.serving() as address,
        Clearway(ConnectConfig(address, retry=once), on_unavailable=Raise()) as clearway,
        fake.unavailable(ErrorReason.INDEX_BEHIND),
        pytest.raises(Unavailable),
    ):
        clearway.check(CHECK)
    assert len(fake.checks) == 1


@contextmanager
def silence() -> Iterator[str]:
    """An address where connections are taken and nothing is ever said."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_a_deadline_is_kept() -> None:
    with silence() as address, Clearway(ConnectConfig(address, timeout=30), on_unavailable=Raise()) as clearway:
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            clearway.check(CHECK, timeout=0.3)
        assert 0.25 < time.monotonic() - began < 5


def test_where_nobody_listens_the_case_goes_on_by_hand_soon() -> None:
    told: list[NoAnswer] = []
    config = ConnectConfig(free_address(), timeout=10)
    with Clearway(config, on_unavailable=GoOnByHand(told.append)) as clearway:
        began = time.monotonic()
        missing = clearway.check(CHECK)
    assert isinstance(missing, NoAnswer)
    assert told == [missing]
    assert isinstance(missing.error, Unavailable)
    assert time.monotonic() - began < 5


def test_a_client_finds_a_service_that_was_restarted(fake: FakeClearway) -> None:
    with Clearway(ConnectConfig(free_address()), on_unavailable=GoOnByHand(lambda missing: None)) as clearway:
        address = clearway.config.target
        for _ in range(2):
            with fake.serving(address):
                last = time.monotonic() + 10
                while not isinstance(clearway.check(CHECK), Answer):
                    assert time.monotonic() < last
            assert isinstance(clearway.check(CHECK), NoAnswer)


def test_a_watch_goes_on_where_it_was_left_when_the_service_comes_back(fake: FakeClearway) -> None:
    address, seen, told = free_address(), list[str](), threading.Event()

    def follow(clearway: Clearway[Never]) -> None:
        for change in clearway.watch_cases(start=FromNow()):
            seen.append(change.change_id)
            told.set()

    with Clearway(ConnectConfig(address), on_unavailable=Raise()) as clearway:
        watching = threading.Thread(target=follow, args=(clearway,))
        with fake.serving(address):
            watching.start()
            while not any(received.method == "WatchCases" for received in fake.received):
                time.sleep(0.01)
            time.sleep(0.1)
            fake.tells(pb.CaseChange(change_id="1", case_number="C-1"))
            assert told.wait(5)
            told.clear()
        fake.tells(pb.CaseChange(change_id="2", case_number="C-1"))
        with fake.serving(address):
            assert told.wait(10)
        clearway.close()
        watching.join(5)
    assert seen == ["1", "2"]
    assert not watching.is_alive()


async def test_an_async_watch_can_be_cancelled(fake: FakeClearway) -> None:
    with fake.serving() as address:
        async with AsyncClearway(ConnectConfig(address), on_unavailable=Raise()) as clearway:
            watch = clearway.watch_cases(start=FromNow())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(watch), 0.3)


async def test_closing_the_async_client_ends_its_watch_and_cancels_nobody(fake: FakeClearway) -> None:
    with fake.serving() as address:
        clearway = AsyncClearway(ConnectConfig(address), on_unavailable=Raise())

        async def follow() -> list[str]:
            return [change.change_id async for change in clearway.watch_cases(start=FromNow())]

        watching = asyncio.create_task(follow())
        await asyncio.sleep(0.5)
        await clearway.close()
        assert await asyncio.wait_for(watching, 5) == []


def test_a_check_that_the_close_overtakes_says_so() -> None:
    with silence() as address, ThreadPoolExecutor(1) as threads:
        clearway = Clearway(ConnectConfig(address, timeout=30), on_unavailable=Raise())
        checking = threads.submit(clearway.check, CHECK)
        time.sleep(0.2)
        clearway.close()
        with pytest.raises(RuntimeError, match="closed"):
            checking.result(5)


async def test_an_async_check_that_the_close_overtakes_says_so() -> None:
    with silence() as address:
        clearway = AsyncClearway(ConnectConfig(address, timeout=30), on_unavailable=Raise())
        checking = asyncio.create_task(clearway.check(CHECK))
        await asyncio.sleep(0.2)
        await clearway.close()
        with pytest.raises(RuntimeError, match="closed"):
            await asyncio.wait_for(checking, 5)


async def test_a_check_can_be_cancelled() -> None:
    with silence() as address:
        async with AsyncClearway(ConnectConfig(address, timeout=30), on_unavailable=Raise()) as clearway:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await clearway.check(CHECK)


# TLS and tokens


class Guarded:
    """A server behind mutual TLS that takes one token."""

    def __init__(self, folder: Path, authority: Authority, clients: Authority) -> None:
        certificate, key = make_certificate(folder, "server", authority)
        self.wanted = "one"
        self._server = grpc.server(ThreadPoolExecutor(4))
        handler = grpc.unary_unary_rpc_method_handler(
            self._check, pb.CheckSubjectRequest.FromString, pb.CheckSubjectResponse.SerializeToString
        )
        name = "clearway.v1.CheckService"
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"CheckSubject": handler}),))
        pair = (key.read_bytes(), certificate.read_bytes())
        self._credentials = grpc.ssl_server_credentials(
            [pair], root_certificates=clients.certificate.read_bytes(), require_client_auth=True
        )
        self.address = f"127.0.0.1:{self._server.add_secure_port('127.0.0.1:0', self._credentials)}"
        self.callers: list[str] = []
        self.before: Callable[[pb.CheckSubjectRequest], object] = lambda request: None

    def _check(self, request: pb.CheckSubjectRequest, context: grpc.ServicerContext) -> pb.CheckSubjectResponse:
        self.before(request)
        metadata = dict(context.invocation_metadata())
        if metadata.get("authorization") != f"Bearer {self.wanted}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "no such token")
        auth: Mapping[str, Any] = context.auth_context()
        self.callers.append(auth["x509_common_name"][0].decode())
        return pb.CheckSubjectResponse(decision=decisions.ordinary(), request_id=request.request_id)

    def __enter__(self) -> Guarded:
        self._server.start()
        return self

    def __exit__(self, *fault: object) -> None:
        self._server.stop(None).wait()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path, "ca")


def test_certificates_and_tokens_follow_their_files(tmp_path: Path, authority: Authority) -> None:
    certificate, key = make_certificate(tmp_path, "first", authority)
    token = tmp_path / "token"
    token.write_text("one")
    tls = TLSConfig(authority.certificate, certificate, key)
    with Guarded(tmp_path, authority, authority) as server:
        config = ConnectConfig(server.address, tls=tls, token_file=token, timeout=10)
        with Clearway(config, on_unavailable=Raise()) as clearway:
            clearway.check(CHECK)
            server.wanted = "two"
            with pytest.raises(NotPermitted):
                clearway.check(CHECK)
            token.write_text("two")
            clearway.check(CHECK)
            fresh, fresh_key = make_certificate(tmp_path, "second", authority)
            fresh.replace(certificate)
            fresh_key.replace(key)
            clearway.check(CHECK)
        assert server.callers == ["first", "first", "second"]


async def test_the_async_clients_certificates_follow_their_files_too(tmp_path: Path, authority: Authority) -> None:
    certificate, key = make_certificate(tmp_path, "first", authority)
    with Guarded(tmp_path, authority, authority) as server:
        tls = TLSConfig(authority.certificate, certificate, key)
        config = ConnectConfig(server.address, tls=tls, token=lambda: "one", timeout=10)
        async with AsyncClearway(config, on_unavailable=Raise()) as clearway:
            await clearway.check(CHECK)
            fresh, fresh_key = make_certificate(tmp_path, "second", authority)
            fresh.replace(certificate)
            fresh_key.replace(key)
            await clearway.check(CHECK)
        assert server.callers == ["first", "second"]


def test_a_call_in_flight_outlives_a_change_of_certificates(tmp_path: Path, authority: Authority) -> None:
    certificate, key = make_certificate(tmp_path, "first", authority)
    with Guarded(tmp_path, authority, authority) as server:
        entered, go = threading.Event(), threading.Event()

        def slowly(request: pb.CheckSubjectRequest) -> None:
            if request.case_number == "SLOW":
                entered.set()
                go.wait(10)

        server.before = slowly
        tls = TLSConfig(authority.certificate, certificate, key)
        config = ConnectConfig(server.address, tls=tls, token=lambda: "one", timeout=10)
        with Clearway(config, on_unavailable=Raise()) as clearway, ThreadPoolExecutor(1) as threads:
            slow = threads.submit(clearway.check, replace(CHECK, case="SLOW"))
            assert entered.wait(5)
            fresh, fresh_key = make_certificate(tmp_path, "second", authority)
            fresh.replace(certificate)
            fresh_key.replace(key)
            clearway.check(CHECK)
            go.set()
            assert slow.result(5).outcome is Outcome.ORDINARY
        assert server.callers == ["second", "first"]


def test_a_server_of_another_authority_is_not_believed(tmp_path: Path, authority: Authority) -> None:
    other = make_authority(tmp_path, "other")
    certificate, key = make_certificate(tmp_path, "client", authority)
    with Guarded(tmp_path, authority, authority) as server:
        config = ConnectConfig(server.address, tls=TLSConfig(other.certificate, certificate, key), token=lambda: "one")
        with Clearway(config, on_unavailable=Raise()) as clearway, pytest.raises(Unavailable):
            clearway.check(CHECK)
        assert server.callers == []
