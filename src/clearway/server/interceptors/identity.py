"""Who calls. Only loopback is served, and every caller there acts for one configured authority."""

from __future__ import annotations

from clearway.server.call import Call, Caller


class Identity:
    """Identifies every caller as the local one, and reads the call's metadata."""

    def __init__(self, local: Caller) -> None:
        self._local = local

    def __call__(self, call: Call) -> None:
        """Set the call's caller and metadata."""
        call.caller = self._local
        for name, value in call.context.invocation_metadata() or ():
            if name == "accept-language" and isinstance(value, str):
                call.accept_language = value
