"""`clearway log key`, `rotate`, `prove`, `publish`, `cosign`, `verify`: for whoever must not take our word."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import grpc
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from clearway.cli.connection import channel_to, fail_call
from clearway.cli.exits import Exit
from clearway.cli.output import console, errors, fail, plain, print_json
from clearway.cli.registry import data_dir_option, json_option
from clearway.cli.settings import settings_from
from clearway.gen.v1 import transparency_pb2 as pb
from clearway.gen.v1.audit_service_pb2_grpc import AuditServiceStub
from clearway.postgresql.engine import UnsupportedDatabase
from clearway.querylog.central import LogUnreachable
from clearway.querylog.transparency import leaves
from clearway.querylog.transparency.audit import Finding, Report, audit_database, audit_files
from clearway.querylog.transparency.folders import TileFolder, TileMissing
from clearway.querylog.transparency.proving import NoSuchCheck, Proving, TreeBehind
from clearway.querylog.transparency.verification import FullVerification, keep_verification
from clearway.server.databases import open_log
from clearway.server.keys import KeyUnreadable, keep_handover, load_signer, load_witnesses, renew_signer
from clearway.server.settings import Settings
from clearway.transparency.entries import EntryInvalid, ErasureEntry, parse_entry
from clearway.transparency.handovers import handover_to
from clearway.transparency.merkle import ProofInvalid
from clearway.transparency.notes import NoteInvalid, Verifier, is_origin, parse_vkey
from clearway.transparency.proofs import ProofUnreadable, parse_proof
from clearway.transparency.tiles import CHECKPOINT_FILE, Tile

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


def central_of(settings: Settings) -> Engine:
    """The central log of these settings; leaves where there is none."""
    if not settings.database and not settings.log_file.exists():
        fail(f"there is no log in {settings.data_dir}; run clearway serve first", Exit.FAILED)
    try:
        return open_log(settings)
    except (LogUnreachable, UnsupportedDatabase) as fault:
        fail(str(fault), Exit.FAILED)


@click.command()
@data_dir_option
@json_option
def key(data_dir: Path | None, json_wanted: bool) -> None:
    """Print the log's public key, by which anybody verifies checkpoints. It is made where there is none yet."""
    try:
        vkey = load_signer(settings_from({"data_dir": data_dir})).verifier.vkey
    except KeyUnreadable as fault:
        fail(str(fault), Exit.FAILED)
    if json_wanted:
        print_json({"vkey": vkey})
    else:
        click.echo(vkey)


@click.command()
@click.option("--origin", default="", help="Another name for the log, after a restored backup (the present one).")
@data_dir_option
def rotate(origin: str, data_dir: Path | None) -> None:
    """Let another key sign the log: a new one, or the one that is in the settings. Restart the nodes afterwards.

    Checkpoints of earlier keys stay valid under these. The old file is kept as keys/log.key.HINT, and beside it, as
    keys/log.key.HINT.handover, the checkpoint in which the old key names the new one, signed by both: hand it out.
    """
    settings = settings_from({"data_dir": data_dir})
    if origin and not is_origin(origin):
        fail("an origin has neither spaces nor plus signs", Exit.INVALID)
    central = central_of(settings)
    try:
        new, old = renew_signer(settings, origin)
    except KeyUnreadable as fault:
        fail(str(fault), Exit.FAILED)
    tree = leaves.hand_over(central, new, (old or new).name)
    if old is not None:
        kept = keep_handover(settings, old, handover_to(new, old, tree))
        errors.print(f"handed over at {tree.size} leaves, signed by both keys: {plain(str(kept))}", soft_wrap=True)
    click.echo(new.verifier.vkey)


@click.command()
@click.argument("check_id")
@data_dir_option
def prove(check_id: str, data_dir: Path | None) -> None:
    """Print the proof that a check is on the log: a file that anybody verifies with the public key (tlog-proof)."""
    settings = settings_from({"data_dir": data_dir})
    try:
        proving = Proving(central_of(settings), TileFolder(settings.tree_dir), settings.data_dir / "journal")
        proof, _ = proving.inclusion(check_id)
    except (NoSuchCheck, TreeBehind) as fault:
        fail(str(fault), Exit.FAILED)
    click.echo(proof.raw.decode(), nl=False)


@click.command()
@click.argument("folder", type=FOLDER)
@data_dir_option
def publish(folder: Path, data_dir: Path | None) -> None:
    """Copy the tree as of the latest checkpoint into a folder, for a web server or for auditors to take home.

    The folder holds ids and commitments, and nothing else of any check. Repeated, it copies what is new.
    """
    settings = settings_from({"data_dir": data_dir})
    try:
        size = TileFolder(settings.tree_dir).publish_to(TileFolder(folder))
    except (TileMissing, NoteInvalid) as fault:
        fail(str(fault), Exit.FAILED)
    console.print(f"{size} leaves published")


