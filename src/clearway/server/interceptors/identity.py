"""Who calls, and in which language they want their answer. A call of nobody known goes no further."""

from __future__ import annotations

from functools import lru_cache

from clearway.access.limits import Allowance, Limits
from clearway.access.principals import page_principal, public_principal
from clearway.server.call import Call, Caller, Proceed
from clearway.server.identity.callers import Callers
from clearway.server.listener import Context
from clearway.server.rights import Rights, nowhere
from clearway.server.view_tokens import ViewTokens, token_in

TREE = frozenset({"/clearway.v1.AuditService/GetCheckpoint", "/clearway.v1.AuditService/GetTile"})
"""What gives the published tree over the log."""


class Identity:
    """Sets the call's caller and its language. A page shows a view token, and is known by that alone.

    `anybody` is the caller of a call without a token of the methods in `TREE`, where those are open to everybody.
    """

    def __init__(self, callers: Callers, views: ViewTokens, anybody: Caller | None = None) -> None:
        self._callers = callers
        self._views = views
        self._anybody = anybody

    def __call__(self, proceed: Proceed) -> Proceed:
        """Identify the caller. Raises `Refusal` CREDENTIALS_…, VIEW_REFUSED, PRINCIPAL_UNKNOWN, IDENTITY_…."""
        callers, views, anybody = self._callers, self._views, self._anybody

        async def identified(call: Call) -> bytes:
            authorization = ""
            for name, value in call.context.invocation_metadata() or ():
                if name == "accept-language" and isinstance(value, str):
                    call.accept_language = value
                elif name == "authorization" and isinstance(value, str):
                    authorization = value
            token = token_in(authorization)
            if anybody is not None and not authorization and call.method.name in TREE:
                call.caller = anybody
            elif token is None:
                call.caller = await callers.of(authorization, call.context)
            else:
                call.view = views.read(token)
                call.caller = page_of(call.view.authority, call.view.region)
            return await proceed(call)

        return identified


@lru_cache(maxsize=1024)
def page_of(authority: str, region: str) -> Caller:
    """The caller that a page of this authority is. Who records through it is the officer whom its token names."""
    principal = page_principal(authority)
    return Caller(principal.name, authority, region, Rights(principal, nowhere))


def anybody_of(authority: str) -> Caller:
    """The caller whom all without credentials are together: they share the limits of one principal."""
    return Caller("public", authority, "", Rights(public_principal(authority), nowhere), Allowance(Limits()))


async def require_known(callers: Callers, context: Context) -> None:
    """Refuse a call of nobody known, for the standard services. Raises as `Identity`."""
    found = (value for name, value in context.invocation_metadata() or () if name == "authorization")
    await callers.of(next((value for value in found if isinstance(value, str)), ""), context)
