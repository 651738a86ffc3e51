"""Whether the caller may call this method at all, and how often: asked before the request is even read."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from clearway.server.call import Call


class Permission:
    """Holds a call to the access matrix and to its caller's limit of calls. `now` is any clock in seconds."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now

    def __call__(self, call: Call) -> None:
        """Set the grants that the call may be made with. Raises `Refusal` ACCESS_DENIED, and `Exceeded`."""
        caller = call.known_caller()
        call.grants = caller.rights.grants(call.method.name)
        if caller.allowance is not None:
            caller.allowance.spend(1, self._now())
