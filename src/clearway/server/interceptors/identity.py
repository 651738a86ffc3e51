"""Who calls. Only loopback is served, and every caller there acts for one configured authority.

A page shows a view token: it acts for the authority of the check that the token names, within the token's scope.
"""

from __future__ import annotations

from clearway.server.call import Call, Caller
from clearway.server.view_tokens import ViewTokens, token_in

CARD = "card"
"""The principal of a page: who records through it is the officer whom its token names."""


class Identity:
    """Identifies every caller as the local one, or as a page under a view token, and reads the call's metadata."""

    def __init__(self, local: Caller, views: ViewTokens) -> None:
        self._local = local
        self._views = views

    def __call__(self, call: Call) -> None:
        """Set the call's caller and metadata. Raises `Refusal` VIEW_REFUSED."""
        call.caller = self._local
        for name, value in call.context.invocation_metadata() or ():
            if name == "accept-language" and isinstance(value, str):
                call.accept_language = value
            elif name == "authorization" and isinstance(value, str):
                self._take_view(call, value)

    def _take_view(self, call: Call, authorization: str) -> None:
        token = token_in(authorization)
        if token is not None:
            view = self._views.read(token)
            call.view, call.caller = view, Caller(CARD, view.authority, view.region)
