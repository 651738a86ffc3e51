"""From a request's subject to what is known of it: normalise, look up in one snapshot, name what was found."""

from __future__ import annotations

from datetime import datetime

import msgspec

from clearway.catalogue.model import LicenceItem
from clearway.decision.facts import Evidence, Known, NoData, NotKnown, Resembling, Stale, SubjectProfile, Unidentified
from clearway.gen.v1 import subject_pb2
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.index.reader import Snapshot
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
    is masked.
    """

    name: str
    scheme: str = ""
    shown: str = ""
    key: bytes = b""
    identifier: Identifier | None = None
    masked: str = ""


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
        if not identifier.personal:
            key = self._keys.identifier_key(identifier.scheme, identifier.value)
            return Applicant(subject.name, identifier.scheme, identifier.value, key, identifier)
        require_statute(item)
        key = self._keys.identifier_key(identifier.scheme, self._keys.token(identifier))
        return Applicant("", identifier.scheme, mask(identifier.value), key, identifier)

    def recorded(self, subject: subject_pb2.Subject, key: bytes, item: LicenceItem) -> Applicant:
        """Whom a recorded request named: `subject` as the log keeps it, `key` as it stands beside.

        A natural person's number is not kept: the key stands for it. Raises what `applicant` raises.
        """
        shown = subject.identifier
        if not key or not is_masked(shown.value):
            return self.applicant(subject, item)
        require_statute(item)
        return Applicant("", shown.scheme, shown.value, key, Identifier(shown.scheme, shown.value, personal=True))

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
        hit = snapshot.find(applicant.key)
        resembling = self._named_without_code(applicant, snapshot)
        if hit is None:
            return self._crossed(applicant.identifier, snapshot, resembling)
        return Known(hit.profile, hit.through, others(resembling, hit.profile))

    def _crossed(self, identifier: Identifier, snapshot: Snapshot, resembling: tuple[SubjectProfile, ...]) -> Evidence:
        """Whom a code nobody has names all the same: by the organisation code that it is or has inside.

        One organisation has one such code for good. Should several subjects have it, or one with another unified social
        credit code, a person must judge: they are possible matches.
        """
        scheme, value = identifier.scheme, identifier.value
        code = value if scheme == orgcode.NAME else organisation_code_within(scheme, value)
        if code is None:
            return NotKnown(resembling)
        key = self._keys.identifier_key(orgcode.NAME, code)
        hit = None if scheme == orgcode.NAME else snapshot.find(key)
        found = snapshot.containing(key) if hit is None else (hit.profile,)
        if len(found) == 1 and not (scheme == uscc.NAME == found[0].scheme):
            return Known(found[0], orgcode.NAME, others(resembling, found[0]))
        return NotKnown((*found, *others(resembling, *found)))

    def _named(self, applicant: Applicant, snapshot: Snapshot) -> tuple[SubjectProfile, ...]:
        return snapshot.named(self._keys.name_key(applicant.name)) if applicant.name else ()

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
