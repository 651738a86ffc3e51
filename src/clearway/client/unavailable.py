"""What an integrator wants to happen when no answer comes. There is no default: somebody must have chosen.

Silence is never a clear answer. Either the call raises, or it returns a `NoAnswer`, which a type checker does not let
pass for an `Answer`, after it was logged and handed to the integrator's own handler.
"""

from __future__ import annotations

import inspect
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Never, TypeVar

from clearway.client.check import Check
from clearway.client.errors import NotAnswered

log = logging.getLogger("clearway.client")

GO_ON_BY_HAND = {
    "en": "No answer came. This is not a clear answer: go on by hand, and say so in the file.",
    "zh-CN": "未取得核查结果。未取得结果不等于无记录：请人工办理，并在案卷中注明。",
}


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A check that nothing answered, and that goes on by hand."""

    check: Check
    """The check, with the `request_id` under which it can be asked again."""

    error: NotAnswered
    """Why nothing was answered."""

    language: str = "en"
    """The language of `explanation`."""

    @property
    def explanation(self) -> str:
        """What to tell the officer."""
        return GO_ON_BY_HAND.get(self.language, GO_ON_BY_HAND["en"])


NoAnswerT_co = TypeVar("NoAnswerT_co", bound=NoAnswer, covariant=True)


class OnUnavailable(ABC, Generic[NoAnswerT_co]):
    """What happens when no answer comes: `Raise` or `GoOnByHand`."""

    @abstractmethod
    def meet(self, missing: NoAnswer) -> NoAnswerT_co:
        """Return what the check returns instead of an answer, or raise its error."""


@dataclass(frozen=True, slots=True)
class Raise(OnUnavailable[Never]):
    """The check raises `NotAnswered`; its result is always an `Answer`."""

    def meet(self, missing: NoAnswer) -> Never:
        """Raise the error."""
        raise missing.error


@dataclass(frozen=True, slots=True)
class GoOnByHand(OnUnavailable[NoAnswer]):
    """The check is logged, handed to the handler and returned as a `NoAnswer`."""

    handler: Callable[[NoAnswer], None]
    """Called with every check that goes on by hand, before the call returns: mark the case, raise an alarm. What it
    raises, the check raises. A plain function, for the async client as well."""

    def __post_init__(self) -> None:
        if inspect.iscoroutinefunction(self.handler):
            raise TypeError("the handler is a plain function: a coroutine would never be awaited")

    def meet(self, missing: NoAnswer) -> NoAnswer:
        """Log it, call the handler, and go on."""
        error = missing.error
        log.warning(
            "no answer (%s): request %s goes on by hand", error.reason_name or error.code.name, missing.check.request_id
        )
        self.handler(missing)
        return missing
