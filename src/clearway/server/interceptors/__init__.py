"""What every call passes before its servicer, in the order of `ORDER`; each module is one step.

A step is a gate, which looks at a call and raises where it may not go on, or a wrapper, which goes around the rest of
the way. They are composed once per method when the server is built, not once per call: grpc.aio's own interceptors
cost several microseconds each on every call, and gates that follow each other share one coroutine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clearway.server.call import Call, Gate, Proceed, Wrapper

ORDER: tuple[str, ...] = (
    "faults",
    "admission",
    "deadline",
    "evidence",
    "identity",
    "permission",
    "parsing",
    "validation",
    "scope",
    "view",
)
"""The interceptors' names, outermost first."""

TRACED: tuple[str, ...] = (ORDER[0], "tracing", *ORDER[1:])
"""The same where calls are traced: within faults, where it is still known why a call was refused.

Two orders and no step that is switched off: where nothing is traced, a call passes nothing that would trace it.
"""


def compose(
    order: Sequence[str], gates: Mapping[str, Gate], wrappers: Mapping[str, Wrapper], servicer: Proceed
) -> Proceed:
    """One callable that passes a call through the named interceptors, outermost first, to the servicer."""
    inner = servicer
    waiting: list[Gate] = []
    for name in reversed(order):
        if name in gates:
            waiting.insert(0, gates[name])
        else:
            inner = wrappers[name](through(tuple(waiting), inner))
            waiting = []
    return through(tuple(waiting), inner)


def through(gates: tuple[Gate, ...], inner: Proceed) -> Proceed:
    """The rest of the way behind some gates."""
    if not gates:
        return inner

    async def pass_gates(call: Call) -> bytes:
        for gate in gates:
            gate(call)
        return await inner(call)

    return pass_gates
