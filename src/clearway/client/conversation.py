"""A line with its client's habits: the deadline and the language of calls that are given none."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass

from clearway.client.config import ConnectConfig, Language
from clearway.client.lines import AsyncLine, Line
from clearway.client.methods import Method, RequestT, ResponseT


@dataclass(frozen=True, slots=True)
class Conversation:
    """Speaks through a line, for threads."""

    line: Line
    config: ConnectConfig

    def ask(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        timeout: float | None = None,
        language: Language | None = None,
        about: str = "",
    ) -> ResponseT:
        """Make one call."""
        seconds, language = deadline(timeout, self.config), language or self.config.language
        return self.line.unary(method, request, seconds, language, about)

    def listen(self, method: Method[RequestT, ResponseT], request: RequestT) -> Generator[ResponseT]:
        """Open a stream."""
        return self.line.stream(method, request, self.config.language)


@dataclass(frozen=True, slots=True)
class AsyncConversation:
    """Speaks through a line, on an event loop."""

    line: AsyncLine
    config: ConnectConfig

    async def ask(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        timeout: float | None = None,
        language: Language | None = None,
        about: str = "",
    ) -> ResponseT:
        """Make one call."""
        seconds, language = deadline(timeout, self.config), language or self.config.language
        return await self.line.unary(method, request, seconds, language, about)

    def listen(self, method: Method[RequestT, ResponseT], request: RequestT) -> AsyncGenerator[ResponseT]:
        """Open a stream."""
        return self.line.stream(method, request, self.config.language)


def deadline(timeout: float | None, config: ConnectConfig) -> float:
    """The seconds that a call has. Raises ValueError where that is no time at all."""
    seconds = config.timeout if timeout is None else timeout
    if seconds <= 0:
        raise ValueError("timeout is more than 0 seconds")
    return seconds
