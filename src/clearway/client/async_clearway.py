"""The client for an event loop: the same as `Clearway`, awaited."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing
from types import TracebackType
from typing import Any, Generic, Self

import uuid_utils

from clearway.client import methods
from clearway.client.answer import Answer, RecordedCheck, answer_in, recorded_check_in
from clearway.client.batches import batch_request, batches, identified, nothing_for, results_in
from clearway.client.channels import Closed
from clearway.client.check import Check
from clearway.client.config import ConnectConfig, Language
from clearway.client.conversation import AsyncConversation
from clearway.client.deferral_calls import AsyncDeferrals
from clearway.client.errors import ClearwayError, NotAnswered, RequestRefused
from clearway.client.lines import AsyncChannelLine, AsyncLine
from clearway.client.methods import Method, RequestT, ResponseT
from clearway.client.outcomes import OutcomeReport, ReportedOutcome, reported_outcome_in
from clearway.client.receipts import keys_in
from clearway.client.unavailable import NoAnswer, NoAnswerT_co, OnUnavailable
from clearway.client.views import View, view_in
from clearway.client.watching import CaseChange, Course, Start, why
from clearway.gen.v1 import card_service_pb2 as card_pb
from clearway.gen.v1 import check_service_pb2 as pb

log = logging.getLogger("clearway.client")


class AsyncClearway(Generic[NoAnswerT_co]):
    """A connection to Clearway, for one event loop; make one and share it. Nothing is sent before the first call.

    `on_unavailable` has no default: what happens when no answer comes is the integrator's to choose. With `Raise()` a
    check's result is an `Answer`; with `GoOnByHand(handler)` it is an `Answer` or a `NoAnswer`.
    """

    def __init__(
        self,
        config: ConnectConfig,
        *,
        on_unavailable: OnUnavailable[NoAnswerT_co],
        new_id: Callable[[], str] = lambda: str(uuid_utils.uuid7()),
        line: AsyncLine | None = None,
    ) -> None:
        """`new_id` makes request and report ids; `line` stands in for a channel, in tests.

        Raises OSError or ValueError where the TLS files cannot be used.
        """
        self.config = config
        self._on_unavailable = on_unavailable
        self._new_id = new_id
        self._line = AsyncChannelLine(config) if line is None else line
        self._conversation = AsyncConversation(self._line, config)
        self._closing = asyncio.Event()
        self.deferrals = AsyncDeferrals(self._conversation)
        """容缺受理 after the answer."""

    async def check(
        self, check: Check, *, timeout: float | None = None, language: Language | None = None
    ) -> Answer | NoAnswerT_co:
        """Check one subject for one licence item. The record is on disk before the answer leaves.

        Raises `RequestRefused` where the request must be changed, `NotPermitted` where the caller may not ask, and what
        `on_unavailable` raises.
        """
        check = identified(check, self._new_id)
        try:
            response = await self._conversation.ask(
                methods.CHECK_SUBJECT, check.message(), timeout, language, check.request_id
            )
        except NotAnswered as error:
            return self._without_answer(check, error, language)
        return answer_in(response)

    async def check_batch(
        self,
        checks: Iterable[Check],
        *,
        at_least_as_fresh: str = "",
        timeout: float | None = None,
        language: Language | None = None,
    ) -> AsyncIterator[Answer | RequestRefused | NoAnswerT_co]:
        """Check any number, a hundred at a time, as the results are asked for: one for each, in input order.

        A check that is refused yields its `RequestRefused` and leaves the others alone; one that nothing answers yields
        or raises what `on_unavailable` says. `timeout` is for each hundred.
        """
        for batch, requests in batches(checks, self._new_id):
            request = batch_request(requests, at_least_as_fresh)
            try:
                response = await self._conversation.ask(methods.BATCH_CHECK_SUBJECTS, request, timeout, language)
                results = results_in(batch, response)
            except NotAnswered as error:
                results = nothing_for(batch, error)
            for check, result in results:
                yield self._one_of_batch(check, result, language)

    async def get_check(self, check_id: str, *, timeout: float | None = None) -> RecordedCheck:
        """Read a recorded check back. Raises `NotFound` where there is none."""
        request = pb.GetCheckRequest(check_id=check_id)
        return recorded_check_in(await self._conversation.ask(methods.GET_CHECK, request, timeout))

    async def grant_view(self, check_id: str, *, officer: str = "", timeout: float | None = None) -> View:
        """Let a page show the card of a check, in whose case it records as `officer` (empty: the check's).

        Raises `NotFound` where there is no such check of the caller's authority.
        """
        request = card_pb.GrantViewRequest(check_id=check_id, officer=officer)
        return view_in(await self._conversation.ask(methods.GRANT_VIEW, request, timeout))

    async def receipt_keys(self, *, timeout: float | None = None) -> dict[str, Any]:
        """The public keys by which receipts are verified offline, as a JWK set (RFC 7517): `keys` of `verify_receipt`.

        A gate keeps them, and asks again when a receipt names a key that is not among them. Raises `ClearwayError`.
        """
        return keys_in(await self._conversation.ask(methods.GET_RECEIPT_KEYS, pb.GetReceiptKeysRequest(), timeout))

    async def report_outcome(self, report: OutcomeReport, *, timeout: float | None = None) -> ReportedOutcome:
        """反馈: record what became of an answer. Raises `ClearwayError`."""
        request = report.message(self._new_id())
        response = await self._conversation.ask(methods.REPORT_OUTCOME, request, timeout, about=request.report_id)
        return reported_outcome_in(response)

    async def watch_cases(self, *, start: Start, case: str = "") -> AsyncIterator[CaseChange]:
        """Pending cases whose answer has changed, each change once, until the client is closed.

        Waits while nothing changes. After an interruption it goes on where it was left, and says so in the log. Raises
        `ClearwayError` where going on is no use, such as for a cursor that is not the service's.
        """
        course = Course(start, case, random.random)
        while not self._line.closed:
            interruption: ClearwayError | None = None
            try:
                async with aclosing(self._conversation.listen(methods.WATCH_CASES, course.request())) as messages:
                    async for message in messages:
                        change = course.take(message)
                        if change is not None:
                            yield change
            except Closed:
                return
            except NotAnswered as error:
                interruption = error
            if self._line.closed:
                return
            pause = course.pause_after(interruption)
            log.warning("the watch was interrupted (%s); it goes on in %.2f s", why(interruption), pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause)

    async def call(
        self, method: Method[RequestT, ResponseT], request: RequestT, *, timeout: float | None = None
    ) -> ResponseT:
        """Any other method of the contract, with its messages: those of registrars and auditors.

        `clearway.client.methods` has them. Reads are retried, acts are not. Raises `ClearwayError`.
        """
        return await self._conversation.ask(method, request, timeout)

    async def close(self) -> None:
        """Close the connection, and end every call and watch on it."""
        self._closing.set()
        await self._line.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    def _one_of_batch(
        self, check: Check, result: Answer | ClearwayError, language: Language | None
    ) -> Answer | RequestRefused | NoAnswerT_co:
        match result:
            case Answer() | RequestRefused():
                return result
            case NotAnswered():
                return self._without_answer(check, result, language)
            case _:
                raise result

    def _without_answer(self, check: Check, error: NotAnswered, language: Language | None) -> NoAnswerT_co:
        return self._on_unavailable.meet(NoAnswer(check, error, language or self.config.language or "en"))