@click.command()
@click.argument("file", type=FILE)
@data_dir_option
def cosign(file: Path, data_dir: Path | None) -> None:
    """Keep the cosignatures in a checkpoint that witnesses have signed. Their keys: the setting log_witnesses."""
    settings = settings_from({"data_dir": data_dir})
    try:
        taken = leaves.cosign(central_of(settings), file.read_bytes(), load_witnesses(settings))
    except (NoteInvalid, KeyUnreadable) as fault:
        fail(str(fault), Exit.FAILED)
    for witness in taken:
        console.print(f"kept: {plain(witness.name)}", soft_wrap=True)


@click.command()
@click.option("--key", "vkeys", multiple=True, metavar="VKEY", help="A public key of the log that is trusted.")
@click.option(
    "--since", type=FILE, multiple=True, help="A checkpoint or handover kept from earlier: it must hold still."
)
@click.option("--remember", type=click.Path(dir_okay=False, path_type=Path), help="Keep the checkpoint in this file.")
@click.option("--folder", type=FOLDER, help="Verify a published tree in this folder, and nothing else.")
@click.option("--server", metavar="HOST:PORT", help="Verify the tree that this service publishes.")
@click.option("--proof", "proof_file", type=FILE, help="Verify this proof of one check, and nothing else.")
@data_dir_option
@json_option
def verify(
    vkeys: tuple[str, ...],
    since: tuple[Path, ...],
    remember: Path | None,
    folder: Path | None,
    server: str | None,
    proof_file: Path | None,
    data_dir: Path | None,
    json_wanted: bool,
) -> None:
    """Verify the whole log: every row, every leaf, every checkpoint; name the first row that is not as it was.

    Of the data folder, unless --folder or --server asks for a published tree alone, or --proof for one check's proof:
    then --key must say what to trust.
    """
    keys = [parsed_key(vkey) for vkey in vkeys]
    if proof_file is not None:
        verify_proof(proof_file.read_bytes(), keys, json_wanted)
        return
    kept = [file.read_bytes() for file in since]
    raw: bytes | None
    if folder is not None or server is not None:
        if not keys:
            fail("give the log's public key with --key", Exit.INVALID)
        raw, report = of_files(folder, server, keys, kept, json_wanted)
    else:
        settings = settings_from({"data_dir": data_dir})
        files = TileFolder(settings.tree_dir)
        report = of_database(settings, keys, files, kept)
        raw = files.checkpoint()
        record_verification(settings, report)
    if report.sound and remember is not None and raw is not None:
        keep(remember, raw)
    tell(report, json_wanted)


def of_database(settings: Settings, keys: list[Verifier], files: TileFolder, kept: list[bytes]) -> Report:
    """The audit of the log itself; leaves where its database cannot be read to the end."""
    try:
        return audit_database(central_of(settings), keys, files, kept)
    except DatabaseError as fault:
        # A driver's first line names the trouble; what follows may be values of the statement.
        why = next(iter(str(fault.orig).splitlines()), "")
        fail(f"the log's database cannot be read: {why}; `clearway doctor` says more", Exit.FAILED)


def verify_proof(raw: bytes, keys: list[Verifier], json_wanted: bool) -> None:
    """Verify the proof of one check, from its file and the log's key alone."""
    if not keys:
        fail("give the log's public key with --key", Exit.INVALID)
    try:
        proof = parse_proof(raw)
        entry = parse_entry(proof.extra)
        tree = proof.verify(proof.extra, keys)
    except (ProofUnreadable, EntryInvalid, NoteInvalid, ProofInvalid) as fault:
        fail(f"not proven: {fault}", Exit.FAILED)
    if json_wanted:
        document = {"check_id": entry.check_id, "leaf_index": proof.index, "leaves": tree.size, "origin": tree.origin}
        print_json(document | {"root": tree.root.hex(), "commitment": entry.commitment.hex()})
    else:
        place = f"leaf {proof.index} of {tree.size} in the log {plain(tree.origin)}"
        console.print(f"proven: check {plain(entry.check_id)} is {place}", soft_wrap=True)


def record_verification(settings: Settings, report: Report) -> None:
    """Let the node tell others when all of its log was verified; whoever may not write there verified all the same."""
    found = FullVerification(
        finished_at=datetime.now(UTC),
        sound=report.sound,
        leaves=report.leaves,
        rows=report.rows,
        findings=len(report.findings),
        run_by=getpass.getuser(),
    )
    try:
        keep_verification(settings.verification_file, found)
    except OSError as fault:
        errors.print(f"not recorded in {plain(str(settings.verification_file))}: {plain(str(fault.strerror))}")


