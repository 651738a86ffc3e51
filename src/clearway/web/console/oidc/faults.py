"""Why a sign-in at the issuer's page came to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Fault(StrEnum):
    """What went wrong. Its value is the log's word for it; a visitor is told `TOLD`'s."""

    AWAY = "issuer_away"
    STATE = "state_wrong"
    REFUSED = "refused_by_issuer"
    CODE = "code_not_taken"
    CLIENT = "client_refused"
    PROOF = "id_token_wrong"
    TOO_LONG = "token_too_long"
    NOT_ACCEPTED = "not_accepted_by_service"


TOLD: Mapping[Fault, tuple[str, int]] = {
    Fault.AWAY: ("oidc_away", 503),
    Fault.STATE: ("oidc_state", 400),
    Fault.REFUSED: ("oidc_refused", 403),
    Fault.CODE: ("oidc_code", 400),
    Fault.CLIENT: ("oidc_client", 503),
    Fault.PROOF: ("oidc_proof", 400),
    Fault.TOO_LONG: ("oidc_too_long", 400),
    Fault.NOT_ACCEPTED: ("oidc_not_accepted", 401),
}
"""Fault → the name of its words, and the HTTP status that fits."""


class SignInFailed(Exception):
    """There is no token to begin a session with. Says nothing of what the issuer sent."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault
