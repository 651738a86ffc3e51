"""How much one principal may ask: bursts, walks over codes, and one subject under many cases.

The counts are one worker's: a node with four workers lets through up to four times as much, and a restart forgets. They
are there to stop what nobody does by accident, not to bill. Memory is bounded for each principal.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

BLOCK_SIGNS = 5
"""Codes that differ in their last signs only are neighbours: serial numbers next to each other, with their check
signs."""

SUBJECTS_KEPT = 20_000
"""Subjects whose cases are counted at a time."""


class Limit(StrEnum):
    """What was exceeded."""

    CALLS_PER_SECOND = "calls_per_second"
    INVALID_CODES = "invalid_codes"
    UNLISTED_CODES = "unlisted_codes"
    NEIGHBOURING_CODES = "neighbouring_codes"
    CASES_PER_SUBJECT = "cases_per_subject"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one principal; 0 stands for none. Counts are of `window_minutes`."""

    calls_per_second: float = 500.0
    """Calls a second in the long run; each check of a batch counts as one."""
    burst: int = 5_000
    """Calls that may come at once."""
    window_minutes: int = 10
    invalid_codes: int = 100
    """Checks with a code that its scheme does not allow."""
    unlisted_codes: int = 10_000
    """Different codes that no registered subject has."""
    neighbouring_codes: int = 200
    """Codes one after another, each next to the one before it."""
    cases_per_subject: int = 50
    """Different cases for which one subject is checked."""


class Exceeded(Exception):
    """A principal asks too much; `retry_after` is in seconds."""

    def __init__(self, limit: Limit, retry_after: float) -> None:
        super().__init__(limit.value)
        self.limit = limit
        self.retry_after = retry_after


class Allowance:
    """What one principal has left. `now` is any clock in seconds that never goes back."""

    __slots__ = ("_cases", "_full_at", "_invalid", "_last", "_run", "_unlisted", "_until", "limits")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._full_at = 0.0  # When the bucket is full again, were nothing more asked.
        self._until = 0.0
        self._invalid = 0
        self._unlisted: set[bytes] = set()
        self._last = ""
        self._run = 0
        self._cases: dict[bytes, str | set[str]] = {}

    def spend(self, calls: int, now: float) -> None:
        """Take so many calls, or checks of a batch, from the bucket. Raises `Exceeded`, and then takes none."""
        rate = self.limits.calls_per_second
        if not rate:
            return
        full_at = max(self._full_at, now) + calls / rate
        over = full_at - now - self.limits.burst / rate
        if over > 0:
            raise Exceeded(Limit.CALLS_PER_SECOND, over)
        self._full_at = full_at

    def require_no_walk(self, now: float) -> None:
        """Raise `Exceeded` while what was asked within the window looks like a walk over codes."""
        if now >= self._until:
            self._begin_window(now)
        limits = self.limits
        if limits.invalid_codes and self._invalid >= limits.invalid_codes:
            raise Exceeded(Limit.INVALID_CODES, self._until - now)
        if limits.unlisted_codes and len(self._unlisted) >= limits.unlisted_codes:
            raise Exceeded(Limit.UNLISTED_CODES, self._until - now)
        if limits.neighbouring_codes and self._run >= limits.neighbouring_codes:
            raise Exceeded(Limit.NEIGHBOURING_CODES, self._until - now)

    def invalid(self) -> None:
        """Count a code that its scheme does not allow."""
        self._invalid += 1

    def looked_up(self, code: str, key: bytes, is_known: bool) -> None:
        """Count a code that was looked up: `key` stands for it."""
        last, self._last = self._last, code
        if code != last:
            beside = len(code) == len(last) and code[:-BLOCK_SIGNS] == last[:-BLOCK_SIGNS]
            if beside:
                self._run += 1
            elif self._run < self.limits.neighbouring_codes:
                self._run = 0
        if not is_known and self.limits.unlisted_codes:
            self._unlisted.add(key)

    def in_case(self, key: bytes, case: str, now: float) -> None:
        """Count a case for which the subject of that key is checked. Raises `Exceeded`, and then does not count it."""
        cases = self._cases
        known = cases.get(key)
        if known is None:
            if len(cases) >= SUBJECTS_KEPT:
                cases.clear()
            cases[key] = case  # Most subjects have one case: a set for each would take four times the memory.
            return
        if known == case or (isinstance(known, set) and case in known):
            return
        most = self.limits.cases_per_subject
        if most and (len(known) if isinstance(known, set) else 1) >= most:
            raise Exceeded(Limit.CASES_PER_SUBJECT, self._until - now)
        if isinstance(known, set):
            known.add(case)
        else:
            cases[key] = {known, case}

    def _begin_window(self, now: float) -> None:
        self._until = now + self.limits.window_minutes * 60
        self._invalid, self._run = 0, 0
        self._unlisted = set()
        self._cases = {}
