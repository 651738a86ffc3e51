from __future__ import annotations

from datetime import datetime, timedelta, timezone

import msgspec
import pytest

from clearway.querylog.record import (
    MAX_RECORD_BYTES,
    RecordTooLarge,
    UnreadableRecord,
    decode_record,
    encode_record,
)

from .records import NOON, a_record


def test_what_is_decoded_is_what_was_encoded() -> None:
    record = a_record(1, officer="王 经办")
    assert decode_record(encode_record(record)) == record


def test_encoding_twice_gives_the_same_bytes() -> None:
    assert encode_record(a_record(1)) == encode_record(a_record(1))


def test_the_version_stands_first() -> None:
    assert msgspec.msgpack.decode(encode_record(a_record(1)))[0] == 1


def test_new_fields_stand_at_the_end_and_older_records_are_read_without_them() -> None:
    whole = msgspec.msgpack.decode(
        encode_record(
            a_record(
                1,
                listings=("L",),
                method="M",
                region="R",
                elapsed_us=3,
                index_age_ms=4,
                key_id="k2",
                former_keys={"k1": b"1"},
            )
        )
    )
    assert whole[-7:] == [["L"], "M", "R", 3, 4, "k2", {"k1": b"1"}]
    for missing in range(1, 8):
        older = decode_record(msgspec.msgpack.encode(whole[:-missing]))
        assert older.former_keys == {}
        assert older.key_id == ("k2" if missing < 2 else "")
        assert (older.elapsed_us, older.index_age_ms) == (3 if missing < 4 else 0, 4 if missing < 3 else 0)


def test_a_record_of_the_greatest_length_is_kept() -> None:
    spare = MAX_RECORD_BYTES - len(encode_record(a_record(1, response=bytes(60_000))))
    assert len(encode_record(a_record(1, response=bytes(60_000 + spare)))) == MAX_RECORD_BYTES


def test_a_longer_record_is_refused_with_its_size() -> None:
    with pytest.raises(RecordTooLarge) as refused:
        encode_record(a_record(1, response=bytes(MAX_RECORD_BYTES)))
    assert refused.value.size > MAX_RECORD_BYTES


@pytest.mark.parametrize(
    "moment",
    [datetime(2026, 3, 2, 12), NOON.astimezone(timezone(timedelta(hours=8)))],  # noqa: DTZ001 - that is the fault
    ids=["naive", "another zone"],
)
def test_a_moment_that_is_not_in_utc_is_refused(moment: datetime) -> None:
    with pytest.raises(ValueError, match="UTC"):
        encode_record(a_record(1, decided_at=moment))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xc1",
        b"\x93\x01\x02",
        msgspec.msgpack.encode({"v": 1}),
        msgspec.msgpack.encode([1, "short"]),
        encode_record(a_record(1))[:-1],
        encode_record(a_record(1, v=2)),
        encode_record(a_record(1)).replace(b"officer 7", b"officer \xff"),
    ],
)
def test_bytes_that_are_no_known_record_are_unreadable(raw: bytes) -> None:
    with pytest.raises(UnreadableRecord):
        decode_record(raw)
