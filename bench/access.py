"""`python -m bench.access`: what it costs a check to know who asks, whether they may, and how much they have asked.

As in `bench.steps`, the steps run over and over in one place: beside gRPC they cost two to three times as much.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import yaml
from rich.console import Console
from rich.table import Table

from bench.steps import microseconds
from clearway.access.limits import Allowance, Limits
from clearway.access.tokens import hash_of, token_of
from clearway.catalogue.loader import load_catalogue
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.registry.synthetic import code_of
from clearway.server.call import Call, Method
from clearway.server.identity.access_file import AccessFile
from clearway.server.identity.callers import KnownCallers
from clearway.server.interceptors.identity import Identity
from clearway.server.interceptors.permission import Permission
from clearway.server.interceptors.scope import scope
from clearway.server.rights import within_by
from clearway.server.view_tokens import ViewTokens

CHECK = Method("/clearway.v1.CheckService/CheckSubject", pb.CheckSubjectRequest, is_check=True)
TOKEN = token_of(bytes(32))


class Context:
    """What identity asks of a call's connection."""

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        """A call with a token, as a client of the package sends it."""
        return (("user-agent", "bench"), ("authorization", f"Bearer {TOKEN}"), ("accept-language", "en"))


def main() -> int:
    """Measure each step and print the table."""
    catalogue = load_catalogue("cn-demo")
    within = within_by(catalogue, lambda: datetime.now(UTC))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "access.yaml"
        file.write_text(yaml.safe_dump(access_file()))
        callers = KnownCallers(AccessFile(file, catalogue), catalogue, within)
    views = ViewTokens(bytes(32), timedelta(minutes=1), lambda: datetime.now(UTC))
    call = Call(CHECK, b"", cast("Any", Context()))
    call.message = pb.CheckSubjectRequest(item_code="FOOD-OPERATION", case_number="C-1", officer="o-1")
    district = Call(CHECK, b"", call.context)
    district.message = pb.CheckSubjectRequest(item_code="FOOD-OPERATION", region_code="110105", officer="o-1")
    identity, permission = Identity(callers, views)(answered), Permission(lambda: 0.0)
    finish(identity(call))
    finish(identity(district))
    permission(district)
    allowance = Allowance(Limits())
    steps: dict[str, Callable[[], object]] = {
        "identity by API token": lambda: finish(identity(call)),
        "permission, with the bucket of calls": lambda: permission(call),
        "scope, the region granted by name": lambda: scope(call),
        "scope, a region within one that is granted": lambda: scope(district),
        "counts of codes and cases": lambda: counted(allowance),
    }
    table = Table("step", "µs")
    for name, step in steps.items():
        table.add_row(name, f"{microseconds(step):.2f}")
    Console().print(table)
    return 0


def access_file() -> dict[str, Any]:
    """A principal with grants as a licensing system has them, and a limit that the measurement does not reach."""
    grants = [
        {"role": role, "items": ["FOOD-OPERATION", "TRAVEL-AGENCY"], "regions": ["310000", "110000"]}
        for role in ("checker", "officer")
    ]
    tokens = [{"sha256": hash_of(TOKEN).hex()}]
    limits = {"calls_per_second": 1_000_000, "burst": 10_000_000}
    principal = {"name": "licensing", "authority": "DEMO-LICENSING", "tokens": tokens, "grants": grants}
    return {"principals": [principal | {"limits": limits}]}


async def answered(call: Call) -> bytes:
    """The rest of the way."""
    return b""


def finish(step: Awaitable[bytes]) -> None:
    """Run a call that waits for nothing."""
    with suppress(StopIteration):
        next(step.__await__())


CODE, KEY = code_of(7), bytes(16)


def counted(allowance: Allowance) -> None:
    """What a check of a known subject adds to its caller's counts."""
    allowance.require_no_walk(0.0)
    allowance.in_case(KEY, "C-1", 0.0)
    allowance.looked_up(CODE, KEY, is_known=True)


if __name__ == "__main__":
    sys.exit(main())
