"""What mutations begin from: a few inputs of each kind that get past the first gate."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import openpyxl

from clearway.catalogue.editions import edition_file, edition_names
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.querylog.record import CheckRecord, encode_record
from clearway.transparency.entries import ErasureEntry, entry_of
from clearway.transparency.handovers import handover_to
from clearway.transparency.notes import Note
from clearway.transparency.proofs import LoggedProof
from clearway.transparency.tiles import Tile, bundle_of
from fuzz.targets import CITIZEN, FORMAT_NAMES, LOG_KEY, NEXT_KEY, SCHEME_NAMES, SIGNED

FIXTURES = Path(__file__).parent.parent / "tests" / "feeds"
CODE = "91350100M000100Y43"
"""A code that is nobody's (GB 32100-2015's own example)."""
VALUES: dict[object, object] = {
    str: "x",
    bytes: b"AQ==",
    datetime: datetime(2026, 3, 2, tzinfo=UTC),
    int: 1,
    dict[str, bytes]: {"x": b"AQ=="},
}
"""Type → what a record of the seeds has in a field of it."""


def identifiers() -> Iterable[bytes]:
    """A scheme's number in the first byte, then a code."""
    codes = (CODE, CITIZEN, "M000100Y-4", "5493001KJTIIGC8Y1R12", "9135****M000100Y43", " ９１３５0100m000100y43")
    return [bytes((scheme,)) + code.encode() for scheme in range(len(SCHEME_NAMES)) for code in codes]


def dates() -> Iterable[bytes]:
    """Dates in every shape that is read."""
    written = (
        "2024-01-31",
        "2024/1/31 10:30:00",
        "20240131",
        "2024年1月31日",
        "31 Jan 2024",
        "2024-02",
        "2024年",
        "9999",
    )
    return [text.encode() for text in written]


def catalogue() -> Iterable[bytes]:
    """A small edition for the grammar, and the shipped ones for the rules."""
    yield b"edition: x\ntitle: {en: x, zh-CN: x}\nzone: Asia/Shanghai\nauthorities:\n  - code: A\n"
    for name in edition_names():
        yield edition_file(name)[1]


def feeds() -> Iterable[bytes]:
    """The fixtures of each format, plain, compressed and as a workbook."""
    for number, name in enumerate(FORMAT_NAMES):
        for file in sorted((FIXTURES / name).glob("*.csv")):
            content = file.read_bytes()
            yield bytes((number,)) + content
            yield bytes((number,)) + gzip.compress(content, mtime=0)
        yield bytes((number,)) + workbook()
        yield bytes((number,)) + b'[{"fact": "known", "scheme": "cn-uscc", "code": "%s"}]' % CODE.encode()


def wire() -> Iterable[bytes]:
    """Checks that are answered, and one of a natural person."""
    request = pb.CheckSubjectRequest(
        item_code="FOOD-OPERATION",
        application_kind=pb.APPLICATION_KIND_NEW,
        case_number="CASE-1",
        officer="officer 7",
        request_id="r-1",
        region_code="110000",
    )
    for scheme, value in (("cn-uscc", CODE), ("cn-uscc", "9135****M000100Y43"), ("cn-ric", CITIZEN), ("lei", "x")):
        request.subject.identifier.scheme, request.subject.identifier.value = scheme, value
        yield request.SerializeToString()
    request.subject.ClearField("identifier")
    request.subject.name = "示例公司"
    yield request.SerializeToString()


def records() -> Iterable[bytes]:
    """A record of an answer, with fields of every type."""
    values = [VALUES.get(field.type, []) for field in msgspec.structs.fields(CheckRecord)]
    return [encode_record(msgspec.convert(values, CheckRecord))]


def checkpoints() -> Iterable[bytes]:
    """The signed checkpoint, with one signature and with two; and one in which the log's key names the next."""
    signature = LOG_KEY.sign(SIGNED.text)
    plain = [Note(SIGNED.text, (signature,) * number).raw for number in (1, 2)]
    return [*plain, handover_to(NEXT_KEY, LOG_KEY, SIGNED).raw]


def log_keys() -> Iterable[bytes]:
    """A public and a private key."""
    return [LOG_KEY.verifier.vkey.encode(), LOG_KEY.secret.encode()]


def tiles() -> Iterable[bytes]:
    """Hashes, bundles and names."""
    yield bytes(64)
    yield bundle_of([b"an entry", b"", bytes(300)])
    for tile in (Tile(0, 1_234_067), Tile(None, 0, 17), Tile(5, 999)):
        yield tile.path.encode()


def proofs() -> Iterable[bytes]:
    """An entry, an erasure, and proofs with and without the entry."""
    entry = entry_of("check-1", b"record", bytes(32)).raw
    note = Note(SIGNED.text, (LOG_KEY.sign(SIGNED.text),)).raw
    yield entry
    moment = datetime(2036, 3, 3, tzinfo=UTC)
    yield ErasureEntry("erasure-1", moment, "operator", "food", "", "kept for 10 years", (range(2, 5), range(7, 8))).raw
    for extra in (b"", entry):
        yield LoggedProof(3, (bytes(32), bytes(range(32))), note, extra).raw


def workbook() -> bytes:
    """A workbook of one sheet with a header and a row."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["fact", "scheme", "code"])
    sheet.append(["known", "cn-uscc", CODE])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SEEDS: dict[str, Callable[[], Iterable[bytes]]] = {
    seeds.__name__: seeds
    for seeds in (identifiers, dates, catalogue, feeds, wire, records, checkpoints, log_keys, tiles, proofs)
}
"""Target → its seeds."""
