"""One call on its way through the interceptors: who asks, how, by when, and what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import grpc
from google.protobuf.message import Message

from clearway.access.grants import Grant
from clearway.access.limits import Allowance
from clearway.access.methods import Role, short
from clearway.decision.explain import Language
from clearway.server.rights import NO_RIGHTS, Rights


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, the authority it acts for and the region that one's powers end in, what it may do, and how much."""

    principal: str
    authority: str
    region: str
    rights: Rights = NO_RIGHTS
    allowance: Allowance | None = None


NOBODY = Caller("", "", "")
"""The caller of a call that nobody is known to have made."""


@dataclass(frozen=True, slots=True)
class About:
    """The subject that a call is about, as the log names it; `key_id` where it is a natural person."""

    scheme: str = ""
    shown: str = ""
    key: bytes = b""
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What a page may look at and act on: one check, in its case, as one officer of its authority."""

    check_id: str
    case_number: str
    authority: str
    region: str
    officer: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the contract: its full name, `/package.Service/Method`, and its request type.

    `streams`: it answers with any number of messages, which its servicer writes, and not with one.
    """

    name: str
    request_type: type[Message]
    is_check: bool
    streams: bool = False

    @property
    def short(self) -> str:
        """Its name for people and rows: `CheckService/CheckSubject`."""
        return short(self.name)


@dataclass(slots=True)
class Call:
    """One call. `message` is set by the parsing interceptor, `caller` by identity; `raw` is what came in.

    `grants` are those with which the caller may call the method at all, `acted_in` the role of the one that reaches the
    call. `concealed`: the refusal says that nothing is there, where the caller may not know that something is.
    `view` is set where a page calls under a view token, which bounds what the caller may do.
    `admitted_at` is set by admission: seconds of a steady clock; 0 where nobody measured.
    """

    method: Method
    raw: bytes
    context: grpc.aio.ServicerContext[Any, Any]
    caller: Caller | None = None
    message: Message | None = None
    accept_language: str = ""
    grants: tuple[Grant, ...] = ()
    acted_in: Role | None = None
    about: About = About()
    concealed: bool = False
    admitted_at: float = 0.0
    view: View | None = None

    def elapsed_us(self, now: float) -> int:
        """Microseconds from admission to `now`, of the same steady clock; 0 where nobody measured."""
        return max(1, int((now - self.admitted_at) * 1e6)) if self.admitted_at else 0

    def known_caller(self) -> Caller:
        """The caller, once the identity interceptor has run."""
        if self.caller is None:
            raise RuntimeError("no interceptor has identified the caller")
        return self.caller

    def language(self, default: Language) -> Language:
        """The answer's language: the first supported one of `accept-language`, or the default."""
        return preferred_language(self.accept_language.split(","), default) if self.accept_language else default

    def vouched_by_this_node_only(self) -> None:
        """Say in the trailing metadata that other nodes could not be asked about the request id."""
        self.context.set_trailing_metadata(ON_THIS_NODE_ONLY)


ON_THIS_NODE_ONLY = (("clearway-request-id", "this-node-only"),)
"""Trailing metadata of an answer whose request id could not be claimed among the nodes: their database was away."""

Methods = tuple[tuple[str, type[Any], Callable[[Any, Call], Any]], ...]
"""A service's unary methods: name, request type, and the servicer's coroutine that answers with bytes."""

Proceed = Callable[[Call], Awaitable[bytes]]
"""Answers a call: the rest of the way, or the servicer at its end."""

Gate = Callable[[Call], None]
"""An interceptor that looks at a call before it goes on, and raises where it may not."""

Wrapper = Callable[[Proceed], Proceed]
"""An interceptor that goes around the rest of the way: made once, for each method."""


def preferred_language(ranges: Iterable[str], default: Language) -> Language:
    """The first supported language of an `accept-language` value; quality weights are taken as given in order."""
    for wanted in ranges:
        tag = wanted.partition(";")[0].strip().lower()
        if tag.startswith("zh"):
            return Language.ZH_CN
        if tag.startswith("en"):
            return Language.EN
    return default
