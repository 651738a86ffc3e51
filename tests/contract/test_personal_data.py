"""A natural person's number, planted at every door, is nowhere afterwards: no file, log, metric or error has it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import grpc
import pytest

from clearway.gen.v1 import audit_service_pb2 as audit_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import registry_service_pb2 as registry_pb
from clearway.gen.v1 import subject_pb2
from clearway.gen.v1.audit_service_pb2_grpc import AuditServiceStub
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.gen.v1.registry_service_pb2_grpc import RegistryServiceStub
from clearway.registry.synthetic import Character, code_of
from tests.contract.loaded import a_check, by_code, load
from tests.node import RunningNode
from tests.parties import access_file, as_caller
from tests.unit.registry.making import CITIZEN, listing_row, write_csv
from tests.waiting import free_port

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("personal_data")]

PATIENCE = 10.0
SPACED = f"{CITIZEN[:6]} {CITIZEN[6:14]} {CITIZEN[14:]}"
FORMS = {CITIZEN, CITIZEN.lower(), SPACED, CITIZEN[:17]}
"""The number, as whoever looks for it would."""
PERSON = subject_pb2.Identifier(scheme="cn-ric", value=CITIZEN)


class Doors:
    """Everything that takes a subject, or bytes, or text that might hold one; `told` is all that came back."""

    def __init__(self, node: RunningNode) -> None:
        self.node = node
        self.told: list[str] = []
        self.checks = CheckServiceStub(as_caller(node, "officer"))
        self.acts = RegistryServiceStub(as_caller(node, "registrar"))

    def ask(self, call: Callable[[], object]) -> None:
        """Make a call, and keep what came of it."""
        try:
            self.told.append(str(call()))
        except grpc.RpcError as error:
            self.told += [str(error), repr(error.trailing_metadata())]

    def check(self) -> None:
        fine = by_code("cn-ric", CITIZEN)
        for request in (
            fine,
            by_code("cn-ric", SPACED),
            by_code("cn-ric", CITIZEN.lower(), name="某某"),
            by_code("cn-ric", CITIZEN, item_code="TRAVEL-AGENCY"),
            by_code("cn-ric", CITIZEN[:-1]),
            by_code("cn-ric", CITIZEN[:-1] + "0"),
            by_code("cn-uscc", CITIZEN),
            by_code("cn-taxno", CITIZEN),
            by_code("lei", CITIZEN),
            by_code("no-such-scheme", CITIZEN),
            by_code(CITIZEN, CITIZEN),
            by_code("cn-ric", CITIZEN, case_number=""),
            by_code("cn-ric", CITIZEN, officer="", item_code="NO SUCH ITEM"),
            by_code("cn-ric", CITIZEN, region_code="990000"),
            by_code("cn-ric", CITIZEN, supplied_materials=["NO-SUCH-MATERIAL"]),
            a_check(item_code=CITIZEN),
            a_check(region_code=CITIZEN),
            a_check(supplied_materials=[CITIZEN]),
            a_check(item_code="NO-SUCH-ITEM", case_number=CITIZEN, officer=CITIZEN),
        ):
            self.ask(lambda request=request: self.checks.CheckSubject(request, timeout=PATIENCE))  # type: ignore[misc]
        batch = pb.BatchCheckSubjectsRequest(checks=[fine, by_code("cn-uscc", CITIZEN), a_check(Character.SERIOUS)])
        self.ask(lambda: self.checks.BatchCheckSubjects(batch, timeout=PATIENCE))

    def kept_out(self) -> None:
        """Calls that are refused for who makes them, and bytes that are no message."""
        stranger = CheckServiceStub(self.node.channel())
        auditor = CheckServiceStub(as_caller(self.node, "auditor"))
        request = by_code("cn-ric", CITIZEN)
        self.ask(lambda: stranger.CheckSubject(request, timeout=PATIENCE))
        self.ask(lambda: auditor.CheckSubject(request, timeout=PATIENCE))
        for name, value in (("authorization", f"Bearer {CITIZEN}"), ("authorization", CITIZEN), ("x-subject", CITIZEN)):
            metadata = ((name, value),)
            self.ask(lambda metadata=metadata: stranger.CheckSubject(request, metadata=metadata, timeout=PATIENCE))  # type: ignore[misc]
        look = registry_pb.GetSubjectRequest(identifier=PERSON)
        self.ask(lambda: RegistryServiceStub(as_caller(self.node, "checker")).GetSubject(look, timeout=PATIENCE))
        raw: grpc.UnaryUnaryMultiCallable[bytes, bytes] = as_caller(self.node, "officer").unary_unary(
            "/clearway.v1.CheckService/CheckSubject"
        )
        self.ask(lambda: raw(b"\xff\xff" + CITIZEN.encode(), timeout=PATIENCE))

    def act(self) -> None:
        act = registry_pb.Act(registrar="registrar 3", reason="by the book")
        today = str(datetime.now(UTC).date())
        entered = registry_pb.EnterListingRequest(act=act, identifier=PERSON, listing_id="P-1")
        entered.listing.regime = "SAMR-SERIOUS"
        entered.listing.document.number, entered.listing.document.date = "示决1号", today
        wrong = registry_pb.RegisterSubjectRequest(
            act=act, identifiers=[subject_pb2.Identifier(scheme="cn-uscc", value=CITIZEN)]
        )
        self.ask(lambda: self.acts.EnterListing(entered, timeout=PATIENCE))
        registered = registry_pb.RegisterSubjectRequest(act=act, identifiers=[PERSON])
        self.ask(lambda: self.acts.RegisterSubject(registered, timeout=PATIENCE))
        self.ask(lambda: self.acts.EnterListing(entered, timeout=PATIENCE))
        self.ask(lambda: self.acts.RegisterSubject(wrong, timeout=PATIENCE))
        look = registry_pb.GetSubjectRequest(identifier=PERSON)
        self.ask(lambda: self.acts.GetSubject(look, timeout=PATIENCE))
        audits = AuditServiceStub(as_caller(self.node, "auditor"))
        for listing_id in ("P-1", CITIZEN):
            wanted = audit_pb.ListAffectedChecksRequest(listing_id=listing_id)
            self.ask(lambda wanted=wanted: audits.ListAffectedChecks(wanted, timeout=PATIENCE))  # type: ignore[misc]
        ended = registry_pb.DelistRequest(act=act, listing_id=CITIZEN)
        self.ask(lambda: self.acts.Delist(ended, timeout=PATIENCE))
        unknown = pb.GetCheckRequest(check_id=CITIZEN)
        self.ask(lambda: self.checks.GetCheck(unknown, timeout=PATIENCE))
        self.ask(lambda: self.checks.CheckSubject(by_code("cn-ric", CITIZEN), timeout=PATIENCE))

    def imports(self, folder: Path) -> None:
        """A list with the number in its right place, in the wrong one, and with a sign too few."""
        person = listing_row(1, scheme="cn-ric", code=CITIZEN, name="")
        wrong = listing_row(2, code=CITIZEN)
        short = listing_row(3, scheme="cn-ric", code=CITIZEN[:17])
        rows = [person, wrong, short]
        file = write_csv(folder / "list.csv", sorted({name for row in rows for name in row}), rows)
        for arguments in (
            ("import", "flat-csv", str(file), "--dry-run"),
            ("import", "flat-csv", str(file), "--json"),
            ("feeds", "quarantine", "list"),
            ("feeds", "quarantine", "list", "--json"),
            ("log", "export", "--all", "--whole"),
            ("log", "access"),
            ("registry", "list", "--json"),
        ):
            self.told.append(ran(self.node.data_dir, *arguments))


def ran(data_dir: Path, *arguments: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "clearway.cli.main", *arguments, "--data-dir", str(data_dir)],
        cwd=data_dir,
        env={"PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


def files_with(folder: Path, texts: set[str]) -> Iterator[str]:
    """Every file that has one of the texts, in UTF-8 or as UTF-16 has it."""
    patterns = [text.encode(encoding) for text in texts for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        if any(pattern in content for pattern in patterns):
            yield str(file.relative_to(folder))


def test_a_planted_number_is_nowhere_afterwards(tmp_path: Path) -> None:
    data_dir, port = tmp_path / "node", free_port()
    data_dir.mkdir()
    (data_dir / "access.yaml").write_text(access_file(), "utf-8")
    settings: dict[str, Any] = {"metrics_listen": f"127.0.0.1:{port}", "log_level": "debug"}
    with load(data_dir), RunningNode(data_dir, access=data_dir / "access.yaml", **settings) as node:
        doors = Doors(node)
        doors.check()
        doors.kept_out()
        doors.act()
        doors.imports(tmp_path)
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as metrics:
            doors.told.append(metrics.read().decode())
        while_running = list(files_with(data_dir, FORMS))
        node.stop()
    assert [line for text in doors.told for line in text.splitlines() if any(form in line for form in FORMS)] == []
    assert while_running == []
    assert list(files_with(data_dir, FORMS)) == []
    # What is looked for would be found: an organisation's code that went through the same doors is.
    assert "log.db" in set(files_with(data_dir, {code_of(Character.SERIOUS)}))
    assert any(code_of(Character.SERIOUS) in text for text in doors.told)
