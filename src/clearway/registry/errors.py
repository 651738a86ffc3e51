"""What the registry refuses, and why."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class RegistryReason(StrEnum):
    """Why the registry refused. Stable: callers switch on it, never on the text."""

    UNKNOWN_SUBJECT = "unknown_subject"
    UNKNOWN_LISTING = "unknown_listing"
    UNKNOWN_RECORD = "unknown_record"
    UNKNOWN_OBJECTION = "unknown_objection"
    UNKNOWN_LIFTING = "unknown_lifting"
    UNKNOWN_REVISION = "unknown_revision"
    UNKNOWN_FEED = "unknown_feed"
    INVALID_FEED = "invalid_feed"
    FACT_EXISTS = "fact_exists"
    OBJECTION_EXISTS = "objection_exists"
    LIFTING_EXISTS = "lifting_exists"
    ALREADY_ENDED = "already_ended"
    ALREADY_RESOLVED = "already_resolved"
    LIFTING_OVER = "lifting_over"
    REPAIR_TOO_EARLY = "repair_too_early"
    IDENTIFIER_COLLISION = "identifier_collision"
    INVALID_TERM = "invalid_term"
    INVALID_TIME = "invalid_time"
    INVALID_TEXT = "invalid_text"
    INVALID_RESOLUTION = "invalid_resolution"
    UNREADABLE_FEED = "unreadable_feed"
    SUSPICIOUS_LIST = "suspicious_list"
    UNKNOWN_ROW = "unknown_row"
    ROW_RESOLVED = "row_resolved"
    MASKED_ROW = "masked_row"
    ROW_SUPERSEDED = "row_superseded"
    NOTHING_WAITING = "nothing_waiting"
    WAITING_CHANGED = "waiting_changed"
    WAITING_DECIDED = "waiting_decided"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    READ_ONLY = "read_only"
    FORBIDDEN = "forbidden"
    OTHER_KEY = "other_key"
    KEY_MISSING = "key_missing"
    OTHER_SCHEMA = "other_schema"
    UNSUPPORTED_DATABASE = "unsupported_database"


class RegistryError(Exception):
    """A refusal. `detail` is an English sentence without identifiers or row content."""

    def __init__(self, reason: RegistryReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


class RepairTooEarly(RegistryError):
    """The shortest term of publicity is not over; `earliest` is the first moment for a repair, in the zone's time."""

    def __init__(self, earliest: datetime) -> None:
        detail = f"the shortest term of publicity is not over; the first day for a repair is {earliest.date()}"
        super().__init__(RegistryReason.REPAIR_TOO_EARLY, detail)
        self.earliest = earliest


class UnreadableFeed(RegistryError):
    """The file as a whole cannot be read as this feed; nothing was taken from it."""

    def __init__(self, detail: str) -> None:
        super().__init__(RegistryReason.UNREADABLE_FEED, detail)
