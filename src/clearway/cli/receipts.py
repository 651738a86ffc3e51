"""`clearway receipt`: the keys of receipts, and their verification, as a gate does it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import grpc

from clearway.cli.connection import check_service, fail_call
from clearway.cli.exits import Exit
from clearway.cli.output import as_builtins, fail, print_facts, print_json
from clearway.cli.registry import json_option
from clearway.client.receipts import ReceiptInvalid, verify_receipt
from clearway.gen.v1 import check_service_pb2 as pb

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def receipt() -> None:
    """Signed receipts of answers, for a gate that lets no case pass without a check."""


@receipt.command()
@click.option("--server", metavar="HOST:PORT", help="The service to ask (the one that this folder runs).")
def keys(server: str | None) -> None:
    """Print the public keys of receipts as a JWK set: what a gate keeps."""
    with check_service(server) as stub:
        try:
            found = stub.GetReceiptKeys(pb.GetReceiptKeysRequest()).jwks
        except grpc.RpcError as error:
            fail_call(error, as_json=False)
            raise
    click.echo(found)


@receipt.command()
@click.argument("file", type=click.File("r"))
@click.option("--keys", "key_file", type=FILE, required=True, help="The JWK set: what `clearway receipt keys` printed.")
@click.option("--case", help="The case that it must be of.")
@click.option("--item", help="The licence item that it must be of.")
@click.option("--authority", help="The authority that it must be of.")
@json_option
def verify(
    file: Any, key_file: Path, case: str | None, item: str | None, authority: str | None, json_wanted: bool
) -> None:
    """Verify a receipt in a file (or - for standard input), offline; code 1 where it shows nothing."""
    try:
        known = json.loads(key_file.read_text("utf-8"))
    except (ValueError, OSError):
        fail(f"{key_file} holds no JWK set", Exit.INVALID)
    try:
        token = file.read(65_536).strip()
        found = verify_receipt(token, known, now=datetime.now(UTC), case=case, item=item, authority=authority)
    except (ReceiptInvalid, UnicodeDecodeError) as fault:
        fail(str(fault), Exit.FAILED, as_json_document={"valid": False, "why": str(fault)} if json_wanted else None)
    document = as_builtins(found)
    if json_wanted:
        print_json({"valid": True} | document)
    else:
        print_facts(document)
