"""Who there is: subjects made known, with their codes and names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from clearway.registry.commands.desk import Desk, require_text
from clearway.registry.crosswalk import owners_of
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.events import Code, Description, Known
from clearway.registry.fold import SOURCE_SCHEME, SubjectRecord
from clearway.subjects.schemes import orgcode

MAX_NAME = 512
"""Signs in a name, at most: published lists hold names of close to 400."""


def known_fact(feed: str, code: Code) -> str:
    """The name of the statement "`feed` knows the subject of this code"; a registrar's feed is empty."""
    return f"known:{feed}:{code.scheme}:{code.code}"


@dataclass(frozen=True, slots=True)
class RegisterSubject:
    """Make a subject known, or restate how it is known: codes, names, and the first day there is evidence of it.

    `aliases` are further (scheme, code) pairs of the same subject. A code of another subject is refused as a collision.
    """

    scheme: str
    code: str
    name: str = ""
    other_names: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    known_since: date | None = None

    def enact(self, desk: Desk) -> None:
        """Find or make the subject, give it the codes that are new, and state the description."""
        for name in filter(None, (self.name, *self.other_names)):
            require_text("name", name, MAX_NAME)
        codes = tuple(dict.fromkeys(desk.code(*pair) for pair in ((self.scheme, self.code), *self.aliases)))
        owners = owners_of(codes, desk.owner)
        record = settle_owner(owners)
        if record is None:
            record = desk.ledger.new_subject()
        for code, owner in owners.items():
            if owner is None:
                desk.ledger.claim_code(record.subject_id, code.scheme, code.code)
        description = describe(codes, self.name, self.other_names, self.known_since)
        desk.append(record, Known(known_fact("", codes[0]), description))
        for code in codes:
            desk.enter_number(record, code)


def describe(
    codes: tuple[Code, ...],
    name: str,
    other_names: tuple[str, ...],
    known_since: date | None,
    masked: str = "",
) -> Description:
    """How a subject is described; a natural person's names are not kept."""
    if names_a_person(codes):
        return Description(codes, known_since=known_since, masked=masked)
    return Description(codes, name, other_names, known_since, masked)


def names_a_person(codes: tuple[Code, ...]) -> bool:
    """Whether the codes, apart from feeds' own numbers, are all those of a natural person."""
    persons = [code for code in codes if code.personal]
    return bool(persons) and all(code.personal or code.scheme.startswith(SOURCE_SCHEME) for code in codes)


def settle_owner(owners: dict[Code, SubjectRecord | None]) -> SubjectRecord | None:
    """The one subject that all these codes belong to, or None where all are new. Raises IDENTIFIER_COLLISION.

    A code its subject's sources have taken back does not lead to that subject: on its own it is a collision. So is an
    organisation code alone that leads to a subject with another unified social credit code.
    """
    known = {record.subject_id: record for record in owners.values() if record is not None}
    if not known:
        return None
    record = next(iter(known.values()))
    if len(known) > 1 or not any(record.answers_to(code.scheme, code.code) for code in owners):
        raise RegistryError(RegistryReason.IDENTIFIER_COLLISION, "a code given here belongs to another subject")
    linked_by = (code for code, owner in owners.items() if owner is not None)
    if record.has_other_uscc(owners) and all(code.scheme == orgcode.NAME for code in linked_by):
        raise RegistryError(RegistryReason.IDENTIFIER_COLLISION, "the organisation code belongs to another subject")
    return record
