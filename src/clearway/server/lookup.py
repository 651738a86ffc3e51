"""From a request's subject to what is known of it: normalise, look up in one snapshot, name what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from clearway.catalogue.model import LicenceItem
from clearway.decision.facts import Evidence, Known, NoData, NotKnown, Resembling, Stale, SubjectProfile, Unidentified
from clearway.gen.v1 import subject_pb2
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.index.reader import Hit, Snapshot
from clearway.querylog.record import CheckRecord
from clearway.server.call import About
from clearway.server.errors import Refusal, Violation
from clearway.subjects.identifiers import (
    Identifier,
    IdentifierFault,
    InvalidIdentifier,
    organisation_code_within,
    parse_identifier,
)
from clearway.subjects.keys import SubjectKeys
from clearway.subjects.masking import fits_mask, mask
from clearway.subjects.schemes import orgcode, uscc
from clearway.subjects.schemes.roster import find_scheme
from clearway.subjects.text import is_masked, normalise_code

SOURCE_SCHEME = "src."


class Applicant(msgspec.Struct, frozen=True):
    """Whom a request names, and how that may be shown and found again.

    `identifier` is None where the request gives a name only or a masked code (`masked`). `key` is the keyed hash under
    which the log finds every check of this subject, or of this name where a name alone is given; empty where the code
    is masked. Of a natural person it was made with the subject key `key_id`, and `former_keys` are the same under the
    former ones, by their ids. `is_recorded`: they are of a record, which has not the number.
    """

    name: str
    scheme: str = ""
    shown: str = ""
    key: bytes = b""
    identifier: Identifier | None = None
    masked: str = ""
    key_id: str = ""
    former_keys: dict[str, bytes] = {}
    is_recorded: bool = False


class RecordedKeys(msgspec.Struct, frozen=True, gc=False):
    """What a record has in place of a natural person's number; see `CheckRecord`."""

    key: bytes
    key_id: str = ""
    former_keys: dict[str, bytes] = {}

    @classmethod
    def of(cls, record: CheckRecord) -> RecordedKeys:
        """Those of the record."""
        return cls(record.subject_key, record.key_id, record.former_keys)

    def all(self, snapshot: Snapshot) -> Iterator[tuple[str, bytes]]:
        """Each of them behind the id of its subject key, the one that was current first."""
        yield self.key_id or snapshot.first_key, self.key
        yield from self.former_keys.items()


