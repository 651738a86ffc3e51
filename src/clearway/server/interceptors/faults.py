"""Outermost: every error leaves as a documented status, and a fault of our own tells the caller nothing but that."""

from __future__ import annotations

from collections import Counter

import grpc
import structlog

from clearway.server.aborting import abort
from clearway.server.call import Call, Proceed
from clearway.server.errors import Refusal, refusal_for, server_fault

_log = structlog.get_logger(__name__)


class Faults:
    """Turns domain errors into statuses by the one table; logs what the table does not know.

    `refused` counts what callers were told, by reason.
    """

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()

    def __call__(self, proceed: Proceed) -> Proceed:
        """Let nothing but a documented status out."""

        async def guarded(call: Call) -> bytes:
            try:
                return await proceed(call)
            except grpc.aio.AbortError:
                raise
            except Exception as error:
                refusal = refusal_or_fault(call, error)
                self.refused[refusal.reason_name] += 1
                await abort(call.context, refusal)

        return guarded


def refusal_or_fault(call: Call, error: Exception) -> Refusal:
    """The refusal of a domain error; for any other, that of a fault in the server, once it is in the server's log."""
    refusal = refusal_for(error)
    if refusal is None:
        # The exception's text may quote a request, so only its type and place are logged.
        _log.error("fault", method=call.method.name, error=type(error).__name__, at=place_of(error))
        refusal = server_fault()
    return refusal


def place_of(error: BaseException) -> str:
    """Where an exception was raised, as `file:line`, without its text."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
