"""An endpoint is told of every change in its authority's cases: signed, at least once, in order within a case."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from google.protobuf import json_format
from standardwebhooks import Webhook, WebhookVerificationError

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.registry import commands
from clearway.registry.registry import Registry
from clearway.registry.synthetic import code_of, name_of
from tests.contract.loaded import a_check, listing, load
from tests.contract.receiving import Delivery, Receiver
from tests.contract.watching import turn
from tests.node import NodeFailed, RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("webhooks")]

PATIENCE = 20.0
NUMBERS = count(81_000_001)
OLD, NEW = (base64.b64encode(bytes([fill]) * 32).decode() for fill in (1, 2))


@contextmanager
def told(
    data_dir: Path, answer: Callable[[int, bytes], int] = lambda number, body: 204
) -> Iterator[tuple[RunningNode, Registry, Receiver]]:
    """A node that tells one receiver, with its registry."""
    with load(data_dir) as registry, Receiver(answer) as receiver:
        file = configured(data_dir, receiver.url)
        with RunningNode(data_dir, webhooks=file) as node:
            yield node, registry, receiver


def configured(data_dir: Path, url: str, authority: str = "DEMO-LICENSING") -> Path:
    (data_dir / "secret").write_text(f"{OLD} whsec_{NEW}\n")
    file = data_dir / "webhooks.yaml"
    entry = {"name": "licensing", "url": url, "authority": authority, "secret_file": str(data_dir / "secret")}
    file.write_text(json.dumps({"endpoints": [entry]}))
    return file


def checked(node: RunningNode, number: int) -> str:
    node.checks().CheckSubject(a_check(number, case_number=f"TOLD-{number}"), timeout=PATIENCE)
    time.sleep(0.8)
    return f"TOLD-{number}"


def put_on_list(registry: Registry, number: int) -> str:
    day: date = datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=1)
    command = listing(number, "SAMR-SERIOUS", day)
    registered = commands.RegisterSubject("cn-uscc", code_of(number), name_of(number))
    registry.execute(registered, command, actor="test", moment=datetime.now(UTC))
    return command.listing_id


def delist(registry: Registry, listing_id: str) -> None:
    registry.execute(commands.Delist(listing_id), actor="test", moment=datetime.now(UTC))


def eventually(holds: Callable[[], bool]) -> None:
    last = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < last, "did not come about in time"
        time.sleep(0.05)


def case_of(delivery: Delivery) -> str:
    return str(json.loads(delivery.body)["subject"])


def change_in(delivery: Delivery) -> pb.CaseChange:
    return json_format.ParseDict(json.loads(delivery.body)["data"], pb.CaseChange())


def test_a_change_is_told_as_a_signed_event(tmp_path: Path) -> None:
    number = next(NUMBERS)
    with told(tmp_path) as (node, registry, receiver):
        case = checked(node, number)
        put_on_list(registry, number)
        eventually(lambda: bool(receiver.taken))
        time.sleep(1.5)
        (delivery,) = receiver.deliveries
        database_id = registry.database_id()
    event = from_structured_event(HTTPMessage(delivery.headers, delivery.body))
    assert delivery.headers["content-type"] == "application/cloudevents+json"
    assert event.get_type() == "clearway.case.changed.v1"
    assert event.get_source() == f"urn:clearway:{database_id}"
    assert event.get_subject() == case
    change = change_in(delivery)
    assert event.get_id() == change.change_id == delivery.headers["webhook-id"]
    assert turn(change) == ("ORDINARY", "RESTRICTION")
    for secret in (OLD, NEW):
        Webhook(secret).verify(delivery.body, delivery.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(base64.b64encode(b"3" * 32).decode()).verify(delivery.body, delivery.headers)


def test_what_is_not_taken_is_told_again_and_a_case_s_changes_stay_in_order(tmp_path: Path) -> None:
    stubborn, other = next(NUMBERS), next(NUMBERS)
    refusing = [True]

    def answer(number: int, body: bytes) -> int:
        return 500 if refusing[0] and f"TOLD-{stubborn}" in body.decode() else 200

    with told(tmp_path, answer) as (node, registry, receiver):
        cases = checked(node, stubborn), checked(node, other)
        listing_id = put_on_list(registry, stubborn)
        eventually(lambda: len(receiver.deliveries) >= 2)
        delist(registry, listing_id)
        put_on_list(registry, other)
        eventually(lambda: [case_of(delivery) for delivery in receiver.taken] == [cases[1]])
        refused = [change_in(delivery) for delivery in receiver.deliveries if delivery.status == 500]
        assert {turn(change) for change in refused} == {("ORDINARY", "RESTRICTION")}
        refusing[0] = False
        eventually(lambda: len(receiver.taken) == 3)
        taken = [change_in(delivery) for delivery in receiver.taken if case_of(delivery) == cases[0]]
    assert [turn(change) for change in taken] == [("ORDINARY", "RESTRICTION"), ("RESTRICTION", "ORDINARY")]
    assert {change.change_id for change in refused} == {taken[0].change_id}


def test_what_was_not_told_before_a_kill_is_told_after_it_and_what_was_is_not(tmp_path: Path) -> None:
    first, second = next(NUMBERS), next(NUMBERS)
    refusing = [False]
    with told(tmp_path, lambda number, body: 503 if refusing[0] else 200) as (node, registry, receiver):
        cases = checked(node, first), checked(node, second)
        put_on_list(registry, first)
        eventually(lambda: len(receiver.taken) == 1)
        time.sleep(0.5)
        refusing[0] = True
        put_on_list(registry, second)
        eventually(lambda: len(receiver.deliveries) >= 2)
        node.kill()
        refusing[0] = False
        node.start()
        eventually(lambda: len(receiver.taken) == 2)
        assert [case_of(delivery) for delivery in receiver.taken] == list(cases)


def test_an_endpoint_that_is_gone_is_left_alone_until_the_node_is_started_again(tmp_path: Path) -> None:
    number, other = next(NUMBERS), next(NUMBERS)
    gone = [True]
    with told(tmp_path, lambda number, body: 410 if gone[0] else 204) as (node, registry, receiver):
        cases = checked(node, number), checked(node, other)
        put_on_list(registry, number)
        eventually(lambda: bool(receiver.deliveries))
        put_on_list(registry, other)
        time.sleep(2.5)
        assert len(receiver.deliveries) == 1
        gone[0] = False
        node.stop()
        node.start()
        eventually(lambda: {case_of(delivery) for delivery in receiver.taken} == set(cases))


def test_another_authority_s_changes_are_not_told(tmp_path: Path) -> None:
    number = next(NUMBERS)
    with load(tmp_path) as registry, Receiver() as receiver:
        file = configured(tmp_path, receiver.url, authority="SAMR")
        with RunningNode(tmp_path, webhooks=file) as node:
            checked(node, number)
            put_on_list(registry, number)
            eventually(lambda: registry.case_changes.head() == 1)
            time.sleep(1.5)
    assert receiver.deliveries == []


def test_a_node_with_a_wrong_file_does_not_start_and_says_why_without_secrets(tmp_path: Path) -> None:
    file = configured(tmp_path, "http://licensing.example/changes")
    with load(tmp_path), pytest.raises(NodeFailed, match="plain http is for this machine only") as failed:
        RunningNode(tmp_path, webhooks=file).start()
    assert OLD not in str(failed.value)
