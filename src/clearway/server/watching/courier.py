"""Tells endpoints of changes: CloudEvents over HTTP, signed, each at least once, in order within a case.

What is owed is read from the table of changes, so that nothing waits in memory alone: a node that is killed goes on
where it was, and may tell again what it had no time to note as told. A change that is not taken holds up the later ones
of its case and no other case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import httpx
import structlog
from cloudevents.core.bindings.http import HTTPMessage, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from google.protobuf.json_format import MessageToDict
from sqlalchemy.exc import SQLAlchemyError
from standardwebhooks import Webhook
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from clearway.registry.case_changes import CaseChange
from clearway.registry.deliveries import Attempt, Deliveries, Queue
from clearway.registry.errors import RegistryError
from clearway.server.watching.case_stream import wire_change
from clearway.server.watching.endpoints import Endpoint

EVENT_TYPE = "clearway.case.changed.v1"

AT_ONCE = 8
"""Requests under way to one endpoint at most."""

MOST_WAITING = 1000
"""Cases of one endpoint that wait for a next attempt at most; beyond that, further cases wait for them."""

LOOK_EVERY = 1.0
"""Seconds between looks at what is owed, where nobody says that there is news."""

FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
"""Seconds: attempts are repeated after up to the first, then up to twice as long each time, up to the longest."""

LONGEST_ASKED = 3600.0
"""Seconds of a `retry-after` that are honoured at most."""

KEEP_SAME_FAILURE_EVERY = timedelta(hours=1)
"""A failure that stays the same is kept on record once in this time."""

READ_AT_MOST = 64 * 1024
"""Bytes of an answer that are read, so that its connection can be used again."""

_log = structlog.get_logger(__name__)
_backoff = wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT)


class NotTaken(Exception):
    """An endpoint did not take a change; it is tried again, not before `retry_after` seconds."""

    def __init__(self, detail: str, retry_after: float = 0.0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class Gone(Exception):
    """The endpoint says that it is there no longer (410): it is left alone until the node is started again."""


class Courier:
    """Tells one endpoint what it is owed. One event loop's."""

    def __init__(self, endpoint: Endpoint, deliveries: Deliveries, source: str, clock: Callable[[], datetime]) -> None:
        self._endpoint = endpoint
        self._deliveries = deliveries
        self._source = source
        self._clock = clock
        self._signers = endpoint.signers()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._finished = asyncio.Event()
        self._settled = 0

    async def run(self, stop: asyncio.Event, news: asyncio.Event) -> None:
        """Tell until `stop` is set, or until the endpoint is gone; `news` says that there may be more to tell."""
        endpoint = self._endpoint
        async with httpx.AsyncClient(verify=endpoint.trust(), trust_env=False, timeout=endpoint.timeout) as client:
            try:
                while not stop.is_set():
                    await self._begin_what_is_owed(client)
                    await first_of(LOOK_EVERY, stop, news, self._finished)
                    news.clear()
                    self._finished.clear()
                    if self._reap():
                        return
            finally:
                await self._drop_all()

    async def _begin_what_is_owed(self, client: httpx.AsyncClient) -> None:
        room = MOST_WAITING - len(self._under_way)
        if room <= 0:
            return
        queue = Queue(self._endpoint.name, self._endpoint.authority, self._clock() - self._endpoint.longest_wait)
        try:
            last = await asyncio.to_thread(self._deliveries.last_change)
            owed = await asyncio.to_thread(
                self._deliveries.next_owed, queue, list(self._under_way), self._settled, room
            )
        except (RegistryError, SQLAlchemyError) as fault:
            _log.warning("webhook_queue_unreadable", endpoint=self._endpoint.name, error=type(fault).__name__)
            return
        if not owed and not self._under_way:
            # Everything up to there is told, or too old: it need not be looked through again.
            self._settled = last
        for change in owed:
            task = asyncio.create_task(self._tell(change, client))
            self._under_way[change.case_number] = task
            task.add_done_callback(lambda _: self._finished.set())

    def _reap(self) -> bool:
        """Forget what has been told; whether the endpoint is gone."""
        for case, task in list(self._under_way.items()):
            if not task.done():
                continue
            del self._under_way[case]
            try:
                task.result()
            except Gone:
                _log.error("webhook_endpoint_gone", endpoint=self._endpoint.name)
                return True
            except (RegistryError, SQLAlchemyError) as fault:
                # It was told, perhaps, and that could not be noted: it is told again.
                _log.warning("webhook_not_noted", endpoint=self._endpoint.name, error=type(fault).__name__)
        return False

    async def _drop_all(self) -> None:
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _tell(self, change: CaseChange, client: httpx.AsyncClient) -> None:
        """Tell of one change, again and again until it is taken or too old; what came of it is kept on record."""
        message = event_of(change, self._source)
        failures = Failures()
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(NotTaken),
            wait=waiting,
            stop=lambda _: self._clock() - change.noticed_at >= self._endpoint.longest_wait,
            reraise=True,
        )
        try:
            await attempts(self._attempt, change, message, failures, client)
        except NotTaken:
            await self._record(change, False, f"given up after {self._endpoint.give_up_after_days} days")

    async def _attempt(
        self, change: CaseChange, message: HTTPMessage, failures: Failures, client: httpx.AsyncClient
    ) -> None:
        try:
            async with self._slots:
                taken = await self._post(message, change.change_id, client)
        except Gone:
            await self._record(change, False, "HTTP 410: left alone until the node is started again")
            raise
        except NotTaken as failure:
            if failures.is_news(failure.detail, self._clock()):
                _log.warning("webhook_not_taken", endpoint=self._endpoint.name, detail=failure.detail)
                await self._record(change, False, failure.detail)
            raise
        await self._record(change, True, taken)

    async def _post(self, message: HTTPMessage, change_id: str, client: httpx.AsyncClient) -> str:
        """Send the event once; gives the answer's status where it was taken. Raises `NotTaken`, `Gone`."""
        headers = message.headers | signature(self._signers, change_id, self._clock(), message.body)
        try:
            async with (
                asyncio.timeout(self._endpoint.timeout),
                client.stream("POST", self._endpoint.url, headers=headers, content=message.body) as answer,
            ):
                await read_a_little(answer)
        except TimeoutError:
            raise NotTaken("timed out") from None
        except httpx.HTTPError as fault:
            raise NotTaken(type(fault).__name__) from None
        if answer.status_code == httpx.codes.GONE:
            raise Gone
        if not answer.is_success:
            raise NotTaken(f"HTTP {answer.status_code}", retry_after(answer))
        return f"HTTP {answer.status_code}"

    async def _record(self, change: CaseChange, delivered: bool, detail: str) -> None:
        attempt = Attempt(self._endpoint.name, change.seq, self._clock(), delivered, detail)
        await asyncio.to_thread(self._deliveries.record, attempt)


