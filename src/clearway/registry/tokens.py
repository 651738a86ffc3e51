"""What stands for natural persons' numbers, under which keys: the tokens of one number belong together.

A number is never stored, so another key cannot hash it anew: whoever brings the number again does. Then it is entered
under every key that is given, and whatever was recorded of it goes on under its root, the token it was first known by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.orm import aliased

from clearway.registry.database import among
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.events import Code, Rehashed
from clearway.registry.schema import SubjectKeyRow, TokenRow
from clearway.subjects.identifiers import Identifier
from clearway.subjects.keys import SubjectKeys
from clearway.subjects.masking import mask


class Known(NamedTuple):
    """A number that the record knows: its root, and its token under each key that it was entered under."""

    root: str
    tokens: dict[str, str]


class Tokens:
    """What the record has in place of some identifiers, read in one go. One transaction's."""

    def __init__(self, connection: Connection, keys: SubjectKeys, identifiers: Iterable[Identifier]) -> None:
        """Raises `RegistryError` KEY_MISSING where natural persons are asked for and some could not be found."""
        persons = {one: keys.tokens(one) for one in identifiers if one.personal}
        self._tokens = persons
        self._known: dict[Identifier, Known] = {}
        if persons:
            require_keys(connection, keys.ids)
            found = _known(connection, persons)
            for person, tokens in persons.items():
                places = ((person.scheme, token) for token in tokens.values())
                known = next((found[place] for place in places if place in found), None)
                if known is not None:
                    self._known[person] = known

    def code(self, identifier: Identifier) -> Code:
        """The identifier as the record keeps it: a natural person's as its number's root, and as it may be shown."""
        if not identifier.personal:
            return Code(identifier.scheme, identifier.value)
        known = self._known.get(identifier)
        root = next(iter(self._tokens[identifier].values())) if known is None else known.root
        return Code(identifier.scheme, root, mask(identifier.value))

    def entered(self, identifier: Identifier) -> Entered | None:
        """What is to be entered of a number that is recorded now; None where every key given has it already.

        Asked again, it is entered.
        """
        tokens = self._tokens.get(identifier)
        if tokens is None:
            return None
        root, had = self._known.get(identifier, Known(next(iter(tokens.values())), {}))
        lacking = {key_id: token for key_id, token in tokens.items() if key_id not in had}
        if not lacking:
            return None
        self._known[identifier] = Known(root, had | lacking)
        return Entered(identifier.scheme, root, lacking, had | lacking)


@dataclass(frozen=True, slots=True)
class Entered:
    """A number entered under the keys of `lacking`; `tokens` are all that it has now."""

    scheme: str
    root: str
    lacking: dict[str, str]
    tokens: dict[str, str]

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """What the table of tokens is to have: scheme, token, key, root."""
        for key_id, token in self.lacking.items():
            yield self.scheme, token, key_id, self.root

    def event(self) -> Rehashed | None:
        """What happens to the subject by it: nothing where the root is all there is."""
        if len(self.tokens) == 1:
            return None
        return Rehashed(f"token:{self.scheme}:{self.root}", self.scheme, self.root, self.tokens)


@dataclass(frozen=True, slots=True)
class KeyState:
    """A subject key that the record was opened with: its id, since when, and how many numbers need it.

    `numbers` were entered under it; `waiting` of those were not entered under the current key yet; `only_here` can be
    found by none of the other keys that are given.
    """

    key_id: str
    adopted_at: datetime
    given: bool
    current: bool
    numbers: int
    waiting: int
    only_here: int


def adopt(connection: Connection, keys: SubjectKeys, moment: datetime) -> None:
    """Note the keys that the record is opened with for the first time. Needs a write transaction.

    Raises `RegistryError` OTHER_KEY where it was opened with others only.
    """
    known = adopted(connection)
    if known and known.keys().isdisjoint(keys.ids):
        raise other_key()
    # The former ones came before the current one.
    for number, key_id in enumerate((one for one in reversed(keys.ids) if one not in known), len(known) + 1):
        connection.execute(insert(SubjectKeyRow), {"key_id": key_id, "number": number, "adopted_at": moment})


