"""Messages as server-sent events."""

from __future__ import annotations

from clearway.web.json.methods import OfferedMethod
from clearway.web.json.transcoding import json_of


def event_of(method: OfferedMethod, raw: bytes) -> bytes:
    """A message as an event. Where its stream can be gone on with, the event's id says from where."""
    message = method.response_type.FromString(raw)
    place = str(getattr(message, "cursor", "")) if method.resumes else ""
    # JSON of ours has no line break in it, so that one line is the whole of it.
    return (f"id: {place}\n" if place else "").encode() + b"data: " + json_of(message) + b"\n\n"


def last_event(error: bytes) -> bytes:
    """The error that ends a stream."""
    return b"event: error\ndata: " + error + b"\n\n"
