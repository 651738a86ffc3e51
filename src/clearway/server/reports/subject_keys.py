"""Whom an auditor asks about, as the log finds it: by a keyed hash. Neither code nor name is written anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from clearway.gen.v1 import subject_pb2
from clearway.server.lookup import require_name
from clearway.subjects.identifiers import parse_identifier
from clearway.subjects.keys import SubjectKeys
from clearway.subjects.masking import mask


@dataclass(frozen=True, slots=True)
class Named:
    """A subject that a code names exactly: how it may be shown, and the key of its checks."""

    scheme: str
    shown: str
    key: bytes


def named(identifier: subject_pb2.Identifier, keys: SubjectKeys) -> Named:
    """Whom the code names. Raises `InvalidIdentifier`, also for a masked one: it names nobody for certain."""
    found = parse_identifier(identifier.scheme, identifier.value)
    if found.personal:
        return Named(found.scheme, mask(found.value), keys.identifier_key(found.scheme, keys.token(found)))
    return Named(found.scheme, found.value, keys.identifier_key(found.scheme, found.value))


def key_of(subject: subject_pb2.Subject, keys: SubjectKeys) -> bytes:
    """The key of a subject's checks: by its code, else by a name that was asked alone.

    Raises `InvalidIdentifier`, and `Refusal` where there is neither.
    """
    if subject.HasField("identifier"):
        return named(subject.identifier, keys).key
    require_name(subject.name)
    return keys.name_key(subject.name)
