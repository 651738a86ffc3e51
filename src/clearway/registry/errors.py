"""What the registry refuses, and why."""

from __future__ import annotations

from enum import StrEnum


class RegistryReason(StrEnum):
    """Why the registry refused. Stable: callers switch on it, never on the text."""

    UNKNOWN_SUBJECT = "unknown_subject"
    UNKNOWN_LISTING = "unknown_listing"
    UNKNOWN_RECORD = "unknown_record"
    UNKNOWN_OBJECTION = "unknown_objection"
    UNKNOWN_REVISION = "unknown_revision"
    UNKNOWN_FEED = "unknown_feed"
    FACT_EXISTS = "fact_exists"
    OBJECTION_EXISTS = "objection_exists"
    ALREADY_ENDED = "already_ended"
    ALREADY_RESOLVED = "already_resolved"
    IDENTIFIER_COLLISION = "identifier_collision"
    INVALID_TERM = "invalid_term"
    INVALID_TIME = "invalid_time"
    INVALID_TEXT = "invalid_text"
    UNREADABLE_FEED = "unreadable_feed"
    SUSPICIOUS_LIST = "suspicious_list"
    UNKNOWN_ROW = "unknown_row"
    MASKED_ROW = "masked_row"
    ROW_SUPERSEDED = "row_superseded"
    NOTHING_WAITING = "nothing_waiting"
    WAITING_CHANGED = "waiting_changed"
    BUSY = "busy"
    OTHER_KEY = "other_key"
    OTHER_SCHEMA = "other_schema"
    UNSUPPORTED_DATABASE = "unsupported_database"


class RegistryError(Exception):
    """A refusal. `detail` is an English sentence without identifiers or row content."""

    def __init__(self, reason: RegistryReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


class UnreadableFeed(RegistryError):
    """The file as a whole cannot be read as this feed; nothing was taken from it."""

    def __init__(self, detail: str) -> None:
        super().__init__(RegistryReason.UNREADABLE_FEED, detail)
