"""Who calls, and in which language they want their answer. A call of nobody known goes no further."""

from __future__ import annotations

from clearway.server.call import Call, Proceed
from clearway.server.identity.callers import Callers
from clearway.server.listener import Context


class Identity:
    """Sets the call's caller and its language."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    def __call__(self, proceed: Proceed) -> Proceed:
        """Identify the caller. Raises `Refusal` CREDENTIALS_…, PRINCIPAL_UNKNOWN, IDENTITY_UNAVAILABLE."""
        callers = self._callers

        async def identified(call: Call) -> bytes:
            authorization = ""
            for name, value in call.context.invocation_metadata() or ():
                if name == "accept-language" and isinstance(value, str):
                    call.accept_language = value
                elif name == "authorization" and isinstance(value, str):
                    authorization = value
            call.caller = await callers.of(authorization, call.context)
            return await proceed(call)

        return identified


async def require_known(callers: Callers, context: Context) -> None:
    """Refuse a call of nobody known, for the standard services. Raises as `Identity`."""
    found = (value for name, value in context.invocation_metadata() or () if name == "authorization")
    await callers.of(next((value for value in found if isinstance(value, str)), ""), context)