def adopted(connection: Connection) -> dict[str, datetime]:
    """The keys that the record was ever opened with, the first one first, and since when."""
    row = SubjectKeyRow
    query = select(row.key_id, row.adopted_at).order_by(row.number)
    return {key_id: adopted_at for key_id, adopted_at in connection.execute(query)}  # noqa: C416


def require_keys(connection: Connection, key_ids: Collection[str]) -> None:
    """Raise `RegistryError` where subjects could not be found with these keys.

    OTHER_KEY where the record was opened with others only; KEY_MISSING where numbers are entered under other keys only.
    """
    known = adopted(connection)
    if known and known.keys().isdisjoint(key_ids):
        raise other_key()
    lost = {
        key_id: count
        for key_id in known
        if key_id not in key_ids and (count := only_under(connection, key_id, key_ids))
    }
    if lost:
        which = ", ".join(f"{key_id} ({count:,})" for key_id, count in lost.items())
        detail = (
            "natural persons are recorded under a subject key that is not given, and could not be found: "
            f"{which}; give it as a former key again"
        )
        raise RegistryError(RegistryReason.KEY_MISSING, detail)


def other_key() -> RegistryError:
    """The record belongs to an installation with other keys."""
    return RegistryError(RegistryReason.OTHER_KEY, "natural persons here are hashed with another secret")


def only_under(connection: Connection, key_id: str, others: Collection[str]) -> int:
    """How many numbers are entered under that key and under none of the others."""
    row, other = TokenRow, aliased(TokenRow)
    elsewhere = select(other.token).where(
        other.scheme == row.scheme,
        other.root == row.root,
        among(other.key_id, [one for one in others if one != key_id]),
    )
    query = select(func.count()).select_from(row).where(row.key_id == key_id, ~elsewhere.exists())
    return connection.execute(query).scalar_one()


def key_states(connection: Connection, keys: SubjectKeys) -> tuple[KeyState, ...]:
    """Every key that the record was opened with, the latest first, and what still needs it."""
    row = TokenRow
    states = []
    for key_id, adopted_at in reversed(adopted(connection).items()):
        numbers = connection.execute(select(func.count()).select_from(row).where(row.key_id == key_id)).scalar_one()
        current = key_id == keys.fingerprint
        waiting = 0 if current else only_under(connection, key_id, [keys.fingerprint])
        only_here = only_under(connection, key_id, keys.ids)
        states.append(KeyState(key_id, adopted_at, key_id in keys.ids, current, numbers, waiting, only_here))
    return tuple(states)


def awaited_since(connection: Connection, keys: SubjectKeys) -> datetime | None:
    """Since when there is a current key under which some numbers are not entered yet; None where all are."""
    known = adopted(connection)
    others = (key_id for key_id in known if key_id != keys.fingerprint)
    waits = any(only_under(connection, key_id, [keys.fingerprint]) for key_id in others)
    return known.get(keys.fingerprint) if waits else None


def _known(connection: Connection, persons: dict[Identifier, dict[str, str]]) -> dict[tuple[str, str], Known]:
    """(scheme, token) → the number that it stands for, for those of these that are recorded."""
    by_scheme: dict[str, list[str]] = {}
    for person, made in persons.items():
        by_scheme.setdefault(person.scheme, []).extend(made.values())
    row, other = TokenRow, aliased(TokenRow)
    roots: dict[tuple[str, str], Known] = {}
    for scheme, tokens in by_scheme.items():
        asked = select(row.root).where(row.scheme == scheme, among(row.token, tokens))
        query = select(other.root, other.key_id, other.token).where(other.scheme == scheme, other.root.in_(asked))
        for root, key_id, token in connection.execute(query):
            roots.setdefault((scheme, root), Known(root, {})).tokens[key_id] = token
    return {(scheme, token): known for (scheme, _), known in roots.items() for token in known.tokens.values()}
