"""What the tree over the log costs: a leaf, a checkpoint, the notary's work for a row, a full audit, a receipt.

`python -m bench.tree` prints microseconds. The log is an SQLite file in a temporary folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.querylog.central import StoredCheck, open_central
from clearway.querylog.journal import Journal
from clearway.querylog.record import encode_record
from clearway.querylog.shipper import Shipper
from clearway.querylog.transparency.audit import audit_database, audit_files
from clearway.querylog.transparency.folders import TileFolder
from clearway.querylog.transparency.notary import Notary
from clearway.server.receipts import Receipts
from clearway.transparency.checkpoints import Checkpoint
from clearway.transparency.merkle import Frontier, leaf_hash
from clearway.transparency.notes import Note, Signer
from tests.unit.querylog.records import a_record

ROWS = 30_000
RECORD_BYTES = 1200
SIGNER = Signer("example.org/log", bytes(32))


def main() -> None:
    """Measure and print."""
    entry = bytes(100)
    tree = Frontier()
    told("a leaf in the tree", lambda: tree.append(leaf_hash(entry)), 100_000)
    text = Checkpoint("example.org/log", 1, bytes(32)).text
    told("a checkpoint signed", lambda: Note(text, (SIGNER.sign(text),)).raw, 2_000)
    request = pb.CheckSubjectRequest(receipt=True).SerializeToString()
    stored = encode_record(a_record(request=request, response=b"", facts=bytes(RECORD_BYTES)))
    receipts = Receipts(SIGNER)
    told("a receipt, for those who ask", lambda: receipts.attached(StoredCheck.of(stored)), 2_000)
    with tempfile.TemporaryDirectory() as folder:
        of_a_log(Path(folder))


def of_a_log(folder: Path) -> None:
    """The notary and the audit, on a log of so many rows."""
    central = open_central(folder / "log.db")
    journal = Journal(folder / "journal", "w0")
    journal.append([encode_record(a_record(number, facts=bytes(RECORD_BYTES))) for number in range(ROWS)])
    with Shipper(central, folder / "journal") as shipper:
        shipper.step()
    journal.close()
    files = TileFolder(folder / "tlog")
    told("the notary, a row", lambda: Notary(central, files, SIGNER).step(), 1, ROWS)
    told("log verify, a row", lambda: audit_database(central, [SIGNER.verifier], files), 1, ROWS)
    raw = files.checkpoint() or b""
    told("log verify --folder, a leaf", lambda: audit_files(raw, files.read, [SIGNER.verifier]), 1, ROWS)
    central.dispose()


def told(what: str, work: Callable[[], object], times: int, units: int = 1) -> None:
    """Print how long a unit of work takes."""
    since = perf_counter()
    for _ in range(times):
        work()
    print(f"{what:32}{(perf_counter() - since) / times / units * 1e6:9.2f} us")


if __name__ == "__main__":
    main()