class Lookup:
    """Finds an applicant in a snapshot of the index."""

    def __init__(self, keys: SubjectKeys, max_index_age: float) -> None:
        self._keys = keys
        self._max_index_age = max_index_age

    def applicant(self, subject: subject_pb2.Subject, item: LicenceItem) -> Applicant:
        """Whom `subject` names. Raises `InvalidIdentifier`, and `Refusal` for a natural person no statute bars."""
        if not subject.HasField("identifier"):
            require_name(subject.name)
            return Applicant(subject.name, key=self._keys.name_key(subject.name))
        if subject.identifier.scheme.startswith(SOURCE_SCHEME):
            detail = "A list's own numbers identify its entries, not applicants."
            raise InvalidIdentifier(subject.identifier.scheme, IdentifierFault.UNKNOWN_SCHEME, detail)
        try:
            identifier = parse_identifier(subject.identifier.scheme, subject.identifier.value)
        except InvalidIdentifier as invalid:
            if invalid.fault is not IdentifierFault.MASKED:
                raise
            return masked_applicant(invalid.scheme, subject, item)
        about = about_of(identifier, self._keys)
        if not identifier.personal:
            return Applicant(subject.name, about.scheme, about.shown, about.key, identifier)
        require_statute(item)
        former = {keys.fingerprint: keys.person_key(identifier) for keys in self._keys.former}
        return Applicant(
            "", about.scheme, about.shown, about.key, identifier, key_id=self._keys.fingerprint, former_keys=former
        )

    def recorded(self, subject: subject_pb2.Subject, keys: RecordedKeys, item: LicenceItem) -> Applicant:
        """Whom a recorded request named: `subject` as the log keeps it, `keys` as they stand beside.

        A natural person's number is not kept: the keys stand for it. Raises what `applicant` raises.
        """
        shown = subject.identifier
        if not keys.key or not is_masked(shown.value):
            return self.applicant(subject, item)
        require_statute(item)
        identifier = Identifier(shown.scheme, shown.value, personal=True)
        return Applicant(
            "",
            shown.scheme,
            shown.value,
            keys.key,
            identifier,
            key_id=keys.key_id,
            former_keys=keys.former_keys,
            is_recorded=True,
        )

    def evidence(self, applicant: Applicant, snapshot: Snapshot, moment: datetime) -> Evidence:
        """What the snapshot holds of the applicant at `moment`. Raises `IndexUnavailable`."""
        if snapshot.revision == 0:
            return NoData()
        # An index from the future is as far out of step: a clock set back must not make it look fresh.
        age = abs(moment.timestamp() - snapshot.synced_at)
        if age > self._max_index_age:
            return Stale(age, self._max_index_age)
        if applicant.identifier is None:
            return self._resembling(applicant, snapshot)
        if applicant.is_recorded and not self._is_readable(applicant, snapshot):
            return NoData()
        hit = snapshot.find(applicant.key)
        if hit is None and (self._keys.former or applicant.former_keys):
            hit = self._under_other_keys(applicant, applicant.identifier, snapshot)
        resembling = self._named_without_code(applicant, snapshot)
        if hit is None:
            return self._crossed(applicant.identifier, snapshot, resembling)
        return Known(hit.profile, hit.through, others(resembling, hit.profile))

    def hit_of(self, subject: subject_pb2.Subject, keys: RecordedKeys, snapshot: Snapshot) -> Hit | None:
        """Whom a recorded check's code names now, by itself; None where it names nobody.

        Raises `IndexUnavailable`, and `Refusal` SUBJECT_KEY_MISSING where none of a natural person's keys is given.
        """
        shown = subject.identifier
        if not shown.value:
            return None
        if not is_masked(shown.value):
            under = self._keys_of(snapshot)
            identifier = parse_identifier(shown.scheme, shown.value)
            return snapshot.find(under.identifier_key(identifier.scheme, identifier.value))
        given = [key for key_id, key in keys.all(snapshot) if key_id in snapshot.key_ids]
        if not given:
            message = "the check was recorded under a subject key that is not given, or not in the index yet"
            raise Refusal(ErrorReason.ERROR_REASON_SUBJECT_KEY_MISSING, message)
        return first_hit(given, snapshot)

    def _is_readable(self, applicant: Applicant, snapshot: Snapshot) -> bool:
        """Whether the index would have a recorded natural person under one of the keys of the record.

        Where none of them is given any more, or one is given again that the index was not written with yet, nobody can
        tell who that was: that is no answer, and never “not listed”.
        """
        made_with = {applicant.key_id or snapshot.first_key, *applicant.former_keys}
        return not made_with.isdisjoint(snapshot.key_ids)

    def _under_other_keys(self, applicant: Applicant, identifier: Identifier, snapshot: Snapshot) -> Hit | None:
        """Who is recorded under a former key, or stands in an index that was written before the current key came."""
        if identifier.personal:
            return first_hit(applicant.former_keys.values(), snapshot)
        under = self._keys_of(snapshot)
        return None if under is self._keys else snapshot.find(under.identifier_key(identifier.scheme, identifier.value))

    def _keys_of(self, snapshot: Snapshot) -> SubjectKeys:
        """The key under which codes and names stand in the index: a former one, until it is written anew."""
        return self._keys.under(snapshot.key_id) if self._keys.former else self._keys

    def _crossed(self, identifier: Identifier, snapshot: Snapshot, resembling: tuple[SubjectProfile, ...]) -> Evidence:
        """Whom a code nobody has names all the same: by the organisation code that it is or has inside.

        One organisation has one such code for good. Should several subjects have it, or one with another unified social
        credit code, a person must judge: they are possible matches.
        """
        scheme, value = identifier.scheme, identifier.value
        code = value if scheme == orgcode.NAME else organisation_code_within(scheme, value)
        if code is None:
            return NotKnown(resembling)
        key = self._keys_of(snapshot).identifier_key(orgcode.NAME, code)
        hit = None if scheme == orgcode.NAME else snapshot.find(key)
        found = snapshot.containing(key) if hit is None else (hit.profile,)
        if len(found) == 1 and not (scheme == uscc.NAME == found[0].scheme):
            return Known(found[0], orgcode.NAME, others(resembling, found[0]))
        return NotKnown((*found, *others(resembling, *found)))

    def _named(self, applicant: Applicant, snapshot: Snapshot) -> tuple[SubjectProfile, ...]:
        return snapshot.named(self._keys_of(snapshot).name_key(applicant.name)) if applicant.name else ()

    def _named_without_code(self, applicant: Applicant, snapshot: Snapshot) -> tuple[SubjectProfile, ...]:
        """Entries of this name that have no code: one with another valid code is another subject."""
        return tuple(p for p in self._named(applicant, snapshot) if not p.scheme or p.scheme.startswith(SOURCE_SCHEME))

    def _resembling(self, applicant: Applicant, snapshot: Snapshot) -> Resembling:
        candidates = self._named(applicant, snapshot)
        if not applicant.masked:
            return Resembling(Unidentified.NAME_ONLY, candidates)
        # A masked code alone is never searched for: that would be a search by pattern, an enumeration.
        fitting = tuple(p for p in candidates if fits_mask(applicant.masked, p.masked or p.code))
        return Resembling(Unidentified.MASKED, fitting)


