"""Each target takes any bytes and raises where a law is broken; the documented refusals are not failures."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.loader import check_content, load_catalogue
from clearway.decision.decide import UnknownItem, decide
from clearway.decision.explain import Language
from clearway.decision.facts import Evidence, NotKnown, Resembling, Unidentified
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.querylog.record import RecordTooLarge, UnreadableRecord, decode_record, encode_record
from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds.adapters import FORMATS, adapter_for
from clearway.registry.feeds.files import FeedFile
from clearway.registry.feeds.rows import Fault
from clearway.registry.feeds.spec import FeedSpec
from clearway.server.call import Call, Caller, Method
from clearway.server.errors import Refusal, refusal_for
from clearway.server.interceptors.parsing import parsing
from clearway.server.interceptors.validation import validation
from clearway.server.lookup import Applicant, Lookup
from clearway.server.question import item_of, question_of
from clearway.server.recording import Answered, Recording, digest_of
from clearway.server.sitting import sit
from clearway.server.translate import Translation
from clearway.subjects.dates import UnreadableDate, parse_date
from clearway.subjects.identifiers import InvalidIdentifier, parse_identifier
from clearway.subjects.keys import SubjectKeys
from clearway.subjects.masking import mask
from clearway.subjects.schemes.roster import CITIZEN_NUMBER, OWN_SCHEMES
from clearway.subjects.text import normalise_code, normalise_name
from clearway.transparency.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint
from clearway.transparency.entries import EntryInvalid, parse_entry, parse_erasure
from clearway.transparency.handovers import next_key
from clearway.transparency.merkle import ProofInvalid
from clearway.transparency.notes import NoteInvalid, Signer, parse_note, parse_signer, parse_vkey
from clearway.transparency.proofs import ProofUnreadable, parse_proof
from clearway.transparency.tiles import TileInvalid, bundle_of, entries_in, hashes_in, parse_path

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
KEYS = SubjectKeys(bytes(range(32)))
CITIZEN = "11010519491231002X"
"""The standard's own example (GB 11643-1999): it must come out of nothing in full."""
CHECK = Method("/clearway.v1.CheckService/CheckSubject", pb.CheckSubjectRequest, is_check=True)
CALLER = Caller("local", "DEMO-LICENSING", "110000")
SCHEME_NAMES = (*OWN_SCHEMES, CITIZEN_NUMBER, "us.ein", "gb.utr", "eu.vat", "ru.inn", "src.us-csl", "no.such")
FORMAT_NAMES = tuple(name for name in FORMATS if name != "mapped")
NEED_A_REGIME = frozenset({"trusted-list", "serious-list", "opensanctions-simple"})
LOG_KEY = Signer("example.org/log", bytes(range(32)))
NEXT_KEY = Signer("example.org/log", bytes(range(1, 33)))
SIGNED = Checkpoint(LOG_KEY.name, 7, bytes(32))
"""The one tree that this key has signed: no other is ever taken for its own."""


def identifiers(data: bytes) -> None:
    """A code is valid and canonical, or refused with a typed fault; a mask never shows what it hides."""
    scheme = SCHEME_NAMES[data[0] % len(SCHEME_NAMES)] if data else "cn-uscc"
    text = data[1:].decode("utf-8", "replace")
    code = normalise_code(text)
    require(normalise_code(code) == code, "normalising a code twice changes it")
    name = normalise_name(text)
    require(normalise_name(name) == name, "normalising a name twice changes it")
    masked = mask(text)
    require(masked.count("*") * 3 >= len(text) * 2 - 2, "a mask shows more than a third")
    try:
        identifier = parse_identifier(scheme, text)
    except InvalidIdentifier as invalid:
        require(CITIZEN not in str(invalid), "an error repeats a natural person's number")
        return
    again = parse_identifier(scheme, identifier.value)
    require(again == identifier, "a canonical code is not its own canonical form")
    key = KEYS.identifier_key(identifier.scheme, KEYS.token(identifier) if identifier.personal else identifier.value)
    require(len(key) == 16, "a key has another length")


