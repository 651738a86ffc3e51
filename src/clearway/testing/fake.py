"""The fake that tests hold: a script, clients that speak with it, and a server of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import cast

from clearway.client.async_clearway import AsyncClearway
from clearway.client.clearway import Clearway
from clearway.client.config import ConnectConfig, Language
from clearway.client.errors import ErrorReason
from clearway.client.methods import Method, RequestT, ResponseT
from clearway.client.unavailable import NoAnswerT_co, OnUnavailable
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.testing import local_server
from clearway.testing.lines import AsyncScriptLine, ScriptLine
from clearway.testing.refusals import refused
from clearway.testing.script import Received, Script


class FakeClearway:
    """A Clearway in memory. What was not scripted is answered UNDETERMINED, as by a service that has loaded nothing.

    It keeps the contract where integrations lean on it: rules of the fields, identifiers and their check signs, request
    and report ids, reasons for departures, cursors, receipts. `client` and `async_client` give the real clients, over
    this script instead of a channel; `serving` gives it an address.
    """

    def __init__(self) -> None:
        self._script = Script()

    def answers(self, decision: decision_pb2.Decision, *, scheme: str, code: str, item: str = "") -> None:
        """Answer checks of this subject so; of any item where none is given. Raises ValueError for an invalid code."""
        self._script.script(scheme, code, item, decision)

    def refuses(
        self, reason: ErrorReason, *, scheme: str, code: str, item: str = "", message: str = "the test says so"
    ) -> None:
        """Refuse checks of this subject for this reason. Raises ValueError for an invalid code."""
        self._script.script(scheme, code, item, refused(reason, message))

    def replies(
        self, method: Method[RequestT, ResponseT], reply: ResponseT | ErrorReason | Callable[[RequestT], ResponseT]
    ) -> None:
        """Answer every call of this method so: with a message, a refusal, or what a function makes of the request."""
        said = refused(reply, "the test says so") if isinstance(reply, ErrorReason) else reply
        self._script.reply(method.path.rpartition("/")[2], said)

    @contextmanager
    def unavailable(self, reason: ErrorReason | None = None) -> Iterator[None]:
        """Answer nothing for a while: because nobody is there, or for a reason such as `ErrorReason.OVERLOADED`."""
        self._script.fail(reason)
        try:
            yield
        finally:
            self._script.recover()

    def tells(self, change: pb.CaseChange) -> str:
        """Tell every watch of a change; its cursor."""
        return self._script.tell(change)

    def interrupts_watches(self) -> None:
        """Break every open watch, as a restarting service does."""
        self._script.interrupt()

    @property
    def received(self) -> tuple[Received, ...]:
        """Every call, in order, retries and refused ones included."""
        return tuple(self._script.received)

    @property
    def checks(self) -> tuple[pb.CheckSubjectRequest, ...]:
        """Every check that came, single or in a batch, in order."""
        found: list[pb.CheckSubjectRequest] = []
        for received in self._script.received:
            if received.method == "CheckSubject":
                found.append(received.request)
            elif received.method == "BatchCheckSubjects":
                found.extend(received.request.checks)
        return tuple(found)

    def client(
        self, *, on_unavailable: OnUnavailable[NoAnswerT_co], language: Language | None = None
    ) -> Clearway[NoAnswerT_co]:
        """A client for threads that speaks with this script."""
        config = ConnectConfig("unix:fake", language=language)
        return Clearway(config, on_unavailable=on_unavailable, line=ScriptLine(self._script))

    def async_client(
        self, *, on_unavailable: OnUnavailable[NoAnswerT_co], language: Language | None = None
    ) -> AsyncClearway[NoAnswerT_co]:
        """A client for an event loop that speaks with this script."""
        config = ConnectConfig("unix:fake", language=language)
        return AsyncClearway(config, on_unavailable=on_unavailable, line=AsyncScriptLine(self._script))

    def serving(self, address: str = "127.0.0.1:0") -> AbstractContextManager[str]:
        """Serve this script over gRPC; the context gives the address. Port 0 picks a free one."""
        return cast(AbstractContextManager[str], local_server.serving(self._script, address))