def first_hit(keys: Iterable[bytes], snapshot: Snapshot) -> Hit | None:
    """Whom the first of these keys that names anybody names. Raises `IndexUnavailable`."""
    found = (snapshot.find(key) for key in keys)
    return next((hit for hit in found if hit is not None), None)


def about_of(identifier: Identifier, keys: SubjectKeys) -> About:
    """A subject as the log names it: a natural person's number only masked, and as a keyed hash."""
    scheme, value = identifier.scheme, identifier.value
    if identifier.personal:
        return About(scheme, mask(value), keys.person_key(identifier), keys.fingerprint)
    return About(scheme, value, keys.identifier_key(scheme, value))


def others(profiles: tuple[SubjectProfile, ...], *known: SubjectProfile) -> tuple[SubjectProfile, ...]:
    """Those of `profiles` that are not among the `known`."""
    return tuple(p for p in profiles if all(p.subject_id != k.subject_id for k in known)) if profiles else ()


def require_name(name: str) -> None:
    """Raise `Refusal` where a request without a code gives no name either.

    The contract could state this rule in CEL, at a quarter of the whole validation's cost on every check.
    """
    if not name:
        message = "give an identifier, a name, or both"
        violations = [Violation("subject", message, "subject.identifier_or_name")]
        raise Refusal(ErrorReason.ERROR_REASON_INVALID_REQUEST, message, violations=violations)


def masked_applicant(scheme_name: str, subject: subject_pb2.Subject, item: LicenceItem) -> Applicant:
    """Whom a masked code of a known scheme may mean; a natural person's name is not taken.

    Raises `Refusal` for a natural person no statute bars.
    """
    value, scheme = subject.identifier.value, find_scheme(scheme_name)
    if scheme is None or scheme.personal(normalise_code(value)):
        require_statute(item)
        return Applicant("", scheme_name, mask(value), masked=value)
    return Applicant(subject.name, scheme_name, mask(value), masked=value)


def require_statute(item: LicenceItem) -> None:
    """Raise `Refusal` NATURAL_PERSON_NOT_ACCEPTED where no statute bars natural persons from the licence item."""
    if item.natural_persons is None:
        message = "no statute bars natural persons from this licence item, so none may be checked for it"
        violations = [Violation("subject.identifier.scheme", message)]
        raise Refusal(ErrorReason.ERROR_REASON_NATURAL_PERSON_NOT_ACCEPTED, message, violations=violations)
