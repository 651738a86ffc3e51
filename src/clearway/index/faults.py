"""Why an index cannot be used. None of these ever means "not listed"."""

from __future__ import annotations


class IndexUnavailable(Exception):
    """The index cannot answer; the message says why, without naming a subject."""


class IndexAbsent(IndexUnavailable):
    """No index has been built here yet."""


class IndexDamaged(IndexUnavailable):
    """The index's file is not what was written; it has to be made anew."""


class IndexForeign(IndexUnavailable):
    """The file is whole but not ours: of another database, under another key, or of another format."""


class IndexFull(IndexUnavailable):
    """A change does not fit the file, and the file cannot grow where it is."""


class IndexLocked(Exception):
    """Another follower holds this index; there is one a node."""


class IdentifierClash(Exception):
    """The source gives one identifier to two subjects at once, or hands one subject over twice."""