def parsed_key(vkey: str) -> Verifier:
    """A public key given on the command line; leaves where it is none."""
    try:
        return parse_vkey(vkey)
    except NoteInvalid as fault:
        fail(str(fault), Exit.INVALID)


def of_files(
    folder: Path | None, server: str | None, keys: list[Verifier], since: list[bytes], json_wanted: bool
) -> tuple[bytes, Report]:
    """The checkpoint of a published tree, and its audit."""
    if folder is not None:
        files = TileFolder(folder)
        raw = files.checkpoint()
        if raw is None:
            fail(f"there is no checkpoint in {folder}", Exit.FAILED)
        return raw, audit_files(raw, files.read, keys, since)
    with channel_to(server) as channel:
        stub = AuditServiceStub(channel)
        try:
            raw = stub.GetTile(pb.GetTileRequest(path=CHECKPOINT_FILE)).content
            return raw, audit_files(raw, tiles_of(stub), keys, since)
        except grpc.RpcError as error:
            fail_call(error, json_wanted)
            raise


def tiles_of(stub: AuditServiceStub) -> Callable[[Tile], bytes]:
    """Reads a tree's files from a service."""

    def read(tile: Tile) -> bytes:
        try:
            content: bytes = stub.GetTile(pb.GetTileRequest(path=tile.path)).content
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                raise TileMissing(f"{tile.path} is missing") from error
            raise
        return content

    return read


def keep(file: Path, raw: bytes) -> None:
    """Put a checkpoint there, whole."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_bytes(raw)
    os.replace(beside, file)


def tell(report: Report, json_wanted: bool) -> None:
    """Print what an audit saw, and leave with the exit code that it deserves."""
    if json_wanted:
        print_json(document_of(report))
    elif report.sound:
        covered = f"{report.signed} of them signed" if report.leaves > report.signed else "all of them signed"
        for erasure in dict.fromkeys(report.erased.values()):
            console.print(f"erased by {plain(erasure_sentence(erasure))}", soft_wrap=True)
        console.print(
            f"verified: {report.leaves} leaves ({covered}), {report.rows} rows, {report.checkpoints} checkpoints"
        )
        for signer, sizes in report.signed_by.items():
            span = f"of {sizes.start} leaves" if len(sizes) == 1 else f"of {sizes.start} to {sizes.stop - 1} leaves"
            console.print(f"signed by {plain(signer.vkey)}: trees {span}", soft_wrap=True)
    else:
        for finding in report.findings:
            errors.print(f"[bold red]{plain(sentence(finding))}[/]", soft_wrap=True)
    if not report.sound:
        raise SystemExit(Exit.FAILED)


def sentence(finding: Finding) -> str:
    """A finding in one line."""
    check = f" (check {finding.check_id})" if finding.check_id else ""
    detail = f": {finding.detail}" if finding.detail else ""
    return f"{finding.fault.name} at leaf {finding.index}{check}: {finding.fault.value}{detail}"


def erasure_sentence(erasure: ErasureEntry) -> str:
    """An erasure in one line: what it was done by, on which day, and which leaves it names."""
    spans = ", ".join(str(span.start) if len(span) == 1 else f"{span.start}-{span.stop - 1}" for span in erasure.spans)
    return f"{erasure.because} on day {erasure.erased_at:%Y-%m-%d}: leaves {spans}"


def document_of(report: Report) -> dict[str, Any]:
    """An audit as JSON."""
    return {
        "sound": report.sound,
        "leaves": report.leaves,
        "rows": report.rows,
        "checkpoints": report.checkpoints,
        "signed": report.signed,
        "signed_by": [
            {"vkey": signer.vkey, "first": sizes.start, "last": sizes.stop - 1}
            for signer, sizes in report.signed_by.items()
        ],
        "erased": [
            {
                "erasure_id": erasure.erasure_id,
                "erased_at": f"{erasure.erased_at:%Y-%m-%dT%H:%M:%SZ}",
                "erased_by": erasure.erased_by,
                "rule": erasure.rule,
                "order": erasure.order,
                "reason": erasure.reason,
                "leaves": list(erasure.leaves),
            }
            for erasure in dict.fromkeys(report.erased.values())
        ],
        "findings": [
            {
                "fault": finding.fault.name,
                "leaf_index": finding.index,
                "check_id": finding.check_id,
                "detail": finding.detail,
            }
            for finding in report.findings
        ],
    }
