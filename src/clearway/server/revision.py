"""The revision token: opaque to callers; carries the database's identity, so that another database's is noticed."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal, Violation

FORMAT = "r1"


class Revision(NamedTuple):
    """A registry revision of one database."""

    database_id: str
    number: int


@lru_cache(maxsize=64)
def token_of(database_id: str, number: int) -> str:
    """The token of a revision of a database."""
    return f"{FORMAT}.{database_id}.{number}"


def parse_token(token: str, field: str = "consistency.at_least_as_fresh") -> Revision:
    """The revision in a token, which stands in `field` of the request. Raises `Refusal` INVALID_REVISION."""
    parts = token.split(".")
    if (
        len(parts) != 3
        or parts[0] != FORMAT
        or not parts[2].isdecimal()
        or not parts[2].isascii()
        or len(parts[2]) > 18
    ):
        message = "this is not a revision token of this service"
        raise Refusal(ErrorReason.ERROR_REASON_INVALID_REVISION, message, violations=[Violation(field, message)])
    return Revision(parts[1], int(parts[2]))


def require_same_database(wanted: Revision, database_id: str) -> None:
    """Raise `Refusal` FOREIGN_REVISION where the token is another database's."""
    if wanted.database_id != database_id:
        message = "the revision token comes from another database"
        raise Refusal(ErrorReason.ERROR_REASON_FOREIGN_REVISION, message, {"have_database": database_id})
