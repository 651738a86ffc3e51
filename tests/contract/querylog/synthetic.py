"""A synthetic log of many authorities, officers, subjects and outcomes, some of it shipped and some not."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from clearway.querylog.record import CheckRecord
from tests.unit.querylog.records import NOON, a_record

ROWS = 300
CASES = 60
STEP = timedelta(minutes=37)


def synthetic(rows: int = ROWS, seed: int = 7) -> list[CheckRecord]:
    """Checks in the order of time, every field of a search repeated and mixed."""
    random = Random(seed)
    return [one(random, number) for number in range(rows)]


def one(random: Random, number: int) -> CheckRecord:
    """The check of that number; one in six is refused, one in six is not measured."""
    moment = NOON + STEP * number
    subject = random.randrange(9)
    refused = random.randrange(6) == 0
    return a_record(
        check_id=id_at(moment, number),
        decided_at=moment,
        authority=random.choice(["A", "B"]),
        caller=random.choice(["cn=one", "cn=two"]),
        officer=random.choice(["officer 1", "officer 2", "officer 3"]),
        case_number=f"CASE-{random.randrange(CASES)}",
        item_code=random.choice(["FOOD", "DRUGS"]),
        region=random.choice(["110000", "310000"]),
        subject=f"S-{subject}",
        subject_key=b"" if refused else bytes([subject]) * 16,
        outcome="" if refused else random.choice(["OUTCOME_ORDINARY", "OUTCOME_RESTRICTION"]),
        standing="" if refused else random.choice(["STANDING_LISTED", "STANDING_NOT_LISTED"]),
        error_reason=random.choice(["ERROR_REASON_UNKNOWN_ITEM", "ERROR_REASON_INVALID_IDENTIFIER"]) if refused else "",
        elapsed_us=random.choice([0, 95, 1234, 1239, 20_000, 999_999]),
        index_age_ms=random.randrange(5000),
    )


def id_at(moment: datetime, number: int) -> str:
    """A UUIDv7 of that moment."""
    digits = f"{int(moment.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{number:012x}"
