"""The checks whose cases are pending, held in memory and found by whatever may turn their answers.

One check a case, licence item and subject: the latest, for the officer has seen its answer. About 1.4 KB each, its
places in the look-ups included (`make bench-watching`); decisions are not held, they are read when they have turned.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable, Iterator
from hashlib import blake2b
from typing import Generic, TypeVar

import msgspec

from clearway.decision.explain import Language
from clearway.server.lookup import RecordedKeys

K = TypeVar("K", bound=Hashable)

CheckKey = bytes
"""16 bytes for an authority, a case, a licence item and a subject: what the latest check of replaces the earlier."""

NEVER = float("inf")


class Told(msgspec.Struct, frozen=True, gc=False):
    """The answer that the case was given last: by its check, or by a change noticed since.

    `digest` is that of its gist; `change_id` and `revision` are those of the change, empty and 0 for the check's own.
    """

    digest: bytes
    change_id: str = ""
    revision: int = 0


class PendingCheck(msgspec.Struct, gc=False):
    """An answered check of a pending case.

    `request` is what was asked, serialized, without what names the call: enough to decide it anew. `keys` are those of
    its record, which stand for a natural person's number. `found_by` are the keys of codes and names that lead to the
    subjects behind the answer, `subjects` their numbers, `feeds` the sources of their listings. `expires_at` is the
    moment, in seconds since 1970 UTC, at which the answer turns by itself. `is_placed` says that its record told what
    it rests on: where it did not, deciding it anew does.
    """

    key: CheckKey
    check_id: str
    authority: str
    case_number: str
    item_code: str
    officer: str
    request: bytes
    language: Language
    keys: RecordedKeys
    told: Told
    found_by: tuple[bytes, ...] = ()
    subjects: tuple[int, ...] = ()
    feeds: tuple[str, ...] = ()
    expires_at: float = NEVER
    is_placed: bool = True


class PendingChecks:
    """Every pending check, by its key and by what may turn its answer. One thread's."""

    def __init__(self) -> None:
        self._checks: dict[CheckKey, PendingCheck] = {}
        self._by_case = Places[bytes]()
        self._by_code_or_name = Places[bytes]()
        self._by_subject = Places[int]()
        self._turning: list[tuple[float, CheckKey]] = []

    def __len__(self) -> int:
        return len(self._checks)

    def __iter__(self) -> Iterator[PendingCheck]:
        return iter(self._checks.values())

    def get(self, key: CheckKey) -> PendingCheck | None:
        """The check of that key, or None where it is not pending."""
        return self._checks.get(key)

    def newer(self, key: CheckKey, check_id: str) -> bool:
        """Whether a check that came later than `check_id`, or that very one, is held under the key."""
        held = self._checks.get(key)
        # A check id's order is the order of time.
        return held is not None and held.check_id >= check_id

    def put(self, check: PendingCheck) -> None:
        """Hold the check, in place of an earlier one of its key."""
        self.drop(check.key)
        self._checks[check.key] = check
        self._by_case.add(case_digest(check.authority, check.case_number), check.key)
        for key in check.found_by:
            self._by_code_or_name.add(key, check.key)
        for number in check.subjects:
            self._by_subject.add(number, check.key)
        self._expect(check)

    def drop(self, key: CheckKey) -> None:
        """Hold the check no longer. Nothing happens where it is not held."""
        check = self._checks.pop(key, None)
        if check is None:
            return
        self._by_case.remove(case_digest(check.authority, check.case_number), key)
        for place in check.found_by:
            self._by_code_or_name.remove(place, key)
        for number in check.subjects:
            self._by_subject.remove(number, key)

    def drop_case(self, authority: str, case_number: str) -> None:
        """Hold no check of the case any longer."""
        for key in self._by_case.at(case_digest(authority, case_number)):
            self.drop(key)

    def rests_on(
        self, check: PendingCheck, subjects: tuple[int, ...], feeds: tuple[str, ...], expires_at: float
    ) -> None:
        """Note what the check's answer rests on now, and when it turns by itself."""
        if subjects != check.subjects:
            for number in check.subjects:
                self._by_subject.remove(number, check.key)
            for number in subjects:
                self._by_subject.add(number, check.key)
            check.subjects = subjects
        check.feeds = feeds
        if expires_at != check.expires_at:
            check.expires_at = expires_at
            self._expect(check)

    def found_by(self, keys: Iterable[bytes]) -> Iterator[CheckKey]:
        """The checks that any of these keys of codes and names may turn."""
        for key in keys:
            yield from self._by_code_or_name.at(key)

    def about(self, subject_id: int) -> tuple[CheckKey, ...]:
        """The checks whose answers rest on that subject."""
        return self._by_subject.at(subject_id)

    def turned(self, now: float) -> Iterator[CheckKey]:
        """The checks whose answers have turned by themselves by `now`; each is given once."""
        while self._turning and self._turning[0][0] <= now:
            at, key = heapq.heappop(self._turning)
            check = self._checks.get(key)
            if check is not None and check.expires_at == at:
                yield key

    def _expect(self, check: PendingCheck) -> None:
        if check.expires_at != NEVER:
            heapq.heappush(self._turning, (check.expires_at, check.key))
        if len(self._turning) > 2 * len(self._checks) + 1000:
            # Most of what waits is of checks that were replaced meanwhile.
            self._turning = [(held.expires_at, held.key) for held in self if held.expires_at != NEVER]
            heapq.heapify(self._turning)


class Places(Generic[K]):
    """Which checks stand where. Nearly every place has one, which then needs no set of its own."""

    def __init__(self) -> None:
        self._places: dict[K, CheckKey | set[CheckKey]] = {}

    def add(self, place: K, key: CheckKey) -> None:
        """Put a check there."""
        there = self._places.get(place)
        if there is None:
            self._places[place] = key
        elif isinstance(there, set):
            there.add(key)
        elif there != key:
            self._places[place] = {there, key}

    def remove(self, place: K, key: CheckKey) -> None:
        """Take a check away from there."""
        there = self._places.get(place)
        if isinstance(there, set):
            there.discard(key)
            if not there:
                del self._places[place]
        elif there == key:
            del self._places[place]

    def at(self, place: K) -> tuple[CheckKey, ...]:
        """The checks that stand there."""
        there = self._places.get(place)
        if there is None:
            return ()
        return tuple(there) if isinstance(there, set) else (there,)


def case_digest(authority: str, case_number: str) -> bytes:
    """16 bytes for a case of an authority."""
    return blake2b(f"{authority}\0{case_number}".encode(), digest_size=16).digest()


def check_key(authority: str, case_number: str, item_code: str, subject: bytes) -> CheckKey:
    """The key of every check of one case for one licence item and one subject, however often it is made."""
    place = f"{authority}\0{case_number}\0{item_code}\0".encode()
    return blake2b(place + subject, digest_size=16).digest()
