"""What a registrar can do, one frozen dataclass an act, one module a noun.

Each says what it asks for; its `enact` holds the act's rules. Moments are aware; one left out means: with the
recording. Every act may refuse with a `RegistryError`, and then nothing of it is recorded.

- `desk`: where an act is done, and what every act is held to
- `subjects`, `listings`, `objections`, `liftings`, `adverse`: the acts on each
- `remedies`: repair, and revocation in error
"""

from __future__ import annotations

from clearway.registry.commands.adverse import RecordAdverse, WithdrawAdverse
from clearway.registry.commands.desk import MAX_FACT_ID, Command, Desk
from clearway.registry.commands.liftings import EndLifting, LiftProvisionally
from clearway.registry.commands.listings import Confirm, CorrectListing, Delist, ListSubject
from clearway.registry.commands.objections import OpenObjection, ResolveObjection
from clearway.registry.commands.remedies import FirstRepair, Repair, RevokeInError
from clearway.registry.commands.subjects import RegisterSubject, describe, known_fact, settle_owner

__all__ = [
    "MAX_FACT_ID",
    "Command",
    "Confirm",
    "CorrectListing",
    "Delist",
    "Desk",
    "EndLifting",
    "FirstRepair",
    "LiftProvisionally",
    "ListSubject",
    "OpenObjection",
    "RecordAdverse",
    "RegisterSubject",
    "Repair",
    "ResolveObjection",
    "RevokeInError",
    "WithdrawAdverse",
    "describe",
    "known_fact",
    "settle_owner",
]