def dates(data: bytes) -> None:
    """A date of day, month or year precision, as a half-open interval that is not empty, or a typed refusal."""
    try:
        interval = parse_date(data.decode("utf-8", "replace"))
    except UnreadableDate:
        return
    require(interval.start < interval.end, "an interval of days is empty")
    for day in (interval.start, interval.end):
        require(parse_date(day.isoformat()).start == day, "a day written out is another day")


def catalogue(data: bytes) -> None:
    """An edition file has complaints, each with a line of the file, or compiles; it never does both or neither."""
    report = check_content("edition.yaml", data)
    require(bool(report.complaints) != (report.catalogue is not None), "complaints and a catalogue, or neither")
    lines = len(data.decode("utf-8-sig", "replace").splitlines()) or 1
    for complaint in report.complaints:
        require(1 <= complaint.line <= lines, f"line {complaint.line} of a file of {lines}")


def feeds(data: bytes) -> None:
    """A list gives rows, each content or fault, or is refused whole; a natural person's number is in no fault."""
    if not data:
        return
    name = FORMAT_NAMES[data[0] % len(FORMAT_NAMES)]
    spec = FeedSpec(name="fuzzed", format=name, regime="SAMR-SERIOUS" if name in NEED_A_REGIME else None)
    adapter = adapter_for(spec)
    file = scratch() / "list"
    file.write_bytes(data[1:])
    try:
        with FeedFile(file) as feed:
            for row in adapter.open(feed.lines()).rows():
                if isinstance(row.content, Fault):
                    require(CITIZEN not in row.content.detail, "a fault repeats a natural person's number")
    except UnreadableFeed as refusal:
        require(CITIZEN not in str(refusal), "a refusal repeats a natural person's number")


def wire(data: bytes) -> None:
    """A check's bytes give an answer that can be recorded, or a documented refusal: from bytes to record, no socket."""
    call = Call(CHECK, data, cast("Any", None))
    call.caller = CALLER
    recording = Recording(demonstration(), "worker-1")
    try:
        parsing(call)
        validation(call)
        request = cast("pb.CheckSubjectRequest", call.message)
        record = recorded_answer(recording, call, request)
    except (Refusal, InvalidIdentifier, UnknownItem, RecordTooLarge) as error:
        refusal = refusal_for(error)
        if refusal is None:
            raise LawBroken(f"{type(error).__name__} has no place in the table of errors") from error
        message = call.message if isinstance(call.message, pb.CheckSubjectRequest) else None
        record = recording.refused(call, message, refusal, "check-1", NOON)
        kept = pb.CheckSubjectRequest.FromString(decode_record(record).request).subject
        require(not kept.name, "a refused check's record keeps a name")
        require(kept.identifier.value == mask(kept.identifier.value), "a refused check's record shows a code")
        return
    require(decode_record(record).answered, "an answer's record says that there was none")


def records(data: bytes) -> None:
    """Stored bytes are a record, which encodes again, or are refused."""
    try:
        read = decode_record(data)
    except UnreadableRecord:
        return
    try:
        again = encode_record(read)
    except (RecordTooLarge, ValueError):
        return
    require(decode_record(again) == read, "a record encoded again is another")


def checkpoints(data: bytes) -> None:
    """A note is read to its own bytes; no checkpoint but the signed one is the log's; else a typed refusal."""
    with suppress(NoteInvalid):
        note = parse_note(data)
        require(parse_note(note.raw) == note, "a note written out is another note")
        tree = parse_checkpoint(note.text)
        require(parse_checkpoint(tree.text) == tree, "a checkpoint written out is another checkpoint")
    with suppress(NoteInvalid):
        require(open_checkpoint(data, [LOG_KEY.verifier]) == SIGNED, "a checkpoint that nobody signed is taken")
    with suppress(NoteInvalid):
        named = next_key(data, [LOG_KEY.verifier])
        require(named in (None, NEXT_KEY.verifier), "a key that the log's key does not name is taken")


