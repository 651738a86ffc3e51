"""Whom an auditor asks about, as the log names subjects: by a keyed hash. A name is written nowhere."""

from __future__ import annotations

from clearway.gen.v1 import subject_pb2
from clearway.server.call import About
from clearway.server.lookup import about_of, require_name
from clearway.subjects.identifiers import parse_identifier
from clearway.subjects.keys import SubjectKeys


def named(identifier: subject_pb2.Identifier, keys: SubjectKeys) -> About:
    """Whom the code names. Raises `InvalidIdentifier`, also for a masked one: it names nobody for certain."""
    return about_of(parse_identifier(identifier.scheme, identifier.value), keys)


def about_subject(subject: subject_pb2.Subject, keys: SubjectKeys) -> About:
    """Whom a subject is: by its code, else by a name that was asked alone.

    Raises `InvalidIdentifier`, and `Refusal` where there is neither.
    """
    if subject.HasField("identifier"):
        return named(subject.identifier, keys)
    require_name(subject.name)
    return About(key=keys.name_key(subject.name))
