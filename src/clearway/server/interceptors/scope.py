"""Whether the caller's grants reach what the request is about: asked before anything is looked up."""

from __future__ import annotations

from clearway.server.call import Call
from clearway.server.reaches import reach_in


def scope(call: Call) -> None:
    """Set the role in which the call is made. Raises `Refusal` ACCESS_DENIED."""
    caller = call.known_caller()
    call.acted_in = caller.rights.reaching(call.method.name, call.grants, reach_in(call))
