from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.postgresql.faults import Trouble
from clearway.querylog.central import LogUnreachable
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.server import databases
from clearway.server.databases import Stopped, Unreachable, patiently, reached
from clearway.server.errors import refusal_for

PASSING = [
    RegistryError(RegistryReason.UNAVAILABLE, "gone"),
    RegistryError(RegistryReason.BUSY, "slow"),
    LogUnreachable(Trouble.UNAVAILABLE),
    LogUnreachable(Trouble.BUSY),
]
LASTING = [
    RegistryError(RegistryReason.OTHER_KEY, "another secret"),
    RegistryError(RegistryReason.FORBIDDEN, "to be prepared"),
    LogUnreachable(Trouble.FORBIDDEN),
    ValueError("a fault of ours"),
]


def failing(times: int, fault: Exception) -> Callable[[], str]:
    left = iter([fault] * times)

    def open_it() -> str:
        for error in left:
            raise error
        return "open"

    return open_it


@pytest.mark.parametrize("fault", PASSING, ids=repr)
def test_what_passes_is_waited_for(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "FIRST_PAUSE", 0.001)
    assert patiently(threading.Event(), failing(3, fault)) == "open"


@pytest.mark.parametrize("fault", LASTING, ids=repr)
def test_what_does_not_pass_is_told(fault: Exception) -> None:
    with pytest.raises(type(fault)):
        patiently(threading.Event(), failing(1, fault))


def test_waiting_ends_when_the_process_is_told_to_stop() -> None:
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(Stopped):
        patiently(stop, failing(1000, PASSING[0]))


def test_why_it_cannot_be_reached_is_told_without_what_was_asked() -> None:
    with pytest.raises(Unreachable, match="gone"), reached():
        raise PASSING[0]


def test_a_log_that_cannot_be_read_is_a_documented_refusal() -> None:
    refusal = refusal_for(LogUnreachable(Trouble.UNAVAILABLE))
    assert refusal is not None
    assert refusal.reason == ErrorReason.ERROR_REASON_AUDIT_UNAVAILABLE