class Failures:
    """The failures of one change to be taken, so that the same one is not kept on record at every attempt."""

    def __init__(self) -> None:
        self._last: tuple[str, datetime] | None = None

    def is_news(self, detail: str, moment: datetime) -> bool:
        """Whether to keep this failure: it is another one than the last kept, or that was long ago."""
        if self._last is not None and self._last[0] == detail and moment - self._last[1] < KEEP_SAME_FAILURE_EVERY:
            return False
        self._last = (detail, moment)
        return True


async def run_couriers(couriers: Sequence[Courier], stop: asyncio.Event, news: asyncio.Event) -> None:
    """Let every courier tell until `stop` is set. Raises what is a fault of ours."""

    async def pass_on_news() -> None:
        while True:
            await news.wait()
            news.clear()
            for heard in ears:
                heard.set()

    ears = [asyncio.Event() for _ in couriers]
    spreading = asyncio.create_task(pass_on_news())
    try:
        await asyncio.gather(*(courier.run(stop, heard) for courier, heard in zip(couriers, ears, strict=True)))
        await stop.wait()
    finally:
        spreading.cancel()


def event_of(change: CaseChange, source: str) -> HTTPMessage:
    """The change as a CloudEvent in structured mode: the same bytes however often it is sent."""
    attributes = {
        "id": change.change_id,
        "source": source,
        "type": EVENT_TYPE,
        "subject": change.case_number,
        "time": change.noticed_at,
        "datacontenttype": "application/json",
        "sequence": f"{change.seq:018d}",
    }
    return to_structured_event(CloudEvent(attributes, MessageToDict(wire_change(change))))


def signature(signers: Sequence[Webhook], change_id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks: id, time, and one signature for each secret."""
    signed = " ".join(signer.sign(change_id, moment, body.decode()) for signer in signers)
    return {
        "webhook-id": change_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signed,
        "user-agent": "clearway",
    }


def waiting(state: RetryCallState) -> float:
    """Seconds until the next attempt: exponential with jitter, and no sooner than the endpoint asks for."""
    fault = state.outcome.exception() if state.outcome is not None else None
    asked = fault.retry_after if isinstance(fault, NotTaken) else 0.0
    return max(_backoff(state), min(asked, LONGEST_ASKED))


def retry_after(answer: httpx.Response) -> float:
    """The seconds of an answer's `retry-after`; 0 where it has none, or gives a date."""
    given = answer.headers.get("retry-after", "")
    return float(given) if given.isascii() and given.isdecimal() and len(given) < 10 else 0.0


async def read_a_little(answer: httpx.Response) -> None:
    """Read a short answer to its end; a long one is left, and its connection with it."""
    length = answer.headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and len(length) < 10 and int(length) <= READ_AT_MOST:
        await answer.aread()


async def first_of(longest: float, *events: asyncio.Event) -> None:
    """Return when one of the events is set, or after so many seconds."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, timeout=longest, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
