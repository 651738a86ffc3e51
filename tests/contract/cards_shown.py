"""A node with a check for every outcome, and a case screen of another origin that shows their cards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx

from clearway.cli.demo_screen import CaseOnScreen, CaseScreen, Script
from clearway.gen.v1 import card_service_pb2 as card_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.card_service_pb2_grpc import CardServiceStub
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, name_of
from tests.contract.loaded import DEFERRABLE, ESSENTIAL, a_check, by_name, load
from tests.node import RunningNode

PATIENCE = 10.0
OUTCOMES = ("restriction", "deferred-acceptance", "green-channel", "ordinary", "undetermined")


def question(outcome: str) -> pb.CheckSubjectRequest:
    """A check with that outcome, in a case of its own."""
    match outcome:
        case "restriction":
            request = a_check(Character.SERIOUS, supplied_materials=ESSENTIAL)
        case "deferred-acceptance":
            request = a_check(Character.TRUSTED_MODEL, supplied_materials=ESSENTIAL)
        case "green-channel":
            request = a_check(Character.TRUSTED, supplied_materials=ESSENTIAL + DEFERRABLE)
        case "ordinary":
            request = a_check(Character.OBJECTING, supplied_materials=ESSENTIAL)
        case "undetermined":
            request = by_name(name_of(Character.SERIOUS))
        case _:
            raise ValueError(outcome)
    request.case_number = f"2026-FS-{uuid4().hex[:6]}"
    request.officer = "o-7"
    return request


@dataclass(frozen=True, slots=True)
class Shown:
    """The node, its registry, and the case screen."""

    node: RunningNode
    registry: Registry
    screen: CaseScreen
    cases: dict[str, CaseOnScreen]

    def check(self, outcome: str, language: str = "en") -> pb.CheckSubjectResponse:
        """A fresh check with that outcome."""
        metadata = (("accept-language", language),)
        return self.node.checks().CheckSubject(question(outcome), timeout=PATIENCE, metadata=metadata)

    def grant(self, request: card_pb.GrantViewRequest) -> card_pb.GrantViewResponse:
        """A view token, as the case screen's back end asks for it."""
        return CardServiceStub(self.node.channel()).GrantView(request, timeout=PATIENCE)

    def page(self, check_id: str) -> str:
        """The address of the server-rendered card."""
        return f"http://{self.node.web}{self.grant(card_pb.GrantViewRequest(check_id=check_id)).path}"

    def on_screen(self, check_id: str, language: str = "en") -> str:
        """The address of the case screen with this check's card."""
        name = f"case-{len(self.cases)}"
        self.cases[name] = CaseOnScreen(f"Case {len(self.cases)}", check_id, language)
        return f"{self.screen.origin}/{name}"


@contextmanager
def showing(data_dir: Path) -> Iterator[Shown]:
    """A node in that folder, and a case screen."""
    with (
        closing(CaseScreen()) as screen,
        load(data_dir) as registry,
        RunningNode(data_dir, web_listen="127.0.0.1:0", web_origins=screen.origin) as node,
    ):
        shown = Shown(node, registry, screen, {})
        script = Script(**httpx.get(f"http://{node.web}/card-assets.json", timeout=PATIENCE).json())
        screen.serve(f"http://{node.web}", script, shown.grant, shown.cases)
        yield shown