def log_keys(data: bytes) -> None:
    """A key of the log or of a witness is read to its own text, or refused by type."""
    text = data.decode("utf-8", "replace")
    with suppress(NoteInvalid):
        verifier = parse_vkey(text)
        require(parse_vkey(verifier.vkey) == verifier, "a public key written out is another key")
    with suppress(NoteInvalid):
        signer = parse_signer(text)
        require(parse_signer(signer.secret) == signer, "a signing key written out is another key")


def tiles(data: bytes) -> None:
    """Tiles, bundles and their names are read to themselves, or refused by type; no name leads out of the folder."""
    with suppress(TileInvalid):
        require(b"".join(hashes_in(data)) == data, "a tile's hashes are not its bytes")
    with suppress(TileInvalid):
        require(bundle_of(entries_in(data)) == data, "a bundle's entries are not its bytes")
    with suppress(TileInvalid):
        path = data.decode("utf-8", "replace")
        require(parse_path(path).path == path, "a tile has two names")
        require(".." not in Path(path).parts and not Path(path).is_absolute(), "a tile's name leads out of its folder")


def proofs(data: bytes) -> None:
    """Entries and proofs are read to themselves, or refused by type."""
    with suppress(EntryInvalid):
        entry = parse_entry(data)
        require(parse_entry(entry.raw) == entry, "an entry written out is another entry")
    with suppress(EntryInvalid):
        erasure = parse_erasure(data)
        require(erasure.raw == data, "an erasure written out is another erasure")
    with suppress(ProofUnreadable):
        proof = parse_proof(data)
        require(parse_proof(proof.raw) == proof, "a proof written out is another proof")
        with suppress(NoteInvalid, ProofInvalid):
            require(proof.verify(b"entry", [LOG_KEY.verifier]) == SIGNED, "a proof under another tree is taken")


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (identifiers, dates, catalogue, feeds, wire, records, checkpoints, log_keys, tiles, proofs)
}
"""Name → what takes the bytes."""


class LawBroken(Exception):
    """What must hold whatever comes, did not."""


def require(holds: bool, law: str) -> None:
    """Raise `LawBroken` where it does not hold; an `assert` would be gone under `-O`."""
    if not holds:
        raise LawBroken(law)


def recorded_answer(recording: Recording, call: Call, request: pb.CheckSubjectRequest) -> bytes:
    """What a worker does with a valid request, without index and disk."""
    item = item_of(request, demonstration())
    applicant = Lookup(KEYS, 300).applicant(request.subject, item)
    day = NOON.astimezone(demonstration().zone).date()
    question = question_of(request, item, applicant, CALLER, demonstration(), day)
    evidence = nobody_found(applicant)
    decision = decide(evidence, question, demonstration(), NOON, {}, ())
    response = pb.CheckSubjectResponse(check_id="check-1")
    translation().fill(response.decision, decision, question, day)
    raw = response.SerializeToString()
    check = Answered("check-1", request, digest_of(request), applicant, evidence, decision, raw, elapsed_us=1)
    snapshot = cast("Any", SimpleNamespace(database_id="db", revision=1, synced_at=0.0, confirmations={}))
    sitting = sit(snapshot, NOON, day, pb.CatalogueEdition(), ())
    return recording.answered(call.known_caller(), sitting, check)


def nobody_found(applicant: Applicant) -> Evidence:
    """What an index without this applicant says."""
    if applicant.identifier is None:
        return Resembling(Unidentified.MASKED if applicant.masked else Unidentified.NAME_ONLY, ())
    return NotKnown(())


@cache
def demonstration() -> Catalogue:
    """The shipped edition, loaded once."""
    return load_catalogue("cn-demo")


@cache
def translation() -> Translation:
    """Its answers in English."""
    return Translation(demonstration(), Language.EN)


@cache
def scratch() -> Path:
    """A folder for files under test: in memory where the system has one."""
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="clearway-fuzz-", dir=shared if os.access(shared, os.W_OK) else None))
