"""Whom an auditor asks about, as the log names subjects: by a keyed hash. A name is written nowhere."""

from __future__ import annotations

from typing import NamedTuple

from clearway.gen.v1 import subject_pb2
from clearway.server.call import About
from clearway.server.lookup import about_of, require_name
from clearway.subjects.identifiers import parse_identifier
from clearway.subjects.keys import SubjectKeys


class AskedAbout(NamedTuple):
    """A subject that is asked about; `keys` are its hashes under each subject key, the current one first.

    What is on the log stays as it was written: what was recorded under a former key is found by that key's hash.
    """

    about: About
    keys: tuple[bytes, ...]


def named(identifier: subject_pb2.Identifier, keys: SubjectKeys) -> AskedAbout:
    """Whom the code names. Raises `InvalidIdentifier`, also for a masked one: it names nobody for certain."""
    code = parse_identifier(identifier.scheme, identifier.value)
    return AskedAbout(about_of(code, keys), tuple(about_of(code, one).key for one in keys.every))


def about_subject(subject: subject_pb2.Subject, keys: SubjectKeys) -> AskedAbout:
    """Whom a subject is: by its code, else by a name that was asked alone.

    Raises `InvalidIdentifier`, and `Refusal` where there is neither.
    """
    if subject.HasField("identifier"):
        return named(subject.identifier, keys)
    require_name(subject.name)
    return AskedAbout(About(key=keys.name_key(subject.name)), tuple(one.name_key(subject.name) for one in keys.every))
