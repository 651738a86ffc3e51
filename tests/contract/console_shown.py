"""A node whose log is worth auditing: some weeks' kind of checks, reported, departed from, refused, objected to."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import grpc
import httpx

from clearway.catalogue.loader import load_catalogue
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.audit_service_pb2_grpc import AuditServiceStub
from clearway.gen.v1.transparency_pb2 import GetCheckpointRequest
from clearway.registry import commands
from clearway.registry.events import ObjectionGrounds, Resolution
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of
from tests.contract.loaded import by_code, load
from tests.contract.signing_in import form_in
from tests.node import RunningNode

PATIENCE = 10.0
OFFICERS = ("o-3", "o-7", "o-7", "o-12")
CHARACTERS = (
    Character.UNKNOWN,
    Character.TRUSTED,
    Character.SERIOUS,
    Character.CLEAN,
    Character.TRUSTED_MODEL,
    Character.BARRED,
    Character.UNKNOWN,
    Character.EXPIRED,
)
RESULTS = (pb.CASE_RESULT_GRANTED, pb.CASE_RESULT_GRANTED, pb.CASE_RESULT_REFUSED, None)
CHECKS = 64


@dataclass(frozen=True, slots=True)
class Audited:
    """The node, its registry, and the checks that were asked of it, in order."""

    node: RunningNode
    registry: Registry
    answers: list[pb.CheckSubjectResponse]

    @property
    def console(self) -> str:
        """The address that the console's begin with."""
        return f"http://{self.node.web}/console"

    def restriction(self) -> str:
        """The id of a check that was answered with a restriction, and departed from."""
        return next(answer.check_id for answer in self.answers if answer.decision.restrictions)

    def listing(self) -> str:
        """The id of a listing that some checks were answered with."""
        return next(one.listing_id for answer in self.answers for one in answer.decision.restrictions if one.listing_id)

    def subject_access(self) -> str:
        """Where the console shows what was asked about a subject, after its own: that address holds the code sealed."""
        with httpx.Client(timeout=PATIENCE, trust_env=False) as visitor:
            form = form_in(visitor.get(f"{self.console}/subject"))
            asked = {"form": form, "scheme": "cn-uscc", "code": code_of(Character.SERIOUS)}
            answer = visitor.post(f"{self.console}/subject", data=asked)
        return answer.headers["location"].removeprefix("/console")


def ask(node: RunningNode) -> list[pb.CheckSubjectResponse]:
    """Ask them all; some officers mistype, and are refused."""
    items = load_catalogue("cn-demo").edition.items[:6]
    asked = zip(range(CHECKS), cycle(CHARACTERS), cycle((items[1], *items, items[1])), cycle(OFFICERS), strict=False)
    answers = []
    for number, character, item, officer in asked:
        code = code_of(character)
        request = by_code(
            "cn-uscc",
            code.replace("9", "8", 1) if number % 13 == 12 else code,
            item_code=item.code,
            case_number=f"2026-{item.code[:2]}-{number:04d}",
            officer=officer,
            supplied_materials=[material.code for material in item.essential_materials],
        )
        with contextlib.suppress(grpc.RpcError):
            answers.append(node.checks().CheckSubject(request, timeout=PATIENCE))
    return answers


def report(node: RunningNode, answers: list[pb.CheckSubjectResponse]) -> None:
    """Report what became of most: measures applied, every third one departed from, and how the case ended."""
    for number, (answer, result) in enumerate(zip(answers, cycle(RESULTS), strict=False)):
        request = pb.ReportOutcomeRequest(check_id=answer.check_id, report_id=f"{answer.check_id}/1", officer="o-7")
        for reason in answer.decision.restrictions:
            measure = request.measures.add(measure=reason.measure, listing_id=reason.listing_id)
            measure.result = pb.MEASURE_RESULT_APPLIED
            if number % 3 == 2:
                measure.result = pb.MEASURE_RESULT_NOT_APPLIED
                measure.reason = pb.DEPARTURE_REASON_CONDITIONS_NOT_MET
                measure.reason_text = "The premises applied for belong to another company."
        if result is not None:
            request.case_result = result
        if result is not None or request.measures:
            node.checks().ReportOutcome(request, timeout=PATIENCE)


def object_to(registry: Registry) -> None:
    """One objection that was rejected, beside the one that is open."""
    listing, now = f"SYN-{Character.BARRED:08d}", datetime.now(UTC)
    opened = commands.OpenObjection(listing, "OBJ-2", ObjectionGrounds.PAST_ITS_TERM)
    resolved = commands.ResolveObjection(listing, "OBJ-2", Resolution.REJECTED)
    registry.execute(opened, actor="test", moment=now)
    registry.execute(resolved, actor="test", moment=now)


def wait_until_signed(node: RunningNode, size: int) -> None:
    """Return once the log has signed that many rows."""
    audits, last = AuditServiceStub(node.channel()), time.monotonic() + PATIENCE * 3
    while True:
        with contextlib.suppress(grpc.RpcError):
            if audits.GetCheckpoint(GetCheckpointRequest(), timeout=PATIENCE).tree_size >= size:
                return
        assert time.monotonic() < last
        time.sleep(0.1)


@contextmanager
def audited(data_dir: Path) -> Iterator[Audited]:
    """A node in that folder, with all of it."""
    with load(data_dir) as registry, RunningNode(data_dir, web_listen="127.0.0.1:0") as node:
        answers = ask(node)
        report(node, answers)
        object_to(registry)
        wait_until_signed(node, CHECKS)
        yield Audited(node, registry, answers)
