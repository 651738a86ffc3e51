"""A caller that listens to the changes of pending cases, and what it hears."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import grpc

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from tests.node import RunningNode

PATIENCE = 15.0


class Listener:
    """One stream of a node, read in a thread of its own until the block ends."""

    def __init__(self, node: RunningNode, **request: Any) -> None:
        self.heard: list[pb.WatchCasesResponse] = []
        self.error: grpc.RpcError | None = None
        self.ended = threading.Event()
        self._call = node.checks().WatchCases(pb.WatchCasesRequest(**request))
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        # The first message is a heartbeat: from its cursor on, everything is heard.
        self.eventually(lambda: bool(self.heard) or self.ended.is_set())
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._call.cancel()
        self._thread.join(PATIENCE)

    @property
    def changes(self) -> list[pb.CaseChange]:
        """The changes heard of so far."""
        return [message.change for message in self.heard if message.HasField("change")]

    @property
    def cursor(self) -> str:
        """The cursor of what was heard last."""
        return self.heard[-1].cursor

    def of_case(self, case_number: str) -> list[pb.CaseChange]:
        """The changes heard of in one case."""
        return [change for change in self.changes if change.case_number == case_number]

    def wait_for(self, case_number: str, count: int = 1) -> list[pb.CaseChange]:
        """The changes of a case, once there are so many."""
        self.eventually(lambda: len(self.of_case(case_number)) >= count)
        return self.of_case(case_number)

    def eventually(self, holds: Callable[[], bool], within: float = PATIENCE) -> None:
        last = time.monotonic() + within
        while not holds():
            assert time.monotonic() < last, f"did not come about; heard {len(self.heard)} messages, {self.error}"
            time.sleep(0.02)

    def _read(self) -> None:
        try:
            for message in self._call:
                self.heard.append(message)
        except grpc.RpcError as error:
            self.error = error
        self.ended.set()


def turn(change: pb.CaseChange) -> tuple[str, str]:
    """The outcomes before and after a change, without their prefix."""
    before, after = (decision_pb2.Outcome.Name(part.outcome) for part in (change.before, change.after))
    return before.removeprefix("OUTCOME_"), after.removeprefix("OUTCOME_")
