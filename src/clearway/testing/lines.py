"""Lines that end in a script instead of a channel: beneath them, the clients are the real ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from typing import Any, cast

from clearway.client.channels import Closed
from clearway.client.errors import failure_of_status
from clearway.client.methods import Method, RequestT, ResponseT
from clearway.testing.refusals import Refused
from clearway.testing.script import Script

PATIENCE = 0.005
"""Seconds between two looks at a script that has nothing to tell."""


class ScriptLine:
    """A line to a script, for threads."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.closed = False

    def unary(
        self, method: Method[RequestT, ResponseT], request: RequestT, timeout: float, language: str | None, about: str
    ) -> ResponseT:
        """Make one call."""
        require_open(self.closed)
        try:
            return copied(method, self._script.answer(method, request, language))
        except Refused as refusal:
            raise failure_of_status(refusal.status, about) from None

    def stream(
        self, method: Method[RequestT, ResponseT], request: RequestT, language: str | None
    ) -> Generator[ResponseT]:
        """Open a stream of answers."""
        require_open(self.closed)
        try:
            for told in self._script.watch(cast(Any, request), language):
                if self.closed:
                    return
                if told is None:
                    time.sleep(PATIENCE)
                else:
                    yield copied(method, cast(ResponseT, told))
        except Refused as refusal:
            raise failure_of_status(refusal.status) from None

    def close(self) -> None:
        """End it."""
        self.closed = True


class AsyncScriptLine:
    """A line to a script, for an event loop."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.closed = False

    async def unary(
        self, method: Method[RequestT, ResponseT], request: RequestT, timeout: float, language: str | None, about: str
    ) -> ResponseT:
        """Make one call."""
        require_open(self.closed)
        await asyncio.sleep(0)
        try:
            return copied(method, self._script.answer(method, request, language))
        except Refused as refusal:
            raise failure_of_status(refusal.status, about) from None

    async def stream(
        self, method: Method[RequestT, ResponseT], request: RequestT, language: str | None
    ) -> AsyncGenerator[ResponseT]:
        """Open a stream of answers."""
        require_open(self.closed)
        try:
            for told in self._script.watch(cast(Any, request), language):
                if self.closed:
                    return
                if told is None:
                    await asyncio.sleep(PATIENCE)
                else:
                    yield copied(method, cast(ResponseT, told))
        except Refused as refusal:
            raise failure_of_status(refusal.status) from None

    async def close(self) -> None:
        """End it."""
        self.closed = True


def require_open(closed: bool) -> None:
    """Raise `Closed` after `close`, as a channel does."""
    if closed:
        raise Closed


def copied(method: Method[Any, ResponseT], message: ResponseT) -> ResponseT:
    """The message as it would come over the wire: a copy that changes nothing in the script."""
    return method.response.FromString(message.SerializeToString())
